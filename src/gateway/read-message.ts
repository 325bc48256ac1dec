import { isUtf8 } from 'node:buffer';
import type { Era, Operation } from '../protocol/exchange.js';
import { type JsonRpcId, MCP_CODE, McpError } from '../protocol/mcp-error.js';
import { type HttpCall, headerOf } from './http-call.js';
import { findJsonFault } from './json-faults.js';
import { admitsBothAnswers, asksForStream, isJson } from './media-types.js';
import { type JsonObject, parseMessage, type ParsedMessage } from './message-shape.js';
import { checkModernMessage, VERSION_KEY } from './modern-message.js';
import { BATCH_VERSION, isModernVersion, LEGACY_VERSIONS } from './protocol-versions.js';

/** What is asked for, read and checked as far as the message alone allows. */
export interface ReadMessage {
  readonly era: Era;
  /** Every request and notification in the body, in order; empty for `GET`, `DELETE` and JSON-RPC responses. */
  readonly operations: readonly Operation[];
  /** The parsed body of a `POST`. */
  readonly message: unknown;
  /** The id of a single request. */
  readonly id: JsonRpcId | undefined;
}

const VERSION_HEADER = 'mcp-protocol-version';
const MAX_BATCH = 100;
const NONE: readonly Operation[] = [];
const NO_ARGUMENTS: JsonObject = {};

/**
 * Reads the message of an HTTP request; decides its era before anything that depends on the method (R-GWC-02).
 * @throws {McpError} the first of the checks that it does not pass, in the order of docs/gateway.md.
 */
export function readMessage(http: HttpCall): ReadMessage {
  const version = headerOf(http, VERSION_HEADER);
  if (http.method !== 'POST') return readBodyless(http, version);
  requireMediaTypes(http);
  const body = parseBody(http.body);
  if (Array.isArray(body)) return readBatch(body, version);
  const parsed = parseMessage(body);
  if (namesModernVersion(version) || claimsModern(parsed)) return readModern(http, body, parsed);
  requireLegacyVersion(version, parsed.id);
  if (parsed.method === 'initialize' && parsed.id === undefined) throw invalidRequest('initialize is a request: it has an id.');
  requireTarget(parsed);
  return { era: 'legacy', operations: operationOf(parsed), message: body, id: parsed.id };
}

function readBodyless(http: HttpCall, version: string | undefined): ReadMessage {
  const isModern = namesModernVersion(version);
  if (isModern || (http.method !== 'GET' && http.method !== 'DELETE')) throw methodNotAllowed(isModern);
  if (http.method === 'GET' && !asksForStream(headerOf(http, 'accept'))) {
    throw new McpError(406, MCP_CODE.invalidRequest, 'GET gives an event stream: Accept must name text/event-stream.');
  }
  requireLegacyVersion(version, undefined);
  return { era: 'legacy', operations: NONE, message: undefined, id: undefined };
}

function readModern(http: HttpCall, body: unknown, parsed: ParsedMessage): ReadMessage {
  checkModernMessage(http, parsed);
  requireTarget(parsed);
  return { era: 'modern', operations: operationOf(parsed), message: body, id: parsed.id };
}

function readBatch(body: readonly unknown[], version: string | undefined): ReadMessage {
  if ((version !== undefined && version !== BATCH_VERSION) || body.length === 0 || body.length > MAX_BATCH) {
    throw invalidRequest(`Arrays of messages exist in ${BATCH_VERSION} only, with 1 to ${MAX_BATCH} elements.`);
  }
  const elements = body.map((element) => parseMessage(element));
  if (elements.some((element) => claimsModern(element) || element.method === 'initialize')) {
    throw invalidRequest('An array holds neither initialize nor messages of 2026-07-28 or later.');
  }
  const ids = elements.flatMap(({ method, id }) => (method === undefined || id === undefined ? [] : [id]));
  if (new Set(ids).size < ids.length) throw invalidRequest('Two requests in an array have the same id.');
  elements.forEach((element) => requireTarget(element, 400));
  return { era: 'legacy', operations: operationsOf(elements), message: body, id: undefined };
}

function requireMediaTypes(http: HttpCall): void {
  if (!isJson(http.headers['content-type'])) {
    throw new McpError(415, MCP_CODE.invalidRequest, 'Content-Type must be application/json.');
  }
  if (http.headers['content-encoding'] !== undefined) {
    throw new McpError(415, MCP_CODE.invalidRequest, 'The body must not be encoded: send no Content-Encoding.');
  }
  if (!admitsBothAnswers(headerOf(http, 'accept'))) {
    throw new McpError(406, MCP_CODE.invalidRequest, 'Accept must admit application/json and text/event-stream.');
  }
}

function parseBody(bytes: Buffer | undefined): unknown {
  // Bytes that are no UTF-8 would read differently here and behind us.
  if (!bytes || !isUtf8(bytes)) throw parseError();
  const text = bytes.toString('utf8');
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch (cause) {
    throw parseError(cause);
  }
  const fault = findJsonFault(text);
  if (fault) throw invalidRequest(`The message is not valid: ${fault}.`);
  return body;
}

const namesModernVersion = (header: string | undefined): boolean =>
  header !== undefined && (isModernVersion(header) || header.split(',').some((version) => isModernVersion(version.trim())));

const claimsModern = ({ meta }: ParsedMessage): boolean => meta !== undefined && Object.hasOwn(meta, VERSION_KEY);

function requireLegacyVersion(version: string | undefined, id: JsonRpcId | undefined): void {
  if (version === undefined || LEGACY_VERSIONS.includes(version)) return;
  throw new McpError(400, MCP_CODE.invalidRequest, `MCP-Protocol-Version names no supported version (${LEGACY_VERSIONS.join(', ')}).`, {
    id,
  });
}

const TARGETS: ReadonlyMap<string, string> = new Map([
  ['tools/call', 'name'],
  ['prompts/get', 'name'],
  ['resources/read', 'uri'],
]);

/**
 * The policy decides by the target, so a call without one goes no further. Its error is one of the method, not of HTTP; but where
 * nothing else of the message is answered, or nothing waits for an answer, HTTP alone says that it was refused.
 */
function requireTarget({ method, params, id }: ParsedMessage, status = id === undefined ? 400 : 200): void {
  const member = method === undefined ? undefined : TARGETS.get(method);
  if (member === undefined || typeof params?.[member] === 'string') return;
  throw new McpError(status, MCP_CODE.invalidParams, `Invalid params: ${member} must be a string.`, { id });
}

const operationOf = ({ method, params }: ParsedMessage): readonly Operation[] =>
  method === undefined ? NONE : [toOperation(method, params)];

function operationsOf(messages: readonly ParsedMessage[]): readonly Operation[] {
  return messages.flatMap(({ method, params }) => (method === undefined ? [] : [toOperation(method, params)]));
}

export function toOperation(method: string, params: JsonObject | undefined): Operation {
  const member = TARGETS.get(method);
  if (member === undefined) return { method };
  const target = params?.[member] as string;
  return method === 'tools/call' ? { method, target, arguments: params?.['arguments'] ?? NO_ARGUMENTS } : { method, target };
}

const methodNotAllowed = (isModern: boolean): McpError =>
  new McpError(405, MCP_CODE.invalidRequest, 'This HTTP method is not offered here.', {
    headers: { allow: isModern ? 'POST' : 'GET, POST, DELETE' },
  });

const invalidRequest = (message: string): McpError => new McpError(400, MCP_CODE.invalidRequest, message);

const parseError = (cause?: unknown): McpError => new McpError(400, MCP_CODE.parseError, 'The body is not JSON.', { cause });
