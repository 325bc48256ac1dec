import { LRUCache } from 'lru-cache';
import { upTo } from '../../common/up-to.js';
import { addressKey } from '../../rate-limit/address-key.js';
import { OAuthError } from '../../protocol/oauth-error.js';

/** Counts one failure; gives the seconds to wait once there were too many, else 0. */
export type CountFailure = (key: string) => Promise<number>;

const BLOCKED_ENTRIES = 10_000;

interface Claimant {
  readonly clientId: string;
  readonly address: string;
}

/**
 * Slows guessing per client id and address, without locking the credential for other addresses (RFC 6749 §2.3.1).
 * Who is not blocked costs nothing: counters are touched on failures only.
 */
export class FailureThrottle {
  private readonly blockedUntil = new LRUCache<string, number>({ ...upTo(BLOCKED_ENTRIES) });

  constructor(
    private readonly countOne: CountFailure,
    private readonly monotonicNow: () => number = () => performance.now(),
  ) {}

  /** @throws {OAuthError} status 429 with `Retry-After` while the claimant is blocked. */
  check(claimant: () => Claimant): void {
    if (this.blockedUntil.size === 0) return;
    const key = keyOf(claimant());
    const until = this.blockedUntil.get(key);
    if (until === undefined) return;
    const wait = (until - this.monotonicNow()) / 1000;
    if (wait > 0) throw OAuthError.throttled(wait, 'Too many failed authentications');
    this.blockedUntil.delete(key);
  }

  async countFailure(claimant: Claimant): Promise<void> {
    const key = keyOf(claimant);
    const wait = await this.countOne(key);
    if (wait > 0) this.blockedUntil.set(key, this.monotonicNow() + wait * 1000);
  }
}

const keyOf = ({ clientId, address }: Claimant): string => `${clientId.slice(0, 64)}|${addressKey(address)}`;
