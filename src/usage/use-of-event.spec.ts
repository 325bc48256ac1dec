import { describe, expect, it } from '@jest/globals';
import type { EventInput } from '../audit/audit.service.js';
import { useOfEvent } from './use-of-event.js';

const WHO = { credentialId: 'c', server: 'docs' };
const call = (detail: Record<string, unknown>, kind: EventInput['kind'] = 'call'): EventInput => ({
  kind,
  ...WHO,
  detail: { method: 'tools/call', target: 'search', ...detail },
});

describe('what is counted of an event', () => {
  it.each([
    [call({ outcome: 'ok' }), { kind: 'call', ...WHO, tool: 'search', outcome: 'ok' }],
    [call({ outcome: 'error' }), { kind: 'call', ...WHO, tool: 'search', outcome: 'error' }],
    [call({ outcome: 'something new' }), { kind: 'call', ...WHO, tool: 'search', outcome: 'failed' }],
    [call({ outcome: 'hidden' }, 'call.refused'), { kind: 'call', ...WHO, tool: 'search', outcome: 'hidden' }],
    [
      call({ outcome: 'refused', reason: 'insufficient_scope' }, 'call.refused'),
      { kind: 'call', ...WHO, tool: 'search', outcome: 'refused' },
    ],
    [
      call({ outcome: 'refused', reason: 'too_many_requests' }, 'call.refused'),
      { kind: 'call', ...WHO, tool: 'search', outcome: 'limited' },
    ],
    [
      { kind: 'call', ...WHO, detail: { method: 'resources/read', target: 'docs://a', outcome: 'ok' } },
      { kind: 'call', ...WHO, tool: '', outcome: 'ok' },
    ],
    [
      { kind: 'call.refused', server: 'docs', detail: { outcome: 'refused', reason: 'invalid_token' } },
      { kind: 'call', credentialId: '', server: 'docs', tool: '', outcome: 'refused' },
    ],
    [
      { kind: 'token.issued', ...WHO, detail: { jti: 'j' } },
      { kind: 'token', ...WHO, tool: '', outcome: 'issued' },
    ],
    [
      { kind: 'token.refused', credentialId: 'c', detail: { error: 'invalid_client' } },
      { kind: 'token', credentialId: 'c', server: '', tool: '', outcome: 'refused' },
    ],
    [
      { kind: 'token.refused', credentialId: 'c', detail: { limited: 'credential' } },
      { kind: 'token', credentialId: 'c', server: '', tool: '', outcome: 'limited' },
    ],
  ] as [EventInput, unknown][])('%j', (event, use) => expect(useOfEvent(event)).toEqual(use));

  it('lays no limit at the door of a credential that was only named', () => {
    expect(useOfEvent({ kind: 'token.refused', credentialId: 'c', detail: { limited: 'address' } })).toMatchObject({ credentialId: '' });
  });

  it('is nothing of an admin’s act', () => {
    expect(useOfEvent({ kind: 'credential.created', credentialId: 'c' })).toBeUndefined();
  });

  it('holds no more of a name than the table takes', () => {
    expect(useOfEvent(call({ target: 'x'.repeat(256), outcome: 'ok' }))?.tool).toBe('x'.repeat(128));
  });
});
