import { constants, createHash, generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto';

export type ProofAlg = 'ES256' | 'RS256' | 'PS256' | 'EdDSA' | 'Ed25519';

/** A client's key, and what its proofs say of it. */
export interface ProofSigner {
  readonly alg: ProofAlg;
  readonly privateKey: KeyObject;
  readonly jwk: Record<string, unknown>;
  readonly jkt: string;
}

export interface ProofParts {
  readonly header?: Record<string, unknown>;
  /** `undefined` leaves a claim out. */
  readonly claims?: Record<string, unknown>;
}

const REQUIRED = { EC: ['crv', 'kty', 'x', 'y'], RSA: ['e', 'kty', 'n'], OKP: ['crv', 'kty', 'x'] } as const;

/** One algorithm by two names (RFC 9864). */
const isEd25519 = (alg: ProofAlg): boolean => alg === 'EdDSA' || alg === 'Ed25519';

/** A new key for an algorithm. */
export function proofSigner(alg: ProofAlg = 'ES256', rsaBits = 2048): ProofSigner {
  const { publicKey, privateKey } =
    alg === 'ES256'
      ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
      : isEd25519(alg)
        ? generateKeyPairSync('ed25519')
        : generateKeyPairSync('rsa', { modulusLength: rsaBits });
  const jwk = publicKey.export({ format: 'jwk' }) as Record<string, unknown>;
  return { alg, privateKey, jwk, jkt: thumbprintOf(jwk) };
}

/** A proof with a fresh `jti` (RFC 9449 §4.2); the parts replace what a good one has. */
export function makeProof(signer: ProofSigner, { header = {}, claims = {} }: ProofParts): string {
  const fullHeader = { typ: 'dpop+jwt', alg: signer.alg, jwk: signer.jwk, ...header };
  return signJws(signer, fullHeader, { jti: randomUUID(), htm: 'POST', iat: Math.floor(Date.now() / 1000), ...claims });
}

export function signJws({ alg, privateKey }: ProofSigner, header: object, payload: object): string {
  const input = `${encode(header)}.${encode(payload)}`;
  return `${input}.${signBytes(alg, Buffer.from(input), privateKey).toString('base64url')}`;
}

export const hashOf = (token: string): string => createHash('sha256').update(token).digest('base64url');

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

function signBytes(alg: ProofAlg, data: Buffer, key: KeyObject): Buffer {
  if (isEd25519(alg)) return sign(null, data, key);
  if (alg === 'ES256') return sign('sha256', data, { key, dsaEncoding: 'ieee-p1363' });
  if (alg === 'RS256') return sign('sha256', data, key);
  return sign('sha256', data, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST });
}

function thumbprintOf(jwk: Record<string, unknown>): string {
  const members = REQUIRED[jwk['kty'] as 'EC' | 'RSA' | 'OKP'].map((name) => [name, jwk[name]]);
  return createHash('sha256')
    .update(JSON.stringify(Object.fromEntries(members)))
    .digest('base64url');
}
