import { createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import type { Clock } from '../../common/clock.js';
import type { CredentialState } from '../../credentials/credential-state.js';
import { OAuthError } from '../../protocol/oauth-error.js';
import type { AssertionUse } from '../../tokens/used-assertions.service.js';
import { candidateKeys, isVerificationAlg, type VerificationAlg, type VerificationKey } from '../../tokens/verification-key.js';
import {
  ASSERTION_SKEW_SECONDS,
  audiencesOf,
  readAssertion,
  rememberUntil,
  requireJti,
  type UnverifiedAssertion,
  verifyAssertion,
} from '../assertion.js';
import { type AuthenticatedClient, type ClientAuthenticationMethod, type ClientRequest, invalidClient } from './client-authentication.js';
import { type FindCredential, load, rejectAsUnavailable, whyUnusable } from './find-credential.js';

const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
const TYPES: readonly (string | undefined)[] = [undefined, 'jwt', 'client-authentication+jwt'];
const MAX_AHEAD_MS = (600 + ASSERTION_SKEW_SECONDS) * 1000;

export interface PrivateKeyJwtOptions {
  readonly find: FindCredential;
  /** The keys at a registered `jwks_uri` that may fit. */
  readonly fetchKeys: (uri: string, header: Pick<UnverifiedAssertion, 'kid' | 'alg'>) => Promise<readonly VerificationKey[]>;
  readonly isFirstUse: (use: AssertionUse) => Promise<boolean>;
  readonly issuer: string;
  readonly tokenEndpoint: string;
  readonly clock: Clock;
  readonly warn: (message: string) => void;
}

/** `private_key_jwt`: a JWT that the client signed with a key that it registered (RFC 7523 §2.2 and §3, RFC 10070 §4). */
export class PrivateKeyJwt implements ClientAuthenticationMethod {
  readonly names = ['private_key_jwt'];

  constructor(private readonly options: PrivateKeyJwtOptions) {}

  isUsedBy({ form }: ClientRequest): boolean {
    return form.get('client_assertion') !== undefined;
  }

  claimedClientId({ form }: ClientRequest): string | undefined {
    try {
      return form.get('client_id') ?? readAssertion(form.require('client_assertion')).claims.sub;
    } catch {
      // It cannot be read; it is refused under no name.
      return undefined;
    }
  }

  async authenticate({ form, raw }: ClientRequest): Promise<AuthenticatedClient> {
    if (form.get('client_assertion_type') !== ASSERTION_TYPE) throw invalidClient('The client_assertion_type is not that of a JWT');
    const assertion = refusing(() => readAssertion(form.require('client_assertion')));
    const clientId = requireClaimedId(assertion, form.get('client_id'));
    const credential = await load(this.options.find, clientId);
    if (!credential) return this.refuse(assertion, 'There is no credential with this client id');
    const reason = this.whyNot(credential, raw.address);
    if (reason !== undefined) return this.refuse(assertion, reason);
    const { authId, expiresAt } = await this.verify(assertion, credential);
    await this.requireFirstUse(assertion, credential, expiresAt);
    return { credential, authId, proofExpiresAt: null, method: 'private_key_jwt' };
  }

  /** Asked before any key is fetched: nobody makes us ask others on behalf of a client that is off. */
  private whyNot(credential: CredentialState, address: string): string | undefined {
    if (credential.authMethod !== 'private_key_jwt') return 'The credential does not authenticate by private_key_jwt';
    return whyUnusable(credential, address, this.options.clock());
  }

  /** Costs a verification, as with a key that fits: the time tells nobody which client ids exist (R-CLA-21). */
  private async refuse(assertion: UnverifiedAssertion, detail: string, cause?: unknown): Promise<never> {
    const rules = { issuer: this.options.issuer, requiredClaims: [], clock: this.options.clock };
    await verifyAssertion(assertion, nobodysKeys(assertion), rules).catch(() => {
      // It must fail; why it is refused is known already.
    });
    throw invalidClient(detail, cause);
  }

  private async verify(assertion: UnverifiedAssertion, credential: CredentialState): Promise<{ authId: string; expiresAt: number }> {
    const keys = candidateKeys(await this.keysOf(credential, assertion), assertion);
    if (keys.length === 0) return this.refuse(assertion, 'No registered key fits the header of the assertion');
    const { clock } = this.options;
    const rules = { issuer: credential.clientId, requiredClaims: ['aud', 'sub'], clock };
    try {
      const { key, expiresAt } = await verifyAssertion(assertion, keys, rules);
      if (expiresAt > clock() + MAX_AHEAD_MS) throw new Error('The assertion is valid for too long');
      this.requireAudience(assertion, credential);
      return { authId: credential.proofId ?? key.thumbprint, expiresAt };
    } catch (error) {
      throw invalidClient((error as Error).message, error);
    }
  }

  private async keysOf({ settings, keys }: CredentialState, assertion: UnverifiedAssertion): Promise<readonly VerificationKey[]> {
    if (settings.jwksUri === undefined) return keys;
    try {
      return await this.options.fetchKeys(settings.jwksUri, assertion);
    } catch (error) {
      return this.refuse(assertion, `The keys of the client could not be fetched: ${(error as Error).message}`, error);
    }
  }

  /** The issuer identifier as the only value: an assertion for another server must be worth nothing here (RFC 10070 §4). */
  private requireAudience({ claims }: UnverifiedAssertion, { clientId, settings }: CredentialState): void {
    const audiences = audiencesOf(claims);
    const [audience] = audiences;
    if (audiences.length === 1 && audience === this.options.issuer) return;
    const isOldForm = audiences.length === 1 && audience === this.options.tokenEndpoint;
    if (!isOldForm || !settings.acceptTokenEndpointAudience) throw new Error('The audience is not the issuer identifier alone');
    this.options.warn(`The client ${clientId} names the token endpoint as audience of its assertions, against RFC 10070 §4.`);
  }

  private async requireFirstUse(
    { claims }: UnverifiedAssertion,
    { clientId, settings }: CredentialState,
    expiresAt: number,
  ): Promise<void> {
    if (settings.allowAssertionReuse) return;
    const jti = refusing(() => requireJti(claims));
    const use = { owner: clientId, jti, expiresAt: rememberUntil(expiresAt) };
    const isFirst = await this.options.isFirstUse(use).catch(rejectAsUnavailable);
    if (!isFirst) throw invalidClient('The assertion was used before');
  }
}

function requireClaimedId({ type, claims: { iss, sub } }: UnverifiedAssertion, clientId: string | undefined): string {
  if (!TYPES.includes(type)) throw invalidClient('The typ of the assertion is that of something else');
  if (!sub || iss !== sub) throw invalidClient('iss and sub are not both the client id');
  if (clientId !== undefined && clientId !== sub) throw invalidClient('The client_id of the body is not the sub of the assertion');
  return sub;
}

function refusing<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof OAuthError) throw error;
    throw invalidClient((error as Error).message, error);
  }
}

/** A key that fits the header and whose private half nobody has; none where no registered key could fit it either. */
function nobodysKeys({ alg, kid }: UnverifiedAssertion): readonly VerificationKey[] {
  if (!isVerificationAlg(alg)) return [];
  const key = (made[alg] ??= MAKE[alg]());
  return [{ kid, alg, algs: [alg], key, thumbprint: 'nobody' }];
}

/** A modulus without known factors: finding two primes would hold up everybody else. */
const makeRsa = () => {
  const modulus = randomBytes(256);
  modulus[0] = 0xc1;
  modulus[255] = 0x01;
  return createPublicKey({ key: { kty: 'RSA', e: 'AQAB', n: modulus.toString('base64url') }, format: 'jwk' });
};

const makeEd25519 = () => generateKeyPairSync('ed25519').publicKey;

const MAKE: Readonly<Record<VerificationAlg, () => VerificationKey['key']>> = {
  ES256: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey,
  EdDSA: makeEd25519,
  Ed25519: makeEd25519,
  RS256: makeRsa,
  PS256: makeRsa,
};

const made: Partial<Record<VerificationAlg, VerificationKey['key']>> = {};
