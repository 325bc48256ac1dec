import type { Readable } from 'node:stream';
import { createParser } from 'eventsource-parser';
import { isEventStream } from '../protocol/answer.js';
import type { Caller, Era, Exchange, Operation, UpstreamAnswer } from '../protocol/exchange.js';
import { type JsonRpcId, MCP_CODE, McpError } from '../protocol/mcp-error.js';
import { requestWith } from './http-exchange.js';
import { isDeeperThan } from './json-faults.js';
import { encodeHeaderValue, nameSourceOf } from './mcp-headers.js';
import { isObject, type JsonObject } from './message-shape.js';
import { CAPABILITIES_KEY, VERSION_KEY } from './modern-message.js';
import { MODERN_VERSIONS } from './protocol-versions.js';
import { toOperation } from './read-message.js';

/** A request that the gateway makes itself, in the modern era. */
export interface ModernCall {
  readonly method: string;
  readonly params?: JsonObject;
  readonly id?: JsonRpcId;
  readonly url: string;
  readonly caller: Caller;
  readonly signal: AbortSignal;
  /** More headers: `Mcp-Param-*`, in lower case. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Answers longer than this are not read by the gateway itself. */
const MAX_ANSWER_BYTES = 16 * 1024 * 1024;
/** What nests deeper cannot be written again: `JSON.stringify` would run out of stack. */
const MAX_DEPTH = 256;
const META = { [VERSION_KEY]: MODERN_VERSIONS[0], [CAPABILITIES_KEY]: {} };

/** An exchange of our own making, with everything that the transport of 2026-07-28 asks of a client. */
export function modernExchange({ method, params = {}, id = 1, url, caller, signal, headers: more }: ModernCall): Exchange {
  const meta = isObject(params['_meta']) ? params['_meta'] : {};
  const message = { jsonrpc: '2.0', id, method, params: { ...params, _meta: { ...META, ...meta } } };
  const name = params[nameSourceOf(method) ?? ''];
  const headers = {
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    'mcp-protocol-version': MODERN_VERSIONS[0] ?? '',
    'mcp-method': method,
    ...(typeof name === 'string' ? { 'mcp-name': encodeHeaderValue(name) } : {}),
    ...more,
  };
  return new OwnExchange({ headers, message, id, operations: [toOperation(method, params)], era: 'modern', url, caller, signal });
}

export interface OwnExchangeParts {
  /** `POST` where absent. */
  readonly method?: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly message: unknown;
  /** The bytes of the message, where they are known. */
  readonly body?: Buffer | undefined;
  readonly id: JsonRpcId | undefined;
  readonly operations: readonly Operation[];
  readonly era: Era;
  readonly url: string;
  readonly caller: Caller;
  readonly signal: AbortSignal;
}

/** An exchange that comes from no HTTP request. */
export class OwnExchange implements Exchange {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly message: unknown;
  readonly id: JsonRpcId | undefined;
  readonly operations: readonly Operation[];
  readonly era: Era;
  readonly url: string;
  readonly caller: Caller;
  readonly signal: AbortSignal;
  private readonly bytes: Buffer | undefined;

  constructor(parts: OwnExchangeParts) {
    this.bytes = parts.body;
    this.method = parts.method ?? 'POST';
    this.headers = parts.headers;
    this.message = parts.message;
    this.id = parts.id;
    this.operations = parts.operations;
    this.era = parts.era;
    this.url = parts.url;
    this.caller = parts.caller;
    this.signal = parts.signal;
  }

  get body(): Buffer | undefined {
    return this.bytes ?? (this.message === undefined ? undefined : Buffer.from(JSON.stringify(this.message)));
  }

  get request(): Request {
    return requestWith(this);
  }
}

/**
 * The result of the request `id` in an answer, whichever way it comes; other messages on the way go to `onMessage`.
 * @throws {McpError} 502 where the answer is none, is malformed or too long; the upstream's own JSON-RPC error as a `RemoteError`.
 */
export async function readResult(
  answer: UpstreamAnswer,
  id: JsonRpcId,
  onMessage: (message: JsonObject) => void = () => undefined,
): Promise<JsonObject> {
  for await (const message of messagesOf(answer)) {
    if (message['method'] !== undefined || message['id'] !== id) onMessage(message);
    else if (isObject(message['result'])) return message['result'];
    else if (isObject(message['error'])) throw new RemoteError(message['error']);
    else throw malformed('The upstream answered with neither result nor error');
  }
  throw malformed(`The upstream answered ${answer.status} without a response to the request`);
}

/** The JSON-RPC error of an upstream. */
export class RemoteError extends Error {
  override readonly name = 'RemoteError';
  readonly code: number;
  readonly data: unknown;

