import { type Clock, toSeconds } from '../../common/clock.js';

/** `unknown`: so old that it may be among those that had to be forgotten. */
export type Sighting = 'first' | 'seen' | 'unknown';

/** Proofs of one second of `iat`. */
interface Second {
  readonly digests: string[];
  /** By a clock that is never set: until then they are kept, whatever the time is said to be. */
  keptUntil: number;
}

const MAX_PROOFS = 200_000;
/** Seconds after its `iat` that nobody accepts a proof any more: 300, and one minute for clocks that are set back. */
const KEPT_SECONDS = 360;

/**
 * Remembers proofs until they are too old to be accepted. Bounded: when it is full, those with the oldest `iat` go and
 * from then on nothing can be said of proofs as old as they, which is not the same as never seen.
 */
export class SeenProofs {
  private readonly seen = new Set<string>();
  /** The digests by the second of their `iat`. */
  private readonly bySecond = new Map<number, Second>();
  private forgottenUpTo = -Infinity;
  private sweptAt = -Infinity;

  constructor(
    private readonly clock: Clock,
    private readonly maxProofs = MAX_PROOFS,
    private readonly monotonicNow: () => number = () => performance.now(),
  ) {}

  get size(): number {
    return this.seen.size;
  }

  /** Remembers a proof, and says what was known of it. `iat` is in seconds since the Unix epoch. */
  note(digest: string, iat: number): Sighting {
    this.sweep();
    if (this.seen.has(digest)) return 'seen';
    const second = Math.floor(iat);
    if (this.seen.size >= this.maxProofs && second > this.forgottenUpTo) this.makeRoom(second);
    if (second <= this.forgottenUpTo) return 'unknown';
    this.seen.add(digest);
    const keptUntil = toSeconds(this.monotonicNow()) + second + KEPT_SECONDS - toSeconds(this.clock());
    const others = this.bySecond.get(second);
    if (others) {
      others.digests.push(digest);
      others.keptUntil = Math.max(others.keptUntil, keptUntil);
    } else this.bySecond.set(second, { digests: [digest], keptUntil });
    return 'first';
  }

  /** The oldest go, and that may be the one that comes. */
  private makeRoom(second: number): void {
    const oldest = Math.min(second, ...this.bySecond.keys());
    this.forget(oldest);
    this.forgottenUpTo = Math.max(this.forgottenUpTo, oldest);
  }

  /** Once a second at most: there are never more than some hundred seconds to look at. */
  private sweep(): void {
    const now = toSeconds(this.clock());
    if (now === this.sweptAt) return;
    this.sweptAt = now;
    const steady = toSeconds(this.monotonicNow());
    // Both must say so: a clock that steps ahead and is set right again would make used proofs good once more.
    for (const [second, { keptUntil }] of this.bySecond) {
      if (second < now - KEPT_SECONDS && keptUntil < steady) this.forget(second);
    }
  }

  private forget(second: number): void {
    for (const digest of this.bySecond.get(second)?.digests ?? []) this.seen.delete(digest);
    this.bySecond.delete(second);
  }
}
