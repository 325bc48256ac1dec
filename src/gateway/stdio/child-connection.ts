import type { JsonRpcId } from '../../protocol/mcp-error.js';
import { MCP_CODE, McpError } from '../../protocol/mcp-error.js';
import { isObject, type JsonObject } from '../message-shape.js';
import { isTooDeep } from '../upstream-call.js';
import { type Replacement, spliceJson } from './splice-json.js';

const MAX_UNREAD_BYTES = 8 * 1024 * 1024;
/** However it goes on, a request ends after this long (R-GWC-15). */
const MAX_REQUEST_MS = 10 * 60_000;
const SUBSCRIPTION_KEY = 'io.modelcontextprotocol/subscriptionId';
const LOG_LEVEL_KEY = 'io.modelcontextprotocol/logLevel';
const REFUSED = 'This client shares its connection between callers, and takes no requests that belong to one of them.';

/** A message of the child's: parsed to be understood, and as text to be passed on. */
export interface ChildMessage {
  readonly text: string;
  readonly message: JsonObject;
}

export interface ChildRequest {
  /** The message as JSON, with the id of whoever asks. */
  readonly text: string;
  readonly message: JsonObject;
  readonly signal: AbortSignal;
  /** Milliseconds until the child must have begun to answer, and again between two parts; without, it may be silent for ever. */
  readonly timeoutMs: number | undefined;
  /** Told of notifications that belong to this request, ids and tokens put back to what whoever asks knows. */
  onNotification(notification: ChildMessage): void;
}

/** Hears of notifications that belong to no request: lists that changed, say. */
export interface ChildListener {
  onNotification(notification: ChildMessage): void;
  /** The child has ended. */
  onEnd(): void;
}

export interface Wire {
  readonly isRunning: boolean;
  readonly unreadBytes: number;
  send(line: string): void;
}

interface Pending {
  readonly request: ChildRequest;
  readonly originalId: JsonRpcId;
  readonly originalToken: JsonRpcId | undefined;
  readonly wantsLog: boolean;
  /** Tells the timer that the child is at it. */
  touch(): void;
  resolve(response: ChildMessage): void;
  reject(error: Error): void;
}

/**
 * JSON-RPC with a child that many callers share. Ids and progress tokens are ours on the wire, so that two callers who number
 * alike do not meet, and each gets what belongs to its own request and nothing else.
 */
export class ChildConnection {
  private readonly pending = new Map<number, Pending>();
  private readonly listeners = new Set<ChildListener>();
  private lastId = 0;
  private closedBecause: string | undefined;

  constructor(
    private readonly wire: Wire,
    private readonly maxConcurrent: number,
    private readonly report: (source: string, text: string) => void,
  ) {}

  get requests(): number {
    return this.pending.size;
  }

  get isOpen(): boolean {
    return this.closedBecause === undefined && this.wire.isRunning;
  }

  /**
   * The response to a request, a JSON-RPC error too, with the id of whoever asks.
   * @throws {McpError} 503 where the child has too much to do, 502 where it ends, 504 where it does not answer in time; the reason of the
   * signal, once it is aborted.
   */
  request(request: ChildRequest): Promise<ChildMessage> {
    const { message, signal } = request;
    const originalId = message['id'] as JsonRpcId;
    if (signal.aborted) return Promise.reject(signal.reason as Error);
    if (!this.isOpen) return Promise.reject(this.gone(originalId));
    if (this.pending.size >= this.maxConcurrent || this.wire.unreadBytes > MAX_UNREAD_BYTES) return Promise.reject(busy(originalId));
    return new Promise((resolve, reject) => this.send(request, originalId, { resolve, reject }));
  }

  notify(message: JsonObject): void {
    this.wire.send(JSON.stringify(message));
  }

