import { type JsonRpcId, MCP_CODE, McpError } from '../protocol/mcp-error.js';

export type JsonObject = Readonly<Record<string, unknown>>;

/** One JSON-RPC message. Without a method it is a response, without an id a notification. */
export interface ParsedMessage {
  readonly method: string | undefined;
  readonly id: JsonRpcId | undefined;
  readonly params: JsonObject | undefined;
  readonly meta: JsonObject | undefined;
}

/** @throws {McpError} -32600 where it is no request, notification or response of MCP's kind of JSON-RPC. */
export function parseMessage(value: unknown): ParsedMessage {
  if (!isObject(value)) throw invalid('A message is a JSON object.');
  const id = isId(value['id']) ? value['id'] : undefined;
  if (value['jsonrpc'] !== '2.0') throw invalid('jsonrpc must be "2.0".', id);
  return typeof value['method'] === 'string' ? parseCall(value, value['method'], id) : parseResponse(value, id);
}

function parseCall(value: JsonObject, method: string, id: JsonRpcId | undefined): ParsedMessage {
  // MCP allows no null id: an answer to it could not be told from one to an unreadable request.
  if (id === undefined && Object.hasOwn(value, 'id')) throw invalid('id must be a string or a number.');
  if (Object.hasOwn(value, 'result') || Object.hasOwn(value, 'error')) throw invalid('A message is a request or a response, not both.', id);
  const params = value['params'];
  if (params !== undefined && !isObject(params)) throw invalid('params must be an object.', id);
  const meta = params?.['_meta'];
  return { method, id, params, meta: isObject(meta) ? meta : undefined };
}

function parseResponse(value: JsonObject, id: JsonRpcId | undefined): ParsedMessage {
  const hasResult = Object.hasOwn(value, 'result');
  const hasError = isObject(value['error']);
  if (Object.hasOwn(value, 'method') || hasResult === hasError)
    throw invalid('It is neither a request, a notification nor a response.', id);
  if (id === undefined && (hasResult || (value['id'] ?? undefined) !== undefined))
    throw invalid('A response names the request it answers.');
  return { method: undefined, id: undefined, params: undefined, meta: undefined };
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A number too large for JavaScript is infinite there, and `null` where it is written again. */
const isId = (value: unknown): value is JsonRpcId => typeof value === 'string' || Number.isFinite(value);

const invalid = (message: string, id?: JsonRpcId): McpError => new McpError(400, MCP_CODE.invalidRequest, message, { id });
