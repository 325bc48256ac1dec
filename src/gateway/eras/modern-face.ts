import type { Sealer } from '../../database/sealer.js';
import type { Clock } from '../../common/clock.js';
import type { Caller, Era, Exchange, McpUpstream, UpstreamAnswer } from '../../protocol/exchange.js';
import { type JsonRpcId, MCP_CODE, McpError } from '../../protocol/mcp-error.js';
import { isObject, type JsonObject } from '../message-shape.js';
import { isTaskMethod } from '../tasks/task-messages.js';
import { CAPABILITIES_KEY } from '../modern-message.js';
import { MODERN_VERSIONS } from '../protocol-versions.js';
import { RemoteError } from '../upstream-call.js';
import { canAnswer, sharedCapabilities } from './client-capabilities.js';
import { asRemoteError, errorResponse, missingCapability, statusOf, tasksNotTranslated, toModernError } from './errors.js';
import { type LegacyConnection, type LegacyConnections, type ServerMessage, SessionLostError } from './legacy-connection.js';
import { isAtLeast, isLogLevel } from './log-levels.js';
import { LOG_LEVEL_KEY, metaOf, toLegacyParams, without } from './meta.js';
import { ModernListen } from './modern-listen.js';
import { Reply } from './reply.js';
import { type Originating, RequestStates } from './request-state.js';
import { ResourceSubscriptions } from './resource-subscriptions.js';
import { toModernResult } from './results.js';
import type { SessionStates } from './session-states.js';
import { type CallHooks, type Outcome, type Round, TranslatedCall } from './translated-call.js';
import { WaitingCalls } from './waiting-calls.js';

const ERAS: readonly Era[] = ['modern'];
/** Requests whose results may be `input_required` (MCP 2026-07-28 patterns/mrtr). */
const MULTI_ROUND: ReadonlySet<string> = new Set(['tools/call', 'prompts/get', 'resources/read']);
/** What the modern era does without (R-MOD-09). */
const REMOVED: ReadonlySet<string> = new Set(['initialize', 'ping', 'logging/setLevel', 'resources/subscribe', 'resources/unsubscribe']);
/** With this a legacy server refuses until its client has visited a URL (2025-11-25 elicitation). */
const URL_REQUIRED = -32042;
const URL_WAIT_MS = 15 * 60_000;

export interface FaceParts {
  readonly serverId: string;
  readonly sealer: Sealer;
  readonly clock: Clock;
  /** Shared by replicas. */
  readonly states: SessionStates;
}

interface Request {
  readonly method: string;
  readonly params: JsonObject;
  readonly caller: Caller;
  /** What the client declared that a legacy server may ask. */
  readonly capabilities: JsonObject;
}

/** A legacy server as the modern era sees it. */
export class ModernFace implements McpUpstream {
  private readonly states: RequestStates;
  private readonly waiting = new WaitingCalls();
  private readonly subscriptions = new ResourceSubscriptions();
  private readonly levels = new WeakMap<LegacyConnection, string>();
  private tokens = 0;

  constructor(
    private readonly connections: LegacyConnections,
    parts: FaceParts,
  ) {
    this.states = new RequestStates(parts.sealer, parts.clock, parts.serverId);
  }

  eras(): readonly Era[] {
    return ERAS;
  }

  handle({ message, id, operations: [operation], caller, signal }: Exchange): Promise<UpstreamAnswer> {
    // Notifications of a modern client over HTTP ask for nothing.
    if (id === undefined || !operation) return Promise.resolve({ status: 202, headers: {}, body: undefined });
    const params = isObject(message) && isObject(message['params']) ? message['params'] : {};
    const capabilities = sharedCapabilities(metaOf(params)[CAPABILITIES_KEY]);
    const reply = new Reply();
    const fail = (error: unknown): void => failRound(reply, id, error);
    this.serve({ method: operation.method, params, caller, capabilities }, { id, reply, signal, fail }).catch(fail);
    return reply.answer;
  }

  countSessions(): number {
    return this.connections.size;
  }

  endSessions(owner: string): void {
    this.waiting.endOf(owner);
    this.connections.endSessions(owner);
  }

  async close(): Promise<void> {
    this.waiting.endAll();
    await this.connections.close();
  }

