import { type JsonRpcId, MCP_CODE, McpError } from '../../protocol/mcp-error.js';
import { isObject, type JsonObject } from '../message-shape.js';
import { RemoteError } from '../upstream-call.js';

/** Codes that exist in one era only. */
export const RESOURCE_NOT_FOUND = -32002;
const MISSING_CAPABILITY = -32021;
/** What the modern era keeps for the protocol itself; a legacy server that sends one of them means something else by it. */
const isReserved = (code: number): boolean => code <= -32020 && code >= -32099;

/** A legacy server's error as the modern era has it. */
export function toModernError(
  { code, message, data }: RemoteError,
  { method, params }: { method: string; params: JsonObject },
): RemoteError {
  if (code !== RESOURCE_NOT_FOUND)
    return isReserved(code) ? new RemoteError({ code: MCP_CODE.internalError, message, data }) : new RemoteError({ code, message, data });
  const known = isObject(data) ? data : method === 'resources/read' ? { uri: params['uri'] } : data;
  return new RemoteError({ code: MCP_CODE.invalidParams, message, data: known });
}

/** A modern server's error as a legacy client knows it. */
export function toLegacyError({ code, message, data }: RemoteError, method: string): RemoteError {
  if (code === MCP_CODE.invalidParams && method === 'resources/read' && isMissingResource(data)) {
    return new RemoteError({ code: RESOURCE_NOT_FOUND, message, data });
  }
  if (code === MISSING_CAPABILITY) return new RemoteError({ code: MCP_CODE.invalidRequest, message, data });
  return new RemoteError({ code: isReserved(code) ? MCP_CODE.internalError : code, message, data });
}

/** Not found is told from other wrong params by its data: the URI and nothing else (SEP-2164). */
const isMissingResource = (data: unknown): boolean => isObject(data) && typeof data['uri'] === 'string' && Object.keys(data).length === 1;

/** A client capability that a request needs was not declared (R-MOD-11). */
export const missingCapability = (requiredCapabilities: JsonObject, message: string): RemoteError =>
  new RemoteError({ code: MISSING_CAPABILITY, message, data: { requiredCapabilities } });

/** Tasks of 2025-11-25 and those of the extension differ in who decides on them, in their states and in how results are fetched. */
export const tasksNotTranslated = (method: string): RemoteError =>
  new RemoteError({
    code: MCP_CODE.methodNotFound,
    message: `Method not found: ${method.slice(0, 100)}. Tasks are not translated between 2026-07-28 and the revisions before it.`,
  });

/** The HTTP status that goes with an error of the modern era; most errors are answers like any other. */
export function statusOf({ code }: RemoteError): number {
  if (code === MCP_CODE.methodNotFound) return 404;
  return code === MISSING_CAPABILITY ? 400 : 200;
}

/** A JSON-RPC error response. */
export const errorResponse = (id: JsonRpcId, { code, message, data }: RemoteError): JsonObject => ({
  jsonrpc: '2.0',
  id,
  error: { code, message, ...(data === undefined ? {} : { data }) },
});

/**
 * Why a handshake of the gateway's own failed. A server that refuses it refuses the gateway, not what its client asked for, so no
 * status of that refusal is the client's.
 */
export function toHandshakeFault(error: unknown): unknown {
  if (error instanceof RemoteError) return refused(error.message, error);
  return error instanceof McpError && error.status < 500 ? refused(error.detail, error) : error;
}

/**
 * What a server's refusal by HTTP alone is in the other era: no answer. Its statuses mean something to clients that speak with it
 * themselves, 400 that they shall try the other era; only what is said of size and number holds for whoever calls.
 */
export function toTranslatedFault(error: unknown): unknown {
  if (!(error instanceof McpError) || error.status >= 500 || OF_ANY_ERA.has(error.status)) return error;
  return new McpError(502, MCP_CODE.internalError, 'The upstream gave no valid answer.', { detail: error.detail, cause: error });
}

const OF_ANY_ERA: ReadonlySet<number> = new Set([413, 429]);

const refused = (detail: string, cause: Error): McpError =>
  new McpError(502, MCP_CODE.internalError, 'The upstream refused the gateway.', { detail, cause });

/** The result in a response. @throws {RemoteError} the error in it; {McpError} 502 where it has neither. */
export function resultIn({ result, error }: JsonObject): JsonObject {
  if (isObject(result)) return result;
  if (isObject(error)) throw new RemoteError(error);
  throw new McpError(502, MCP_CODE.internalError, 'The upstream gave no valid answer.', { detail: 'A response without result and error' });
}

/** An error that could not name the request: there is but one that it can be about. */
export const isUnaddressedError = ({ id, error }: JsonObject): boolean => isObject(error) && (id === null || id === undefined);

/** Whatever ended a request, as an error of JSON-RPC; what is no such error is a fault of ours and goes on. */
export function asRemoteError(error: unknown): RemoteError | undefined {
  if (error instanceof RemoteError) return error;
  return error instanceof McpError ? new RemoteError({ code: error.code, message: error.publicMessage, data: error.data }) : undefined;
}
