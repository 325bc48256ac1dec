import { Module } from '@nestjs/common';
import { AdminKeysService } from '../admin/admin-keys.service.js';
import { AdminModule } from '../admin/admin.module.js';
import { CLOCK, type Clock } from '../common/clock.js';
import { CONFIG, type Config } from '../config/config.js';
import { CredentialDirectory } from '../credentials/credential-directory.service.js';
import { CredentialsModule } from '../credentials/credentials.module.js';
import { CredentialsService } from '../credentials/credentials.service.js';
import type { CredentialState } from '../credentials/credential-state.js';
import { TokenRevocation } from '../credentials/token-revocation.service.js';
import { ChangeFeed } from '../database/change-feed.service.js';
import { PATHS } from '../protocol/urls.js';
import { addressKey } from '../rate-limit/address-key.js';
import { RateLimits } from '../rate-limit/rate-limits.service.js';
import { ServerDirectory } from '../servers/server-directory.service.js';
import { ServersModule } from '../servers/servers.module.js';
import { DpopVerifier } from '../tokens/possession/dpop-proof.js';
import { RefreshTokens } from '../tokens/refresh-tokens.service.js';
import { TokenIssuer } from '../tokens/token-issuer.js';
import { TokenVerifier } from '../tokens/token-verifier.js';
import { TokensModule } from '../tokens/tokens.module.js';
import { TRACING, type Tracing } from '../tracing/tracing.js';
import { ClientAuthenticationModule } from './client-authentication/client-authentication.module.js';
import { ClientAuthenticator } from './client-authentication/client-authenticator.js';
import { FailureThrottle } from './client-authentication/failure-throttle.js';
import { CountedRecorder, TokenCounts } from './counted-recorder.js';
import { DiscoveryController } from './discovery.controller.js';
import { FreshTokens } from './fresh-tokens.js';
import type { Grant } from './grants/grant.js';
import { GRANTS } from './grants/grants.js';
import { GrantsModule } from './grants/grants.module.js';
import { IntrospectionEndpoint } from './introspection-endpoint.js';
import { LeakEndpoint } from './leak-endpoint.js';
import { LimitedAuthenticator } from './limited-authenticator.js';
import { Possession } from './possession.js';
import { RequestGate } from './request-gate.js';
import { RevocationEndpoint } from './revocation-endpoint.js';
import { SigningKeysController } from './signing-keys.controller.js';
import { TokenController } from './token.controller.js';
import { TokenEndpoint } from './token-endpoint.js';
import { AuditTokenRecorder } from './token-recorder.service.js';
import { TokenStatusController } from './token-status.controller.js';

const HOUR = 3600;

/** The way a token takes: the token endpoint, what can be asked of a token later, and the documents that lead there. */
@Module({
  imports: [AdminModule, ClientAuthenticationModule, CredentialsModule, GrantsModule, ServersModule, TokensModule],
  controllers: [TokenController, TokenStatusController, DiscoveryController, SigningKeysController],
  providers: [
    AuditTokenRecorder,
    { provide: TokenCounts, useFactory: () => new TokenCounts() },
    {
      provide: RequestGate,
      inject: [CONFIG, RateLimits, ChangeFeed],
      useFactory: ({ rateLimits }: Config, limits: RateLimits, feed: ChangeFeed) =>
        createGate('token-address', rateLimits.tokenPerAddress, limits, feed),
    },
    {
      provide: Possession,
      inject: [DpopVerifier, CONFIG],
      useFactory: (verifier: DpopVerifier, { publicUrl }: Config) => new Possession(verifier, publicUrl + PATHS.token),
    },
    {
      provide: TokenEndpoint,
      inject: [
        GRANTS,
        ClientAuthenticator,
        RequestGate,
        Possession,
        ServerDirectory,
        TokenIssuer,
        AuditTokenRecorder,
        RateLimits,
        CONFIG,
        CLOCK,
        TokenCounts,
        TRACING,
      ],
      useFactory: createTokenEndpoint,
    },
    {
      provide: LimitedAuthenticator,
      inject: [ClientAuthenticator, CONFIG, RateLimits],
      useFactory: createLimitedAuthenticator,
    },
    {
      provide: RevocationEndpoint,
      inject: [ClientAuthenticator, AuditTokenRecorder, TokenVerifier, RefreshTokens, TokenRevocation, CONFIG, RateLimits, ChangeFeed],
      useFactory: createRevocationEndpoint,
    },
    {
      provide: IntrospectionEndpoint,
      inject: [LimitedAuthenticator, AuditTokenRecorder, TokenVerifier, CredentialDirectory, ServerDirectory, ChangeFeed, CLOCK],
      useFactory: createIntrospectionEndpoint,
    },
    {
      provide: LeakEndpoint,
      inject: [CONFIG, RateLimits, ChangeFeed, CredentialsService, AdminKeysService],
      useFactory: createLeakEndpoint,
    },
  ],
  exports: [TokenCounts],
})
export class OAuthModule {}

