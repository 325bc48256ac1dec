import { LRUCache } from 'lru-cache';
import { upTo } from '../common/up-to.js';
import type { AccessTokenClaims } from '../tokens/claims.js';

const ENTRIES = 20_000;

/** Remembers the last token of each client at each address, to notice those that do not cache. By replica: a hint, not a limit. */
export class FreshTokens {
  private readonly last = new LRUCache<string, AccessTokenClaims>({ ...upTo(ENTRIES) });

  /**
   * Takes note of a token that was issued. `hasEnded` says whether an earlier one was ended before its time: then there was a reason.
   * @returns the seconds that its predecessor, for the same server and scopes, still has, where that is more than half its life; else undefined.
   */
  note(claims: AccessTokenClaims, address: string, hasEnded: (before: AccessTokenClaims) => boolean): number | undefined {
    const { sub, client_id, aud, scope, cnf } = claims;
    const key = `${sub} ${client_id} ${address} ${aud} ${scope} ${cnf?.jkt ?? ''} ${cnf?.['x5t#S256'] ?? ''}`;
    const before = this.last.get(key);
    this.last.set(key, claims);
    if (!before || hasEnded(before)) return undefined;
    const left = before.exp - claims.iat;
    return left * 2 > before.exp - before.iat ? left : undefined;
  }
}
