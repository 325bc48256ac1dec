import { addAbortSignal, Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { newId } from '../../common/ids.js';
import type { Caller, McpUpstream, UpstreamAnswer } from '../../protocol/exchange.js';
import { MCP_CODE, McpError } from '../../protocol/mcp-error.js';
import { isObject, type JsonObject } from '../message-shape.js';
import { CAPABILITIES_KEY } from '../modern-message.js';
import { messagesOf, modernExchange, RemoteError } from '../upstream-call.js';
import { canAnswer } from './client-capabilities.js';
import { isUnaddressedError, resultIn, toTranslatedFault } from './errors.js';
import { discard } from './legacy-exchange.js';
import type { LegacySession } from './legacy-session.js';
import { CLIENT_INFO_KEY, LOG_LEVEL_KEY, metaOf, without } from './meta.js';
import { type KnownTool, paramHeaders, ToolKnowledge } from './tool-knowledge.js';

const MAX_ROUNDS = 10;
const MAX_ASKED = 20;
const MAX_PAGES = 20;
/** Between rounds in which the client is asked nothing. */
const PACE_MS = 250;

/** A request of a legacy client on its way to a modern server. */
export interface ModernRequest {
  readonly session: LegacySession;
  readonly method: string;
  readonly params: JsonObject;
  readonly caller: Caller;
  readonly signal: AbortSignal;
  readonly onNotification: (message: JsonObject) => void;
  /** Asks the client something in the middle of it. */
  readonly ask: (method: string, params: JsonObject) => Promise<JsonObject>;
}

export interface ModernOutcome {
  readonly result: JsonObject;
  readonly wrapsOutput: boolean;
}

/** Makes the requests of legacy clients on a modern server, through all the rounds that one takes. */
export class ModernCalls {
  readonly tools = new ToolKnowledge();
  private count = 0;

  constructor(
    private readonly upstream: McpUpstream,
    private readonly url: string,
  ) {}

  /** @throws {RemoteError} the server's own, or where it wants what the client cannot give; {McpError} 502 or 504 without an answer. */
  async make(request: ModernRequest): Promise<ModernOutcome> {
    try {
      return await this.makeAll(request);
    } catch (error) {
      throw toTranslatedFault(error);
    }
  }

  private async makeAll(request: ModernRequest): Promise<ModernOutcome> {
    let { params } = request;
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const result = await this.makeWithHeaders({ ...request, params });
      const { resultType = 'complete' } = result;
      if (resultType === 'complete') return { result, wrapsOutput: await this.wrapsOutput(request, result) };
      if (resultType !== 'input_required') throw untranslatable(`The server answered with a result of type ${String(resultType)}`);
      params = { ...request.params, ...(await this.nextRound(request, result)) };
    }
    throw untranslatable(`The server still wanted more after ${MAX_ROUNDS} rounds`);
  }

  /** One request, and its whole answer. */
  private async makeOnce(request: ModernRequest, headers: Readonly<Record<string, string>> = {}): Promise<JsonObject> {
    const { session, method, caller, signal } = request;
    const { capabilities, clientInfo } = session.claims;
    const _meta = {
      ...metaOf(request.params),
      [CAPABILITIES_KEY]: capabilities,
      ...(clientInfo ? { [CLIENT_INFO_KEY]: clientInfo } : {}),
      ...(session.level === undefined ? {} : { [LOG_LEVEL_KEY]: session.level }),
    };
    const params = { ...without(request.params, 'task'), _meta };
    const id = ++this.count;
    const answer = await this.upstream.handle(modernExchange({ method, params, id, url: this.url, caller, signal, headers }));
    requireOwnAnswer(answer);
    if (answer.body instanceof Readable) addAbortSignal(signal, answer.body);
    for await (const message of messagesOf(answer)) {
      if (message['method'] === undefined) {
        if (message['id'] === id || isUnaddressedError(message)) return resultIn(message);
      } else if (message['id'] === undefined) request.onNotification(message);
      else throw malformed('It sent a request, which has no place in the modern era'); // R-MOD-14
    }
    throw malformed(`It answered ${answer.status} without a response`);
  }

  /** Tools can want arguments repeated in headers; their schema tells, once a server has said that something is missing. */
  private async makeWithHeaders(request: ModernRequest): Promise<JsonObject> {
    const { method, params, caller } = request;
    if (method !== 'tools/call') return this.makeOnce(request);
    const known = this.tools.find(caller.owner, params['name']);
    try {
      return await this.makeOnce(request, known && paramHeaders(known, params['arguments']));
    } catch (error) {
      if (!isHeaderMismatch(error)) throw error;
      const learned = await this.learn(request);
      if (!learned) throw error;
      return this.makeOnce(request, paramHeaders(learned, params['arguments']));
    }
  }

  private async wrapsOutput(request: ModernRequest, { structuredContent }: JsonObject): Promise<boolean> {
    if (request.method !== 'tools/call' || !isObject(structuredContent)) return false;
    const known = this.tools.find(request.caller.owner, request.params['name']) ?? (await this.learn(request));
    return known?.wrapsOutput ?? false;
  }

  /** Reads the list of tools for how to call one of them. */
  private async learn(request: ModernRequest): Promise<KnownTool | undefined> {
    const { owner } = request.caller;
    let cursor: unknown;
    for (let page = 0; page < MAX_PAGES; page++) {
      const params = cursor === undefined ? {} : { cursor };
      const list = await this.makeOnce({ ...request, method: 'tools/list', params, onNotification: () => undefined });
      this.tools.learn(owner, list);
      cursor = list['nextCursor'];
      if (cursor === undefined) break;
    }
    return this.tools.find(owner, request.params['name']);
  }

  /** Puts to the client what the server wants to know (MRTR, SEP-2322). */
  private async nextRound(request: ModernRequest, { inputRequests, requestState }: JsonObject): Promise<JsonObject> {
    const state = requestState === undefined ? {} : { requestState };
    const asked = isObject(inputRequests) ? Object.entries(inputRequests) : [];
    if (asked.length > MAX_ASKED) throw untranslatable('The server asks for too much at a time');
    if (asked.length === 0) {
      await delay(PACE_MS, undefined, { signal: request.signal });
      return state;
    }
    const answers = await Promise.all(asked.map(async ([key, input]) => [key, await this.askClient(request, input)] as const));
    return { inputResponses: Object.fromEntries(answers), ...state };
  }

  private askClient({ session, ask }: ModernRequest, input: unknown): Promise<JsonObject> {
    const method = isObject(input) ? String(input['method']) : '';
    const params = isObject(input) && isObject(input['params']) ? input['params'] : {};
    if (!canAnswer(session.claims.capabilities, { method, params }))
      throw untranslatable(`The server asks for ${method}, which the client has not declared`);
    // Legacy clients tell the visits of URLs apart by an id (2025-11-25 elicitation).
    return ask(method, params['mode'] === 'url' ? { ...params, elicitationId: newId() } : params);
  }
}

/** Whoever said it: the server, or the gateway for one that does not look. */
const isHeaderMismatch = (error: unknown): boolean =>
  (error instanceof RemoteError || error instanceof McpError) && error.code === MCP_CODE.headerMismatch;

function requireOwnAnswer(answer: UpstreamAnswer): void {
  const { status } = answer;
  if (status !== 401 && status !== 403 && (status < 300 || status >= 400)) return;
  discard(answer);
  throw new McpError(502, MCP_CODE.internalError, 'The upstream refused the gateway.', { detail: `The upstream answered ${status}` });
}

const malformed = (detail: string): McpError => new McpError(502, MCP_CODE.internalError, 'The upstream gave no valid answer.', { detail });

const untranslatable = (message: string): RemoteError => new RemoteError({ code: MCP_CODE.invalidRequest, message: `${message}.` });
