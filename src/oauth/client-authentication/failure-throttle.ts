import { KeyedCounts } from '../../common/keyed-counts.js';
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
  private readonly blocked: KeyedCounts;

  constructor(
    private readonly countOne: CountFailure,
    monotonicNow?: () => number,
  ) {
    this.blocked = new KeyedCounts(BLOCKED_ENTRIES, monotonicNow);
  }

  /** @throws {OAuthError} status 429 with `Retry-After` while the claimant is blocked. */
  check(claimant: () => Claimant): void {
    if (this.blocked.size === 0) return;
    const wait = this.blocked.endsIn(keyOf(claimant())) / 1000;
    if (wait > 0) throw OAuthError.throttled(wait, 'Too many failed authentications');
  }

  async countFailure(claimant: Claimant): Promise<void> {
    const key = keyOf(claimant);
    const wait = await this.countOne(key);
    if (wait > 0) this.blocked.add(key, wait * 1000);
  }
}

const keyOf = ({ clientId, address }: Claimant): string => `${clientId.slice(0, 64)}|${addressKey(address)}`;
