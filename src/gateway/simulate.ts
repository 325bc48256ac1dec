import type { Operation } from '../protocol/exchange.js';
import type { Permission } from '../servers/permission.js';
import { type Decision, decide, describeUnmet, findCover, type Grant, isScoped, isWithin, type Unmet } from './access-policy.js';

/** What would become of an operation, and why. */
export interface Explanation {
  readonly decision: 'allowed' | 'insufficient_scope' | 'arguments_refused' | 'hidden';
  readonly reason: string;
  readonly scope: string | null;
  readonly permission: Permission | null;
  readonly missingScopes: readonly string[];
  readonly unmet: readonly Unmet[];
}

const NOTHING = { scope: null, permission: null, missingScopes: [], unmet: [] } as const;

/** Explains what {@link decide} decides. */
export function explain(operation: Operation, grant: Grant): Explanation {
  const decision = decide(operation, grant);
  const what = operation.target === undefined ? operation.method : `${operation.method} ${operation.target}`;
  if (decision === 'allowed') return explainAllowed(operation, grant, what);
  if (decision === 'hidden') return { ...NOTHING, decision: 'hidden', reason: explainHidden(operation, grant, what) };
  return explainRefused(decision, grant, what);
}

function explainHidden({ method, target }: Operation, grant: Grant, what: string): string {
  const isNarrowed = !isWithin({ method, ...(target === undefined ? {} : { target }) }, grant);
  const why = isNarrowed ? 'The permissions of the credential itself do not cover' : 'No scope that it could be granted covers';
  return `${why} ${what}: it looks like something that does not exist.`;
}

function explainAllowed(operation: Operation, { server, scopes, narrowing = [] }: Grant, what: string): Explanation {
  if (!isScoped(operation)) return { ...NOTHING, decision: 'allowed', reason: `${operation.method} needs a valid token only.` };
  const cover = findCover(operation, server, scopes);
  // Whoever may call something may ask for lists, which show that much.
  if (!cover) return { ...NOTHING, decision: 'allowed', reason: `${what} shows what its token allows.` };
  const own = narrowing.length > 0 ? ', and so do the permissions of the credential itself' : '';
  return { ...NOTHING, ...cover, decision: 'allowed', reason: `The scope ${cover.scope} of its token covers ${what}${own}.` };
}

function explainRefused(decision: Exclude<Decision, string>, { scopes }: Grant, what: string): Explanation {
  const held = scopes.length === 0 ? 'Its token has no scope' : `No scope of its token (${scopes.join(', ')})`;
  if ('missing' in decision) {
    const verb = scopes.length === 0 ? ' that covers' : ' covers';
    const reason = `${held}${verb} ${what}; ${decision.missing.join(', ')} would.`;
    return { ...NOTHING, decision: 'insufficient_scope', reason, missingScopes: decision.missing };
  }
  return {
    ...NOTHING,
    decision: 'arguments_refused',
    reason: `${what}, but not with these arguments. ${describeUnmet(decision.unmet)}.`,
    unmet: decision.unmet,
  };
}
