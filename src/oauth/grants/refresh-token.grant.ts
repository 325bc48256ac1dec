import type { Revocation } from '../../credentials/token-revocation.service.js';
import { OAuthError } from '../../protocol/oauth-error.js';
import type { AccessTokenClaims, Confirmation } from '../../tokens/claims.js';
import type { RefreshToken } from '../../tokens/refresh-token.entity.js';
import type { RefreshGrant } from '../../tokens/refresh-tokens.service.js';
import type { AuthenticatedClient } from '../client-authentication/client-authentication.js';
import { type Authorization, type Grant, type GrantRequest, requireClient } from './grant.js';

/** Refresh tokens by family: what came out of one `client_credentials` request. */
export interface RefreshFamilies {
  /** The first token of a new family; undefined where the credential lost its right to one meanwhile. */
  begin(grant: RefreshGrant, access: AccessTokenClaims): Promise<string | undefined>;
  find(token: string): Promise<RefreshToken | undefined>;
  /** The next token; undefined where this one was used already, or its family has ended. */
  replace(used: RefreshToken, access: AccessTokenClaims): Promise<string | undefined>;
  end(revocation: Revocation, familyId: string): Promise<void>;
}

/** `refresh_token` (RFC 6749 §6): each is used once; a second use ends the whole family, for one of the two users stole it (RFC 9700 §4.14.2). */
export class RefreshTokenGrant implements Grant {
  readonly type = 'refresh_token';

  constructor(private readonly families: Omit<RefreshFamilies, 'begin'>) {}

  isOpenTo({ credential }: AuthenticatedClient): boolean {
    return credential.mayUse('client_credentials') && credential.settings.issueRefreshToken !== false;
  }

  async authorize(request: GrantRequest): Promise<Authorization> {
    const { credential, authId, proofExpiresAt, method } = requireClient(request);
    const found = await this.families.find(request.form.require('refresh_token'));
    if (!found) throw invalidGrant('There is no such refresh token, or its family has ended');
    if (found.credentialId !== credential.id) throw invalidGrant('The refresh token is that of another client');
    if (found.usedAt !== null) await this.endFamily(found, request);
    if (!isSameKey(found.confirmation, request.proved)) throw invalidGrant('The refresh token is bound to another key or certificate');
    return {
      credential,
      authId,
      notAfter: proofExpiresAt,
      method,
      limits: { server: found.server, scopes: found.scopes, isStrict: true, confirmation: found.confirmation },
      finish: async ({ issued }) => {
        const next = await this.families.replace(found, issued.claims);
        return { refresh_token: next ?? (await this.endFamily(found, request)) };
      },
    };
  }

  private async endFamily({ familyId }: RefreshToken, request: GrantRequest): Promise<never> {
    const { id, clientId } = requireClient(request).credential;
    await this.families.end({ credential: { id, clientId }, kind: 'token.refresh_reused', address: request.raw.address }, familyId);
    throw invalidGrant('The refresh token was used before: its family has ended');
  }
}

function isSameKey(bound: Confirmation | null, proved: Confirmation | undefined): boolean {
  const isSame = (member: keyof Confirmation) => bound?.[member] === undefined || bound[member] === proved?.[member];
  return isSame('jkt') && isSame('x5t#S256');
}

const invalidGrant = (detail: string): OAuthError =>
  new OAuthError('invalid_grant', 'The refresh token is not valid, or no longer.', { detail });