  listen(listener: ChildListener): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  /** One line of the child's output. */
  receive(line: string): void {
    const text = line.trim();
    const message = text.startsWith('{') ? parse(text) : undefined;
    if (!message) return this.report('stdout', line);
    if (message['method'] === undefined) this.settle({ text, message });
    else if (message['id'] === undefined) this.route({ text, message });
    else this.refuse(message);
  }

  /** A line too long to be kept; the request that it answers fails now instead of waiting for it. */
  receiveTooLong(head: string, tail: string): void {
    const ids = [...`${head} ${tail}`.matchAll(/"id"\s*:\s*(\d+)/g)].map(([, id]) => Number(id)).filter((id) => this.pending.has(id));
    const [id] = new Set(ids);
    this.report('stdout', `${head}… (too long a message)`);
    if (id !== undefined) this.pending.get(id)?.reject(failed(502, 'The answer of the child is too long'));
  }

  /** The child has ended: so have all requests. */
  close(why: string): void {
    this.closedBecause ??= why;
    for (const { reject, originalId } of [...this.pending.values()]) reject(this.gone(originalId));
    for (const listener of [...this.listeners]) listener.onEnd();
    this.listeners.clear();
  }

  private send(request: ChildRequest, originalId: JsonRpcId, { resolve, reject }: Pick<Pending, 'resolve' | 'reject'>): void {
    const id = ++this.lastId;
    const meta = metaOf(request.message);
    const token = meta?.['progressToken'];
    const originalToken = typeof token === 'string' || typeof token === 'number' ? token : undefined;
    const timers = new RequestTimers(request.timeoutMs, () => giveUp(failed(504, 'The child did not answer in time', originalId)));
    const onAbort = () => giveUp(request.signal.reason as Error);
    const finish = () => {
      this.pending.delete(id);
      timers.stop();
      request.signal.removeEventListener('abort', onAbort);
    };
    const giveUp = (error: Error) => {
      this.notify({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: id } });
      finish();
      reject(error);
    };
    this.pending.set(id, {
      request,
      originalId,
      originalToken,
      wantsLog: meta?.[LOG_LEVEL_KEY] !== undefined,
      touch: () => timers.touch(),
      resolve: (response) => {
        finish();
        resolve(response);
      },
      reject: (error) => {
        finish();
        reject(error);
      },
    });
    request.signal.addEventListener('abort', onAbort, { once: true });
    const changes: Replacement[] = [{ path: ['id'], value: id }];
    if (originalToken !== undefined) changes.push({ path: TOKEN_IN_REQUEST, value: id });
    this.wire.send(onOneLine(spliceJson(request.text, changes)));
  }

  private settle({ text, message }: ChildMessage): void {
    const { id } = message;
    const pending = typeof id === 'number' ? this.pending.get(id) : undefined;
    if (!pending) return this.report('stdout', `a response to no request: ${text.slice(0, 200)}`);
    if (!isObject(message['result']) && !isObject(message['error'])) {
      return pending.reject(failed(502, 'The child sent a response without result and error', pending.originalId));
    }
    if (isTooDeep(text)) return pending.reject(failed(502, 'The answer of the child is nested too deep', pending.originalId));
    const changes: Replacement[] = [{ path: ['id'], value: pending.originalId }];
    if (metaOf(message, 'result')?.[SUBSCRIPTION_KEY] !== undefined) {
      changes.push({ path: ['result', '_meta', SUBSCRIPTION_KEY], value: pending.originalId });
    }
    pending.resolve({ text: spliceJson(text, changes), message });
  }

  private route(notification: ChildMessage): void {
    const { message } = notification;
    const subscription = metaOf(message)?.[SUBSCRIPTION_KEY];
    if (subscription !== undefined) return this.deliver(notification, this.find(subscription), SUBSCRIPTION_IN_NOTIFICATION);
    if (message['method'] === 'notifications/progress') {
      const token = isObject(message['params']) ? message['params']['progressToken'] : undefined;
      return this.deliver(notification, this.find(token), TOKEN_IN_NOTIFICATION);
    }
    if (message['method'] === 'notifications/message') return this.deliver(notification, this.onlyOneThatWantsLog());
    for (const listener of [...this.listeners]) listener.onNotification(notification);
  }

  private find(id: unknown): Pending | undefined {
    return this.pending.get(typeof id === 'string' ? Number(id) : (id as number));
  }

  /** A log message names no request. It goes to a caller only where nobody else can be meant. */
  private onlyOneThatWantsLog(): Pending | undefined {
    const [first, second] = [...this.pending.values()].filter(({ wantsLog }) => wantsLog);
    return second ? undefined : first;
  }

  /** @param path of what stands for the request on the wire, to be put back to what whoever asks calls it */
  private deliver({ text, message }: ChildMessage, pending: Pending | undefined, path?: readonly string[]): void {
    if (!pending) return;
    pending.touch();
    if (!path) return pending.request.onNotification({ text, message });
    const value = (path === TOKEN_IN_NOTIFICATION ? pending.originalToken : undefined) ?? pending.originalId;
    const restored = spliceJson(text, [{ path, value }]);
    pending.request.onNotification({ text: restored, message: JSON.parse(restored) as JsonObject });
  }

  /** What a child asks cannot be told to belong to one caller, so it reaches none. */
  private refuse({ id, method }: JsonObject): void {
    if (method === 'ping') return this.notify({ jsonrpc: '2.0', id, result: {} });
    this.notify({ jsonrpc: '2.0', id, error: { code: MCP_CODE.methodNotFound, message: REFUSED } });
  }

  private gone(id: JsonRpcId): McpError {
    return failed(502, `The child has ended: ${this.closedBecause ?? 'its input is closed'}`, id);
  }
}

