import { Module } from '@nestjs/common';
import { JwtModule, JwtService } from '@nestjs/jwt';
import { TypeOrmModule } from '@nestjs/typeorm';
import { CLOCK, type Clock } from '../common/clock.js';
import { CONFIG, type Config } from '../config/config.js';
import { Digester } from '../database/digester.js';
import { ExpiredRows } from './expired-rows.service.js';
import { KeyRing } from './key-ring.js';
import { CertificateSource } from './possession/certificate-source.js';
import { DpopNonces } from './possession/dpop-nonces.js';
import { DpopVerifier } from './possession/dpop-proof.js';
import { ProofReplay } from './possession/proof-replay.service.js';
import { RefreshToken } from './refresh-token.entity.js';
import { RefreshTokens } from './refresh-tokens.service.js';
import { createTokenSigner } from './sign-token.js';
import { SigningKey } from './signing-key.entity.js';
import { SigningKeysService } from './signing-keys.service.js';
import { SUBJECT_TOKEN_TYPE, SubjectTokens } from './subject-tokens.js';
import { TokenIssuer } from './token-issuer.js';
import { TokenVerifier } from './token-verifier.js';
import { UsedAssertions } from './used-assertions.service.js';

/** Makes and verifies access tokens, and keeps the keys for it. */
@Module({
  imports: [JwtModule.register({}), TypeOrmModule.forFeature([RefreshToken, SigningKey])],
  providers: [
    SigningKeysService,
    KeyRing,
    RefreshTokens,
    UsedAssertions,
    ExpiredRows,
    ProofReplay,
    {
      provide: TokenIssuer,
      inject: [CONFIG, KeyRing, JwtService, CLOCK],
      useFactory: (config: Config, ring: KeyRing, jwt: JwtService, clock: Clock) =>
        new TokenIssuer(config.issuer, ring, createTokenSigner(jwt), clock),
    },
    {
      provide: SubjectTokens,
      inject: [CONFIG, KeyRing, JwtService, CLOCK],
      useFactory: (config: Config, ring: KeyRing, jwt: JwtService, clock: Clock) =>
        new SubjectTokens(config.issuer, ring, createTokenSigner(jwt, SUBJECT_TOKEN_TYPE), clock),
    },
    {
      provide: TokenVerifier,
      inject: [CONFIG, KeyRing, SigningKeysService, CLOCK],
      useFactory: createVerifier,
    },
    { provide: DpopNonces, inject: [CONFIG, Digester, CLOCK], useFactory: createNonces },
    {
      provide: DpopVerifier,
      inject: [ProofReplay, DpopNonces, CLOCK],
      useFactory: (replay: ProofReplay, nonces: DpopNonces | undefined, clock: Clock) => new DpopVerifier({ replay, nonces, clock }),
    },
    {
      provide: CertificateSource,
      inject: [CONFIG],
      useFactory: ({ clientCertificates, trustProxy }: Config) => new CertificateSource(clientCertificates, trustProxy),
    },
  ],
  exports: [
    RefreshTokens,
    SubjectTokens,
    UsedAssertions,
    TokenIssuer,
    TokenVerifier,
    KeyRing,
    SigningKeysService,
    ProofReplay,
    DpopNonces,
    DpopVerifier,
    CertificateSource,
  ],
})
export class TokensModule {}

function createVerifier(config: Config, ring: KeyRing, keys: SigningKeysService, clock: Clock): TokenVerifier {
  const verifier = new TokenVerifier({ issuer: config.issuer, ring, clock, findUnknownKey: (kid) => keys.findUnknown(kid) });
  keys.onRemoval(() => verifier.clear());
  return verifier;
}

/** Undefined where proofs need none. The key is derived from the pepper, which all replicas share. */
function createNonces({ dpopNonces }: Config, digester: Digester, clock: Clock): DpopNonces | undefined {
  return dpopNonces ? new DpopNonces(Buffer.from(digester.digest('dpop-nonce-key'), 'hex'), clock) : undefined;
}
