import type { KeyObject } from 'node:crypto';
import type { JWK } from 'jose';
import type { SigningAlg } from '../config/config.js';

export interface RingKey {
  readonly kid: string;
  readonly alg: SigningAlg;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  /** Public members only, with `kid`, `use` and `alg` (RFC 7517 §4). */
  readonly publicJwk: JWK;
  readonly createdAt: number;
  readonly signsFrom: number;
  readonly retiresAt: number | null;
}

/** The signing keys in memory: one signs, all that are not retired verify. */
export class KeyRing {
  private byKid: ReadonlyMap<string, RingKey> = new Map();
  private newestFirst: readonly RingKey[] = [];

  replace(keys: readonly RingKey[]): void {
    this.newestFirst = [...keys].sort((a, b) => b.signsFrom - a.signsFrom || (a.kid < b.kid ? -1 : 1));
    this.byKid = new Map(keys.map((key) => [key.kid, key]));
  }

  /** The key that signs now: the newest whose time has come and that none has replaced. */
  signing(now: number): RingKey {
    const key = this.findSigning(now);
    if (!key) throw new Error('No signing key is active');
    return key;
  }

  /** The same, where there is one. */
  findSigning(now: number): RingKey | undefined {
    // While its successor is published and does not sign yet, a key that is replaced already goes on.
    return (
      this.newestFirst.find(({ signsFrom, retiresAt }) => signsFrom <= now && retiresAt === null) ??
      this.newestFirst.find(({ signsFrom, retiresAt }) => signsFrom <= now && retiresAt !== null && retiresAt > now) ??
      // Made by a clock that was ahead: what is published already is better than no tokens until then.
      this.newestFirst.findLast(({ signsFrom }) => signsFrom > now)
    );
  }

  /** The key with this id, if tokens under it may still be valid. */
  find(kid: string, now: number): RingKey | undefined {
    const key = this.byKid.get(kid);
    return key && (key.retiresAt === null || key.retiresAt > now) ? key : undefined;
  }

  /** The JWK Set to publish (RFC 7517 §5): keys that will sign, sign, or have signed tokens that may be alive. */
  published(now: number): { keys: JWK[] } {
    return { keys: this.newestFirst.filter((key) => key.retiresAt === null || key.retiresAt > now).map((key) => key.publicJwk) };
  }

  get all(): readonly RingKey[] {
    return this.newestFirst;
  }
}
