/** Something that must be over by a certain time. */
export interface Bounded {
  /** It is not. */
  expire(): void;
}

/** Much finer than any of the limits, and coarse enough to cost nothing. */
const TICKS_PER_LIMIT = 10;
const MAX_TICK_MS = 1000;

/** A place in the line of those whose time runs. One that has left it knows its neighbours no more. */
export class Due {
  before: Due = this;
  after: Due = this;

  constructor(
    readonly item: Bounded | undefined,
    readonly at: number,
  ) {}

  get isWaiting(): boolean {
    return this.before !== this;
  }

  standBefore(other: Due): void {
    this.before = other.before;
    this.after = other;
    other.before.after = this;
    other.before = this;
  }

  leave(): void {
    this.before.after = this.after;
    this.after.before = this.before;
    this.before = this;
    this.after = this;
  }
}

/**
 * Watches over things that all have the same time, with one timer for all of them: a timer for each would cost more than a call.
 * What is late is noticed within a tenth of the limit, a second at the most.
 *
 * A line of places, and no `Map` by item: with entries that come and go, a `Map` is copied over and over.
 */
export class DueTimes {
  // In the order in which they were added, from its `after` on, so that the oldest come first.
  private readonly line = new Due(undefined, Infinity);
  private count = 0;
  private timer: NodeJS.Timeout | undefined;
  private readonly tickMs: number;

  constructor(
    private readonly limitMs: number,
    private readonly monotonicNow: () => number = () => performance.now(),
  ) {
    this.tickMs = Math.min(MAX_TICK_MS, Math.max(1, limitMs / TICKS_PER_LIMIT));
  }

  get size(): number {
    return this.count;
  }

  add(item: Bounded): Due {
    const due = new Due(item, this.monotonicNow() + this.limitMs);
    due.standBefore(this.line);
    this.count++;
    this.timer ??= this.startTimer();
    return due;
  }

  /** Takes out what was added here; nothing where it has left before. */
  delete(due: Due | undefined): void {
    if (!due?.isWaiting) return;
    due.leave();
    this.count--;
  }

  /** Expires the one that has waited longest, to make room. */
  expireOldest(): void {
    if (this.count > 0) this.expire(this.line.after);
  }

  private expire(due: Due): void {
    this.delete(due);
    due.item?.expire();
  }

  private startTimer(): NodeJS.Timeout {
    return setTimeout(() => this.tick(), this.tickMs).unref();
  }

  private tick(): void {
    const now = this.monotonicNow();
    while (this.line.after.at <= now) this.expire(this.line.after);
    this.timer = this.count > 0 ? this.startTimer() : undefined;
  }
}
