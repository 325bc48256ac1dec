import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { upTo } from '../../common/up-to.js';
import { usableKeys, type VerificationKey } from '../verification-key.js';

const CACHE_ENTRIES = 5000;

/** Reads the public keys inside proofs. A client sends the same one with every request, so those that were good are remembered. */
export class ProofKeys {
  private readonly known = new LRUCache<string, VerificationKey>({ ...upTo(CACHE_ENTRIES) });

  /** Undefined for what is no public key that proofs may be signed with. */
  read(jwk: object): VerificationKey | undefined {
    const digest = createHash('sha256').update(JSON.stringify(jwk)).digest('base64');
    const known = this.known.get(digest);
    if (known) return known;
    const [key] = usableKeys({ keys: [jwk] });
    if (key) this.known.set(digest, key);
    return key;
  }
}
