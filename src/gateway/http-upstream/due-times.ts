/** Something that must be over by a certain time. */
export interface Bounded {
  /** It is not. */
  expire(): void;
}

/** Much finer than any of the limits, and coarse enough to cost nothing. */
const TICKS_PER_LIMIT = 10;
const MAX_TICK_MS = 1000;

/**
 * Watches over things that all have the same time, with one timer for all of them: a timer for each would cost more than a call.
 * What is late is noticed within a tenth of the limit, a second at the most.
 */
export class DueTimes {
  // In the order in which they were added, so that the oldest come first.
  private readonly dueAt = new Map<Bounded, number>();
  private timer: NodeJS.Timeout | undefined;
  private readonly tickMs: number;

  constructor(
    private readonly limitMs: number,
    private readonly monotonicNow: () => number = () => performance.now(),
  ) {
    this.tickMs = Math.min(MAX_TICK_MS, Math.max(1, limitMs / TICKS_PER_LIMIT));
  }

  get size(): number {
    return this.dueAt.size;
  }

  add(item: Bounded): void {
    this.dueAt.set(item, this.monotonicNow() + this.limitMs);
    this.timer ??= this.startTimer();
  }

  delete(item: Bounded): void {
    this.dueAt.delete(item);
  }

  /** Expires the one that has waited longest, to make room. */
  expireOldest(): void {
    for (const item of this.dueAt.keys()) {
      this.dueAt.delete(item);
      item.expire();
      return;
    }
  }

  private startTimer(): NodeJS.Timeout {
    return setTimeout(() => this.tick(), this.tickMs).unref();
  }

  private tick(): void {
    const now = this.monotonicNow();
    for (const [item, dueAt] of this.dueAt) {
      if (dueAt > now) break;
      this.dueAt.delete(item);
      item.expire();
    }
    this.timer = this.dueAt.size > 0 ? this.startTimer() : undefined;
  }
}