function createGate(name: string, limit: number, limits: RateLimits, feed: ChangeFeed): RequestGate {
  const quota = { name, limit, windowSeconds: HOUR };
  return new RequestGate({ takeFromAddress: (address) => limits.take(quota, addressKey(address)), isStateFresh: () => feed.isFresh });
}

type LeakParts = [Config, RateLimits, ChangeFeed, CredentialsService, AdminKeysService];

function createLeakEndpoint(...[{ rateLimits }, limits, feed, credentials, adminKeys]: LeakParts): LeakEndpoint {
  return new LeakEndpoint({
    gate: createGate('leak-address', rateLimits.leakReports, limits, feed),
    endSecret: async (secret, report) => (await credentials.endLeakedSecret(secret, report)) || (await adminKeys.endLeaked(secret, report)),
  });
}

type EndpointParts = [
  Grant[],
  ClientAuthenticator,
  RequestGate,
  Possession,
  ServerDirectory,
  TokenIssuer,
  AuditTokenRecorder,
  RateLimits,
  Config,
  Clock,
  TokenCounts,
  Tracing | undefined,
];

function createTokenEndpoint(
  ...[grants, authenticator, gate, possession, servers, issuer, recorder, limits, config, clock, counts, tracing]: EndpointParts
): TokenEndpoint {
  return new TokenEndpoint({
    grants,
    authenticator,
    gate,
    possession,
    servers,
    issuer,
    freshTokens: new FreshTokens(),
    recorder: new CountedRecorder(recorder, counts, grants),
    takeFromCredential: createCredentialLimit(limits, config.rateLimits.tokenPerCredential),
    defaultLifetime: config.tokens.ttlSeconds,
    clock,
    tracing,
  });
}

/** A credential's own limit, else that of the installation, if any. */
function createCredentialLimit(limits: RateLimits, general: number | undefined) {
  return ({ id, settings }: CredentialState): Promise<number> | undefined => {
    const limit = settings.tokensPerHour ?? general;
    // The limit is part of the name: quotas are known by name.
    return limit === undefined ? undefined : limits.take({ name: `token-credential-${limit}`, limit, windowSeconds: HOUR }, id);
  };
}

type RevocationParts = [
  ClientAuthenticator,
  AuditTokenRecorder,
  TokenVerifier,
  RefreshTokens,
  TokenRevocation,
  Config,
  RateLimits,
  ChangeFeed,
];

function createRevocationEndpoint(
  ...[authenticator, recorder, verifier, refreshTokens, revocation, { rateLimits }, limits, feed]: RevocationParts
): RevocationEndpoint {
  return new RevocationEndpoint({
    // Counted apart: whoever got a token may end it.
    gate: createGate('revocation-address', rateLimits.tokenPerAddress, limits, feed),
    authenticator,
    recorder,
    verify: (token) => verifier.verifyForAny(token),
    findRefreshToken: (token) => refreshTokens.find(token),
    revokeAccess: (why, access) => revocation.revokeAccess(why, access),
    revokeFamily: (why, familyId) => revocation.revokeFamily(why, familyId),
  });
}

function createLimitedAuthenticator(authenticator: ClientAuthenticator, { rateLimits }: Config, limits: RateLimits): LimitedAuthenticator {
  const quota = { name: 'introspection-failures', limit: rateLimits.tokenPerAddress, windowSeconds: HOUR };
  return new LimitedAuthenticator(authenticator, new FailureThrottle((key) => limits.take(quota, key)));
}

type IntrospectionParts = [
  LimitedAuthenticator,
  AuditTokenRecorder,
  TokenVerifier,
  CredentialDirectory,
  ServerDirectory,
  ChangeFeed,
  Clock,
];

function createIntrospectionEndpoint(
  ...[authenticator, recorder, verifier, credentials, servers, feed, clock]: IntrospectionParts
): IntrospectionEndpoint {
  return new IntrospectionEndpoint({
    gate: new RequestGate({ isStateFresh: () => feed.isFresh }),
    authenticator,
    recorder,
    verify: (token) => verifier.verifyForAny(token),
    find: (clientId) => credentials.find(clientId),
    findServer: (resource) => servers.findByResource(resource),
    clock,
  });
}
