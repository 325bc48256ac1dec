import { randomBytes } from 'node:crypto';
import type { WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/server';
import type { Caller } from '../protocol/exchange.js';
import { type JsonRpcId, MCP_CODE, McpError } from '../protocol/mcp-error.js';
import type { DocsExchange } from './direct-answer.js';
import { readLegacyMessage } from './legacy-message.js';
import { type DocsServerParts, LEGACY_VERSIONS } from './docs-answers.js';
import { loadSdk } from './load-sdk.js';

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
}

/** The legacy sessions of a documentation server: bounded, ended when idle, each bound to the caller that opened it (R-LEG-05…08). */
export class LegacySessions {
  /** In the order of last use. */
  private readonly sessions = new Map<string, Session>();

  constructor(
    private readonly parts: DocsServerParts,
    private readonly monotonicNow: () => number = () => performance.now(),
  ) {}

  /** @throws {McpError} 400 without a session id where one is needed, 404 for one that is unknown, ended, or somebody else's. */
  async handle(exchange: DocsExchange): Promise<Response> {
    const { request, caller } = exchange;
    const read = readLegacyMessage(exchange);
    if (read.isInitialize) return this.open(exchange);
    const session = this.find(exchange);
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
    for (const session of [...this.sessions.values()]) if (session.owner === owner) this.end(session);
  }

  endIdle(): void {
    const oldest = this.monotonicNow() - IDLE_MS;
    for (const session of [...this.sessions.values()]) {
      if (session.usedAt > oldest) return;
      this.end(session);
    }
  }

  endAll(): void {
    for (const session of [...this.sessions.values()]) this.end(session);
  }

  private async open({ caller, request, message }: DocsExchange): Promise<Response> {
    const { openSession } = await loadSdk();
    const id = randomBytes(SESSION_ID_BYTES).toString('base64url');
    const opened: { session?: Session } = {};
    const transport = await openSession(this.parts, {
      id,
      callerOf: () => opened.session?.caller ?? caller,
      onClosed: () => void this.sessions.delete(id),
    });
    const session: Session = { id, owner: caller.owner, transport, caller, usedAt: this.monotonicNow(), version: '' };
    opened.session = session;
    const response = await transport.handleRequest(request, { parsedBody: message });
    session.version = (await agreedVersion(response)) ?? '';
    if (session.version === '') {
      await transport.close();
      throw refusedInitialize(response.status, message);
    }
    this.makeRoom(session.owner);
    this.sessions.set(id, session);
    return response;
  }

  private find({ request, caller }: DocsExchange): Session {
    const id = request.headers.get(SESSION_HEADER);
    if (!id) throw new McpError(400, MCP_CODE.sessionRequired, 'Mcp-Session-Id is missing. Start with initialize.');
    const session = this.sessions.get(id);
    if (session?.owner === caller.owner) return session;
    throw new McpError(404, MCP_CODE.sessionNotFound, 'Session not found. Start again with initialize.');
  }

  private touch(session: Session): void {
    session.usedAt = this.monotonicNow();
    this.sessions.delete(session.id);
    this.sessions.set(session.id, session);
  }

  /** The session that was quiet longest gives way: of the owner's own, or of all. Its client starts anew. */
  private makeRoom(owner: string): void {
    const own = [...this.sessions.values()].filter((session) => session.owner === owner);
    const isOwnFull = own.length >= (owner === 'public' ? MAX_PUBLIC_SESSIONS : MAX_SESSIONS_OF_OWNER);
    const [quietest] = isOwnFull ? own : this.sessions.size >= MAX_SESSIONS ? this.sessions.values() : [];
    if (quietest) this.end(quietest);
  }

  private end(session: Session): void {
    this.sessions.delete(session.id);
    void session.transport.close();
  }
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
