import type { Caller } from '../../protocol/exchange.js';
import type { JsonObject } from '../message-shape.js';

/** What a legacy server said of itself in answer to `initialize`. */
export interface InitializeResult {
  readonly protocolVersion: string;
  readonly capabilities: JsonObject;
  readonly serverInfo: JsonObject;
  readonly instructions?: string;
}

/** A request of the server's, or a notification: sampling, elicitation, roots; progress, log, changes. */
export interface ServerMessage {
  readonly method: string;
  readonly params: JsonObject;
}

/** A request to a legacy server. */
export interface LegacyRequest {
  readonly method: string;
  /** `_meta.progressToken`, where there is one, is unique within the connection. */
  readonly params: JsonObject;
  readonly caller: Caller;
  /** Aborted, the server is told with `notifications/cancelled`, and the request rejects with the signal's reason. */
  readonly signal: AbortSignal;
  /** Told of notifications that belong to this request: by its stream, or by its progress token. */
  onNotification?(notification: ServerMessage): void;
  /**
   * Answers a request of the server's that belongs to this one for certain. Where there is none, or it is not certain whose it
   * is, the connection refuses: what one caller is asked must not reach another. A rejection is the server's error response.
   */
  onRequest?(request: ServerMessage): Promise<JsonObject>;
}

/** One session with a server of the legacy era, initialized, for many requests at a time. */
export interface LegacyConnection {
  readonly initializeResult: InitializeResult;
  /**
   * The result of a request.
   * @throws {RemoteError} the server's own error; {SessionLostError} where it has done nothing and another session may be
   * opened for it; {McpError} 502 or 504 where there is no answer.
   */
  request(request: LegacyRequest): Promise<JsonObject>;
  /**
   * Hears of notifications that belong to no request: lists and resources that changed. Ends with `signal`, and `onEnd` is
   * called where it ends otherwise. False where the server has no way to send them.
   */
  listen(listener: ConnectionListener, signal: AbortSignal): Promise<boolean>;
}

export interface ConnectionListener {
  onNotification(notification: ServerMessage): void;
  onEnd(): void;
}

/** The sessions with one server: shared, or one for each caller. */
export interface LegacyConnections {
  /** Sessions that are open. */
  readonly size: number;
  /**
   * An open session for a caller whose client has these capabilities; whoever shares sessions declares none of them.
   * @throws {McpError} 502, 503 or 504 where there is none to be had.
   */
  open(caller: Caller, clientCapabilities: JsonObject): Promise<LegacyConnection>;
  /** Ends the sessions of one caller, whose credential ended. */
  endSessions(owner: string): void;
  close(): Promise<void>;
}

/** The session is over, and the server has not looked at the request. */
export class SessionLostError extends Error {
  override readonly name = 'SessionLostError';
}
