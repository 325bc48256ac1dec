import { type Clock, toSeconds } from '../common/clock.js';
import { newUnguessableId } from '../common/ids.js';
import type { AccessTokenClaims, Actor, Confirmation, ExchangedToken } from './claims.js';
import type { KeyRing, RingKey } from './key-ring.js';

/** Signs claims as a compact JWS with `typ: at+jwt`, the key's `kid` and its algorithm. */
export type SignToken = (claims: AccessTokenClaims, key: RingKey) => string | Promise<string>;

export interface TokenRequest {
  /** The client that asks. */
  readonly clientId: string;
  /** Whom the token stands for; absent for the client itself. */
  readonly subject?: string;
  /** The granted resource. */
  readonly audience: string;
  /** Id of the server that the resource is the URL of, where the token is to be for that one only. */
  readonly serverId?: string;
  readonly scopes: readonly string[];
  /** Id of what the client proved itself with. */
  readonly authId: string;
  /** Seconds. */
  readonly lifetime: number;
  /** Seconds since the Unix epoch that `iat` must not lie before. */
  readonly notBefore?: number;
  readonly confirmation?: Confirmation;
  readonly delegation?: { readonly act: Actor; readonly via: readonly ExchangedToken[] };
}

export interface IssuedToken {
  readonly token: string;
  readonly claims: AccessTokenClaims;
}

/** Makes JWT access tokens (RFC 9068 §2). Knows nothing of HTTP or of who may have one. */
export class TokenIssuer {
  constructor(
    private readonly issuer: string,
    private readonly ring: KeyRing,
    private readonly sign: SignToken,
    private readonly clock: Clock,
  ) {}

  async issue(request: TokenRequest): Promise<IssuedToken> {
    const now = this.clock();
    const iat = Math.max(toSeconds(now), request.notBefore ?? 0);
    const claims: AccessTokenClaims = {
      iss: this.issuer,
      aud: request.audience,
      sub: request.subject ?? request.clientId,
      client_id: request.clientId,
      scope: request.scopes.join(' '),
      jti: newUnguessableId(),
      iat,
      exp: iat + request.lifetime,
      auth_id: request.authId,
      ...(request.serverId === undefined ? {} : { server_id: request.serverId }),
      ...(request.confirmation ? { cnf: request.confirmation } : {}),
      ...request.delegation,
    };
    return { token: await this.sign(claims, this.ring.signing(now)), claims };
  }
}
