import { VERSION } from '../../common/version.js';
import type { Caller, Era, Exchange, McpUpstream, UpstreamAnswer } from '../../protocol/exchange.js';
import { type JsonRpcId, MCP_CODE, McpError } from '../../protocol/mcp-error.js';
import { isObject, type JsonObject } from '../message-shape.js';
import { BATCH_VERSION, LEGACY_VERSIONS } from '../protocol-versions.js';
import { isTaskMethod } from '../tasks/task-messages.js';
import { modernExchange, readResult, RemoteError } from '../upstream-call.js';
import { sharedCapabilities } from './client-capabilities.js';
import { asRemoteError, errorResponse, RESOURCE_NOT_FOUND, tasksNotTranslated, toHandshakeFault, toLegacyError } from './errors.js';
import type { InitializeResult } from './legacy-connection.js';
import type { LegacySession } from './legacy-session.js';
import { isLogLevel } from './log-levels.js';
import { SERVER_INFO_KEY, without, withoutModernMeta } from './meta.js';
import { ModernCalls } from './modern-call.js';
import type { FaceParts } from './modern-face.js';
import { Reply } from './reply.js';
import { toLegacyResult } from './results.js';
import { SessionStream } from './session-stream.js';
import { SessionTable } from './session-table.js';

const ERAS: readonly Era[] = ['legacy'];
const MAX_SUBSCRIPTIONS = 200;
const AT_A_TIME = 8;
const ACCEPTED: UpstreamAnswer = { status: 202, headers: {}, body: undefined };
/** Notifications that belong to a call; others have no place in its stream. */
const OF_CALLS: ReadonlySet<unknown> = new Set(['notifications/progress', 'notifications/message']);
/** The modern era repeats a method in a header, as it is: no server of that era has another. */
const FITS_HEADER = /^[\x21-\x7e]{1,256}$/;
/** Of the modern era only. */
const NOT_OFFERED: ReadonlySet<string> = new Set(['server/discover', 'subscriptions/listen']);

interface LegacyRequest {
  readonly id: JsonRpcId;
  readonly method: string;
  readonly params: JsonObject;
}

/** A modern server as the legacy eras see it: with a handshake and sessions. */
export class LegacyFace implements McpUpstream {
  private readonly sessions: SessionTable;
  private readonly calls: ModernCalls;

  constructor(
    private readonly upstream: McpUpstream,
    private readonly url: string,
    parts: FaceParts,
  ) {
    this.sessions = new SessionTable(parts);
    this.calls = new ModernCalls(upstream, url);
  }

  eras(): readonly Era[] {
    return ERAS;
  }

  async handle(exchange: Exchange): Promise<UpstreamAnswer> {
    const { method, message, caller, headers } = exchange;
    if (method === 'POST' && isObject(message) && message['method'] === 'initialize') return this.initialize(exchange, message);
    const session = await this.sessions.find(caller, headers['mcp-session-id']);
    if (method === 'DELETE') {
      this.sessions.end(session);
      return { status: 200, headers: {}, body: undefined };
    }
    if (method === 'GET') return this.openStream(session, caller);
    if (Array.isArray(message)) return this.answerBatch(session, caller, message);
    return this.answer(session, caller, message as JsonObject);
  }

  countSessions(): number {
    return this.sessions.size;
  }

  endSessions(owner: string): void {
    this.sessions.endOf(owner);
  }

  close(): Promise<void> {
    this.sessions.endAll();
    return Promise.resolve();
  }

  private async initialize({ caller, signal, id }: Exchange, { params }: JsonObject): Promise<UpstreamAnswer> {
    const { protocolVersion: wanted, capabilities: declared, clientInfo } = isObject(params) ? params : {};
    if (id === undefined) throw new McpError(400, MCP_CODE.invalidRequest, 'initialize is a request: it has an id.');
    if (typeof wanted !== 'string' || !isObject(declared) || !isObject(clientInfo)) {
      const message = 'Invalid params: initialize names protocolVersion, capabilities and clientInfo.';
      throw new McpError(200, MCP_CODE.invalidParams, message, { id });
    }
    const discovered = await this.discover(caller, signal);
    const version = LEGACY_VERSIONS.includes(wanted) ? wanted : (LEGACY_VERSIONS.at(-1) ?? '');
    const result = toInitializeResult(discovered, version);
    const sessionId = this.sessions.open(caller, {
      version,
      capabilities: sharedCapabilities(declared),
      ...identityOf(clientInfo),
      ...offersOf(result.capabilities),
    });
    const reply = new Reply();
    reply.finish({ jsonrpc: '2.0', id, result }, 200, { 'mcp-session-id': sessionId });
    return reply.answer;
  }

