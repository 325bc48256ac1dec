import { Readable } from 'node:stream';
import type { Caller, Exchange, UpstreamAnswer } from '../../protocol/exchange.js';
import { type JsonRpcId, MCP_CODE, McpError } from '../../protocol/mcp-error.js';
import { isObject, type JsonObject } from '../message-shape.js';
import { toOperation } from '../read-message.js';
import { messagesOf, OwnExchange } from '../upstream-call.js';
import { SessionLostError } from './legacy-connection.js';

/** The code with which existing servers refuse a session that they do not know, on 400. */
const SESSION_REQUIRED = MCP_CODE.sessionRequired;

/** The headers that every message of a session carries. */
export interface SessionHeaders {
  readonly 'mcp-session-id'?: string;
  readonly 'mcp-protocol-version'?: string;
}

export interface LegacyExchangeParts {
  readonly url: string;
  readonly caller: Caller;
  readonly session: SessionHeaders;
  readonly signal: AbortSignal;
}

/** A message of ours to a legacy server. */
export function postExchange({ url, caller, session, signal }: LegacyExchangeParts, message: JsonObject): Exchange {
  const { id, method, params } = message;
  const isRequest = typeof method === 'string' && id !== undefined;
  return new OwnExchange({
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', ...session },
    message,
    id: isRequest ? (id as JsonRpcId) : undefined,
    operations: typeof method === 'string' ? [toOperation(method, isObject(params) ? params : undefined)] : [],
    era: 'legacy',
    url,
    caller,
    signal,
  });
}

/** `GET` asks for the messages of a session that belong to no request, or for the rest of a stream; `DELETE` ends the session. */
export function bodylessExchange(
  method: 'GET' | 'DELETE',
  { url, caller, session, signal }: LegacyExchangeParts,
  lastEventId?: string,
): Exchange {
  const headers: Record<string, string> = { ...session };
  if (method === 'GET') headers['accept'] = 'text/event-stream';
  if (lastEventId !== undefined) headers['last-event-id'] = lastEventId;
  return new OwnExchange({
    method,
    headers,
    message: undefined,
    id: undefined,
    operations: [],
    era: 'legacy',
    url,
    caller,
    signal,
  });
}

/**
 * Lets through what may hold an answer.
 * @throws {SessionLostError} where the server does not know the session; {McpError} 502 where it refuses the gateway itself.
 */
export async function requireSession(answer: UpstreamAnswer, hasSession: boolean): Promise<void> {
  const { status } = answer;
  const isRefusal = status === 401 || status === 403 || (status >= 300 && status < 400);
  if (isRefusal) {
    discard(answer);
    throw new McpError(502, MCP_CODE.internalError, 'The upstream refused the gateway.', { detail: `The upstream answered ${status}` });
  }
  if (!hasSession || (status !== 404 && !(status === 400 && (await holdsError(answer, SESSION_REQUIRED))))) return;
  discard(answer);
  throw new SessionLostError(`The upstream answered ${status}`);
}

async function holdsError(answer: UpstreamAnswer, code: number): Promise<boolean> {
  if (!Buffer.isBuffer(answer.body)) return false;
  try {
    for await (const { error } of messagesOf(answer)) if (isObject(error) && error['code'] === code) return true;
  } catch {
    // A body that is no JSON-RPC says nothing of the session.
  }
  return false;
}

/** Reads no further. */
export function discard({ body }: UpstreamAnswer): void {
  if (body instanceof Readable) body.destroy();
}
