import { createHmac, createSecretKey, hkdfSync, type KeyObject, timingSafeEqual } from 'node:crypto';

const NO_DIGEST = Buffer.alloc(32);

/**
 * Digests secrets with HMAC-SHA-256 under the installation's pepper. Enough for secrets of 256 random bits: there is
 * nothing to guess, and a slow password hash would only cap the token endpoint.
 */
export class Digester {
  private readonly pepper: KeyObject;

  constructor(pepper: Buffer) {
    this.pepper = createSecretKey(pepper);
  }

  /** In hex, 64 characters. */
  digest(secret: string): string {
    return this.mac(secret).toString('hex');
  }

  /**
   * The candidate whose digest is the secret's. Does the same work for none, one and two candidates, and compares
   * in constant time.
   */
  find<T extends { readonly digest: string }>(secret: string, candidates: readonly T[]): T | undefined {
    const mac = this.mac(secret);
    let found: T | undefined;
    for (let i = 0; i < Math.max(2, candidates.length); i++) {
      const candidate = candidates[i];
      const digest = candidate ? Buffer.from(candidate.digest, 'hex') : NO_DIGEST;
      if (timingSafeEqual(mac, digest.length === mac.length ? digest : NO_DIGEST) && candidate) found = candidate;
    }
    return found;
  }

  /** A key of 32 bytes of the installation's, for one purpose (RFC 5869). */
  deriveKey(purpose: string): Buffer {
    return Buffer.from(hkdfSync('sha256', this.pepper, '', purpose, 32));
  }

  private mac(secret: string): Buffer {
    return createHmac('sha256', this.pepper).update(secret).digest();
  }
}
