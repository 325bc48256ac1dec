/** How often something happened, since the start. */
export class Tally {
  count = 0;

  add(more = 1): void {
    this.count += more;
  }
}

/** Upper bounds of what durations are sorted by, in seconds: from what memory answers to what waits for somebody else. */
export const DURATION_BOUNDS: readonly number[] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** How long something took, each time since the start: sorted into buckets, so that it costs a few nanoseconds and no memory. */
export class DurationTally {
  private readonly buckets = new Array<number>(DURATION_BOUNDS.length + 1).fill(0);
  private total = 0;
  private times = 0;

  add(milliseconds: number): void {
    const seconds = milliseconds / 1000;
    let bucket = 0;
    while (bucket < DURATION_BOUNDS.length && seconds > (DURATION_BOUNDS[bucket] ?? 0)) bucket++;
    this.buckets[bucket] = (this.buckets[bucket] ?? 0) + 1;
    this.total += seconds;
    this.times++;
  }

  get count(): number {
    return this.times;
  }

  /** Seconds in all. */
  get sum(): number {
    return this.total;
  }

  /** How many took at most as long as each of {@link DURATION_BOUNDS}. */
  cumulative(): number[] {
    let sum = 0;
    return DURATION_BOUNDS.map((_, bucket) => (sum += this.buckets[bucket] ?? 0));
  }
}

/** Tallies by a name out of few: an outcome, a reason. */
export class Tallies {
  private readonly tallies = new Map<string, Tally>();

  add(name: string, more = 1): void {
    const tally = this.tallies.get(name);
    if (tally) tally.count += more;
    else this.tallies.set(name, Object.assign(new Tally(), { count: more }));
  }

  get entries(): readonly (readonly [name: string, count: number])[] {
    return [...this.tallies].map(([name, { count }]) => [name, count] as const);
  }
}

/** What a cache has done, and how full it is. */
export interface CacheFigures {
  readonly hits: number;
  readonly misses: number;
  readonly size: number;
  readonly capacity: number;
}
