import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../../common/clock.js';

const SLOT_MS = 60_000;
/** The current slot and the two before: a nonce is good for two to three minutes. */
const ACCEPTED_SLOTS = 3;

/**
 * Nonces that DPoP proofs must carry (RFC 9449 §8). They are the time, under a secret: nothing is stored, and every
 * replica with the same key makes and accepts the same ones.
 */
export class DpopNonces {
  private slot = -1;
  /** Of the current slot and those before it, newest first. */
  private accepted: readonly Buffer[] = [];

  /** @param key a secret that all replicas share */
  constructor(
    private readonly key: Buffer,
    private readonly clock: Clock,
  ) {}

  /** The nonce to use from now on: 43 characters of base64url. */
  current(): string {
    const [newest] = this.acceptedNow();
    return newest?.toString('latin1') ?? '';
  }

  isValid(nonce: string): boolean {
    const given = Buffer.from(nonce, 'latin1');
    // Each is compared, so that the time tells nothing.
    return this.acceptedNow().filter((one) => one.length === given.length && timingSafeEqual(one, given)).length > 0;
  }

  private acceptedNow(): readonly Buffer[] {
    const slot = Math.floor(this.clock() / SLOT_MS);
    if (slot !== this.slot) {
      this.slot = slot;
      this.accepted = Array.from({ length: ACCEPTED_SLOTS }, (_, age) => this.nonceOf(slot - age));
    }
    return this.accepted;
  }

  private nonceOf(slot: number): Buffer {
    return Buffer.from(createHmac('sha256', this.key).update(`dpop-nonce:${slot}`).digest('base64url'), 'latin1');
  }
}
