import { EgressError } from '../../egress/egress-error.js';
import { codeOf, toEgressError } from '../../egress/guarded-pool.js';
import { type JsonRpcId, MCP_CODE, McpError } from '../../protocol/mcp-error.js';
import { EndedAttempt } from './attempt.js';

type Id = JsonRpcId | undefined;

const CLIENT_CLOSED_REQUEST = 499;

/** The upstream answered with what is no answer (docs/gateway.md). */
export const malformed = (id: Id, detail: string): McpError =>
  new McpError(502, MCP_CODE.internalError, 'The upstream gave no valid answer.', { id, detail });

/** The upstream did not accept what the gateway presented (R-GWC-07). */
export class RefusedUs extends McpError {
  constructor(
    /** The status that it answered with. */
    readonly answered: number,
    id: Id,
  ) {
    super(502, MCP_CODE.internalError, 'The upstream refused the gateway.', { id, detail: `The upstream answered ${answered}` });
  }
}

export const refusedUs = (id: Id, status: number): McpError => new RefusedUs(status, id);

/** The upstream is left alone for a while. */
export const leftAlone = (id: Id, retryAfter: number, lastFault = 'it did not answer'): McpError =>
  new McpError(502, MCP_CODE.internalError, 'The upstream is not available at the moment.', {
    id,
    detail: `The upstream is left alone: ${lastFault}`,
    headers: { 'retry-after': String(retryAfter) },
  });

/** So many calls wait for the upstream that another would only wait as well. */
export const tooManyWait = (id: Id): McpError =>
  new McpError(503, MCP_CODE.internalError, 'Too many calls wait for the upstream.', { id, headers: { 'retry-after': '1' } });

/** Why a request got no answer, for the client that made it. */
export function toMcpError(error: unknown, url: URL, id: Id): McpError {
  if (error instanceof McpError) return error;
  if (error instanceof EndedAttempt && error.reason === 'client left') {
    return new McpError(CLIENT_CLOSED_REQUEST, MCP_CODE.internalError, 'The client left.', { id });
  }
  const fault = error instanceof EndedAttempt ? new EgressError('timeout', 'no answer in time', url) : toEgressError(error, url);
  if (fault.code === 'timeout') {
    return new McpError(504, MCP_CODE.internalError, 'The upstream did not answer in time.', {
      id,
      detail: fault.message,
      cause: fault,
    });
  }
  const isBroken = fault.code === 'too_large' || codeOf(error).startsWith('HPE_');
  return isBroken
    ? malformed(id, fault.message)
    : new McpError(502, MCP_CODE.internalError, 'The upstream cannot be reached.', { id, detail: fault.message, cause: fault });
}
