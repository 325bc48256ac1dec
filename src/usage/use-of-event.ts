import type { EventInput } from '../audit/audit.service.js';
import type { UsageHour, UsageOutcome } from './usage-hour.entity.js';

/** What is counted of an event: everything but when. */
export type Use = Omit<UsageHour, 'hour' | 'count'>;

const TOOL_LENGTH = 128;
const CALL_OUTCOMES: ReadonlySet<unknown> = new Set<UsageOutcome>(['ok', 'error', 'failed']);

/** How an event of the audit trail counts; undefined where it is no use. */
export function useOfEvent(event: EventInput): Use | undefined {
  if (event.kind === 'call' || event.kind === 'call.refused') return callOf(event);
  if (event.kind === 'token.issued') return issuedTokenOf(event);
  return event.kind === 'token.refused' ? refusedTokenOf(event) : undefined;
}

function callOf({ kind, credentialId = '', server = '', detail = {} }: EventInput): Use {
  const tool = detail['method'] === 'tools/call' ? textOf(detail['target']).slice(0, TOOL_LENGTH) : '';
  const outcome = kind === 'call' ? outcomeOf(detail['outcome']) : refusalOf(detail);
  return { kind: 'call', credentialId, server, tool, outcome };
}

const outcomeOf = (outcome: unknown): UsageOutcome => (CALL_OUTCOMES.has(outcome) ? (outcome as UsageOutcome) : 'failed');

function refusalOf({ outcome, reason }: Readonly<Record<string, unknown>>): UsageOutcome {
  if (outcome === 'hidden') return 'hidden';
  return reason === 'too_many_requests' ? 'limited' : 'refused';
}

function issuedTokenOf({ credentialId = '', server = '' }: EventInput): Use {
  return { kind: 'token', credentialId, server, tool: '', outcome: 'issued' };
}

function refusedTokenOf({ credentialId = '', server = '', detail }: EventInput): Use {
  const limited = detail?.['limited'];
  // Of a limit that is not the credential's own, it has only been said whose request it is.
  const counted = limited === 'address' ? '' : credentialId;
  return { kind: 'token', credentialId: counted, server, tool: '', outcome: limited === undefined ? 'refused' : 'limited' };
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
