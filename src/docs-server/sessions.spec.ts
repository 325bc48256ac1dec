import { randomBytes } from 'node:crypto';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { Sealer } from '../database/sealer.js';
import type { Caller } from '../protocol/exchange.js';
import type { McpError } from '../protocol/mcp-error.js';
import type { SessionEnds } from './session-ids.js';
import { LegacySessions } from './sessions.js';

const MINUTE = 60_000;

let now: number;
let sessions: LegacySessions;

beforeEach(() => {
  now = 0;
  sessions = new LegacySessions({ name: 'Docs', tools: [] }, () => now);
});

const callerNamed = (owner: string): Caller => ({
  owner,
  groups: [],
  audience: owner === 'public' ? 'public' : 'authenticated',
  isAllowed: () => true,
});

function send(owner: string, message: unknown, headers: Record<string, string> = {}): Promise<Response> {
  const request = new Request('http://localhost/mcp', {
    method: 'POST',
    headers: { accept: 'application/json, text/event-stream', 'content-type': 'application/json', ...headers },
  });
  return sessions.handle({ request, message, era: 'legacy', caller: callerNamed(owner) });
}

async function open(owner: string, protocolVersion = '2025-11-25'): Promise<string> {
  const params = { protocolVersion, capabilities: {}, clientInfo: { name: 'test', version: '1' } };
  const response = await send(owner, { jsonrpc: '2.0', id: 1, method: 'initialize', params });
  return response.headers.get('mcp-session-id') ?? '';
}

const isAlive = (owner: string, id: string): Promise<boolean> =>
  send(owner, { jsonrpc: '2.0', id: 1, method: 'ping' }, { 'mcp-session-id': id }).then(
    ({ status }) => status === 200,
    () => false,
  );

describe('LegacySessions', () => {
  it('ends sessions that were quiet for half an hour, and no others', async () => {
    const [quiet, used] = [await open('a'), await open('a')];
    now = 29 * MINUTE;
    expect(await isAlive('a', used)).toBe(true);
    sessions.endIdle();
    expect(sessions.size).toBe(2);
    now = 30 * MINUTE;
    sessions.endIdle();
    expect(sessions.size).toBe(1);
    expect(await isAlive('a', quiet)).toBe(false);
    expect(await isAlive('a', used)).toBe(true);
  });

  it('keeps 50 sessions of one owner: the one that was quiet longest gives way', async () => {
    const other = await open('b');
    const ids: string[] = [];
    for (let i = 0; i < 50; i++) ids.push(await open('a'));
    expect(await isAlive('a', ids[0] ?? '')).toBe(true);
    ids.push(await open('a'));
    expect(sessions.size).toBe(51);
    expect(await isAlive('a', ids[1] ?? '')).toBe(false);
    for (const id of [ids[0], ids[2], ids[50]]) expect(await isAlive('a', id ?? '')).toBe(true);
    expect(await isAlive('b', other)).toBe(true);
  });

  it('gives anonymous callers, who are one owner, more room', async () => {
    const ids: string[] = [];
    for (let i = 0; i < 60; i++) ids.push(await open('public'));
    expect(await isAlive('public', ids[0] ?? '')).toBe(true);
  });

  it('keeps no session for an initialize that failed', async () => {
    await expect(send('a', { jsonrpc: '2.0', id: 1, method: 'initialize', params: {} })).rejects.toMatchObject({
      status: 400,
      code: -32602,
    });
    expect(sessions.size).toBe(0);
  });
});

