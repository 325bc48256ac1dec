import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { FetchUpstream } from '../../test/support/eras/fetch-upstream.js';
import { bridge, type Front, serveUpstream } from '../../test/support/eras/front.js';
import { until } from '../../test/support/eras/http-server.js';
import { type ModernServer, startModernServer } from '../../test/support/eras/modern-server.js';
import type { EraBridge } from './eras/era-bridge.js';
import { SharedSessions } from './shared-sessions.service.js';

const TEST_REDIS_URL = process.env['TEST_REDIS_URL'];

/** A process in front of the same server. */
interface Replica {
  readonly front: Front;
  readonly bridged: EraBridge;
  readonly sessions: SharedSessions;
  readonly redis: Redis | undefined;
}

let upstream: ModernServer;
let replicas: Replica[] = [];

beforeEach(async () => {
  upstream = await startModernServer();
});
afterEach(async () => {
  for (const { front, bridged, sessions, redis } of replicas.splice(0)) {
    await bridged.close();
    await front.close();
    sessions.onApplicationShutdown();
    redis?.disconnect();
  }
  replicas = [];
  await upstream.close();
});

async function startReplica(redis?: Redis): Promise<Replica> {
  const sessions = new SharedSessions(redis);
  sessions.onApplicationBootstrap();
  const bridged = bridge(new FetchUpstream(upstream.url, 'modern'), { states: sessions });
  const replica = { front: await serveUpstream(bridged), bridged, sessions, redis };
  replicas.push(replica);
  return replica;
}

const request = (id: number, method: string, params: object = {}) => ({ jsonrpc: '2.0', id, method, params });

async function openSession({ front }: Replica): Promise<Record<string, string>> {
  const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'raw', version: '1' } };
  const response = await front.ask(request(0, 'initialize', params));
  return { 'mcp-session-id': response.headers.get('mcp-session-id') ?? '' };
}

const statusOf = async ({ front }: Replica, headers: Record<string, string>): Promise<number> =>
  (await front.ask(request(1, 'ping'), { headers })).status;

// Needs a Redis, which `npm test` does without: `.ci/run` sets one.
(TEST_REDIS_URL ? describe : describe.skip)('sessions of replicas with Redis', () => {
  const keyPrefix = `test-${randomBytes(4).toString('hex')}:`;

  async function connect(): Promise<Redis> {
    const redis = new Redis(TEST_REDIS_URL ?? '', { enableOfflineQueue: false, maxRetriesPerRequest: 1, keyPrefix });
    await new Promise((resolve) => redis.once('ready', resolve));
    return redis;
  }

  it('are over everywhere once they are deleted anywhere [R-LEG-08, R-LEG-09]', async () => {
    const [first, second] = [await startReplica(await connect()), await startReplica(await connect())];
    const headers = await openSession(first);
    expect(await statusOf(second, headers)).toBe(200);
    expect((await first.front.ask(undefined, { method: 'DELETE', headers })).status).toBe(200);
    await until(async () => (await statusOf(second, headers)) === 404, 'the second replica has heard of it');
    const third = await startReplica(await connect());
    expect(await statusOf(third, headers)).toBe(404);
  });

  it('hear on one replica what they subscribed to on another, at the level that was set there', async () => {
    const [first, second] = [await startReplica(await connect()), await startReplica(await connect())];
    const headers = await openSession(first);
    const leaving = new AbortController();
    const stream = await first.front.ask(undefined, { method: 'GET', headers, signal: leaving.signal });
    const heard = readText(stream);
    await second.front.ask(request(1, 'resources/subscribe', { uri: 'test://readme' }), { headers });
    await second.front.ask(request(2, 'logging/setLevel', { level: 'error' }), { headers });
    await until(() => {
      upstream.announce('test://readme');
      return heard.text.includes('notifications/resources/updated');
    }, 'the update is heard');
    const call = await first.front.ask(request(3, 'tools/call', { name: 'trace', arguments: {} }), { headers });
    expect(await call.text()).toContain('logLevel');
    leaving.abort();
  });
});

describe('sessions of replicas without Redis', () => {
  it('are known to each, and what is told to one stays there', async () => {
    const [first, second] = [await startReplica(), await startReplica()];
    const headers = await openSession(first);
    expect(await statusOf(second, headers)).toBe(200);
    await first.front.ask(undefined, { method: 'DELETE', headers });
    expect([await statusOf(first, headers), await statusOf(second, headers)]).toEqual([404, 200]);
  });
});

function readText(response: Response): { text: string } {
  const heard = { text: '' };
  const read = async (): Promise<void> => {
    const decoder = new TextDecoder();
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) heard.text += decoder.decode(chunk, { stream: true });
  };
  read().catch(() => undefined); // it ends when the client leaves
  return heard;
}
