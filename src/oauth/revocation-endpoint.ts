import type { RevokedAccess, Revocation } from '../credentials/token-revocation.service.js';
import { OAuthError } from '../protocol/oauth-error.js';
import type { RefreshToken } from '../tokens/refresh-token.entity.js';
import { answerTokenQuery, type ClientEndpointOptions, type TokenQuery, verifyIfToken, type VerifyToken } from './client-endpoint.js';
import type { RawTokenRequest } from './token-form.js';

export interface RevocationEndpointOptions extends ClientEndpointOptions {
  readonly verify: VerifyToken;
  readonly findRefreshToken: (token: string) => Promise<RefreshToken | undefined>;
  readonly revokeAccess: (revocation: Revocation, access: RevokedAccess) => Promise<void>;
  readonly revokeFamily: (revocation: Revocation, familyId: string) => Promise<void>;
}

/** The revocation endpoint (RFC 7009 §2). A hint widens nothing and narrows nothing: both kinds are looked for. */
export class RevocationEndpoint {
  constructor(private readonly options: RevocationEndpointOptions) {}

  /**
   * Ends a token of the client. Returns for one that does not exist or has ended, too (§2.2).
   * @throws {OAuthError} `invalid_grant` for the token of another client, `temporarily_unavailable` where it cannot be recorded.
   */
  revoke(raw: RawTokenRequest): Promise<void> {
    return answerTokenQuery(raw, this.options, async (query) => {
      const refreshToken = await this.options.findRefreshToken(query.token);
      if (refreshToken) await this.revokeRefresh(query, refreshToken);
      else await this.revokeAccess(query);
    });
  }

  private async revokeRefresh(query: TokenQuery, { credentialId, familyId }: RefreshToken): Promise<void> {
    if (credentialId !== query.client.credential.id) throw othersToken();
    await this.options.revokeFamily(toRevocation(query), familyId);
  }

  private async revokeAccess(query: TokenQuery): Promise<void> {
    const claims = await verifyIfToken(query.token, this.options.verify);
    if (!claims) return;
    const { credential } = query.client;
    if (claims.client_id !== credential.clientId) throw othersToken();
    if (credential.hasRevoked(claims)) return;
    await this.options.revokeAccess(toRevocation(query), { jti: claims.jti, expiresAt: claims.exp * 1000 });
  }
}

function toRevocation({ client: { credential }, raw }: TokenQuery): Revocation {
  const { id, clientId } = credential;
  return { credential: { id, clientId }, kind: 'token.revoked', address: raw.address };
}

const othersToken = (): OAuthError =>
  new OAuthError('invalid_grant', 'The token was issued to another client.', { detail: 'A client tried to revoke a token of another' });
