import { LRUCache } from 'lru-cache';
import { upTo } from '../common/up-to.js';

/** Whose refusal it is: where it comes from, and of which credential as far as that is known. */
export interface RefusalOrigin {
  readonly address: string;
  readonly credentialId: string | undefined;
}

/** Refusals that were not written down one by one. */
export interface RefusalSum {
  /** Undefined for the sum over addresses. */
  readonly address: string | undefined;
  readonly credentialId: string | undefined;
  readonly count: number;
}

const WINDOW_MS = 60_000;
const PER_ORIGIN = 100;
/** Of all that names no credential: else many addresses could fill the disk. What concerns a credential never gives way to it. */
const OF_UNKNOWN = 1000;
const ORIGINS = 10_000;

interface Window {
  readonly origin: Partial<RefusalOrigin>;
  readonly endsAt: number;
  count: number;
  left: number;
}

/**
 * Says which refusals are written down one by one, and sums up the rest: whoever guesses a thousand secrets a second would fill the trail,
 * and make everybody wait for the database.
 */
export class RefusalLog {
  private readonly windows: LRUCache<string, Window>;
  private unknown: Window = newWindow({}, 0);

  /** `report` gets a sum when its minute is over. */
  constructor(
    private readonly report: (sum: RefusalSum) => void,
    private readonly monotonicNow: () => number = () => performance.now(),
  ) {
    this.windows = new LRUCache<string, Window>({ ...upTo(ORIGINS), dispose: (window) => this.tell(window) });
  }

  /** Counts a refusal. Whether it is to be written down. */
  admits({ address, credentialId }: RefusalOrigin): boolean {
    const now = this.monotonicNow();
    const isAdmitted = take(this.windowOf({ address, credentialId }, now), PER_ORIGIN);
    if (!isAdmitted || credentialId !== undefined) return isAdmitted;
    if (this.unknown.endsAt <= now) {
      this.tell(this.unknown);
      this.unknown = newWindow({}, now);
    }
    return take(this.unknown, OF_UNKNOWN);
  }

  /** Reports the sums of minutes that are over; of all where `isEnd`. */
  sweep(isEnd = false): void {
    const now = this.monotonicNow();
    // The least recently used come first, which need not be the oldest: look at them all.
    for (const [key, window] of [...this.windows.entries()]) if (isEnd || window.endsAt <= now) this.windows.delete(key);
    if (!isEnd && this.unknown.endsAt > now) return;
    this.tell(this.unknown);
    this.unknown = newWindow({}, now);
  }

  private windowOf(origin: RefusalOrigin, now: number): Window {
    const key = `${origin.credentialId ?? ''} ${origin.address}`;
    const known = this.windows.get(key);
    if (known && known.endsAt > now) return known;
    const window = newWindow(origin, now);
    // An ended one is reported as it is replaced.
    this.windows.set(key, window);
    return window;
  }

  private tell({ origin, left }: Window): void {
    if (left > 0) this.report({ address: origin.address, credentialId: origin.credentialId, count: left });
  }
}

const newWindow = (origin: Partial<RefusalOrigin>, now: number): Window => ({ origin, endsAt: now + WINDOW_MS, count: 0, left: 0 });

function take(window: Window, limit: number): boolean {
  if (window.count++ < limit) return true;
  window.left++;
  return false;
}
