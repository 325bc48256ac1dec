import { type JWTHeaderParameters, jwtVerify, type KeyObject } from 'jose';
import { LRUCache } from 'lru-cache';
import { upTo } from '../common/up-to.js';
import { type Clock, toSeconds } from '../common/clock.js';
import type { CacheFigures } from '../common/tally.js';
import { SIGNING_ALGS } from '../config/config.js';
import { OAuthError } from '../protocol/oauth-error.js';
import { ACCESS_TOKEN_TYPE, type AccessTokenClaims } from './claims.js';
import type { KeyRing, RingKey } from './key-ring.js';
import { digestOf } from './token-digest.js';

/** Looks for a key that is not in the ring, e.g. one that another replica has just made. */
export type FindUnknownKey = (kid: string) => Promise<RingKey | undefined>;

const CACHE_ENTRIES = 50_000;
const MAX_TOKEN_LENGTH = 8192;
const REQUIRED = ['iss', 'exp', 'aud', 'sub', 'client_id', 'iat', 'jti', 'scope', 'auth_id'];

export interface TokenVerifierOptions {
  readonly issuer: string;
  readonly ring: KeyRing;
  readonly findUnknownKey: FindUnknownKey;
  readonly clock: Clock;
}

/**
 * Verifies access tokens (RFC 9068 §4). Says whether a token is genuine, unexpired and meant for a resource; whether
 * its credential is still live is for the caller to ask. Verified tokens are remembered by digest until they expire.
 */
export class TokenVerifier {
  private readonly verified = new LRUCache<string, AccessTokenClaims>({ ...upTo(CACHE_ENTRIES) });

  private hits = 0;
  private misses = 0;

  constructor(private readonly options: TokenVerifierOptions) {}

  /** The memory of verified tokens. */
  get figures(): CacheFigures {
    const { hits, misses, verified } = this;
    return { hits, misses, size: verified.size, capacity: verified.max };
  }

  /** The claims of a token, by its digest, that was verified before and is still good for `audience`; no signature is checked. */
  peek(digest: string, audience: string): AccessTokenClaims | undefined {
    const claims = this.verified.get(digest);
    // A miss is counted where the signature is checked.
    if (claims) this.hits++;
    return claims && this.isCurrent(claims) && claims.aud === audience ? claims : undefined;
  }

  /** @throws {OAuthError} `invalid_token`; the private detail says which check failed. */
  async verify(token: string, audience: string): Promise<AccessTokenClaims> {
    const claims = await this.verifyForAny(token);
    if (claims.aud !== audience) throw invalidToken('The token is for another resource');
    return claims;
  }

  /** The same for a token of any of our resources; which one is for the caller to look at. */
  async verifyForAny(token: string): Promise<AccessTokenClaims> {
    const claims = this.verified.get(digestOf(token)) ?? (await this.verifySignature(token));
    if (!this.isCurrent(claims)) throw invalidToken('The token has expired');
    return claims;
  }

  /** Forgets every verified token, because a key was removed. */
  clear(): void {
    this.verified.clear();
  }

  private isCurrent(claims: AccessTokenClaims): boolean {
    // No tolerance: we have issued it ourselves, and said when it ends.
    return claims.exp > toSeconds(this.options.clock());
  }

  private async verifySignature(token: string): Promise<AccessTokenClaims> {
    this.misses++;
    if (token.length > MAX_TOKEN_LENGTH) throw invalidToken('The token is too long');
    try {
      const { payload } = await jwtVerify(token, (header) => this.findKey(header), {
        algorithms: [...SIGNING_ALGS],
        typ: ACCESS_TOKEN_TYPE,
        issuer: this.options.issuer,
        requiredClaims: REQUIRED,
        currentDate: new Date(this.options.clock()),
      });
      const claims = toClaims(payload);
      this.verified.set(digestOf(token), claims);
      return claims;
    } catch (error) {
      if (error instanceof OAuthError) throw error;
      throw invalidToken((error as Error).message, error);
    }
  }

  /** The algorithm is that of our key, whatever the header says (RFC 8725 §3.1). */
  private async findKey(header: JWTHeaderParameters): Promise<KeyObject> {
    const kid = typeof header.kid === 'string' ? header.kid : '';
    const key = this.options.ring.find(kid, this.options.clock()) ?? (await this.options.findUnknownKey(kid));
    if (!key) throw invalidToken('The token names a key that is not ours');
    if (key.alg !== header.alg) throw invalidToken('The token names another algorithm than its key has');
    return key.publicKey;
  }
}

/** Claims have one shape each; `aud` is a single string in every token of ours. */
function toClaims(payload: Readonly<Record<string, unknown>>): AccessTokenClaims {
  const { iss, aud, sub, client_id, scope, jti, iat, exp, auth_id, server_id, cnf, act, via } = payload;
  const isText = [iss, aud, sub, client_id, scope, jti, auth_id].every((claim) => typeof claim === 'string');
  if (!isText || typeof iat !== 'number' || typeof exp !== 'number') throw invalidToken('A claim has the wrong type');
  const claims = { iss, aud, sub, client_id, scope, jti, iat, exp, auth_id, server_id } as AccessTokenClaims;
  // Only we sign: what these hold is what the issuer put there.
  return cnf === undefined && act === undefined ? claims : ({ ...claims, cnf, act, via } as AccessTokenClaims);
}

const invalidToken = (detail: string, cause?: unknown): OAuthError =>
  new OAuthError('invalid_token', 'The access token is not valid here, has expired or was revoked.', { detail, cause });
