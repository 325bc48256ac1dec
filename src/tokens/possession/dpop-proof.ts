import { constants, createHash, type KeyObject, verify } from 'node:crypto';
import { type Clock, toSeconds } from '../../common/clock.js';
import { OAuthError } from '../../protocol/oauth-error.js';
import type { VerificationKey } from '../verification-key.js';
import { type CompactJws, parseCompactJws } from './compact-jws.js';
import type { DpopNonces } from './dpop-nonces.js';
import { ProofKeys } from './proof-key.js';
import type { ProofReplay } from './proof-replay.service.js';

/** Asymmetric algorithms only (RFC 9449 §5.1). */
export const DPOP_ALGS = ['ES256', 'RS256', 'PS256', 'EdDSA', 'Ed25519'] as const;
type DpopAlg = (typeof DPOP_ALGS)[number];

/** The name of the request header that carries a proof, in lower case. */
export const DPOP_HEADER = 'dpop';

export interface ProofRequest {
  /** Every DPoP header of the request. */
  readonly proofs: readonly string[];
  readonly method: string;
  /** The configured public URL of the endpoint, without query and fragment. */
  readonly url: string;
  /** Where there is one, the proof must carry its hash (`ath`). */
  readonly accessToken?: string;
  /** Where there is one, the proof must be made with the key of this thumbprint. */
  readonly jkt?: string;
}

export interface DpopVerifierOptions {
  readonly replay: Pick<ProofReplay, 'isFirstUse'>;
  /** Undefined where proofs need no nonce. */
  readonly nonces: DpopNonces | undefined;
  readonly clock: Clock;
}

const MAX_PROOF_LENGTH = 8192;
const MAX_JTI_LENGTH = 256;
const MAX_AGE_SECONDS = 300;
/** What the WHATWG parser would mend or drop is no URL here. */
const URL_CHARACTERS = /^[\x21-\x5b\x5d-\x7e]{1,2048}$/;

/** Checks DPoP proofs (RFC 9449 §4.3), for the token endpoint and for the resource server. */
export class DpopVerifier {
  private readonly keys = new ProofKeys();

  constructor(private readonly options: DpopVerifierOptions) {}

  /** The nonce for the next proof, which an answer to a good one brings, so that the client need not be refused for it (§8.2). */
  get nextNonce(): string | undefined {
    return this.options.nonces?.current();
  }

  /**
   * The thumbprint of the key that the proof shows possession of. A proof that passes is used up (§11.1).
   * @throws {OAuthError} `invalid_dpop_proof`; the private detail says which check failed. `use_dpop_nonce`, with a nonce,
   * where that is all that is wrong with it.
   */
  async verify(request: ProofRequest): Promise<{ jkt: string }> {
    const proof = parseProof(request.proofs);
    const key = this.readKey(proof);
    requireSignature(proof, key);
    const { jti, iat } = this.requireClaims(proof);
    requireTarget(proof, request);
    requireToken(proof, request);
    const jkt = key.thumbprint;
    if (request.jkt !== undefined && request.jkt !== jkt)
      throw invalidProof('The proof is made with another key than the token is bound to');
    this.requireNonce(proof);
    // Last, so that what is refused for another reason leaves no trace.
    if (!(await this.options.replay.isFirstUse({ jkt, jti, iat }))) throw invalidProof('The proof was used before');
    return { jkt };
  }

  /** The key says which algorithms it may be used with (RFC 8725 §3.1). */
  private readKey({ header }: CompactJws): VerificationKey {
    const { jwk, alg } = header;
    const key = typeof jwk === 'object' && jwk !== null ? this.keys.read(jwk) : undefined;
    if (!key) throw invalidProof('jwk is no public key that proofs may be made with');
    if (!key.algs.some((own) => own === alg)) throw invalidProof('alg and jwk do not belong together');
    return key;
  }

