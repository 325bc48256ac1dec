import { LRUCache } from 'lru-cache';
import { upTo } from '../../common/up-to.js';
import type { Clock } from '../../common/clock.js';
import { newUnguessableId } from '../../common/ids.js';
import type { Sealer } from '../../database/sealer.js';
import type { Caller } from '../../protocol/exchange.js';
import { MCP_CODE, McpError } from '../../protocol/mcp-error.js';
import { LegacySession, type SessionClaims } from './legacy-session.js';
import type { SessionState, SessionStates } from './session-states.js';

const MAX_SESSIONS = 10_000;
const MAX_ENDED = 50_000;
const LIFETIME_MS = 24 * 3600_000;

export interface SessionTableParts {
  readonly serverId: string;
  readonly sealer: Sealer;
  readonly clock: Clock;
  readonly states: SessionStates;
}

/**
 * The sessions of legacy clients with a modern server. An id is its session, sealed for one server and one caller, so that any
 * replica can take the next message (R-LEG-06, R-LEG-09).
 */
export class SessionTable {
  private readonly sessions = new LRUCache<string, LegacySession>({ ...upTo(MAX_SESSIONS) });
  private readonly byKey = new LRUCache<string, LegacySession>({ ...upTo(MAX_SESSIONS) });
  private readonly ended = new LRUCache<string, true>({ ...upTo(MAX_ENDED), ttl: LIFETIME_MS });
  /** When the sessions of an owner were ended. */
  private readonly endedOwners = new LRUCache<string, number>({ ...upTo(MAX_ENDED), ttl: LIFETIME_MS });

  private readonly stopListening: () => void;

  constructor(private readonly parts: SessionTableParts) {
    this.stopListening = parts.states.listen((key, state) => this.apply(key, state));
  }

  get size(): number {
    return this.sessions.size;
  }

  /** The id of a new session. */
  open({ owner }: Caller, claims: Omit<SessionClaims, 'key' | 'openedAt'>): string {
    const { sealer, clock } = this.parts;
    return sealer.seal(this.purposeOf(owner), JSON.stringify({ ...claims, key: newUnguessableId(), openedAt: clock() }));
  }

  /** @throws {McpError} 400 without an id, 404 for one that is unknown, ended, too old or somebody else's (R-LEG-07, R-LEG-08). */
  async find({ owner }: Caller, id: string | undefined): Promise<LegacySession> {
    if (id === undefined) throw new McpError(400, MCP_CODE.sessionRequired, 'Mcp-Session-Id is missing. Start with initialize.');
    const known = this.sessions.get(id);
    const session = known?.owner === owner ? known : await this.meet(owner, id);
    if (!session || this.isOver(session))
      throw new McpError(404, MCP_CODE.sessionNotFound, 'Session not found. Start again with initialize.');
    return session;
  }

  end(session: LegacySession): void {
    this.ended.set(session.claims.key, true);
    session.end();
    this.parts.states.save(session.claims.key, { isEnded: true });
  }

  /** Tells the other replicas what a session has become. */
  save({ claims, level, subscriptions }: LegacySession): void {
    this.parts.states.save(claims.key, { level, subscriptions: [...subscriptions] });
  }

  endOf(owner: string): void {
    this.endedOwners.set(owner, this.parts.clock());
    for (const session of this.sessions.values()) if (session.owner === owner) session.end();
  }

  endAll(): void {
    this.stopListening();
    for (const session of this.sessions.values()) session.end();
    this.sessions.clear();
    this.byKey.clear();
  }

  /** A session that is new here, as other replicas have left it. */
  private async meet(owner: string, id: string): Promise<LegacySession | undefined> {
    const session = this.unseal(owner, id);
    if (!session || this.isOver(session)) return undefined;
    const { key } = session.claims;
    const state = await this.parts.states.load(key);
    // Two messages of a session may come at once: both belong to the same one.
    const met = this.sessions.get(id);
    if (met?.owner === owner) return met;
    this.sessions.set(id, session);
    this.byKey.set(key, session);
    if (state) this.apply(key, state);
    return session;
  }

  private apply(key: string, { isEnded = false, level, subscriptions = [] }: SessionState): void {
    if (isEnded) this.ended.set(key, true);
    const session = this.byKey.get(key);
    if (isEnded) session?.end();
    else session?.become(level, subscriptions);
  }

  private isOver({ owner, claims: { key, openedAt } }: LegacySession): boolean {
    if (this.ended.has(key) || openedAt <= this.parts.clock() - LIFETIME_MS) return true;
    const endedAt = this.endedOwners.get(owner);
    return endedAt !== undefined && openedAt <= endedAt;
  }

  private unseal(owner: string, id: string): LegacySession | undefined {
    try {
      return new LegacySession(owner, JSON.parse(this.parts.sealer.open(this.purposeOf(owner), id).toString('utf8')) as SessionClaims);
    } catch {
      // Not sealed here, for somebody else, or changed: whichever, it is not told.
      return undefined;
    }
  }

  private purposeOf(owner: string): string {
    return `mcp.session:${this.parts.serverId}:${owner}`;
  }
}
