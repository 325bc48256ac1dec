import { X509Certificate } from 'node:crypto';
import { Logger, Module } from '@nestjs/common';
import { CLOCK, type Clock } from '../../common/clock.js';
import { CONFIG, type Config } from '../../config/config.js';
import { CredentialDirectory } from '../../credentials/credential-directory.service.js';
import { CredentialsModule } from '../../credentials/credentials.module.js';
import { Digester } from '../../database/digester.js';
import { PATHS } from '../../protocol/urls.js';
import { RateLimits } from '../../rate-limit/rate-limits.service.js';
import { TokensModule } from '../../tokens/tokens.module.js';
import { UsedAssertions } from '../../tokens/used-assertions.service.js';
import { KeySetsModule } from '../key-sets/key-sets.module.js';
import { RemoteKeySets } from '../key-sets/remote-key-sets.js';
import type { ClientAuthenticationMethod } from './client-authentication.js';
import { ClientAuthenticator } from './client-authenticator.js';
import { ClientSecretBasic } from './client-secret-basic.js';
import { ClientSecretPost } from './client-secret-post.js';
import { FailureThrottle } from './failure-throttle.js';
import type { FindCredential } from './find-credential.js';
import { PrivateKeyJwt } from './private-key-jwt.js';
import { TlsClientAuth } from './tls-client-auth.js';
import { SecretVerifier } from './verify-secret.js';

/** The ways for a client to prove who it is, each in its file. */
@Module({
  imports: [CredentialsModule, KeySetsModule, TokensModule],
  providers: [
    {
      provide: PrivateKeyJwt,
      inject: [CredentialDirectory, RemoteKeySets, UsedAssertions, CONFIG, CLOCK],
      useFactory: createPrivateKeyJwt,
    },
    {
      provide: ClientAuthenticator,
      inject: [CredentialDirectory, Digester, RateLimits, PrivateKeyJwt, CONFIG, CLOCK],
      useFactory: createAuthenticator,
    },
  ],
  exports: [ClientAuthenticator],
})
export class ClientAuthenticationModule {}

type PrivateKeyJwtParts = [CredentialDirectory, RemoteKeySets, UsedAssertions, Config, Clock];

function createPrivateKeyJwt(...[directory, keySets, assertions, config, clock]: PrivateKeyJwtParts): PrivateKeyJwt {
  const logger = new Logger('PrivateKeyJwt');
  return new PrivateKeyJwt({
    find: (clientId) => directory.find(clientId),
    fetchKeys: (uri, header) => keySets.find(uri, header),
    isFirstUse: (use) => assertions.isFirstUse(use),
    issuer: config.issuer,
    tokenEndpoint: config.publicUrl + PATHS.token,
    clock,
    warn: (message) => logger.warn(message),
  });
}

type AuthenticatorParts = [CredentialDirectory, Digester, RateLimits, PrivateKeyJwt, Config, Clock];

function createAuthenticator(...[directory, digester, limits, privateKeyJwt, config, clock]: AuthenticatorParts): ClientAuthenticator {
  const find: FindCredential = (clientId) => directory.find(clientId);
  const verifier = new SecretVerifier(find, digester, clock);
  const quota = { name: 'token-failures', limit: config.rateLimits.tokenFailures, windowSeconds: 60 };
  const throttle = new FailureThrottle((key) => limits.take(quota, key));
  const methods: ClientAuthenticationMethod[] = [new ClientSecretBasic(verifier), new ClientSecretPost(verifier), privateKeyJwt];
  const { clientCertificates } = config;
  if (clientCertificates) methods.push(new TlsClientAuth({ find, clock, authorities: readAuthorities(clientCertificates.authorities) }));
  return new ClientAuthenticator(methods, throttle);
}

function readAuthorities(pem = ''): X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  return blocks.map((block) => new X509Certificate(block));
}
