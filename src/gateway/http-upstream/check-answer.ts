import { type JsonRpcId, MCP_CODE, McpError } from '../../protocol/mcp-error.js';
import { isJson } from '../media-types.js';
import type { RawAnswer } from './attempt.js';
import { malformed, RefusedUs, refusedUs } from './faults.js';
import { kindsOf, type MessageKind } from './message-kind.js';
import { UpstreamBody } from './upstream-body.js';

/** What the client asked, as far as its answer is judged by it. */
export interface Asked {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** The ids of the requests in the body. */
  readonly ids: readonly JsonRpcId[];
  /** The id of a single request. */
  readonly id: JsonRpcId | undefined;
  /** Whether the request was made in a session. */
  readonly hasSession: boolean;
}

/** Answers up to this length are looked at whole; of longer ones only both ends, since reading them costs more than passing them. */
const WHOLE_BYTES = 8 * 1024;
const END_BYTES = 512;

/**
 * Judges the status, the type and the message of an answer (docs/gateway.md). Gives the answer as it goes on.
 * @throws {McpError} in place of an answer that must not go on or is none.
 */
export function checkAnswer(raw: RawAnswer, asked: Asked): RawAnswer {
  try {
    return judge(raw, asked);
  } catch (error) {
    if (raw.body instanceof UpstreamBody) raw.body.destroy(new Error('Not passed on'));
    // It may be the answer to an earlier request, and the answer to this one would go to the next: of another caller, under the same id.
    else if (!(error instanceof RefusedUs)) raw.drop?.();
    throw error;
  }
}

function judge(raw: RawAnswer, asked: Asked): RawAnswer {
  const { status, headers } = raw;
  if (isRefusal(status)) throw refusedUs(asked.id, status);
  if ((headers['content-encoding'] ?? 'identity') !== 'identity') {
    throw malformed(asked.id, 'The upstream used a Content-Encoding that was not asked for');
  }
  if (status >= 400) return judgeError(raw, asked);
  if (asked.method === 'DELETE') {
    if (raw.body instanceof UpstreamBody) raw.body.destroy(new Error('Not passed on'));
    return { status, headers: {}, body: undefined };
  }
  if (asked.method === 'POST' && asked.ids.length === 0) return judgeAcceptance(raw);
  return judgeResult(raw, asked);
}

/** A challenge or a redirect would send our client to somebody else's server (R-GWC-07, R-GWC-17). */
export const isRefusal = (status: number): boolean => status === 401 || status === 403 || (status >= 300 && status < 400);

/** Notifications and responses are accepted without a body, whatever the upstream found to say. */
function judgeAcceptance({ headers, body, drop }: RawAnswer): RawAnswer {
  if (body instanceof UpstreamBody) body.destroy(new Error('Not passed on'));
  else if (body && isJson(headers['content-type'])) drop?.();
  const { 'content-type': _type, 'content-length': _length, ...kept } = headers;
  return { status: 202, headers: kept, body: undefined };
}

function judgeResult(raw: RawAnswer, { method, ids, id }: Asked): RawAnswer {
  const { status, headers, body } = raw;
  const type = headers['content-type'];
  if (type?.startsWith('text/event-stream') === true) return raw;
  if (method === 'GET') throw malformed(id, `The upstream answered a GET with ${status} and no event stream`);
  if (!isJson(type) || body === undefined) throw malformed(id, `The upstream answered ${status} with no JSON and no event stream`);
  if (Buffer.isBuffer(body)) requireAnswers(body, ids, id);
  return raw;
}

function requireAnswers(body: Buffer, ids: readonly JsonRpcId[], id: JsonRpcId | undefined): void {
  const isNamed = body.length > WHOLE_BYTES && ids.length === 1 ? namesAtEnd(body, ids[0]) : undefined;
  if (isNamed === true) return;
  // Where the id stands elsewhere, or is too long for its end, the whole answer is looked at.
  const kinds = isNamed === undefined ? kindsOf(body.toString('utf8')) : undefined;
  if (!kinds || !answersAll(kinds, ids)) {
    throw malformed(id, 'The upstream answered with something else than the response to the request');
  }
}

/** Every request once, and nothing else. */
function answersAll(kinds: readonly MessageKind[], ids: readonly JsonRpcId[]): boolean {
  const [first] = kinds;
  if (kinds.length === 1 && ids.length === 1) return first?.kind === 'response' && first.id === ids[0];
  const open = new Set(ids);
  return kinds.every((message) => message.kind === 'response' && message.id !== undefined && open.delete(message.id)) && open.size === 0;
}

const HEAD = /^\s*\{\s*(?:"jsonrpc"\s*:\s*"2\.0"\s*,\s*)?"id"\s*:\s*("(?:[^"\\]|\\.)*"|-?[\d.eE+-]+)\s*,/;
const TAIL = /"id"\s*:\s*("(?:[^"\\]|\\.)*"|-?[\d.eE+-]+)\s*(?:,\s*"jsonrpc"\s*:\s*"2\.0"\s*)?\}\s*$/;

/** Whether a long answer names the request at either end; undefined where no id can be seen there. */
function namesAtEnd(body: Buffer, id: JsonRpcId | undefined): boolean | undefined {
  const head = body.toString('latin1', 0, END_BYTES).trimStart();
  const tail = body.toString('utf8', body.length - END_BYTES).trimEnd();
  if (!head.startsWith('{') || !tail.endsWith('}')) return false;
  const named = HEAD.exec(body.toString('utf8', 0, END_BYTES))?.[1] ?? TAIL.exec(tail)?.[1];
  return named === undefined ? undefined : JSON.parse(named) === id;
}

/** An error's status goes on; its body where it is a JSON-RPC error, else one of ours in its place. */
function judgeError(raw: RawAnswer, asked: Asked): RawAnswer {
  const { status, headers, body } = raw;
  const { id } = asked;
  if (Buffer.isBuffer(body) && isJson(headers['content-type']) && isError(kindsOf(body.toString('utf8')), asked)) return raw;
  if (status >= 500) throw malformed(id, `The upstream answered ${status} without a JSON-RPC error`);
  if (body instanceof UpstreamBody) body.destroy(new Error('Not passed on'));
  throw plainError(raw, asked);
}

function isError(kinds: readonly MessageKind[] | undefined, { ids }: Asked): boolean {
  return (
    kinds !== undefined && kinds.every((message) => message.kind === 'response' && (message.id === undefined || ids.includes(message.id)))
  );
}

function plainError({ status, headers }: RawAnswer, { id, hasSession }: Asked): McpError {
  const detail = `The upstream answered ${status} without a JSON-RPC error`;
  if (status === 404 && hasSession) {
    return new McpError(404, MCP_CODE.sessionNotFound, 'Session not found. Start again with initialize.', { id, detail });
  }
  const kept = Object.fromEntries(Object.entries(headers).filter(([name]) => name === 'allow' || name === 'retry-after'));
  if (status === 405)
    return new McpError(405, MCP_CODE.invalidRequest, 'This HTTP method is not offered here.', { id, detail, headers: kept });
  return new McpError(status, MCP_CODE.invalidRequest, 'The upstream refused the message.', { id, detail, headers: kept });
}
