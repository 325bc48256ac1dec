import { beforeEach, describe, expect, it } from '@jest/globals';
import type { Caller } from '../protocol/exchange.js';
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

async function open(owner: string): Promise<string> {
  const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'test', version: '1' } };
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
