import { randomBytes } from 'node:crypto';
import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { freePort } from '../../test/support/free-port.js';
import type { Config } from '../config/config.js';
import { loadConfig } from '../config/load-config.js';
import type { Quota } from './memory-counters.js';
import { RateLimits } from './rate-limits.service.js';

const TEST_REDIS_URL = process.env['TEST_REDIS_URL'];
const config: Config = loadConfig({});
const connections: Redis[] = [];
let quota: Quota;

beforeEach(() => {
  quota = { name: `test-${randomBytes(6).toString('hex')}`, limit: 3, windowSeconds: 60 };
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

async function takes(limits: RateLimits, count: number): Promise<number[]> {
  const waits: number[] = [];
  for (let i = 0; i < count; i++) waits.push(await limits.take(quota, 'key'));
  return waits;
}

describe('RateLimits in memory', () => {
  it('refuses the first over the limit, with the seconds to wait (R-RLM-01)', async () => {
    const [a, b, c, wait] = await takes(new RateLimits(config, undefined), 4);
    expect([a, b, c]).toEqual([0, 0, 0]);
    expect(wait).toBeGreaterThan(59);
    expect(wait).toBeLessThanOrEqual(60);
  });

  it('tells the wait without counting, and forgets what is cleared', async () => {
    const limits = new RateLimits(config, undefined);
    await takes(limits, 2);
    expect(await limits.waitFor(quota, 'key')).toBe(0);
    await takes(limits, 1);
    expect(await limits.waitFor(quota, 'key')).toBeGreaterThan(0);
    await limits.clear(quota, 'key');
    expect(await limits.waitFor(quota, 'key')).toBe(0);
  });

  it('lifts every limit when limits are off', async () => {
    const limits = new RateLimits({ ...config, rateLimits: { ...config.rateLimits, enabled: false } }, undefined);
    expect(await takes(limits, 10)).toEqual(Array(10).fill(0));
    expect(await limits.waitFor(quota, 'key')).toBe(0);
  });
});

describe('RateLimits with a Redis that does not answer', () => {
  it('limits from memory when the connection is refused', async () => {
    const redis = connect(`redis://127.0.0.1:${await freePort()}`);
    await new Promise((resolve) => redis.once('error', resolve));
    await expectToLimitFromMemory(redis);
  });

  it('limits from memory when Redis accepts commands and says nothing', async () => {
    const silent = await startSilentRedis();
    const redis = connect(silent.url);
    await new Promise((resolve) => redis.once('ready', resolve));
    silent.fallSilent();
    await expectToLimitFromMemory(redis);
    await silent.stop();
  });

  async function expectToLimitFromMemory(redis: Redis): Promise<void> {
    const limits = new RateLimits(config, redis);
    const startedAt = performance.now();
    const waits = await takes(limits, 4);
    expect(waits.slice(0, 3)).toEqual([0, 0, 0]);
    expect(waits[3]).toBeGreaterThan(0);
    expect(await limits.waitFor(quota, 'key')).toBeGreaterThan(0);
    await limits.clear(quota, 'key');
    expect(await limits.waitFor(quota, 'key')).toBe(0);
    expect(performance.now() - startedAt).toBeLessThan(1500);
    expect([limits.areShared, limits.fallbacks.count]).toEqual([false, 4]);
  }
});

// Needs a Redis, which `npm test` does without: `.ci/run` sets one.
(TEST_REDIS_URL ? describe : describe.skip)('RateLimits in Redis', () => {
  const ready = async (): Promise<Redis> => {
    const redis = connect(TEST_REDIS_URL ?? '');
    await new Promise((resolve) => redis.once('ready', resolve));
    return redis;
  };

  it('shares one limit between replicas', async () => {
    const [one, other] = [new RateLimits(config, await ready()), new RateLimits(config, await ready())];
    expect(await takes(one, 2)).toEqual([0, 0]);
    expect(await takes(other, 1)).toEqual([0]);
    expect(await one.waitFor(quota, 'key')).toBeGreaterThan(0);
    expect((await takes(other, 1))[0]).toBeGreaterThan(59);
    await one.clear(quota, 'key');
    expect(await other.waitFor(quota, 'key')).toBe(0);
  });

  it('allows exactly the limit to many at once', async () => {
    const replicas = [new RateLimits(config, await ready()), new RateLimits(config, await ready())];
    const waits = await Promise.all(Array.from({ length: 20 }, (_, i) => replicas[i % 2]!.take(quota, 'key')));
    expect(waits.filter((wait) => wait === 0)).toHaveLength(quota.limit);
  });

  it('goes on in memory when Redis goes away', async () => {
    const redis = await ready();
    const limits = new RateLimits(config, redis);
    expect(await takes(limits, 1)).toEqual([0]);
    redis.disconnect();
    const waits = await takes(limits, 4);
    expect(waits.slice(0, 3)).toEqual([0, 0, 0]);
    expect(waits[3]).toBeGreaterThan(0);
  });
});

interface SilentRedis {
  readonly url: string;
  fallSilent(): void;
  stop(): Promise<void>;
}

/** Answers what a connection is opened with, until told to fall silent. */
async function startSilentRedis(): Promise<SilentRedis> {
  let isSilent = false;
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('data', () => {
      if (!isSilent) socket.write('$21\r\nredis_version:7.0.0\r\n\r\n');
    });
  });
  const port = await freePort();
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    url: `redis://127.0.0.1:${port}`,
    fallSilent: () => (isSilent = true),
    stop: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
