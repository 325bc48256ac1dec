import type { Exchange } from '../protocol/exchange.js';
import { type JsonRpcId, MCP_CODE, McpError } from '../protocol/mcp-error.js';

/** The only revision whose messages may come in arrays. */
const BATCH_VERSION = '2025-03-26';
const MAX_BATCH = 100;

/** What a session is asked. */
export interface LegacyMessage {
  readonly isInitialize: boolean;
  /** There is a body, and none of it needs an answer. */
  readonly isNothing: boolean;
  /** The body, less what has no effect here; undefined without one. */
  readonly message: unknown;
  /** @throws {McpError} where messages come in an array, and the version knows none (R-LEG-15). */
  requireIn(version: string): void;
}

/**
 * Reads the body of a legacy POST as far as sessions depend on it.
 * @throws {McpError} for what is no JSON-RPC message, and for an array with `initialize` in it.
 */
export function readLegacyMessage({ request, message }: Pick<Exchange, 'request' | 'message'>): LegacyMessage {
  if (request.method !== 'POST') return { isInitialize: false, isNothing: false, message: undefined, requireIn: () => undefined };
  if (!Array.isArray(message)) {
    const kind = kindOf(message);
    const isInitialize = kind === 'request' && methodOf(message) === 'initialize';
    return { isInitialize, isNothing: kind !== 'request', message, requireIn: () => undefined };
  }
  const elements: readonly unknown[] = message;
  if (elements.length === 0 || elements.length > MAX_BATCH) throw invalid(`An array has 1 to ${MAX_BATCH} messages.`);
  // Tools answer before anything could be cancelled, and a stray response has nobody who waits for it.
  const requests = elements.filter((element) => kindOf(element) === 'request');
  if (requests.some((element) => methodOf(element) === 'initialize')) throw invalid('initialize must not be in an array.');
  if (new Set(requests.map(idOf)).size < requests.length) throw invalid('Two requests in an array have the same id.');
  return { isInitialize: false, isNothing: requests.length === 0, message: requests, requireIn: requireBatches };
}

function requireBatches(version: string): void {
  if (version !== BATCH_VERSION) throw invalid(`Arrays of messages exist in ${BATCH_VERSION} only.`);
}

/** @throws {McpError} for what is neither a request nor a notification nor a response (JSON-RPC 2.0 §4, §5). */
function kindOf(value: unknown): 'request' | 'notification' | 'response' {
  if (!isObject(value) || value['jsonrpc'] !== '2.0') throw invalid('This is no JSON-RPC 2.0 message.');
  const { id, method, result, error } = value;
  if (method !== undefined) return kindOfCall(value);
  if ((result === undefined) === (error === undefined) || !isId(id)) throw invalid('This is no JSON-RPC 2.0 message.');
  return 'response';
}

function kindOfCall({ id, method, params }: Record<string, unknown>): 'request' | 'notification' {
  if (id !== undefined && !isId(id)) throw invalid('The id of a request must be a string or an integer.');
  if (typeof method !== 'string' || (params !== undefined && !isObject(params))) {
    throw invalid('The method must be a string, and params an object.', id);
  }
  return id === undefined ? 'notification' : 'request';
}

const isId = (value: unknown): value is JsonRpcId => typeof value === 'string' || Number.isInteger(value);

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

const methodOf = (value: unknown): unknown => (isObject(value) ? value['method'] : undefined);

const idOf = (value: unknown): unknown => (isObject(value) ? value['id'] : undefined);

const invalid = (message: string, id?: JsonRpcId): McpError => new McpError(400, MCP_CODE.invalidRequest, message, { id });
