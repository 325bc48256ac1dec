import { LRUCache } from 'lru-cache';
import { upTo } from '../../common/up-to.js';
import type { LegacySession } from './session-seal.js';

const MAX_SESSIONS = 20_000;

/** The sessions that this replica has seen used, and whose they are, so that they can be ended with their credential. */
export class SessionsSeen {
  private readonly sessions = new LRUCache<string, LegacySession & { readonly owner: string }>({ ...upTo(MAX_SESSIONS) });

  get size(): number {
    return this.sessions.size;
  }

  add(owner: string, session: LegacySession): void {
    const known = this.sessions.get(session.upstreamId);
    if (known?.owner !== owner) this.sessions.set(session.upstreamId, { ...session, owner });
  }

  delete({ upstreamId }: LegacySession): void {
    this.sessions.delete(upstreamId);
  }

  /** Forgets the sessions of a credential. */
  takeOf(owner: string): LegacySession[] {
    const own = [...this.sessions.values()].filter((session) => session.owner === owner);
    for (const { upstreamId } of own) this.sessions.delete(upstreamId);
    return own;
  }
}