/** Two clocks of a request: one that starts anew with every sign of life, one that does not. */
class RequestTimers {
  private readonly absolute: NodeJS.Timeout | undefined;
  private readonly silence: NodeJS.Timeout | undefined;

  constructor(timeoutMs: number | undefined, onLate: () => void) {
    if (timeoutMs === undefined) return;
    this.silence = setTimeout(onLate, timeoutMs);
    this.absolute = setTimeout(onLate, MAX_REQUEST_MS);
  }

  touch(): void {
    this.silence?.refresh();
  }

  stop(): void {
    clearTimeout(this.silence);
    clearTimeout(this.absolute);
  }
}

const TOKEN_IN_REQUEST = ['params', '_meta', 'progressToken'];
const TOKEN_IN_NOTIFICATION = ['params', 'progressToken'];
const SUBSCRIPTION_IN_NOTIFICATION = ['params', '_meta', SUBSCRIPTION_KEY];

function metaOf(message: JsonObject, member = 'params'): JsonObject | undefined {
  const holder = message[member];
  const meta = isObject(holder) ? holder['_meta'] : undefined;
  return isObject(meta) ? meta : undefined;
}

function parse(text: string): JsonObject | undefined {
  try {
    const message: unknown = JSON.parse(text);
    return isObject(message) && message['jsonrpc'] === '2.0' ? message : undefined;
  } catch {
    return undefined; // noise, which whoever calls this puts into the log
  }
}

/** Line breaks in JSON stand between its tokens only. */
const onOneLine = (json: string): string => json.replaceAll(/[\r\n]+/g, ' ');

const busy = (id: JsonRpcId): McpError =>
  new McpError(503, MCP_CODE.internalError, 'The upstream has too much to do.', {
    id,
    headers: { 'retry-after': '1' },
    detail: 'The child has as many requests, or as much to read, as it may have',
  });

export const failed = (status: 502 | 504, detail: string, id?: JsonRpcId): McpError =>
  new McpError(
    status,
    MCP_CODE.internalError,
    status === 504 ? 'The upstream did not answer in time.' : 'The upstream gave no valid answer.',
    {
      id,
      detail,
    },
  );
