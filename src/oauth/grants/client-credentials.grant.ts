import type { AuthenticatedClient } from '../client-authentication/client-authentication.js';
import { type Authorization, type Grant, type GrantRequest, requireClient } from './grant.js';
import type { RefreshFamilies } from './refresh-token.grant.js';

/** `client_credentials`: the client acts for itself (RFC 6749 §4.4). A refresh token only where it was asked for (X-01, §4.4.3). */
export class ClientCredentialsGrant implements Grant {
  readonly type = 'client_credentials';

  /** Without `refreshTokens` there are none. */
  constructor(private readonly refreshTokens?: Pick<RefreshFamilies, 'begin'>) {}

  isOpenTo({ credential }: AuthenticatedClient): boolean {
    return credential.mayUse('client_credentials');
  }

  authorize(request: GrantRequest): Authorization {
    const { credential, authId, proofExpiresAt, method } = requireClient(request);
    const authorization = { credential, authId, notAfter: proofExpiresAt, method };
    const { refreshTokens } = this;
    if (!refreshTokens || credential.settings.issueRefreshToken === false) return authorization;
    return {
      finish: async ({ issued: { claims }, server }) => {
        const scopes = claims.scope.split(' ');
        const grant = { credentialId: credential.id, server: server.slug, scopes, confirmation: claims.cnf ?? null };
        const token = await refreshTokens.begin(grant, claims);
        return token === undefined ? {} : { refresh_token: token };
      },
      ...authorization,
    };
  }
}
