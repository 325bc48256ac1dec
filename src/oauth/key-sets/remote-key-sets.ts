import { candidateKeys, isJwks, isVerificationAlg, usableKeys, type VerificationKey } from '../../tokens/verification-key.js';
import { RemoteDocuments } from './remote-documents.js';

const FRESH_MS = 10 * 60_000;

export interface RemoteKeySetsOptions {
  /** Fetches a JSON object from wherever egress is allowed to. */
  readonly getJson: (url: string) => Promise<unknown>;
  readonly monotonicNow?: () => number;
}

/** The JWK Sets at registered URIs, cached (R-CLA-15, R-KEY-03). */
export class RemoteKeySets {
  private readonly sets: RemoteDocuments<readonly VerificationKey[]>;

  constructor({ getJson, monotonicNow = () => performance.now() }: RemoteKeySetsOptions) {
    this.sets = new RemoteDocuments({ read: async (uri) => keysOf(await getJson(uri)), freshMs: FRESH_MS, monotonicNow });
  }

  /**
   * The keys that may have made a signature with this header; none if the set holds no such key, also after a second look.
   * @throws {Error} when the set cannot be had and none is remembered.
   */
  async find(uri: string, header: { readonly kid?: string | undefined; readonly alg: string }): Promise<readonly VerificationKey[]> {
    // Nothing that anybody can write into a header makes us ask for what no key could fit.
    if (!isVerificationAlg(header.alg)) return [];
    const known = candidateKeys(await this.sets.get(uri), header);
    return known.length > 0 ? known : candidateKeys(await this.sets.getAnew(uri), header);
  }
}

/** A set without usable keys is one: its owner may have withdrawn them all. What is no set is a failure, and the last one serves on. */
function keysOf(document: unknown): readonly VerificationKey[] {
  if (!isJwks(document)) throw new Error('The document at the key set URI is not a JWK Set (RFC 7517 §5).');
  return usableKeys(document);
}
