import { createHash, createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';

/** What a signature of a client or a trusted issuer may be made with: nothing symmetric, never `none` (RFC 8725 §3.1, §3.2). */
export const VERIFICATION_ALGS = ['ES256', 'RS256', 'PS256', 'EdDSA', 'Ed25519'] as const;
export type VerificationAlg = (typeof VERIFICATION_ALGS)[number];

/** A public key that somebody else signs with. */
export interface VerificationKey {
  readonly kid: string | undefined;
  /** As the JWK says, if it does. */
  readonly alg: string | undefined;
  /** What it may verify, which its type decides (RFC 8725 §3.1). */
  readonly algs: readonly VerificationAlg[];
  readonly key: KeyObject;
  /** RFC 7638, SHA-256, in base64url. */
  readonly thumbprint: string;
}

const MAX_REGISTERED_KEYS = 20;
const MAX_FETCHED_KEYS = 100;
const MAX_CANDIDATES = 5;
const MAX_KID_LENGTH = 256;
const MIN_RSA_BITS = 2048;
const MAX_RSA_BITS = 8192;
/** Base64url of 8192 bits, and some room for zeros in front. */
const MAX_MEMBER_LENGTH = 1400;
const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];

type Members = Readonly<Record<string, unknown>>;

interface KeyType {
  readonly algs: readonly VerificationAlg[];
  /** The members that RFC 7638 §3.2 takes, in its order. */
  readonly required: readonly string[];
  readonly curve?: string;
  readonly areSynonyms?: true;
}

const KEY_TYPES: ReadonlyMap<unknown, KeyType> = new Map([
  ['EC', { algs: ['ES256'], required: ['crv', 'kty', 'x', 'y'], curve: 'P-256' }],
  // One algorithm by two names, of which the older is deprecated (RFC 9864): a key that says either may use both.
  ['OKP', { algs: ['EdDSA', 'Ed25519'], areSynonyms: true, required: ['crv', 'kty', 'x'], curve: 'Ed25519' }],
  ['RSA', { algs: ['RS256', 'PS256'], required: ['e', 'kty', 'n'] }],
]);

/** What is wrong with a key, as the end of a sentence that begins with the key. */
class KeyFault extends Error {
  override readonly name = 'KeyFault';
}

/**
 * Reads a JWK Set (RFC 7517 §5) that is to be registered.
 * @throws {Error} saying what the admin has to mend.
 */
export function parseJwks(jwks: unknown): VerificationKey[] {
  const entries = entriesOf(jwks);
  if (entries === undefined) throw new Error('The JWK Set must be an object with a list "keys" (RFC 7517 §5).');
  if (entries.length === 0) throw new Error('The JWK Set holds no key.');
  if (entries.length > MAX_REGISTERED_KEYS) throw new Error(`The JWK Set holds more than ${MAX_REGISTERED_KEYS} keys.`);
  const keys: VerificationKey[] = [];
  for (const [index, entry] of entries.entries()) {
    const fault = addKey(keys, entry);
    if (fault) throw new Error(`Key ${index + 1} of the JWK Set ${fault.message}.`);
  }
  return keys;
}

/** The keys of a fetched JWK Set that are of use, out of the first 100; others may be there for other purposes (RFC 7517 §5). */
export function usableKeys(jwks: unknown): VerificationKey[] {
  const keys: VerificationKey[] = [];
  for (const entry of entriesOf(jwks)?.slice(0, MAX_FETCHED_KEYS) ?? []) addKey(keys, entry);
  return keys;
}

/** Whether it has the shape of a JWK Set, whatever its keys are like. */
export const isJwks = (jwks: unknown): boolean => entriesOf(jwks) !== undefined;

export const isVerificationAlg = (alg: unknown): alg is VerificationAlg => VERIFICATION_ALGS.some((known) => known === alg);

/** The keys that may have made a signature with this header, at most 5: those of its `kid`, or without one all that fit its `alg`. */
export function candidateKeys(
  keys: readonly VerificationKey[],
  { kid, alg }: { kid?: string | undefined; alg: string },
): VerificationKey[] {
  return keys.filter((key) => key.algs.some((own) => own === alg) && (kid === undefined || key.kid === kid)).slice(0, MAX_CANDIDATES);
}

function entriesOf(jwks: unknown): unknown[] | undefined {
  return isMembers(jwks) && Array.isArray(jwks['keys']) ? jwks['keys'] : undefined;
}

