import { describe, expect, it } from '@jest/globals';
import type { EventInput } from '../audit/audit.service.js';
import { McpError } from '../protocol/mcp-error.js';
import type { ServerState } from '../servers/server-state.js';
import type { Call } from './call.js';
import { CallRecorder } from './call-recorder.js';
import { insufficientScope, invalidToken } from './challenge.js';

const SERVER = { slug: 'docs', metadataUrl: 'https://host.example/x', scopes: [] } as unknown as ServerState;
const CALL = {
  server: SERVER,
  http: { address: '192.0.2.1' },
  principal: { credential: { id: 'i1', clientId: 'c1' }, claims: { jti: 'j1', auth_id: 'a1' } },
} as unknown as Call;
const SEARCH = { method: 'tools/call', target: 'search_docs' };

function recorder(wait = 0): { recorder: CallRecorder; events: EventInput[] } {
  const events: EventInput[] = [];
  return {
    events,
    recorder: new CallRecorder(
      (event) => events.push(event),
      () => Promise.resolve(wait),
    ),
  };
}

describe('CallRecorder', () => {
  it('records who called what, with which token and with what outcome', () => {
    const { recorder: made, events } = recorder();
    made.called(CALL, SEARCH, 'ok');
    expect(events).toEqual([
      {
        kind: 'call',
        credentialId: 'i1',
        clientId: 'c1',
        server: 'docs',
        address: '192.0.2.1',
        detail: { method: 'tools/call', target: 'search_docs', outcome: 'ok', jti: 'j1', authId: 'a1' },
      },
    ]);
  });

  it('records a call of something hidden as refused', () => {
    const { recorder: made, events } = recorder();
    made.called(CALL, SEARCH, 'hidden');
    expect(events[0]).toMatchObject({ kind: 'call.refused', detail: { outcome: 'hidden' } });
  });

  it('records what is refused for want of a scope or over a quota, and no malformed message', () => {
    const { recorder: made, events } = recorder();
    made.refused(CALL, SEARCH, insufficientScope(SERVER, ['a'], 'x'));
    made.refused(CALL, SEARCH, new McpError(429, 429, 'x'));
    made.refused(CALL, SEARCH, new McpError(400, -32600, 'x'));
    expect(events.map((event) => [event.kind, event.detail?.['reason']])).toEqual([
      ['call.refused', 'insufficient_scope'],
      ['call.refused', 'too_many_requests'],
    ]);
  });

  it('records a refused token with its address and the private reason', async () => {
    const { recorder: made, events } = recorder();
    made.refusedToken(SERVER, '192.0.2.1', invalidToken(SERVER, { detail: 'The token has expired' }));
    await Promise.resolve();
    expect(events).toEqual([
      {
        kind: 'call.refused',
        server: 'docs',
        address: '192.0.2.1',
        detail: { outcome: 'refused', reason: 'invalid_token', why: 'The token has expired' },
      },
    ]);
  });

  it('leaves a flood of refused tokens out', async () => {
    const { recorder: made, events } = recorder(5);
    made.refusedToken(SERVER, '192.0.2.1', invalidToken(SERVER, { detail: 'x' }));
    await Promise.resolve();
    expect(events).toEqual([]);
  });

  it('keeps the beginning of a long target', () => {
    const { recorder: made, events } = recorder();
    made.called(CALL, { method: 'resources/read', target: 'x'.repeat(100_000) }, 'ok');
    expect(JSON.stringify(events).length).toBeLessThan(1000);
  });
});
