import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { upTo } from '../../common/up-to.js';
import type { Sealer } from '../../database/sealer.js';

/** A legacy session, as its id tells it. */
export interface LegacySession {
  /** The id that the upstream gave. */
  readonly upstreamId: string;
  /** The protocol version that was agreed on. */
  readonly version: string;
}

export interface SealedFor {
  readonly serverId: string;
  /** Where the session is: at another place its id means nothing. */
  readonly url: string;
}

/** Sealed ids that are open in memory, so that a call costs no decryption. */
const CACHED = 20_000;
const MAX_LENGTH = 4096;
const UPSTREAM_ID = /^[\x21-\x7e]{1,2048}$/;

/**
 * Turns an upstream's session into an id for our client and back. The id holds the session itself, sealed for the server, the
 * upstream and the credential: every replica can read it, nobody else can make or use one (R-LEG-05, -06, -09).
 */
export class SessionSeal {
  private readonly opened = new LRUCache<string, LegacySession & { readonly owner: string }>({ ...upTo(CACHED) });
  private readonly purpose: string;

  constructor(
    private readonly sealer: Pick<Sealer, 'seal' | 'open'>,
    { serverId, url }: SealedFor,
  ) {
    this.purpose = `mcp.session:${serverId}:${createHash('sha256').update(url).digest('base64url')}`;
  }

  /** Undefined where the upstream's id is none (R-LEG-05). */
  seal(owner: string, session: LegacySession): string | undefined {
    if (!UPSTREAM_ID.test(session.upstreamId)) return undefined;
    const sealed = this.sealer.seal(this.purposeOf(owner), JSON.stringify([session.upstreamId, session.version]));
    this.opened.set(sealed, { ...session, owner });
    return sealed;
  }

  /** The session behind an id; undefined for one that is not ours or another credential's. */
  open(owner: string, sealed: string): LegacySession | undefined {
    const known = this.opened.get(sealed);
    if (known) return known.owner === owner ? known : undefined;
    if (sealed.length > MAX_LENGTH) return undefined;
    try {
      const [upstreamId = '', version = ''] = JSON.parse(this.sealer.open(this.purposeOf(owner), sealed).toString('utf8')) as string[];
      const session = { upstreamId, version, owner };
      this.opened.set(sealed, session);
      return session;
    } catch {
      // Made up, changed, another server's or another credential's.
      return undefined;
    }
  }

  private purposeOf(owner: string): string {
    return `${this.purpose}:${owner}`;
  }
}
