import { decodeJwt, decodeProtectedHeader, errors, type JWTPayload, jwtVerify } from 'jose';
import type { Clock } from '../common/clock.js';
import { candidateKeys, type VerificationKey, VERIFICATION_ALGS } from '../tokens/verification-key.js';

/** Clocks of clients and platforms may differ from ours by this much, in seconds. */
export const ASSERTION_SKEW_SECONDS = 60;
const SKEW_MS = ASSERTION_SKEW_SECONDS * 1000;
const MAX_LENGTH = 16 * 1024;
const MAX_JTI_LENGTH = 512;

/** A JWT that somebody else signed, before anything in it is believed. */
export interface UnverifiedAssertion {
  readonly token: string;
  readonly alg: string;
  readonly kid: string | undefined;
  /** `typ` of the header in lower case, without `application/`; undefined for none (RFC 8725 §3.11). */
  readonly type: string | undefined;
  /** `iss` and `sub` are texts where they are there; nothing else is known of them. */
  readonly claims: JWTPayload;
}

/** What must hold besides the signature and `exp`. */
export interface AssertionRules {
  readonly issuer: string;
  readonly requiredClaims: readonly string[];
  readonly clock: Clock;
}

export interface VerifiedAssertion {
  readonly claims: JWTPayload;
  /** The key that verified them. */
  readonly key: VerificationKey;
  /** `exp` in milliseconds since the Unix epoch. */
  readonly expiresAt: number;
}

/** Reads without verifying: whose keys are needed. @throws with the reason, which is for log and audit only. */
export function readAssertion(token: string): UnverifiedAssertion {
  if (token.length > MAX_LENGTH) throw new Error('The assertion is too long');
  const header: Readonly<Record<string, unknown>> = decodeProtectedHeader(token);
  const claims = decodeJwt(token);
  // jose would name the extensions, which are the sender's words. A JWT has no use for any that it knows (RFC 7797 §7).
  if (header['crit'] !== undefined) throw new Error('The header of the assertion has critical extensions');
  const { iss, sub } = claims as Readonly<Record<string, unknown>>;
  if (optionalText(iss) !== iss || optionalText(sub) !== sub) throw new Error('The iss or sub of the assertion is no text');
  const { alg, kid, typ } = header;
  if (typeof alg !== 'string') throw new Error('The assertion names no algorithm');
  if (optionalText(kid) !== kid || optionalText(typ) !== typ) throw new Error('The kid or typ of the assertion is no text');
  return {
    token,
    alg,
    kid: optionalText(kid),
    type: optionalText(typ)
      ?.toLowerCase()
      .replace(/^application\//, ''),
    claims,
  };
}

const optionalText = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

/**
 * Verifies signature, issuer, `exp`, `nbf`, `iat` and the presence of claims (RFC 7523 §3). The algorithm is bound to the key; `jku`,
 * `x5u` and `jwk` of the header play no part (RFC 8725 §3.1, §3.10).
 * @throws with the reason, which is for log and audit only.
 */
export async function verifyAssertion(
  assertion: UnverifiedAssertion,
  keys: readonly VerificationKey[],
  { issuer, requiredClaims, clock }: AssertionRules,
): Promise<VerifiedAssertion> {
  for (const key of candidateKeys(keys, assertion)) {
    try {
      const { payload: claims } = await jwtVerify(assertion.token, key.key, {
        algorithms: VERIFICATION_ALGS.filter((alg) => alg === assertion.alg),
        issuer,
        requiredClaims: ['exp', ...requiredClaims],
        clockTolerance: ASSERTION_SKEW_SECONDS,
        currentDate: new Date(clock()),
      });
      requirePast(claims, clock());
      return { claims, key, expiresAt: expiryOf(claims) };
    } catch (error) {
      // Another key may have made the signature. What is wrong with the claims is wrong under every key.
      if (!(error instanceof errors.JWSSignatureVerificationFailed)) throw error;
    }
  }
  throw new Error('No registered key made the signature of the assertion');
}

function requirePast({ iat }: JWTPayload, now: number): void {
  if (iat !== undefined && iat * 1000 > now + SKEW_MS) throw new Error('The assertion was issued in the future');
}

function expiryOf({ exp }: JWTPayload): number {
  const expiresAt = Math.ceil(Number(exp) * 1000);
  // JSON can spell 1e999, which is later than everything.
  if (!Number.isSafeInteger(expiresAt)) throw new Error('The exp of the assertion is no time');
  return expiresAt;
}

/**
 * Until when a used assertion must be remembered, in milliseconds since the Unix epoch: as long as any replica may still accept it,
 * whose clock may lag behind the one that forgets. What expires within a second is accepted until that is over.
 */
export const rememberUntil = (expiresAt: number): number => Math.ceil(expiresAt / 1000) * 1000 + 2 * SKEW_MS;

/** The `jti`, which makes single use possible. @throws unless it is a text of sensible length. */
export function requireJti({ jti }: JWTPayload): string {
  if (typeof jti !== 'string' || jti === '' || jti.length > MAX_JTI_LENGTH) throw new Error('The assertion has no usable jti');
  return jti;
}

/** `aud` as a list. */
export function audiencesOf({ aud }: JWTPayload): readonly unknown[] {
  return Array.isArray(aud) ? aud : [aud];
}
