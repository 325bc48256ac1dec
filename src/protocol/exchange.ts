import type { Readable } from 'node:stream';
import type { JsonRpcId } from './mcp-error.js';

/** One MCP method with its target: `tools/call` + tool name, `resources/read` + URI, `tools/list` alone. */
export interface Operation {
  readonly method: string;
  readonly target?: string;
  /**
   * What a tool is called with, as it came; an empty object where the call has none. Absent in the question whether somebody
   * may call the tool at all, whatever the arguments.
   */
  readonly arguments?: unknown;
}

/** `modern`: 2026-07-28 and later, stateless. `legacy`: 2025-03-26 to 2025-11-25, with `initialize` and sessions. */
export type Era = 'modern' | 'legacy';

/** Who asks, as an upstream may know it. */
export interface Caller {
  /** A credential's id, or `public`. Sessions belong to it. */
  readonly owner: string;
  /** `public` callers see public content only. */
  readonly audience: 'public' | 'authenticated';
  /** Whom an upstream may be told that it is; undefined for `public`. */
  readonly clientId?: string;
  /** The groups of readers that its credential was given; none for a public caller. */
  readonly groups: readonly string[];
  /** The one rule for listing and for calling. */
  isAllowed(operation: Operation): boolean;
}

/** One HTTP exchange of an MCP endpoint, read and checked by the gateway, or made by it in the same form. */
export interface Exchange {
  readonly method: string;
  /** The server's canonical URL. */
  readonly url: string;
  /** What may go on to an upstream: no credentials, no hop-by-hop headers, no claims of identity. Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** The bytes of a POST's body as they came. */
  readonly body: Buffer | undefined;
  /** The parsed body of a POST. */
  readonly message: unknown;
  /** The id of a single request; undefined for notifications, responses, arrays and without a body. */
  readonly id: JsonRpcId | undefined;
  /** Every request and notification in the body, in order. */
  readonly operations: readonly Operation[];
  readonly era: Era;
  readonly caller: Caller;
  /** Aborted when nobody waits for the answer any more (modern era: the client left, R-MOD-13; in the legacy era that cancels nothing). */
  readonly signal: AbortSignal;
  /** The same for handlers that speak the Fetch API: without a body, made when it is asked for. */
  readonly request: Request;
}

/**
 * An upstream's answer on its way to the client: whole, or a stream that is read no faster than the client reads. A stream is
 * destroyed without an error when its client has left, and with one when the gateway ends it.
 */
export interface UpstreamAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | Readable | undefined;
}

/** Whether an upstream is called at the moment: `open` while it is left alone because it did not answer, `half-open` while one call tries. */
export interface CircuitState {
  readonly circuit: 'closed' | 'open' | 'half-open';
  /** Milliseconds since the epoch. */
  readonly since: number;
  /** When it was last heard of, or failed to answer; absent before the first call. */
  readonly heardAt?: number;
  /** Why it did not answer the last time; absent once it has answered again. */
  readonly lastFault?: string;
}

/** Connections that an upstream keeps open to be called on, at the moment. */
export interface Connections {
  readonly open: number;
  /** Of these, without a request. */
  readonly free: number;
  /** Requests that wait for one. */
  readonly waiting: number;
  /** Requests under way on one of their own, whose answers stay open. */
  readonly streams: number;
}

/** Where a server's messages go. */
export interface McpUpstream {
  /** Set where lists and refusals of hidden targets are its own work; else the gateway filters its answers and keeps such calls from it. */
  readonly appliesPolicy?: true;
  /** The eras that it can be spoken to in. Asked before each exchange: from memory once it is known. */
  eras(): readonly Era[] | Promise<readonly Era[]>;
  /**
   * Answers with JSON, an event stream, or 202 without a body.
   * @throws {McpError} where it has no answer: 502 unreachable or malformed, 504 timed out.
   */
  handle(exchange: Exchange): Promise<UpstreamAnswer>;
  /** How its connection is; absent where there is none that could break. */
  state?(): CircuitState | undefined;
  /** Absent where there are none that could be counted. */
  countConnections?(): Connections | undefined;
  /** Legacy sessions that this process knows to be open; absent where there are none. */
  countSessions?(): number;
  /** Ends the sessions and streams of one caller, whose credential ended. */
  endSessions(owner: string): void;
  /** Ends what it has open. Calls under way are finished by whoever closes it. */
  close(): Promise<void>;
}
