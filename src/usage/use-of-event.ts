import type { EventInput } from '../audit/audit.service.js';
import type { UsageHour, UsageOutcome } from './usage-hour.entity.js';

/** What is counted of an event: everything but when. */
export type Use = Omit<UsageHour, 'hour' | 'count'>;

const TOOL_LENGTH = 128;
const CALL_OUTCOMES: ReadonlySet<unknown> = new Set<UsageOutcome>(['ok', 'error', 'failed']);

/** How an event of the audit trail counts; undefined where it is no use. */
export function useOfEvent(event: EventInput): Use | undefined {
  if (event.kind === 'call' || event.kind === 'call.refused') return callOf(event);
  if (event.kind === 'token.issued') return { ...tokenOf(event), outcome: 'issued' };
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

function refusedTokenOf(event: EventInput): Use {
  const limited = event.detail?.['limited'];
  const use = { ...tokenOf(event), outcome: limited === undefined ? ('refused' as const) : ('limited' as const) };
  // Of a limit that is not the credential's own, it has only been said whose request it is.
  return limited === 'address' ? { ...use, credentialId: '' } : use;
}

const tokenOf = ({ credentialId = '', server = '' }: EventInput): Omit<Use, 'outcome'> => ({
  kind: 'token',
  credentialId,
  server,
  tool: '',
});

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
