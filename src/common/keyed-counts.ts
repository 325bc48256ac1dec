import { hash, randomBytes } from 'node:crypto';

/** Places among which a key may choose; the one that was quiet longest gives way where all are taken. */
const WAYS = 16;
const SEED_BYTES = 16;
/** Of keys that come again and again their places are known without hashing. */
const KNOWN_PLACES = 1000;

/**
 * Counts by key, each until a time, bounded. Of a key only a keyed hash is kept, in arrays that the garbage collector does not
 * look into: whoever brings a thousand new keys a second (guessed client ids, say) would make it collect everything, on and on, else.
 * The seed is random, so that nobody can choose a key that stands for somebody else's.
 */
export class KeyedCounts {
  private readonly seed = randomBytes(SEED_BYTES).toString('hex');
  private readonly ways: number;
  private readonly sets: number;
  /** 48 bits; others have chosen the set. */
  private readonly marks: Float64Array;
  private readonly counts: Float64Array;
  /** In milliseconds of the clock. */
  private readonly ends: Float64Array;
  /** When it was used last, by a clock that ticks with every use; 0 for a free slot. */
  private readonly uses: Float64Array;
  private readonly places = new Map<string, Place>();
  private tick = 0;
  private taken = 0;

  /** `capacity`: how many keys there is room for; rounded up to whole sets. */
  constructor(
    capacity: number,
    private readonly monotonicNow: () => number = () => performance.now(),
  ) {
    this.ways = Math.min(capacity, WAYS);
    this.sets = Math.ceil(capacity / this.ways);
    const slots = this.sets * this.ways;
    this.marks = new Float64Array(slots);
    this.counts = new Float64Array(slots);
    this.ends = new Float64Array(slots);
    this.uses = new Float64Array(slots);
  }

  /** Keys that are held, those among them that have ended but whose place nobody needed. */
  get size(): number {
    return this.taken;
  }

  /** Counts one, and starts at one for `lifetimeMs` where there is no count that has not ended. Gives the count. */
  add(key: string, lifetimeMs: number): number {
    const now = this.monotonicNow();
    const place = this.toPlace(key);
    const slot = this.take(place, now);
    if (this.isOver(slot, now)) {
      this.counts[slot] = 0;
      this.ends[slot] = now + lifetimeMs;
    }
    this.uses[slot] = ++this.tick;
    const count = at(this.counts, slot) + 1;
    this.counts[slot] = count;
    if (count === 2) this.keepPlace(key, place);
    return count;
  }

  /** 0 where there is none that has not ended. */
  count(key: string): number {
    const slot = this.find(key);
    return slot === undefined || this.isOver(slot, this.monotonicNow()) ? 0 : at(this.counts, slot);
  }

  /** Milliseconds until the count of a key ends; 0 where there is none. */
  endsIn(key: string): number {
    const slot = this.find(key);
    return slot === undefined ? 0 : Math.max(0, at(this.ends, slot) - this.monotonicNow());
  }

  delete(key: string): void {
    const slot = this.find(key);
    if (slot === undefined) return;
    this.uses[slot] = 0;
    this.ends[slot] = 0;
    this.taken--;
  }

  clear(): void {
    if (this.taken === 0) return;
    this.uses.fill(0);
    this.ends.fill(0);
    this.taken = 0;
  }

  private find(key: string): number | undefined {
    return this.taken === 0 ? undefined : this.search(this.toPlace(key));
  }

  /** The slot of a key; for a new one a slot of its set that is free, has ended, or was not used for longest. */
  private take(place: Place, now: number): number {
    const known = this.search(place);
    if (known !== undefined) return known;
    const slot = this.leastNeeded(place, now);
    if (this.uses[slot] === 0) this.taken++;
    this.marks[slot] = place.mark;
    this.ends[slot] = 0;
    return slot;
  }

  private search({ first, mark }: Place): number | undefined {
    for (let slot = first; slot < first + this.ways; slot++) if (this.marks[slot] === mark && this.uses[slot] !== 0) return slot;
    return undefined;
  }

  private leastNeeded({ first }: Place, now: number): number {
    let [least, leastUse] = [first, Infinity];
    for (let slot = first; slot < first + this.ways; slot++) {
      const use = this.isOver(slot, now) ? 0 : at(this.uses, slot);
      if (use < leastUse) [least, leastUse] = [slot, use];
    }
    return least;
  }

  private isOver(slot: number, now: number): boolean {
    return at(this.ends, slot) <= now;
  }

  private keepPlace(key: string, place: Place): void {
    if (this.places.size >= KNOWN_PLACES) this.places.clear();
    // A copy: a part of a longer text keeps all of it in memory, of a header, say, the wrong secret beside the id.
    this.places.set(Buffer.from(key).toString(), place);
  }

  private toPlace(key: string): Place {
    const known = this.places.get(key);
    if (known) return known;
    const digest = hash('sha256', this.seed + key, 'buffer');
    return { first: (digest.readUInt32LE(0) % this.sets) * this.ways, mark: digest.readUIntLE(4, 6) };
  }
}

interface Place {
  /** The first slot of the set. */
  readonly first: number;
  readonly mark: number;
}

const at = (array: Float64Array, slot: number): number => array[slot] ?? 0;
