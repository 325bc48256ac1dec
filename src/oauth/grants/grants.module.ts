import { Module } from '@nestjs/common';
import { CLOCK, type Clock } from '../../common/clock.js';
import { CONFIG, type Config } from '../../config/config.js';
import { CredentialDirectory } from '../../credentials/credential-directory.service.js';
import type { Trust } from '../../credentials/credential-settings.js';
import { CredentialsModule } from '../../credentials/credentials.module.js';
import { lockForTokens } from '../../credentials/lock-credential.js';
import { TokenRevocation } from '../../credentials/token-revocation.service.js';
import { TrustDirectory } from '../../credentials/trust-directory.service.js';
import { PATHS } from '../../protocol/urls.js';
import { ServerDirectory } from '../../servers/server-directory.service.js';
import { ServersModule } from '../../servers/servers.module.js';
import { RefreshTokens } from '../../tokens/refresh-tokens.service.js';
import { TokenVerifier } from '../../tokens/token-verifier.js';
import { TokensModule } from '../../tokens/tokens.module.js';
import { UsedAssertions } from '../../tokens/used-assertions.service.js';
import { chooseAudience } from '../choose-audience.js';
import { IssuerMetadata } from '../key-sets/issuer-metadata.js';
import { KeySetsModule } from '../key-sets/key-sets.module.js';
import { RemoteKeySets } from '../key-sets/remote-key-sets.js';
import { ClientCredentialsGrant } from './client-credentials.grant.js';
import type { Grant } from './grant.js';
import { GRANTS } from './grants.js';
import { JwtBearerGrant } from './jwt-bearer.grant.js';
import { type RefreshFamilies, RefreshTokenGrant } from './refresh-token.grant.js';
import { TokenExchangeGrant } from './token-exchange.grant.js';

/** The grants that are served, each in its file. */
@Module({
  imports: [CredentialsModule, KeySetsModule, ServersModule, TokensModule],
  providers: [
    {
      provide: JwtBearerGrant,
      inject: [TrustDirectory, RemoteKeySets, IssuerMetadata, UsedAssertions, CONFIG, CLOCK],
      useFactory: createJwtBearer,
    },
    {
      provide: TokenExchangeGrant,
      inject: [TokenVerifier, CredentialDirectory, ServerDirectory, JwtBearerGrant, CONFIG, CLOCK],
      useFactory: createTokenExchange,
    },
    {
      provide: GRANTS,
      inject: [CONFIG, RefreshTokens, TokenRevocation, JwtBearerGrant, TokenExchangeGrant],
      useFactory: listGrants,
    },
  ],
  exports: [GRANTS],
})
export class GrantsModule {}

type JwtBearerParts = [TrustDirectory, RemoteKeySets, IssuerMetadata, UsedAssertions, Config, Clock];

function createJwtBearer(...[trust, keySets, metadata, assertions, config, clock]: JwtBearerParts): JwtBearerGrant {
  const uriOf = async ({ jwksUri, issuer }: Trust) => jwksUri ?? (await metadata.jwksUriOf(issuer));
  return new JwtBearerGrant({
    findTrusting: (issuer) => trust.find(issuer),
    fetchKeys: async (rule, header) => keySets.find(await uriOf(rule), header),
    isFirstUse: (use) => assertions.isFirstUse(use),
    audiences: [config.issuer, config.publicUrl + PATHS.token],
    clock,
  });
}

type TokenExchangeParts = [TokenVerifier, CredentialDirectory, ServerDirectory, JwtBearerGrant, Config, Clock];

function createTokenExchange(...[verifier, credentials, servers, jwtBearer, { tokens }, clock]: TokenExchangeParts): TokenExchangeGrant {
  return new TokenExchangeGrant({
    verify: (token) => verifier.verifyForAny(token),
    find: (clientId) => credentials.find(clientId),
    findServer: (resource) => servers.findByResource(resource),
    acceptAssertion: tokens.grants.includes('jwt-bearer') ? (presented) => jwtBearer.accept(presented) : undefined,
    chooseServer: (resources, allowed) => chooseAudience(resources, allowed, servers),
    clock,
  });
}

type GrantParts = [Config, RefreshTokens, TokenRevocation, JwtBearerGrant, TokenExchangeGrant];

function listGrants(...[{ tokens }, refreshTokens, revocation, jwtBearer, exchange]: GrantParts): Grant[] {
  const families: RefreshFamilies = {
    begin: (grant, access) => refreshTokens.begin(grant, access, lockForTokens),
    find: (token) => refreshTokens.find(token),
    replace: (used, access) => refreshTokens.replace(used, access, lockForTokens),
    end: (why, familyId) => revocation.revokeFamily(why, familyId),
  };
  return [
    new ClientCredentialsGrant(tokens.refreshTokens ? families : undefined),
    ...(tokens.refreshTokens ? [new RefreshTokenGrant(families)] : []),
    ...(tokens.grants.includes('jwt-bearer') ? [jwtBearer] : []),
    ...(tokens.grants.includes('token-exchange') ? [exchange] : []),
  ];
}