  private requireClaims({ payload }: CompactJws): { jti: string; iat: number } {
    const { jti, iat } = payload;
    if (typeof jti !== 'string' || jti.length === 0 || jti.length > MAX_JTI_LENGTH) throw invalidProof('jti is missing or malformed');
    if (typeof iat !== 'number') throw invalidProof('iat is missing or malformed');
    if (Math.abs(toSeconds(this.options.clock()) - iat) > MAX_AGE_SECONDS) throw invalidProof('iat is too far from the present');
    return { jti, iat };
  }

  /** A nonce that is missing, made up or too old: the error brings a good one (§8). */
  private requireNonce({ payload }: CompactJws): void {
    const { nonces } = this.options;
    if (!nonces || (typeof payload['nonce'] === 'string' && nonces.isValid(payload['nonce']))) return;
    throw new OAuthError('use_dpop_nonce', 'The DPoP proof must carry the nonce of the DPoP-Nonce header.', {
      detail: payload['nonce'] === undefined ? 'The proof has no nonce' : 'The nonce of the proof is not valid',
      headers: { 'dpop-nonce': nonces.current(), 'cache-control': 'no-store' },
    });
  }
}

/** What can be said of a proof before its key is looked at. */
function parseProof(proofs: readonly string[]): CompactJws {
  const [text, ...others] = proofs;
  if (text === undefined) throw invalidProof('The request has no DPoP proof');
  if (others.length > 0) throw invalidProof('The request has more than one DPoP proof');
  if (text.length > MAX_PROOF_LENGTH) throw invalidProof('The proof is too long');
  const proof = parseCompactJws(text);
  if (!proof) throw invalidProof('The proof is no JWT in compact form');
  const { typ, alg, crit } = proof.header;
  if (typ !== 'dpop+jwt') throw invalidProof('typ is not dpop+jwt');
  if (!DPOP_ALGS.some((known) => known === alg)) throw invalidProof('alg is not one of those accepted');
  if (crit !== undefined) throw invalidProof('The proof has critical extensions');
  return proof;
}

function requireSignature({ header, signed, signature }: CompactJws, { key }: VerificationKey): void {
  const data = Buffer.from(signed, 'latin1');
  if (!SIGNATURE_CHECKS[header['alg'] as DpopAlg](data, key, signature)) throw invalidProof('The signature is wrong');
}

type SignatureCheck = (data: Buffer, key: KeyObject, signature: Buffer) => boolean;

/** RFC 8037 §3.1. */
const checkEd25519: SignatureCheck = (data, key, signature) => verify(null, data, key, signature);

/** RFC 7518 §3.3 to §3.5; both names of Ed25519 (RFC 9864). */
const SIGNATURE_CHECKS: Readonly<Record<DpopAlg, SignatureCheck>> = {
  ES256: (data, key, signature) => verify('sha256', data, { key, dsaEncoding: 'ieee-p1363' }, signature),
  RS256: (data, key, signature) => verify('sha256', data, key, signature),
  PS256: (data, key, signature) =>
    verify('sha256', data, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }, signature),
  EdDSA: checkEd25519,
  Ed25519: checkEd25519,
};

function requireTarget({ payload }: CompactJws, { method, url }: ProofRequest): void {
  if (payload['htm'] !== method) throw invalidProof('htm is missing or another method');
  const { htu } = payload;
  if (typeof htu !== 'string' || (htu !== url && normalizeUrl(htu) !== new URL(url).href)) {
    throw invalidProof('htu is missing or another URL');
  }
}

/** Without query and fragment; scheme and host in lower case, no default port (RFC 9449 §4.3). */
function normalizeUrl(text: string): string | undefined {
  if (!URL_CHARACTERS.test(text) || !URL.canParse(text)) return undefined;
  const url = new URL(text);
  url.search = '';
  url.hash = '';
  return url.href;
}

/** `ath` is the hash of the token that comes with the proof (§4.2). */
function requireToken({ payload }: CompactJws, { accessToken }: ProofRequest): void {
  if (accessToken === undefined) return;
  const expected = createHash('sha256').update(accessToken).digest('base64url');
  if (payload['ath'] !== expected) throw invalidProof('ath is missing or of another token');
}

const invalidProof = (detail: string): OAuthError => new OAuthError('invalid_dpop_proof', 'The DPoP proof is not valid.', { detail });
