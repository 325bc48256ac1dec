import type { Operation } from '../protocol/exchange.js';
import { type JsonRpcId, MCP_CODE, McpError } from '../protocol/mcp-error.js';
import { type Decision, decide, describeUnmet, type Unmet } from './access-policy.js';
import { insufficientScope } from './challenge.js';
import type { Principal } from './principal.js';
import type { ReadMessage } from './read-message.js';

/** An operation that is allowed only because its credential is in observe mode, and what would have become of it. */
export interface Observed {
  readonly operation: Operation;
  readonly decision: Exclude<Decision, 'allowed'>;
}

/** A tool that its caller may call, but not with these arguments. What they should be is for the audit trail. */
export class ArgumentsRefused extends McpError {
  constructor(unmet: readonly Unmet[], id?: JsonRpcId) {
    // Without an id, of a notification or an array, there is no request that an error in a 200 could answer.
    super(
      id === undefined ? 400 : 200,
      MCP_CODE.invalidParams,
      'Invalid params: the tool may not be called with these arguments by this client.',
      {
        id,
        detail: describeUnmet(unmet),
      },
    );
  }
}

/**
 * What becomes of each operation of a message. Every element of a batch is decided before any runs (R-LEG-15), and what they lack
 * is asked for in one challenge (R-BRR-06).
 * @param onObserved told of what would be refused, were the credential not in observe mode
 * @throws {OAuthError} `insufficient_scope`; {ArgumentsRefused}
 */
export function authorize(principal: Principal, read: ReadMessage, onObserved: (observed: Observed) => void): readonly Decision[] {
  const decisions = read.operations.map((operation) => decide(operation, principal));
  if (decisions.every((decision) => decision === 'allowed')) return decisions;
  if (!principal.isObserved?.()) return refuse(principal, read, decisions);
  return decisions.map((decision, i) => {
    const operation = read.operations[i];
    if (operation && decision !== 'allowed') onObserved({ operation, decision });
    return 'allowed';
  });
}

function refuse({ server, claims }: Principal, { id }: ReadMessage, decisions: readonly Decision[]): readonly Decision[] {
  const missing = new Set(decisions.flatMap((decision) => (typeof decision === 'object' && 'missing' in decision ? decision.missing : [])));
  const scheme = claims.cnf?.jkt === undefined ? 'Bearer' : 'DPoP';
  if (missing.size > 0) throw insufficientScope(server, [...missing], 'A granted scope does not cover the operation', scheme);
  const unmet = decisions.flatMap((decision) => (typeof decision === 'object' && 'unmet' in decision ? decision.unmet : []));
  if (unmet.length > 0) throw new ArgumentsRefused(unmet, id);
  return decisions;
}
