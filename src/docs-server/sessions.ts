import { randomBytes } from 'node:crypto';
import type { WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/server';
import type { Caller } from '../protocol/exchange.js';
import { type JsonRpcId, MCP_CODE, McpError } from '../protocol/mcp-error.js';
import type { DocsExchange } from './direct-answer.js';
import { readLegacyMessage } from './legacy-message.js';
import { type DocsServerParts, LEGACY_VERSIONS } from './docs-answers.js';
import { loadSdk } from './load-sdk.js';
import { type SessionClaims, type SessionIdParts, SessionIds } from './session-ids.js';

const MAX_SESSIONS = 5000;
const MAX_SESSIONS_OF_OWNER = 50;
/** All anonymous callers share one owner. */
const MAX_PUBLIC_SESSIONS = 1000;
const IDLE_MS = 30 * 60_000;
const SESSION_ID_BYTES = 24;
const SESSION_HEADER = 'mcp-session-id';
const VERSION_HEADER = 'mcp-protocol-version';

interface Session {
  readonly id: string;
  readonly owner: string;
  readonly transport: WebStandardStreamableHTTPServerTransport;
  /** Who sent the message at hand. */
  caller: Caller;
  usedAt: number;
  /** The protocol version that was agreed on. */
  version: string;
  /** What its id holds; undefined where this replica shares with nobody. */
  readonly claims: SessionClaims | undefined;
}

/**
 * The legacy sessions of a documentation server: bounded, each bound to the caller that opened it (R-LEG-05…08). Those that were idle are
 * forgotten. Where ids are sealed, a replica that does not know a session takes it over from its id, after a restart too (R-LEG-09).
 */
export class LegacySessions {
  /** In the order of last use. */
  private readonly sessions = new Map<string, Session>();
  /** Two messages of a session that is new here may come at once: both belong to the same one. */
  private readonly takenOver = new Map<string, Promise<Session | undefined>>();
  private readonly ids: SessionIds | undefined;

  constructor(
    private readonly parts: DocsServerParts,
    private readonly monotonicNow: () => number = () => performance.now(),
    idParts?: SessionIdParts,
  ) {
    this.ids = idParts && new SessionIds(idParts, (key) => this.forgetKey(key));
  }

  /** @throws {McpError} 400 without a session id where one is needed, 404 for one that is unknown, ended, or somebody else's. */
  async handle(exchange: DocsExchange): Promise<Response> {
    const { request, caller } = exchange;
    const read = readLegacyMessage(exchange);
    if (read.isInitialize) return this.open(exchange);
    const session = await this.find(exchange);
    requireVersion(request);
    read.requireIn(session.version);
    this.touch(session);
    session.caller = caller;
    if (read.isNothing) return new Response(null, { status: 202 });
    // A client that lost its stream would find the old one in its way (409) until that is noticed to be dead.
    if (request.method === 'GET') session.transport.closeStandaloneSSEStream();
    return session.transport.handleRequest(request, read.message === undefined ? {} : { parsedBody: read.message });
  }

  get size(): number {
    return this.sessions.size;
  }

  endOf(owner: string): void {
    this.ids?.endOf(owner);
    for (const session of [...this.sessions.values()]) if (session.owner === owner) this.end(session);
  }

  endIdle(): void {
    const oldest = this.monotonicNow() - IDLE_MS;
    for (const session of [...this.sessions.values()]) {
      if (session.usedAt > oldest) return;
      this.forget(session);
    }
  }

  /** Ends what this replica holds; the sessions themselves go on elsewhere, where they are shared. */
  endAll(): void {
    this.ids?.close();
    for (const session of [...this.sessions.values()]) this.forget(session);
  }

  private async open({ caller, request, message }: DocsExchange): Promise<Response> {
    const made = this.ids?.make(caller.owner, versionOf(message));
    const session = await this.create(made?.id ?? randomBytes(SESSION_ID_BYTES).toString('base64url'), caller, made?.claims);
    const response = await session.transport.handleRequest(request, { parsedBody: message });
    session.version = (await agreedVersion(response)) ?? '';
    if (session.version === '') {
      await session.transport.close();
      throw refusedInitialize(response.status, message);
    }
    this.keep(session);
    return response;
  }

  /** A session of another replica, or one that was forgotten here: it begins again with the handshake that its id tells of. */
  private async takeOver(id: string, caller: Caller, url: string): Promise<Session | undefined> {
    const claims = await this.ids?.read(caller.owner, id);
    if (!claims) return undefined;
    const session = await this.create(id, caller, claims);
    const params = { protocolVersion: claims.wanted, capabilities: {}, clientInfo: { name: 'taken-over', version: '1' } };
    const request = new Request(url, { method: 'POST', headers: HANDSHAKE_HEADERS });
    const message = { jsonrpc: '2.0', id: 1, method: 'initialize', params };
    session.version = (await agreedVersion(await session.transport.handleRequest(request, { parsedBody: message }))) ?? '';
    this.keep(session);
    return session;
  }

  private async create(id: string, caller: Caller, claims: SessionClaims | undefined): Promise<Session> {
    const { openSession } = await loadSdk();
    const opened: { session?: Session } = {};
    const transport = await openSession(this.parts, {
      id,
      callerOf: () => opened.session?.caller ?? caller,
      onClosed: () => opened.session && this.end(opened.session),
    });
    const session: Session = { id, owner: caller.owner, transport, caller, usedAt: this.monotonicNow(), version: '', claims };
    opened.session = session;
    return session;
  }

  private async find({ caller, request }: DocsExchange): Promise<Session> {
    const id = request.headers.get(SESSION_HEADER);
    if (!id) throw new McpError(400, MCP_CODE.sessionRequired, 'Mcp-Session-Id is missing. Start with initialize.');
    const session = this.sessions.get(id) ?? (await this.takeOverOnce(id, caller, request.url));
    if (session?.owner === caller.owner && !this.isOver(session)) return session;
    throw new McpError(404, MCP_CODE.sessionNotFound, 'Session not found. Start again with initialize.');
  }

  private takeOverOnce(id: string, caller: Caller, url: string): Promise<Session | undefined> {
    // Whoever else presents the id has no part in it.
    const key = `${caller.owner} ${id}`;
    const underWay = this.takenOver.get(key) ?? this.takeOver(id, caller, url).finally(() => this.takenOver.delete(key));
    this.takenOver.set(key, underWay);
    return underWay;
  }

  private isOver({ owner, claims }: Session): boolean {
    return claims !== undefined && this.ids?.isOver(owner, claims) === true;
  }

  private touch(session: Session): void {
    session.usedAt = this.monotonicNow();
    this.sessions.delete(session.id);
    this.sessions.set(session.id, session);
  }

  private keep(session: Session): void {
    this.makeRoom(session.owner);
    this.sessions.set(session.id, session);
  }

  /** The session that was quiet longest gives way: of the owner's own, or of all. Where it is not shared, its client starts anew. */
  private makeRoom(owner: string): void {
    const own = [...this.sessions.values()].filter((session) => session.owner === owner);
    const isOwnFull = own.length >= (owner === 'public' ? MAX_PUBLIC_SESSIONS : MAX_SESSIONS_OF_OWNER);
    const [quietest] = isOwnFull ? own : this.sessions.size >= MAX_SESSIONS ? this.sessions.values() : [];
    if (quietest) this.forget(quietest);
  }

  /** For good, on every replica. */
  private end(session: Session): void {
    if (session.claims) this.ids?.end(session.claims);
    this.forget(session);
  }

  private forget(session: Session): void {
    this.sessions.delete(session.id);
    void session.transport.close();
  }

  private forgetKey(key: string): void {
    for (const session of [...this.sessions.values()]) if (session.claims?.key === key) this.forget(session);
  }
}

const HANDSHAKE_HEADERS = { accept: 'application/json, text/event-stream', 'content-type': 'application/json' };

function versionOf(message: unknown): unknown {
  const params = typeof message === 'object' && message !== null && 'params' in message ? message.params : undefined;
  return typeof params === 'object' && params !== null && 'protocolVersion' in params ? params.protocolVersion : undefined;
}

function requireVersion({ headers }: Request): void {
  const version = headers.get(VERSION_HEADER);
  if (version === null || LEGACY_VERSIONS.includes(version)) return;
  throw new McpError(400, MCP_CODE.invalidRequest, `MCP-Protocol-Version names no supported version (${LEGACY_VERSIONS.join(', ')}).`);
}

async function agreedVersion(response: Response): Promise<string | undefined> {
  if (!response.ok) return undefined;
  const answer: unknown = await response.clone().json();
  const result = typeof answer === 'object' && answer !== null && 'result' in answer ? answer.result : undefined;
  const version = typeof result === 'object' && result !== null && 'protocolVersion' in result ? result.protocolVersion : undefined;
  return typeof version === 'string' ? version : undefined;
}

/** The SDK takes an `initialize` that lacks something for a message that came too early, and says nothing of what is missing. */
function refusedInitialize(status: number, message: unknown): McpError {
  const id = typeof message === 'object' && message !== null && 'id' in message ? (message.id as JsonRpcId) : undefined;
  if (status !== 200 && status !== 400) return new McpError(status, MCP_CODE.invalidRequest, 'The request is not acceptable.', { id });
  return new McpError(400, MCP_CODE.invalidParams, 'Invalid params: initialize names protocolVersion, capabilities and clientInfo.', {
    id,
  });
}
