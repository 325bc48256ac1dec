import { Inject, Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { LRUCache } from 'lru-cache';
import { KeyedCounts } from '../../common/keyed-counts.js';
import { upTo } from '../../common/up-to.js';
import { Repository } from 'typeorm';
import { CLOCK, type Clock } from '../../common/clock.js';
import { CONFIG, type Config } from '../../config/config.js';
import { ChangeFeed } from '../../database/change-feed.service.js';
import { Digester } from '../../database/digester.js';
import { Admin, ADMIN_TOPIC, type Role } from '../admin.entity.js';
import type { AdminPrincipal } from '../current-admin.decorator.js';
import { AdminSession, type SignInMethod } from './session.entity.js';
import { isSessionToken } from './session-token.js';

/** Change-feed topic; its subject is the session's id. */
export const SESSION_TOPIC = 'admin-session';

const ENTRIES = 5000;
const UNKNOWN_ENTRIES = 10_000;
const UNKNOWN_TTL_MS = 5000;

/** A live session as it is held in memory, with what its admin may do. */
export interface SessionState {
  readonly id: string;
  readonly admin: { readonly id: string; readonly name: string; readonly role: Role };
  readonly mustChangePassword: boolean;
  readonly method: SignInMethod;
  readonly createdAt: number;
  readonly expiresAt: number;
  /** As far as this replica knows. */
  lastSeenAt: number;
}

interface Load {
  readonly state: Promise<SessionState | undefined>;
  isStale: boolean;
}

/** Sessions by token: loaded on first use, kept in a bounded cache, dropped when the change feed names them or their admin. */
@Injectable()
export class SessionDirectory {
  private readonly cache = new LRUCache<string, SessionState>({ ...upTo(ENTRIES) });
  /** Tokens of no session, so that an old cookie costs the database nothing. */
  private readonly unknown = new KeyedCounts(UNKNOWN_ENTRIES);
  private readonly loads = new Map<string, Load>();

  constructor(
    @InjectRepository(AdminSession) private readonly sessions: Repository<AdminSession>,
    @InjectRepository(Admin) private readonly admins: Repository<Admin>,
    private readonly digester: Digester,
    @Inject(CONFIG) private readonly config: Config,
    @Inject(CLOCK) private readonly clock: Clock,
    feed: ChangeFeed,
  ) {
    feed.on(SESSION_TOPIC, (id) => this.forget((state) => state.id === id));
    feed.on(ADMIN_TOPIC, (id) => this.forget((state) => state.admin.id === id));
    feed.onReset(() => this.forget(() => true));
  }

  /** The live session of a token. At once where it is in memory; a promise means a read of the database. */
  find(token: string): SessionState | undefined | Promise<SessionState | undefined> {
    if (!isSessionToken(token)) return undefined;
    const digest = this.digester.digest(token);
    const state = this.cache.get(digest);
    if (state && this.isLive(state)) return state;
    if (this.unknown.count(digest) > 0) return undefined;
    // Here it has been idle for too long, but another replica may have seen it since.
    return this.load(digest);
  }

  private isLive({ expiresAt, lastSeenAt }: Pick<SessionState, 'expiresAt' | 'lastSeenAt'>): boolean {
    const now = this.clock();
    return expiresAt > now && lastSeenAt + this.config.sessions.idleMs > now;
  }

  private load(digest: string): Promise<SessionState | undefined> {
    const underWay = this.loads.get(digest);
    if (underWay && !underWay.isStale) return underWay.state;
    const load: Load = { state: this.read(digest).then((state) => this.keep(digest, load, state)), isStale: false };
    this.loads.set(digest, load);
    const end = () => {
      if (this.loads.get(digest) === load) this.loads.delete(digest);
    };
    load.state.then(end, end);
    return load.state;
  }

  // What was read may be older than a change that arrived meanwhile: then it is read again, never kept.
  private keep(digest: string, load: Load, state: SessionState | undefined): SessionState | undefined | Promise<SessionState | undefined> {
    if (load.isStale) return this.load(digest);
    if (state) this.cache.set(digest, state);
    else {
      this.cache.delete(digest);
      this.unknown.add(digest, UNKNOWN_TTL_MS);
    }
    return state;
  }

  private async read(digest: string): Promise<SessionState | undefined> {
    const session = await this.sessions.findOneBy({ digest });
    if (!session || !this.isLive(session)) return undefined;
    const admin = await this.admins.findOneBy({ id: session.adminId });
    return admin?.isEnabled ? toSessionState(session, admin) : undefined;
  }

  private forget(isMeant: (state: SessionState) => boolean): void {
    for (const [digest, state] of [...this.cache.entries()]) if (isMeant(state)) this.cache.delete(digest);
    this.unknown.clear();
    for (const load of this.loads.values()) load.isStale = true;
  }
}

/** What is held of a session in memory. */
export const toSessionState = ({ id, method, createdAt, expiresAt, lastSeenAt }: AdminSession, admin: Admin): SessionState => ({
  id,
  admin: { id: admin.id, name: admin.username, role: admin.role },
  mustChangePassword: admin.mustChangePassword,
  method,
  createdAt,
  expiresAt,
  lastSeenAt,
});

/** Who a session speaks for. */
export const toPrincipal = (session: SessionState): AdminPrincipal => ({ ...session.admin, kind: 'admin', session });
