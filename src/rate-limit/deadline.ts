interface Pending {
  readonly since: number;
  readonly giveUp: () => void;
}

/** Why a promise that came too late was rejected. */
export class DeadlineError extends Error {
  override readonly name = 'DeadlineError';
}

/**
 * Rejects what takes too long, with one timer for all that is pending: a timer for each would cost more than the
 * work that it guards. What is late is noticed after one to two times `limitMs`.
 */
export class Deadline {
  private readonly pending = new Set<Pending>();
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly limitMs: number) {}

  /** @throws {DeadlineError} when `work` does not settle in time. */
  race<T>(work: Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const entry = { since: performance.now(), giveUp: () => reject(new DeadlineError('Took too long')) };
      this.pending.add(entry);
      this.watch();
      work.finally(() => this.pending.delete(entry)).then(resolve, reject);
    });
  }

  private watch(): void {
    if (this.timer) return;
    this.timer = setTimeout(() => this.sweep(), this.limitMs);
    this.timer.unref();
  }

  private sweep(): void {
    this.timer = undefined;
    const late = performance.now() - this.limitMs;
    // The oldest come first: behind one that is in time there is none that is late.
    for (const entry of this.pending) {
      if (entry.since > late) break;
      this.pending.delete(entry);
      entry.giveUp();
    }
    if (this.pending.size > 0) this.watch();
  }
}
