import { describe, expect, it } from '@jest/globals';
import type { RateLimitConfig } from '../config/config.js';
import { MemoryCounters } from '../rate-limit/memory-counters.js';
import type { Call } from './call.js';
import type { ServerState } from '../servers/server-state.js';
import { CallLimits } from './call-limits.js';

const QUOTAS = { docsPerAddress: 2, docsPerTool: 3, docsPerCredential: 2 } as RateLimitConfig;

function limits(): CallLimits {
  const counters = new MemoryCounters(() => 0);
  return new CallLimits(QUOTAS, (quota, key) => Promise.resolve(counters.take(quota, key)));
}

const DOCS = { id: 's1', upstream: { kind: 'docs' }, limits: {} } as ServerState;

const call = (credentialId: string | undefined, address = '192.0.2.1', method = 'POST', server = DOCS): Call =>
  ({ principal: credentialId && { credential: { id: credentialId } }, server, http: { address, method } }) as unknown as Call;

const tool = (target: string, id: number | undefined = 1) =>
  ({ operations: [{ method: 'tools/call', target }], id, era: 'modern', message: {} }) as const;

const OVER = expect.objectContaining({ status: 429, code: 429, headers: { 'retry-after': expect.stringMatching(/^\d+$/) } });

describe('CallLimits', () => {
  it('counts the messages of an address on the public face [R-RLM-01, R-RLM-03]', async () => {
    const counted = limits();
    await counted.countMessage(call(undefined));
    await counted.countMessage(call(undefined, '192.0.2.1', 'GET'));
    await counted.countMessage(call(undefined));
    await expect(counted.countMessage(call(undefined))).rejects.toEqual(OVER);
    await counted.countMessage(call(undefined, '192.0.2.2'));
  });

  it('counts no messages of a credential, and its tool calls by tool [R-RLM-03]', async () => {
    const counted = limits();
    for (let i = 0; i < 9; i++) await counted.countMessage(call('c1'));
    await counted.countContents(call('c1'), tool('search'));
    await counted.countContents(call('c1'), tool('search'));
    await expect(counted.countContents(call('c1'), tool('search', 7))).rejects.toMatchObject({ status: 429, id: 7 });
    await expect(counted.countContents(call('c1'), tool('read'))).resolves.toBeUndefined();
    await expect(counted.countContents(call('c2'), tool('search'))).resolves.toBeUndefined();
  });

  it('counts the tool calls of all public callers together', async () => {
    const counted = limits();
    for (let i = 0; i < 3; i++) await counted.countContents(call(undefined, `192.0.2.${i}`), tool('search'));
    await expect(counted.countContents(call(undefined, '192.0.2.9'), tool('search'))).rejects.toEqual(OVER);
  });

  it('counts each call of a batch, and nothing but tool calls', async () => {
    const counted = limits();
    const lists = { ...tool('x'), operations: Array.from({ length: 9 }, () => ({ method: 'tools/list' })) };
    expect(counted.countContents(call('c1'), lists)).toBeUndefined();
    const calls = { ...tool('x'), operations: Array.from({ length: 3 }, () => ({ method: 'tools/call', target: 'search' })) };
    await expect(counted.countContents(call('c1'), calls)).rejects.toEqual(OVER);
  });

  it('counts each element of a batch as a message', async () => {
    const batch = (length: number) =>
      ({ operations: [], id: undefined, era: 'legacy', message: Array.from({ length }, () => ({})) }) as const;
    const counted = limits();
    await counted.countMessage(call(undefined));
    await counted.countContents(call(undefined), batch(2));
    await expect(counted.countMessage(call(undefined))).rejects.toEqual(OVER);
    await expect(counted.countContents(call(undefined, '192.0.2.2'), batch(4))).rejects.toEqual(OVER);
  });

  describe('of a server that is no documentation server', () => {
    const http = (limits: ServerState['limits']) => ({ id: 's2', upstream: { kind: 'http' }, limits }) as unknown as ServerState;

    it('are none until they are set', () => {
      const counted = limits();
      expect(counted.countMessage(call('c1', undefined, 'POST', http({})))).toBeUndefined();
      expect(counted.countMessage(call(undefined, undefined, 'POST', http({})))).toBeUndefined();
      expect(counted.countContents(call('c1', undefined, 'POST', http({})), tool('x'))).toBeUndefined();
    });

    it('count the messages of a credential, of an address, and the calls of a tool', async () => {
      const counted = limits();
      const server = http({ perCredential: 2, perTool: 1, perAddress: 1 });
      const asked = (credential: string | undefined) => call(credential, '192.0.2.1', 'POST', server);
      await counted.countMessage(asked('c1'));
      await counted.countMessage(asked('c1'));
      await expect(counted.countMessage(asked('c1'))).rejects.toEqual(OVER);
      await counted.countMessage(asked('c2'));
      await counted.countMessage(asked(undefined));
      await expect(counted.countMessage(asked(undefined))).rejects.toEqual(OVER);
      await counted.countContents(asked('c1'), tool('x'));
      await expect(counted.countContents(asked('c1'), tool('x', 7))).rejects.toMatchObject({ status: 429, id: 7 });
      await counted.countContents(asked('c1'), tool('y'));
    });
  });
});
