import type { Spoken } from './era-probe.js';

const KEEP_MS = 5 * 60_000;
/** What is doubted is asked again, but not for every answer that raises doubts. */
const DOUBT_MS = 10_000;

/** Remembers what an upstream speaks. Asked again in the background from time to time, and soon where an answer raises doubts. */
export class SpokenEras {
  private known: Spoken | undefined;
  private askedAt = 0;
  private asking: Promise<Spoken> | undefined;

  constructor(
    private readonly ask: () => Promise<Spoken>,
    private readonly monotonicNow: () => number = () => performance.now(),
  ) {}

  /** At once where it is known. @throws what asking throws, where nothing is known yet. */
  get(): Spoken | Promise<Spoken> {
    if (!this.known) return this.learn();
    // Its failure changes nothing: what was known stays known.
    if (this.monotonicNow() - this.askedAt > KEEP_MS) this.learn().catch(() => undefined);
    return this.known;
  }

  /** An answer did not look like one of an upstream that speaks this. */
  doubt(): void {
    const longAgo = this.monotonicNow() - KEEP_MS;
    if (this.monotonicNow() - this.askedAt > DOUBT_MS && this.askedAt > longAgo) this.askedAt = longAgo - 1;
  }

  private learn(): Promise<Spoken> {
    this.asking ??= this.learnAnew().finally(() => (this.asking = undefined));
    return this.asking;
  }

  private async learnAnew(): Promise<Spoken> {
    this.askedAt = this.monotonicNow();
    this.known = await this.ask();
    return this.known;
  }
}
