import { addAbortSignal, Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { VERSION } from '../../common/version.js';
import type { Caller, Exchange, McpUpstream, UpstreamAnswer } from '../../protocol/exchange.js';
import { type JsonRpcId, MCP_CODE, McpError } from '../../protocol/mcp-error.js';
import { isObject, type JsonObject } from '../message-shape.js';
import { LEGACY_VERSIONS } from '../protocol-versions.js';
import { BrokenOffError, messagesOf, readResult, RemoteError } from '../upstream-call.js';
import { ChangeStream } from './change-stream.js';
import { asRemoteError, isUnaddressedError, resultIn, toHandshakeFault, toTranslatedFault } from './errors.js';
import {
  type ConnectionListener,
  type InitializeResult,
  type LegacyConnection,
  type LegacyRequest,
  type ServerMessage,
  SessionLostError,
} from './legacy-connection.js';
import {
  bodylessExchange,
  discard,
  type LegacyExchangeParts,
  postExchange,
  requireSession,
  type SessionHeaders,
} from './legacy-exchange.js';

const HANDSHAKE_MS = 30_000;
const GOODBYE_MS = 5000;
/** How often a stream that broke off is resumed without a message in between. */
const MAX_RESUMES = 5;
const RETRY_MS = 1000;
const MAX_RETRY_MS = 30_000;

/** What belongs to no request, wherever it is sent. */
const CHANGES: ReadonlySet<string> = new Set([
  'notifications/tools/list_changed',
  'notifications/prompts/list_changed',
  'notifications/resources/list_changed',
  'notifications/resources/updated',
]);

export interface UpstreamSessionParts {
  readonly upstream: McpUpstream;
  readonly url: string;
  readonly caller: Caller;
}

/** A session that the gateway has opened with a legacy server over Streamable HTTP. */
export class UpstreamSession implements LegacyConnection {
  isLost = false;
  /** Requests and listeners at the moment. */
  active = 0;
  usedAt = performance.now();
  private nextId = 1;
  private readonly changes: ChangeStream;

  private constructor(
    private readonly parts: UpstreamSessionParts,
    readonly initializeResult: InitializeResult,
    private readonly session: SessionHeaders,
  ) {
    this.changes = new ChangeStream({
      get: (signal, lastEventId) => this.get(parts.caller, signal, lastEventId),
      onRequest: (message) => void this.answer(message, undefined, parts.caller),
      onLost: () => void (this.isLost = true),
    });
  }

  /** @throws {McpError} 502 or 504 where no session comes about. */
  static async open(parts: UpstreamSessionParts, capabilities: JsonObject): Promise<UpstreamSession> {
    const signal = AbortSignal.timeout(HANDSHAKE_MS);
    try {
      return await UpstreamSession.initialize(parts, capabilities, signal);
    } catch (error) {
      if (!signal.aborted) throw toHandshakeFault(error);
      throw new McpError(504, MCP_CODE.internalError, 'The upstream did not answer in time.', { detail: 'No handshake in time' });
    }
  }

  private static async initialize(parts: UpstreamSessionParts, capabilities: JsonObject, signal: AbortSignal): Promise<UpstreamSession> {
    const params = { protocolVersion: LEGACY_VERSIONS.at(-1), capabilities, clientInfo: { name: 'gatehouse', version: VERSION } };
    const message = { jsonrpc: '2.0', id: 0, method: 'initialize', params };
    const answer = await parts.upstream.handle(postExchange({ ...parts, session: {}, signal }, message));
    await requireSession(answer, false);
    const result = readInitializeResult(await readResult(answer, 0));
    const id = answer.headers['mcp-session-id'];
    const session = new UpstreamSession(parts, result, {
      ...(id === undefined ? {} : { 'mcp-session-id': id }),
      'mcp-protocol-version': result.protocolVersion,
    });
    await session.post({ jsonrpc: '2.0', method: 'notifications/initialized' }, parts.caller, signal);
    return session;
  }

  async request(request: LegacyRequest): Promise<JsonObject> {
    const { signal } = request;
    signal.throwIfAborted();
    const id = this.nextId++;
    const exchange = new AbortController();
    const cancel = (): void => {
      const params = { requestId: id, reason: 'Nobody waits for the answer any more' };
      const told = this.post(
        { jsonrpc: '2.0', method: 'notifications/cancelled', params },
        request.caller,
        AbortSignal.timeout(GOODBYE_MS),
      );
      void told.catch(() => undefined).finally(() => exchange.abort(signal.reason)); // without a server there is nothing to cancel
    };
    signal.addEventListener('abort', cancel, { once: true });
    this.active++;
    try {
      return await this.ask(id, request, exchange.signal);
    } catch (error) {
      signal.throwIfAborted();
      throw toTranslatedFault(error);
    } finally {
      signal.removeEventListener('abort', cancel);
      this.active--;
      this.usedAt = performance.now();
    }
  }

  async listen(listener: ConnectionListener, signal: AbortSignal): Promise<boolean> {
    if (!(await this.changes.add(listener, signal))) return false;
    this.active++;
    const release = (): void => {
      this.active--;
      this.usedAt = performance.now();
    };
    if (signal.aborted) release();
    else signal.addEventListener('abort', release, { once: true });
    return true;
  }

  /** Tells the server, and waits for nothing else. */
  async close(): Promise<void> {
    this.isLost = true;
    this.changes.close();
    if (this.session['mcp-session-id'] === undefined) return;
    try {
      discard(
        await this.parts.upstream.handle(bodylessExchange('DELETE', this.toParts(this.parts.caller, AbortSignal.timeout(GOODBYE_MS)))),
      );
    } catch {
      // A server that cannot be told ends the session by itself.
    }
  }

  private async ask(id: JsonRpcId, request: LegacyRequest, signal: AbortSignal): Promise<JsonObject> {
    const { method, params, caller } = request;
    let answer = await this.send({ jsonrpc: '2.0', id, method, params }, caller, signal);
    let lastEventId: string | undefined;
    let retryMs = RETRY_MS;
    for (let resumes = 0; resumes <= MAX_RESUMES; resumes++) {
      const options = {
        onEventId: (eventId: string) => {
          lastEventId = eventId;
          resumes = 0;
        },
        onRetry: (milliseconds: number) => void (retryMs = Math.min(milliseconds, MAX_RETRY_MS)),
      };
      const response = await this.readResponse(id, request, { answer, signal, options });
      if (response) return resultIn(response);
      if (lastEventId === undefined) break;
      // A server may close a stream and let its client come back for the rest (2025-11-25 transports, "Resumability").
      await delay(retryMs, undefined, { signal });
      answer = await this.get(caller, signal, lastEventId);
    }
    throw new McpError(502, MCP_CODE.internalError, 'The upstream gave no valid answer.', {
      detail: 'The stream ended without a response',
    });
  }

  /** Undefined where the stream ended without the response, but can be resumed. */
  private async readResponse(id: JsonRpcId, request: LegacyRequest, { answer, signal, options }: Reading): Promise<JsonObject | undefined> {
    const { body } = answer;
    if (body instanceof Readable) addAbortSignal(signal, body);
    const stream = { isResumable: false };
    const onEventId = (eventId: string): void => {
      stream.isResumable = true;
      options.onEventId(eventId);
    };
    try {
      for await (const message of messagesOf(answer, { ...options, onEventId })) {
        if (message['method'] !== undefined) this.hear(message, request);
        else if (message['id'] === id || isUnaddressedError(message)) return message;
      }
    } catch (error) {
      if (!stream.isResumable || signal.aborted || !(error instanceof BrokenOffError)) throw error;
    }
    return undefined;
  }

  /** Messages that come before the response. */
  private hear(message: JsonObject, request: LegacyRequest): void {
    if (message['id'] !== undefined) return void this.answer(message, request, request.caller);
    const notification = toServerMessage(message);
    if (CHANGES.has(notification.method)) this.changes.tell(notification);
    else request.onNotification?.(notification);
  }

  /** Answers a request of the server's; where it belongs to no call of ours, by refusing. */
  private async answer(message: JsonObject, request: LegacyRequest | undefined, caller: Caller): Promise<void> {
    const { id } = message;
    const response = await this.respond(toServerMessage(message), request);
    // A response that cannot be delivered is missed by nobody but the server, whose stream then ends.
    await this.post({ jsonrpc: '2.0', id, ...response }, caller, AbortSignal.timeout(HANDSHAKE_MS)).catch(() => undefined);
  }

  private async respond(asked: ServerMessage, request: LegacyRequest | undefined): Promise<JsonObject> {
    if (asked.method === 'ping') return { result: {} };
    try {
      if (!request?.onRequest)
        throw new RemoteError({ code: MCP_CODE.methodNotFound, message: `There is nobody to answer ${asked.method}` });
      return { result: await request.onRequest(asked) };
    } catch (error) {
      const { code, message } = asRemoteError(error) ?? { code: MCP_CODE.internalError, message: 'The request could not be answered' };
      return { error: { code, message } };
    }
  }

  private async post(message: JsonObject, caller: Caller, signal: AbortSignal): Promise<void> {
    discard(await this.send(message, caller, signal));
  }

  private send(message: JsonObject, caller: Caller, signal: AbortSignal): Promise<UpstreamAnswer> {
    return this.exchange(postExchange(this.toParts(caller, signal), message));
  }

  private get(caller: Caller, signal: AbortSignal, lastEventId?: string): Promise<UpstreamAnswer> {
    return this.exchange(bodylessExchange('GET', this.toParts(caller, signal), lastEventId));
  }

  private async exchange(exchange: Exchange): Promise<UpstreamAnswer> {
    try {
      const answer = await this.parts.upstream.handle(exchange);
      await requireSession(answer, this.session['mcp-session-id'] !== undefined);
      return answer;
    } catch (error) {
      const isUnknown = error instanceof McpError && error.status === 404;
      if (!isUnknown && !(error instanceof SessionLostError)) throw error;
      this.isLost = true;
      throw isUnknown ? new SessionLostError(error.detail) : error;
    }
  }

  private toParts(caller: Caller, signal: AbortSignal): LegacyExchangeParts {
    return { url: this.parts.url, caller, session: this.session, signal };
  }
}

interface Reading {
  readonly answer: UpstreamAnswer;
  readonly signal: AbortSignal;
  readonly options: { readonly onEventId: (id: string) => void; readonly onRetry: (milliseconds: number) => void };
}

export const toServerMessage = ({ method, params }: JsonObject): ServerMessage => ({
  method: String(method),
  params: isObject(params) ? params : {},
});

function readInitializeResult(result: JsonObject): InitializeResult {
  const { protocolVersion, capabilities, serverInfo, instructions } = result;
  // Servers of 2024-11-05 that have learned Streamable HTTP speak it like those of 2025-03-26.
  if (typeof protocolVersion !== 'string' || (!LEGACY_VERSIONS.includes(protocolVersion) && protocolVersion !== '2024-11-05')) {
    const detail = `The upstream speaks protocol version ${String(protocolVersion)}`;
    throw new McpError(502, MCP_CODE.internalError, 'The upstream speaks no version of the protocol that the gateway knows.', { detail });
  }
  return {
    protocolVersion,
    capabilities: isObject(capabilities) ? capabilities : {},
    serverInfo: isObject(serverInfo) ? serverInfo : {},
    ...(typeof instructions === 'string' ? { instructions } : {}),
  };
}