describe('LegacySessions of two replicas', () => {
  const clock = { now: 1_790_000_000_000 };
  const sealer = new Sealer(randomBytes(32));
  let listeners: ((key: string, state: { isEnded?: boolean }) => void)[];
  let saved: Map<string, { isEnded: true }>;
  let isAway: boolean;
  let first: LegacySessions;
  let second: LegacySessions;

  const ends: SessionEnds = {
    load: (key) => Promise.resolve(isAway ? undefined : saved.get(key)),
    save: (key, state) => {
      if (isAway) return;
      saved.set(key, state);
      for (const listener of listeners) listener(key, state);
    },
    listen: (listener) => {
      listeners.push(listener);
      return () => void (listeners = listeners.filter((other) => other !== listener));
    },
  };
  const replica = (place = 'docs'): LegacySessions =>
    new LegacySessions({ name: 'Docs', tools: [] }, () => now, { sealer, place, clock: () => clock.now, ends });

  beforeEach(() => {
    listeners = [];
    saved = new Map();
    isAway = false;
    first = replica();
    second = replica();
    sessions = first;
  });

  let count = 0;
  const statusAt = async (where: LegacySessions, owner: string, id: string, method = 'POST'): Promise<number> => {
    const request = new Request('http://localhost/mcp', {
      method,
      headers: { accept: 'application/json, text/event-stream', 'content-type': 'application/json', 'mcp-session-id': id },
    });
    const message = method === 'POST' ? { jsonrpc: '2.0', id: ++count, method: 'ping' } : undefined;
    return where.handle({ request, message, era: 'legacy', caller: callerNamed(owner) }).then(
      ({ status }) => status,
      (error: unknown) => (error as McpError).status,
    );
  };

  it('are good on both, also for messages that come at once, and after the first has gone (R-LEG-09)', async () => {
    const id = await open('a');
    expect(await Promise.all([1, 2, 3].map(() => statusAt(second, 'a', id)))).toEqual([200, 200, 200]);
    expect([first.size, second.size]).toEqual([1, 1]);
    first.endAll();
    second.endAll();
    expect(await statusAt(replica(), 'a', id)).toBe(200);
  });

  it('belong to their caller and their server on each (R-LEG-08)', async () => {
    const id = await open('a');
    expect(await statusAt(second, 'b', id)).toBe(404);
    expect(await statusAt(second, 'a', id)).toBe(200);
    expect(await statusAt(second, 'b', id)).toBe(404);
    expect(await statusAt(replica('other'), 'a', id)).toBe(404);
    expect(await statusAt(second, 'a', `${id}x`)).toBe(404);
    expect(await statusAt(second, 'a', 'x'.repeat(5000))).toBe(404);
  });

  it('keep the version that was agreed on', async () => {
    const id = await open('a', '2025-03-26');
    const batch = [{ jsonrpc: '2.0', id: 1, method: 'ping' }];
    sessions = second;
    expect((await send('a', batch, { 'mcp-session-id': id })).status).toBe(200);
    sessions = first;
    const newer = await open('a');
    sessions = second;
    await expect(send('a', batch, { 'mcp-session-id': newer })).rejects.toMatchObject({ status: 400 });
  });

  it('end on both with DELETE at one, whether the other has met them or not', async () => {
    const [met, unmet] = [await open('a'), await open('a')];
    expect(await statusAt(second, 'a', met)).toBe(200);
    expect([await statusAt(second, 'a', met, 'DELETE'), await statusAt(second, 'a', unmet, 'DELETE')]).toEqual([200, 200]);
    for (const where of [first, second, replica()]) {
      expect([await statusAt(where, 'a', met), await statusAt(where, 'a', unmet)]).toEqual([404, 404]);
    }
  });

  it('end on the replica that was told, where the others cannot be', async () => {
    isAway = true;
    const id = await open('a');
    expect(await statusAt(first, 'a', id, 'DELETE')).toBe(200);
    expect([await statusAt(first, 'a', id), await statusAt(second, 'a', id)]).toEqual([404, 200]);
  });

  it('end with their credential, and do not come back with it', async () => {
    const id = await open('a');
    expect(await statusAt(second, 'a', id)).toBe(200);
    second.endOf('a');
    expect([await statusAt(first, 'a', id), await statusAt(second, 'a', id)]).toEqual([404, 404]);
    clock.now += 1;
    sessions = second;
    expect(await statusAt(second, 'a', await open('a'))).toBe(200);
  });

  it('end a day after they were opened, however often they were used; what was only idle goes on', async () => {
    const id = await open('a');
    now = 31 * MINUTE;
    first.endIdle();
    expect(first.size).toBe(0);
    expect(await statusAt(first, 'a', id)).toBe(200);
    clock.now += 24 * 60 * MINUTE;
    expect([await statusAt(first, 'a', id), await statusAt(second, 'a', id)]).toEqual([404, 404]);
  });
});