  private async discover(caller: Caller, signal: AbortSignal): Promise<JsonObject> {
    try {
      const answer = await this.upstream.handle(modernExchange({ method: 'server/discover', url: this.url, caller, signal }));
      return await readResult(answer, 1);
    } catch (error) {
      throw toHandshakeFault(error);
    }
  }

  private openStream(session: LegacySession, caller: Caller): Promise<UpstreamAnswer> {
    // A client that lost its stream would find the old one in its way until that is noticed to be dead.
    session.stream?.end();
    session.stream = new SessionStream({ upstream: this.upstream, url: this.url, caller, session });
    return session.stream.reply.answer;
  }

  private answer(session: LegacySession, caller: Caller, message: JsonObject): Promise<UpstreamAnswer> {
    const request = toRequest(message);
    if (!request) {
      this.hear(session, message);
      return Promise.resolve(ACCEPTED);
    }
    const reply = new Reply();
    this.respond(session, caller, { request, reply })
      .then((response) => (response ? reply.finish(response) : reply.end()))
      .catch((error: unknown) => reply.fail(error));
    return reply.answer;
  }

  /** Messages in an array, of 2025-03-26: each is answered on one stream as soon as it can be. */
  private answerBatch(session: LegacySession, caller: Caller, messages: readonly unknown[]): Promise<UpstreamAnswer> {
    if (session.claims.version !== BATCH_VERSION) {
      throw new McpError(400, MCP_CODE.invalidRequest, `Arrays of messages exist in ${BATCH_VERSION} only.`);
    }
    const objects = messages.filter(isObject);
    const requests = objects.map(toRequest).filter((request) => request !== undefined);
    for (const message of objects) if (!toRequest(message)) this.hear(session, message);
    if (requests.length === 0) return Promise.resolve(ACCEPTED);
    const reply = new Reply();
    reply.open();
    void this.answerAll(session, caller, { requests, reply }).finally(() => reply.end());
    return reply.answer;
  }

  private async answerAll(
    session: LegacySession,
    caller: Caller,
    batch: { readonly requests: readonly LegacyRequest[]; readonly reply: Reply },
  ): Promise<void> {
    const { reply } = batch;
    const waiting = [...batch.requests];
    const work = async (): Promise<void> => {
      for (let request = waiting.shift(); request; request = waiting.shift()) {
        const response = await this.respond(session, caller, { request, reply }).catch(() => internalFault(request.id));
        if (response) reply.send(response);
      }
    };
    await Promise.all(Array.from({ length: AT_A_TIME }, work));
  }

  /**
   * The response to a request; undefined where the client has cancelled it.
   * @throws {McpError} where there is none, and nothing has been sent that it would have to follow.
   */
  private async respond(
    session: LegacySession,
    caller: Caller,
    { request, reply }: { readonly request: LegacyRequest; readonly reply: Reply },
  ): Promise<JsonObject | undefined> {
    const { id, method } = request;
    const cancelled = { is: false };
    try {
      const result = await session.run(id, (signal) => {
        signal.addEventListener('abort', () => (cancelled.is = true), { once: true });
        return this.resultOf(session, request, { caller, reply, signal });
      });
      return { jsonrpc: '2.0', id, result };
    } catch (error) {
      if (cancelled.is) return undefined;
      if (error instanceof RemoteError) return errorResponse(id, toLegacyError(error, method));
      const remote = reply.isOpen ? asRemoteError(error) : undefined;
      if (remote) return errorResponse(id, remote);
      throw error instanceof McpError ? error.answering(id) : error;
    }
  }

  private async resultOf(session: LegacySession, { method, params }: LegacyRequest, context: CallContext): Promise<JsonObject> {
    switch (method) {
      case 'ping':
        return {};
      case 'logging/setLevel':
        setLevel(session, params);
        this.sessions.save(session);
        return {};
      case 'resources/subscribe':
      case 'resources/unsubscribe':
        subscribe(session, context.caller, method, params);
        this.sessions.save(session);
        return {};
      default:
        return this.forward(session, { method, params }, context);
    }
  }

