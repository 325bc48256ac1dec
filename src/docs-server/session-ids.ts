import { LRUCache } from 'lru-cache';
import type { Clock } from '../common/clock.js';
import { newUnguessableId } from '../common/ids.js';
import { upTo } from '../common/up-to.js';
import type { Sealer } from '../database/sealer.js';

const MAX_LENGTH = 1024;
const MAX_VERSION_LENGTH = 32;
const MAX_ENDED = 50_000;
const LIFETIME_MS = 24 * 3600_000;

/** A session, as its id tells it. */
export interface SessionClaims {
  /** Unique, and not to be guessed. */
  readonly key: string;
  /** The protocol version that its client asked for. */
  readonly wanted: string;
  /** In milliseconds since the epoch. */
  readonly openedAt: number;
}

type EndListener = (key: string, state: { readonly isEnded?: boolean }) => void;

/** What replicas tell each other: which sessions have ended. */
export interface SessionEnds {
  load(key: string): Promise<{ readonly isEnded?: boolean } | undefined>;
  save(key: string, state: { readonly isEnded: true }): void;
  listen(listener: EndListener): () => void;
}

export interface SessionIdParts {
  readonly sealer: Pick<Sealer, 'seal' | 'open'>;
  /** Which server's sessions these are. The same on every replica, wherever that has its folders. */
  readonly place: string;
  readonly clock: Clock;
  readonly ends: SessionEnds;
}

/** Session ids that hold their session, sealed for one server and one caller, so that any replica can take the next message (R-LEG-09). */
export class SessionIds {
  private readonly ended = new LRUCache<string, true>({ ...upTo(MAX_ENDED), ttl: LIFETIME_MS });
  /** When the sessions of an owner were ended. */
  private readonly endedOwners = new LRUCache<string, number>({ ...upTo(MAX_ENDED), ttl: LIFETIME_MS });
  private readonly stopListening: () => void;

  /** `onEnd` is told of what other replicas have ended. */
  constructor(
    private readonly parts: SessionIdParts,
    onEnd: (key: string) => void,
  ) {
    this.stopListening = parts.ends.listen((key, { isEnded = false }) => {
      if (!isEnded) return;
      this.ended.set(key, true);
      onEnd(key);
    });
  }

  make(owner: string, version: unknown): { readonly id: string; readonly claims: SessionClaims } {
    const wanted = typeof version === 'string' ? version.slice(0, MAX_VERSION_LENGTH) : '';
    const claims = { key: newUnguessableId(), wanted, openedAt: this.parts.clock() };
    return { id: this.parts.sealer.seal(this.purposeOf(owner), JSON.stringify(claims)), claims };
  }

  /** Undefined for an id that is not ours or another caller's, and for a session that has ended, here or elsewhere. */
  async read(owner: string, id: string): Promise<SessionClaims | undefined> {
    const claims = this.open(owner, id);
    if (!claims || this.isOver(owner, claims)) return undefined;
    const state = await this.parts.ends.load(claims.key);
    if (!state?.isEnded) return claims;
    this.ended.set(claims.key, true);
    return undefined;
  }

  isOver(owner: string, { key, openedAt }: SessionClaims): boolean {
    if (this.ended.has(key) || openedAt <= this.parts.clock() - LIFETIME_MS) return true;
    const endedAt = this.endedOwners.get(owner);
    return endedAt !== undefined && openedAt <= endedAt;
  }

  /** For good, and on every replica that can be told. */
  end({ key }: SessionClaims): void {
    this.ended.set(key, true);
    this.parts.ends.save(key, { isEnded: true });
  }

  endOf(owner: string): void {
    this.endedOwners.set(owner, this.parts.clock());
  }

  close(): void {
    this.stopListening();
  }

  private open(owner: string, id: string): SessionClaims | undefined {
    if (id.length > MAX_LENGTH) return undefined;
    try {
      return JSON.parse(this.parts.sealer.open(this.purposeOf(owner), id).toString('utf8')) as SessionClaims;
    } catch {
      // Not sealed here, for somebody else, or changed: whichever, it is not told.
      return undefined;
    }
  }

  private purposeOf(owner: string): string {
    return `mcp.session.docs:${this.parts.place}:${owner}`;
  }
}
