import { KeyedCounts } from '../common/keyed-counts.js';

/** So many in a window of time. One name stands for one quota: what is counted is kept under it. */
export interface Quota {
  readonly name: string;
  readonly limit: number;
  readonly windowSeconds: number;
}

const MAX_KEYS = 100_000;

/**
 * Fixed windows in memory, without a timer per key and bounded: whoever brings more addresses than fit pushes out
 * those that were quiet longest.
 */
export class MemoryCounters {
  private readonly counts: KeyedCounts;

  constructor(monotonicNow?: () => number, maxKeys = MAX_KEYS) {
    this.counts = new KeyedCounts(maxKeys, monotonicNow);
  }

  get size(): number {
    return this.counts.size;
  }

  /** Counts one; gives the seconds to wait where that was too many, else 0. */
  take(quota: Quota, key: string): number {
    const name = nameOf(quota, key);
    const count = this.counts.add(name, quota.windowSeconds * 1000);
    return count > quota.limit ? this.counts.endsIn(name) / 1000 : 0;
  }

  /** The seconds to wait now, without counting. */
  waitFor(quota: Quota, key: string): number {
    const name = nameOf(quota, key);
    return this.counts.count(name) >= quota.limit ? this.counts.endsIn(name) / 1000 : 0;
  }

  /** Starts from nothing again. */
  clear(quota: Quota, key: string): void {
    this.counts.delete(nameOf(quota, key));
  }
}

const nameOf = (quota: Quota, key: string): string => `${quota.name}:${key}`;