  private async forward(
    session: LegacySession,
    { method, params }: Omit<LegacyRequest, 'id'>,
    { caller, reply, signal }: CallContext,
  ): Promise<JsonObject> {
    if (isTaskMethod(method)) throw tasksNotTranslated(method);
    if (NOT_OFFERED.has(method) || !FITS_HEADER.test(method)) throw methodNotFound(method);
    const onNotification = ({ method: told, params: detail }: JsonObject): void => {
      if (!OF_CALLS.has(told)) return;
      reply.send({ jsonrpc: '2.0', method: told, ...(isObject(detail) ? { params: withoutModernMeta(detail) } : {}) });
    };
    const ask = (asked: string, detail: JsonObject): Promise<JsonObject> => session.ask(reply, asked, detail, signal);
    const { result, wrapsOutput } = await this.calls.make({ session, method, params, caller, signal, onNotification, ask });
    if (method === 'tools/list') this.calls.tools.learn(caller.owner, result);
    return toLegacyResult(method, result, wrapsOutput);
  }

  /** Notifications and responses. */
  private hear(session: LegacySession, message: JsonObject): void {
    const { method, params } = message;
    if (method === undefined) session.hear(message);
    else if (method === 'notifications/cancelled' && isObject(params)) session.cancel(params['requestId']);
  }
}

function toInitializeResult({ capabilities, instructions, _meta }: JsonObject, protocolVersion: string): InitializeResult {
  const serverInfo = isObject(_meta) ? _meta[SERVER_INFO_KEY] : undefined;
  return {
    protocolVersion,
    capabilities: without(isObject(capabilities) ? capabilities : {}, 'extensions', 'tasks'),
    serverInfo: isObject(serverInfo) ? serverInfo : { name: 'gatehouse', version: VERSION },
    ...(typeof instructions === 'string' ? { instructions } : {}),
  };
}

const offersOf = ({ logging, resources }: JsonObject): { hasLogging: boolean; hasSubscriptions: boolean } => ({
  hasLogging: isObject(logging),
  hasSubscriptions: isObject(resources) && resources['subscribe'] === true,
});

interface CallContext {
  readonly caller: Caller;
  readonly reply: Reply;
  readonly signal: AbortSignal;
}

function toRequest({ id, method, params }: JsonObject): LegacyRequest | undefined {
  if (typeof method !== 'string' || (typeof id !== 'string' && typeof id !== 'number')) return undefined;
  return { id, method, params: isObject(params) ? params : {} };
}

function setLevel(session: LegacySession, { level }: JsonObject): void {
  if (!session.claims.hasLogging) throw methodNotFound('logging/setLevel');
  if (!isLogLevel(level)) throw new RemoteError({ code: MCP_CODE.invalidParams, message: 'Invalid params: level names no log level.' });
  session.level = level;
}

function subscribe(session: LegacySession, caller: Caller, method: string, { uri }: JsonObject): void {
  const { subscriptions } = session;
  if (!session.claims.hasSubscriptions) throw methodNotFound(method);
  if (typeof uri !== 'string') throw new RemoteError({ code: MCP_CODE.invalidParams, message: 'Invalid params: uri must be a string.' });
  if (method === 'resources/unsubscribe') subscriptions.delete(uri);
  else if (!caller.isAllowed({ method: 'resources/read', target: uri })) throw notFound(uri);
  else if (subscriptions.size >= MAX_SUBSCRIPTIONS)
    throw new RemoteError({ code: MCP_CODE.invalidRequest, message: 'Too many subscriptions.' });
  else subscriptions.add(uri);
  session.stream?.refresh();
}

/** What is passed on of what a client says of itself. */
function identityOf({ name, version, title }: JsonObject): { clientInfo?: JsonObject } {
  if (typeof name !== 'string' || typeof version !== 'string') return {};
  const shown = typeof title === 'string' ? { title: title.slice(0, 100) } : {};
  return { clientInfo: { name: name.slice(0, 100), version: version.slice(0, 50), ...shown } };
}

const methodNotFound = (method: string): RemoteError =>
  new RemoteError({ code: MCP_CODE.methodNotFound, message: `Method not found: ${method.slice(0, 100)}` });

const notFound = (uri: string): RemoteError => new RemoteError({ code: RESOURCE_NOT_FOUND, message: 'Resource not found', data: { uri } });

const internalFault = (id: JsonRpcId): JsonObject =>
  errorResponse(id, new RemoteError({ code: MCP_CODE.internalError, message: 'The request could not be answered.' }));