  private async serve(request: Request, round: Round): Promise<void> {
    const { method } = request;
    if (isTaskMethod(method)) throw tasksNotTranslated(method);
    if (REMOVED.has(method)) throw new RemoteError({ code: MCP_CODE.methodNotFound, message: 'Method not found' });
    if (method === 'server/discover') return this.finish(round, await this.discover(request));
    if (method === 'subscriptions/listen') return this.listen(request, round);
    const { requestState, inputResponses } = request.params;
    if (MULTI_ROUND.has(method) && requestState !== undefined) return this.resume(request, round, { requestState, inputResponses });
    this.start(request, round);
  }

  private finish({ id, reply }: Round, result: JsonObject): void {
    reply.finish({ jsonrpc: '2.0', id, result });
  }

  private start(request: Request, round: Round): void {
    const originating: Originating = { owner: request.caller.owner, method: request.method, params: request.params };
    const { states, waiting } = this;
    const call = new TranslatedCall({ originating, capabilities: request.capabilities, states, waiting });
    call.start(round, (hooks) => this.make(request, hooks));
  }

  private resume(request: Request, round: Round, { requestState, inputResponses }: JsonObject): void {
    const state = this.states.open(requestState, { owner: request.caller.owner, method: request.method, params: request.params });
    if (!state)
      throw new RemoteError({
        code: MCP_CODE.invalidParams,
        message: 'Invalid params: requestState does not belong to this request, or is too old.',
      });
    if (state.call === undefined) {
      const answers = isObject(inputResponses) ? Object.values(inputResponses) : [];
      const isAccepted = answers.length > 0 && answers.every((answer) => isObject(answer) && answer['action'] === 'accept');
      if (!isAccepted) throw new RemoteError({ code: MCP_CODE.invalidParams, message: 'What the server requires was not accepted.' });
      return this.start(request, round);
    }
    const call = this.waiting.take(state.call);
    if (!call) {
      throw new RemoteError({
        code: MCP_CODE.invalidParams,
        message: 'Invalid params: no such call waits here. Start it again, without requestState.',
      });
    }
    call.resume(round, inputResponses);
  }

  /** Makes a request in a session of the caller's: in a new one where the server does not know the old one any more. */
  private async make(request: Request, hooks: CallHooks): Promise<Outcome> {
    const { method } = request;
    try {
      return await this.inSession(request, async (connection) => {
        const result = await this.request(connection, request, hooks);
        return { result, serverInfo: connection.initializeResult.serverInfo };
      });
    } catch (error) {
      if (!(error instanceof RemoteError)) throw error;
      if (error.code !== URL_REQUIRED || !MULTI_ROUND.has(method)) throw toModernError(error, request);
      return { modernResult: this.requireUrls(request, error) };
    }
  }

  private async inSession<T>({ caller, capabilities }: Request, use: (connection: LegacyConnection) => Promise<T>): Promise<T> {
    try {
      return await use(await this.connections.open(caller, capabilities));
    } catch (error) {
      if (!(error instanceof SessionLostError)) throw error;
    }
    try {
      return await use(await this.connections.open(caller, capabilities));
    } catch (error) {
      if (!(error instanceof SessionLostError)) throw error;
      throw new McpError(502, MCP_CODE.internalError, 'The upstream gave no valid answer.', {
        detail: 'It forgets sessions as soon as it opens them',
      });
    }
  }

  private async request(connection: LegacyConnection, { method, params, caller }: Request, hooks: CallHooks): Promise<JsonObject> {
    const level = metaOf(params)[LOG_LEVEL_KEY];
    if (isLogLevel(level)) await this.raiseLevel(connection, level, caller, hooks.signal);
    const { sent, received } = this.renameToken(toLegacyParams(params));
    const onNotification = (notification: ServerMessage): void => {
      const shown = notification.method === 'notifications/progress' ? received(notification) : notification;
      if (isShown(shown, level)) hooks.onNotification(shown);
    };
    const ofRounds = MULTI_ROUND.has(method) && hooks.onRequest ? { onRequest: hooks.onRequest } : {};
    return connection.request({ method, params: sent, caller, signal: hooks.signal, onNotification, ...ofRounds });
  }

