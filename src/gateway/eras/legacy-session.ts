import { type JsonRpcId, MCP_CODE, McpError } from '../../protocol/mcp-error.js';
import { isObject, type JsonObject } from '../message-shape.js';
import { RemoteError } from '../upstream-call.js';
import type { Reply } from './reply.js';
import type { SessionStream } from './session-stream.js';

const ANSWER_MS = 5 * 60_000;
const MAX_CALLS = 200;

/** What a session's id holds. */
export interface SessionClaims {
  /** Unique, and not to be guessed. */
  readonly key: string;
  readonly version: string;
  /** What the client can be asked. */
  readonly capabilities: JsonObject;
  readonly clientInfo?: JsonObject;
  readonly hasLogging: boolean;
  readonly hasSubscriptions: boolean;
  /** In milliseconds since the epoch. */
  readonly openedAt: number;
}

interface Waiting {
  readonly resolve: (result: JsonObject) => void;
  readonly reject: (error: Error) => void;
}

/** A session of a legacy client with a modern server, as this replica holds it. */
export class LegacySession {
  /** What of its state is not in its id. */
  level: string | undefined;
  readonly subscriptions = new Set<string>();
  /** The one GET stream. */
  stream: SessionStream | undefined;
  private readonly calls = new Map<JsonRpcId, AbortController>();
  private readonly asked = new Map<JsonRpcId, Waiting>();
  private count = 0;

  constructor(
    readonly owner: string,
    readonly claims: SessionClaims,
  ) {}

  /** Takes over what another replica was told. */
  become(level: string | undefined, subscriptions: readonly string[]): void {
    this.level = level;
    const isSame = subscriptions.length === this.subscriptions.size && subscriptions.every((uri) => this.subscriptions.has(uri));
    if (isSame) return;
    this.subscriptions.clear();
    for (const uri of subscriptions) this.subscriptions.add(uri);
    this.stream?.refresh();
  }

  /** Ends everything that is open. */
  end(): void {
    this.stream?.end();
    for (const call of this.calls.values()) call.abort();
    this.calls.clear();
  }

  /** Runs a call that the client can cancel. @throws {McpError} 429 where too many run. */
  async run<T>(id: JsonRpcId, call: (signal: AbortSignal) => Promise<T>): Promise<T> {
    if (this.calls.size >= MAX_CALLS) throw new McpError(429, MCP_CODE.tooManyRequests, 'Too many calls at a time.', { id });
    if (this.calls.has(id)) throw new McpError(400, MCP_CODE.invalidRequest, 'A request with this id is under way.', { id });
    const aborter = new AbortController();
    this.calls.set(id, aborter);
    try {
      return await call(aborter.signal);
    } finally {
      this.calls.delete(id);
    }
  }

  cancel(id: unknown): void {
    this.calls.get(id as JsonRpcId)?.abort();
  }

  /**
   * Asks the client something on the stream of a call of its own.
   * @throws {RemoteError} where the client refuses, does not answer in time, or cannot be reached.
   */
  async ask(reply: Reply, method: string, params: JsonObject, signal: AbortSignal): Promise<JsonObject> {
    const id = `gatehouse-${++this.count}`;
    const late = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]);
    try {
      return await new Promise<JsonObject>((resolve, reject) => {
        this.asked.set(id, { resolve, reject });
        late.addEventListener('abort', () => reject(unanswered(`The client did not answer ${method} in time`)), { once: true });
        if (late.aborted || !reply.send({ jsonrpc: '2.0', id, method, params }))
          reject(unanswered(`The client cannot be asked: ${method}`));
      });
    } finally {
      this.asked.delete(id);
    }
  }

  /** Takes a response of the client's. @throws {McpError} 400 where nothing was asked under its id (R-LEG-14). */
  hear({ id, result, error }: JsonObject): void {
    const waiting = this.asked.get(id as JsonRpcId);
    if (!waiting) {
      throw new McpError(400, MCP_CODE.invalidRequest, 'No request with this id waits for a response here.', {
        detail: 'A response to nothing: it came too late, or another replica has asked',
      });
    }
    if (isObject(result)) waiting.resolve(result);
    else waiting.reject(unanswered(`The client refused: ${isObject(error) ? String(error['message']).slice(0, 200) : 'no reason'}`));
  }
}

const unanswered = (message: string): RemoteError => new RemoteError({ code: MCP_CODE.internalError, message });