  constructor(error: unknown) {
    const { code, message, data } = isObject(error) ? error : {};
    super(typeof message === 'string' ? message : 'The upstream refused without a message');
    this.code = Number.isSafeInteger(code) ? (code as number) : MCP_CODE.internalError;
    this.data = data;
  }
}

export interface ReadOptions {
  /** Whether the stream stays open, so that only its single messages are bounded. */
  readonly isOpenEnded?: boolean;
  /** Told of the ids of events, and of how many milliseconds to wait before a new attempt. */
  readonly onEventId?: (id: string) => void;
  readonly onRetry?: (milliseconds: number) => void;
}

/** The JSON-RPC messages of an answer, in order, as they come. */
export async function* messagesOf({ headers, body }: UpstreamAnswer, options: ReadOptions = {}): AsyncGenerator<JsonObject> {
  if (!body) return;
  const chunks = chunksOf(body);
  if (isEventStream({ headers })) yield* eventsOf(chunks, options);
  else yield* parse(Buffer.concat(await collect(chunks)).toString('utf8'));
}

async function* chunksOf(body: Buffer | Readable): AsyncGenerator<Buffer> {
  if (Buffer.isBuffer(body)) {
    yield body;
    return;
  }
  try {
    for await (const chunk of body) yield chunk as Buffer;
  } catch (cause) {
    if (cause instanceof McpError) throw cause;
    throw new BrokenOffError(cause);
  }
}

/** An answer that ended in the middle. */
export class BrokenOffError extends McpError {
  constructor(cause: unknown) {
    super(502, MCP_CODE.internalError, 'The upstream gave no valid answer.', { detail: 'The answer of the upstream broke off', cause });
  }
}

async function collect(chunks: AsyncIterable<Buffer>): Promise<Buffer[]> {
  const collected: Buffer[] = [];
  const budget = new Budget();
  for await (const chunk of chunks) {
    budget.spend(chunk.length);
    collected.push(chunk);
  }
  return collected;
}

async function* eventsOf(
  chunks: AsyncIterable<Buffer>,
  { isOpenEnded = false, onEventId, onRetry }: ReadOptions,
): AsyncGenerator<JsonObject> {
  const ready: string[] = [];
  const faults: string[] = [];
  const parser = createParser({
    onEvent: ({ id, data }) => {
      if (id !== undefined) onEventId?.(id);
      ready.push(data);
    },
    onRetry,
    onError: ({ type }) => void faults.push(type),
    maxBufferSize: MAX_ANSWER_BYTES,
  });
  const decoder = new TextDecoder();
  const budget = new Budget();
  for await (const chunk of chunks) {
    if (!isOpenEnded) budget.spend(chunk.length);
    parser.feed(decoder.decode(chunk, { stream: true }));
    if (faults.splice(0).includes('max-buffer-size-exceeded')) throw tooLong();
    for (const data of ready.splice(0)) if (data !== '') yield* parse(data);
  }
}

/** Whether valid JSON of an upstream's is nested deeper than anything that the gateway could write. */
export const isTooDeep = (json: string): boolean => isDeeperThan(json, MAX_DEPTH);

function* parse(text: string): Generator<JsonObject> {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch (cause) {
    throw malformed('The upstream answered with something that is not JSON', cause);
  }
  if (isTooDeep(text)) throw malformed('The answer of the upstream is nested too deep');
  for (const message of [body].flat()) {
    if (!isObject(message)) throw malformed('The upstream answered with something that is no JSON-RPC message');
    yield message;
  }
}

class Budget {
  private left = MAX_ANSWER_BYTES;

  spend(bytes: number): void {
    this.left -= bytes;
    if (this.left < 0) throw tooLong();
  }
}

const tooLong = (): McpError => malformed('The answer of the upstream is too long to be read');

const malformed = (detail: string, cause?: unknown): McpError =>
  new McpError(502, MCP_CODE.internalError, 'The upstream gave no valid answer.', { detail, cause });
