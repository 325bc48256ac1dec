import { randomBytes } from 'node:crypto';
import { createServer, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { settableClock } from '../../../test/support/database.js';
import { freePort } from '../../../test/support/free-port.js';
import { type ProofIdentity, ProofReplay } from './proof-replay.service.js';

const TEST_REDIS_URL = process.env['TEST_REDIS_URL'];
const { clock } = settableClock();
const connections: Redis[] = [];
let proof: ProofIdentity;

beforeEach(() => {
  proof = { jkt: 'key', jti: randomBytes(12).toString('hex'), iat: clock() / 1000 };
});
afterEach(() => {
  for (const connection of connections.splice(0)) connection.disconnect();
});

/** With the options of src/config/redis.module.ts. */
function connect(url: string): Redis {
  const redis = new Redis(url, { enableOfflineQueue: false, maxRetriesPerRequest: 1, keyPrefix: 'gatehouse:' });
  redis.on('error', () => undefined);
  connections.push(redis);
  return redis;
}

async function expectOneUse(replay: ProofReplay): Promise<void> {
  expect(await replay.isFirstUse(proof)).toBe(true);
  expect(await replay.isFirstUse(proof)).toBe(false);
  expect(await replay.isFirstUse({ ...proof, iat: proof.iat + 1 })).toBe(false);
  expect(await replay.isFirstUse({ ...proof, jkt: 'other key' })).toBe(true);
  expect(await replay.isFirstUse({ ...proof, jti: `${proof.jti}x` })).toBe(true);
}

describe('ProofReplay in memory', () => {
  it('lets a proof be used once [R-DPP-08]', () => expectOneUse(new ProofReplay(undefined, clock)));

  it('lets one of many at once through', async () => {
    const replay = new ProofReplay(undefined, clock);
    const uses = await Promise.all(Array.from({ length: 20 }, () => replay.isFirstUse(proof)));
    expect(uses.filter(Boolean)).toHaveLength(1);
  });
});

describe('ProofReplay with a Redis that does not answer', () => {
  it('remembers in memory when the connection is refused', async () => {
    const redis = connect(`redis://127.0.0.1:${await freePort()}`);
    await new Promise((resolve) => redis.once('error', resolve));
    await expectOneUse(new ProofReplay(redis, clock));
  });

  it('remembers in memory when Redis accepts commands and says nothing, and does not wait for it each time', async () => {
    let isSilent = false;
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('data', () => !isSilent && socket.write('$21\r\nredis_version:7.0.0\r\n\r\n'));
    });
    const port = await freePort();
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    const redis = connect(`redis://127.0.0.1:${port}`);
    await new Promise((resolve) => redis.once('ready', resolve));
    isSilent = true;
    const startedAt = performance.now();
    await expectOneUse(new ProofReplay(redis, clock));
    expect(performance.now() - startedAt).toBeLessThan(1500);
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
});

// Needs a Redis, which `npm test` does without: `.ci/run` sets one.
(TEST_REDIS_URL ? describe : describe.skip)('ProofReplay in Redis', () => {
  const ready = async (): Promise<Redis> => {
    const redis = connect(TEST_REDIS_URL ?? '');
    await new Promise((resolve) => redis.once('ready', resolve));
    return redis;
  };

  it('lets a proof be used once on all replicas together [R-DPP-08]', async () => {
    const [one, other] = [new ProofReplay(await ready(), clock), new ProofReplay(await ready(), clock)];
    await expectOneUse(one);
    expect(await other.isFirstUse(proof)).toBe(false);
  });

  it('lets one of many at once through', async () => {
    const replicas = [new ProofReplay(await ready(), clock), new ProofReplay(await ready(), clock)];
    const uses = await Promise.all(Array.from({ length: 20 }, (_, i) => replicas[i % 2]!.isFirstUse(proof)));
    expect(uses.filter(Boolean)).toHaveLength(1);
  });

  it('keeps a proof for longer than it could be used, and no longer', async () => {
    const redis = await ready();
    await new ProofReplay(redis, clock).isFirstUse(proof);
    const keys = await redis.keys('gatehouse:dpop:*');
    const ttls = await Promise.all(keys.map((key) => redis.ttl(key.slice('gatehouse:'.length))));
    expect(Math.max(...ttls)).toBeGreaterThan(600);
    expect(Math.max(...ttls)).toBeLessThanOrEqual(660);
  });

  it('does not forget, when Redis goes away, what it told Redis', async () => {
    const redis = await ready();
    const replay = new ProofReplay(redis, clock);
    expect(await replay.isFirstUse(proof)).toBe(true);
    redis.disconnect();
    await expect(replay.isFirstUse(proof)).resolves.toBe(false);
    await expect(replay.isFirstUse({ ...proof, jti: 'another' })).resolves.toBe(true);
  });

  it('does not forget, when Redis comes back, what it saw meanwhile', async () => {
    const redis = await ready();
    const replay = new ProofReplay(redis, clock);
    const ended = new Promise((resolve) => redis.once('end', resolve));
    redis.disconnect();
    await ended;
    expect(await replay.isFirstUse(proof)).toBe(true);
    await redis.connect();
    expect(await replay.isFirstUse(proof)).toBe(false);
  });
});