const isMembers = (value: unknown): value is Members => typeof value === 'object' && value !== null && !Array.isArray(value);

function addKey(keys: VerificationKey[], jwk: unknown): KeyFault | undefined {
  try {
    const key = parseKey(jwk);
    if (keys.some((other) => other.thumbprint === key.thumbprint)) throw new KeyFault('stands there twice');
    if (key.kid !== undefined && keys.some((other) => other.kid === key.kid)) throw new KeyFault('has the kid of another key');
    keys.push(key);
    return undefined;
  } catch (error) {
    if (error instanceof KeyFault) return error;
    throw error;
  }
}

function parseKey(jwk: unknown): VerificationKey {
  if (!isMembers(jwk)) throw new KeyFault('is not an object');
  const type = typeOf(jwk);
  checkUse(jwk);
  const { alg, kid } = jwk;
  if (alg !== undefined && !type.algs.some((own) => own === alg)) {
    throw new KeyFault(`must have an alg that fits its type, or none: ${type.algs.join(' or ')}`);
  }
  if (kid !== undefined && !isBounded(kid, MAX_KID_LENGTH))
    throw new KeyFault(`must have a kid of 1 to ${MAX_KID_LENGTH} characters, or none`);
  const key = importKey(jwk, type);
  const named = type.algs.find((own) => own === alg);
  const algs = named === undefined || type.areSynonyms ? type.algs : [named];
  return { kid, alg: named, algs, key, thumbprint: thumbprintOf(key, type) };
}

function typeOf(jwk: Members): KeyType {
  const { kty, crv } = jwk;
  if (kty === 'oct') throw new KeyFault('is symmetric: register a public key');
  const secret = PRIVATE_MEMBERS.find((member) => Object.hasOwn(jwk, member));
  if (secret !== undefined) {
    throw new KeyFault(`holds the private member "${secret}": replace the key pair, and register its public half only`);
  }
  const type = KEY_TYPES.get(kty);
  if (!type) throw new KeyFault('must have the kty EC, OKP or RSA');
  if (crv !== type.curve)
    throw new KeyFault(type.curve === undefined ? 'has a crv, which RSA keys have not' : `must have the crv ${type.curve}`);
  return type;
}

function checkUse({ use, key_ops: operations }: Members): void {
  if (use !== undefined && use !== 'sig') throw new KeyFault('must have the use "sig", or none');
  if (operations === undefined) return;
  if (!Array.isArray(operations) || !operations.includes('verify')) throw new KeyFault('must have "verify" in key_ops, or no key_ops');
}

const isBounded = (value: unknown, max: number): value is string => typeof value === 'string' && value.length > 0 && value.length <= max;

function importKey(jwk: Members, { required }: KeyType): KeyObject {
  const missing = required.find((member) => !isBounded(jwk[member], MAX_MEMBER_LENGTH));
  if (missing !== undefined) throw new KeyFault(`has no usable member "${missing}"`);
  const members = Object.fromEntries(required.map((member) => [member, jwk[member]])) as JsonWebKey;
  const key = createKey(members);
  if (!key) throw new KeyFault('is not a valid public key');
  if (key.asymmetricKeyType === 'rsa') checkStrength(key);
  return key;
}

function createKey(key: JsonWebKey): KeyObject | undefined {
  try {
    return createPublicKey({ key, format: 'jwk' });
  } catch {
    // OpenSSL's words for it would tell the admin nothing.
    return undefined;
  }
}

function checkStrength({ asymmetricKeyDetails: details }: KeyObject): void {
  const { modulusLength: bits = 0, publicExponent: exponent = 0n } = details ?? {};
  if (bits < MIN_RSA_BITS || bits > MAX_RSA_BITS) throw new KeyFault(`must have ${MIN_RSA_BITS} to ${MAX_RSA_BITS} bits, not ${bits}`);
  // With the exponent 1 everything is a signature; a long one makes verification slow.
  if (exponent < 3n || exponent % 2n === 0n || exponent > 0xffffffffn) throw new KeyFault('has an unusable exponent: 65537 is usual');
}

/** Of the key as it is exported: its JWK may spell a number in more ways than one. */
function thumbprintOf(key: KeyObject, { required }: KeyType): string {
  const members = key.export({ format: 'jwk' });
  return createHash('sha256')
    .update(JSON.stringify(Object.fromEntries(required.map((member) => [member, members[member]]))))
    .digest('base64url');
}
