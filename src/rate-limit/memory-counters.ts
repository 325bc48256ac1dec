import { LRUCache } from 'lru-cache';
import { upTo } from '../common/up-to.js';

/** So many in a window of time. One name stands for one quota: what is counted is kept under it. */
export interface Quota {
  readonly name: string;
  readonly limit: number;
  readonly windowSeconds: number;
}

interface Counter {
  count: number;
  readonly endsAt: number;
}

const MAX_KEYS = 100_000;

/**
 * Fixed windows in memory, without a timer per key and bounded: whoever brings more addresses than fit pushes out
 * those that were quiet longest.
 */
export class MemoryCounters {
  private readonly counters: LRUCache<string, Counter>;

  constructor(
    private readonly monotonicNow: () => number = () => performance.now(),
    maxKeys = MAX_KEYS,
  ) {
    this.counters = new LRUCache<string, Counter>({ ...upTo(maxKeys) });
  }

  get size(): number {
    return this.counters.size;
  }

  /** Counts one; gives the seconds to wait where that was too many, else 0. */
  take(quota: Quota, key: string): number {
    const now = this.monotonicNow();
    const name = `${quota.name}:${key}`;
    const counter = this.counters.get(name);
    if (!counter || counter.endsAt <= now) {
      this.counters.set(name, { count: 1, endsAt: now + quota.windowSeconds * 1000 });
      return 0;
    }
    counter.count++;
    return counter.count > quota.limit ? secondsUntilEnd(counter, now) : 0;
  }

  /** The seconds to wait now, without counting. */
  waitFor(quota: Quota, key: string): number {
    const now = this.monotonicNow();
    const counter = this.counters.get(`${quota.name}:${key}`);
    return counter && counter.endsAt > now && counter.count >= quota.limit ? secondsUntilEnd(counter, now) : 0;
  }

  /** Starts from nothing again. */
  clear(quota: Quota, key: string): void {
    this.counters.delete(`${quota.name}:${key}`);
  }
}

const secondsUntilEnd = (counter: Counter, now: number): number => (counter.endsAt - now) / 1000;