  /** Progress tokens are the client's, and two of its requests may use the same one; within a session each is used once. */
  private renameToken(params: JsonObject): { sent: JsonObject; received: (notification: ServerMessage) => ServerMessage } {
    const { progressToken } = metaOf(params);
    if (progressToken === undefined) return { sent: params, received: (notification) => notification };
    const sent = { ...params, _meta: { ...metaOf(params), progressToken: `progress-${++this.tokens}` } };
    return { sent, received: ({ method, params: told }) => ({ method, params: { ...told, progressToken } }) };
  }

  /** The level is the session's in the legacy era. It only ever rises to more detail; each request is shown what it asked for. */
  private async raiseLevel(connection: LegacyConnection, level: string, caller: Caller, signal: AbortSignal): Promise<void> {
    const current = this.levels.get(connection);
    if (!isObject(connection.initializeResult.capabilities['logging']) || (current !== undefined && isAtLeast(level, current))) return;
    this.levels.set(connection, level);
    await connection.request({ method: 'logging/setLevel', params: { level }, caller, signal });
  }

  private async discover(request: Request): Promise<JsonObject> {
    const { initializeResult, canListen } = await this.inSession(request, async (connection) => ({
      initializeResult: connection.initializeResult,
      canListen: await canListenTo(connection),
    }));
    const { serverInfo, instructions } = initializeResult;
    const capabilities = toModernCapabilities(initializeResult.capabilities, canListen);
    const told = instructions === undefined ? {} : { instructions };
    return toModernResult(request.method, { supportedVersions: MODERN_VERSIONS, capabilities, ...told }, serverInfo);
  }

  private async listen(request: Request, round: Round): Promise<void> {
    const { caller, params } = request;
    const listen = new ModernListen({ filter: params['notifications'], caller, round, subscriptions: this.subscriptions });
    await this.inSession(request, (connection) => listen.start(connection));
  }

  /** What the server wants its client to visit first, as the modern era asks for it; the request is then made again. */
  private requireUrls({ method, params, caller, capabilities }: Request, error: RemoteError): JsonObject {
    const elicitations = isObject(error.data) && Array.isArray(error.data['elicitations']) ? (error.data['elicitations'] as unknown[]) : [];
    const requests = elicitations
      .filter(isObject)
      .slice(0, 10)
      .map(({ message, url }) => ({ method: 'elicitation/create', params: { mode: 'url', message, url } }));
    if (requests.length === 0) throw toModernError(error, { method, params });
    if (!requests.every((asked) => canAnswer(capabilities, asked))) throw missingCapability({ elicitation: { url: {} } }, error.message);
    const requestState = this.states.seal({}, { owner: caller.owner, method, params }, URL_WAIT_MS);
    const inputRequests = Object.fromEntries(requests.map((asked, i) => [`url-${i + 1}`, asked]));
    return { resultType: 'input_required', inputRequests, requestState };
  }
}

/** Log messages are for requests that asked for them (R-MOD-20); the rest of what a legacy server tells has no place in the answer. */
function isShown({ method, params }: ServerMessage, level: unknown): boolean {
  if (method === 'notifications/progress') return true;
  return method === 'notifications/message' && isLogLevel(level) && isAtLeast(params['level'], level);
}

async function canListenTo(connection: LegacyConnection): Promise<boolean> {
  if (!/"(?:listChanged|subscribe)":true/.test(JSON.stringify(connection.initializeResult.capabilities))) return false;
  const stop = new AbortController();
  try {
    return await connection.listen({ onNotification: () => undefined, onEnd: () => undefined }, stop.signal);
  } finally {
    stop.abort();
  }
}

/** Only what works through the gateway is named (R-MOD-10). */
function toModernCapabilities(capabilities: JsonObject, canListen: boolean): JsonObject {
  const shared = without(capabilities, 'tasks', 'extensions');
  if (canListen) return shared;
  const names = ['tools', 'prompts', 'resources'].filter((name) => isObject(shared[name]));
  return { ...shared, ...Object.fromEntries(names.map((name) => [name, without(shared[name] as JsonObject, 'listChanged', 'subscribe')])) };
}

function failRound(reply: Reply, id: JsonRpcId, error: unknown): void {
  const remote = asRemoteError(error);
  if (remote && (error instanceof RemoteError || reply.isOpen)) return reply.finish(errorResponse(id, remote), statusOf(remote));
  reply.fail(error instanceof McpError ? error.answering(id) : error);
}
