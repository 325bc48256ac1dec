import type { EventInput } from '../audit/audit.service.js';
import { Tallies, Tally } from '../common/tally.js';
import type { Operation } from '../protocol/exchange.js';
import { McpError } from '../protocol/mcp-error.js';
import { OAuthError } from '../protocol/oauth-error.js';
import { addressKey } from '../rate-limit/address-key.js';
import type { ServerState } from '../servers/server-state.js';
import { ArgumentsRefused, type Observed } from './authorize.js';
import { describeUnmet } from './access-policy.js';
import type { Call } from './call.js';
import type { Take } from './call-limits.js';

/** Refused tokens of one address that are recorded in a minute; a flood of them must not fill the audit trail. */
const UNKNOWN_CALLERS = { name: 'refusals', limit: 60, windowSeconds: 60 };
const TARGET_LENGTH = 256;

/** `hidden`: no permission covers it, so the upstream answered as for a target that does not exist. */
export type Outcome = 'ok' | 'error' | 'failed' | 'hidden' | 'refused' | 'observed';

/** Writes calls and refusals to the audit trail, and counts them; never a token, and no message beyond its method and target. */
export class CallRecorder {
  /** By the id of the server. */
  private readonly counts = new Map<string, Tallies>();
  readonly allowed = new Tally();
  /** By the reason, a code of ours. */
  readonly refusals = new Tallies();

  constructor(
    private readonly note: (event: EventInput) => void,
    private readonly take: Take,
  ) {}

  /** What became of the operations on a server, by outcome. */
  outcomesOf(serverId: string): Tallies['entries'] {
    return this.counts.get(serverId)?.entries ?? [];
  }

  /** Forgets servers that are gone. */
  keepOnly(serverIds: ReadonlySet<string>): void {
    for (const id of this.counts.keys()) if (!serverIds.has(id)) this.counts.delete(id);
  }

  /** An operation that the upstream was asked to do. */
  called(call: Call, operation: Operation, outcome: Outcome): void {
    this.count(call.server, outcome);
    if (outcome === 'hidden') this.refusals.add('hidden');
    else this.allowed.add();
    this.note({ kind: outcome === 'hidden' ? 'call.refused' : 'call', ...origin(call), detail: detailOf(call, operation, outcome) });
  }

  /** An operation that is done although its caller lacks a scope for it, because its credential is in observe mode. */
  observed(call: Call, { operation, decision }: Observed): void {
    this.count(call.server, 'observed');
    this.note({ kind: 'call.observed', ...origin(call), detail: { ...detailOf(call, operation, 'observed'), ...wouldBe(decision) } });
  }

  /** An operation that was not done: for want of a scope, or over a quota. */
  refused(call: Call, operation: Operation, error: unknown): void {
    const reason = reasonOf(error);
    if (reason === undefined) return;
    this.count(call.server, 'refused');
    this.refusals.add(reason);
    const why = error instanceof ArgumentsRefused ? { why: error.detail } : {};
    this.note({ kind: 'call.refused', ...origin(call), detail: { ...detailOf(call, operation, 'refused'), reason, ...why } });
  }

  /** A request without a token that holds. */
  refusedToken(server: ServerState, address: string, error: unknown): void {
    if (!(error instanceof OAuthError)) return;
    this.count(server, 'refused');
    this.refusals.add(error.code);
    const detail = { outcome: 'refused', reason: error.code, why: error.detail };
    void Promise.resolve(this.take(UNKNOWN_CALLERS, addressKey(address))).then((wait) => {
      if (wait <= 0) this.note({ kind: 'call.refused', server: server.slug, address, detail });
    });
  }

  private count({ id }: ServerState, outcome: Outcome): void {
    const known = this.counts.get(id);
    if (known) return known.add(outcome);
    const counts = new Tallies();
    counts.add(outcome);
    this.counts.set(id, counts);
  }
}

const origin = ({ principal, server, http }: Call): Omit<EventInput, 'kind'> => ({
  credentialId: principal?.credential.id,
  clientId: principal?.credential.clientId,
  server: server.slug,
  address: http.address,
});

const detailOf = ({ principal }: Call, { method, target }: Operation, outcome: Outcome): Record<string, unknown> => ({
  method: method.slice(0, TARGET_LENGTH),
  target: target?.slice(0, TARGET_LENGTH),
  outcome,
  jti: principal?.claims.jti,
  authId: principal?.claims.auth_id,
});

/** What a refusal would have said. */
function wouldBe(decision: Observed['decision']): Record<string, unknown> {
  if (decision === 'hidden') return { wouldBe: 'hidden' };
  if ('missing' in decision) return { wouldBe: 'insufficient_scope', missing: decision.missing };
  return { wouldBe: 'arguments_refused', why: describeUnmet(decision.unmet) };
}

/** Malformed messages are not refusals of ours; a policy or a quota is. */
function reasonOf(error: unknown): string | undefined {
  if (error instanceof OAuthError) return error.code;
  if (error instanceof ArgumentsRefused) return 'arguments_refused';
  return error instanceof McpError && error.status === 429 ? 'too_many_requests' : undefined;
}
