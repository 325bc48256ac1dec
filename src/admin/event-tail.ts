import type { AuditEvent } from '../audit/event.entity.js';
import { firstIdAt, timeOfId } from '../common/ids.js';

/** Another replica's events become visible this much later than events with greater ids, at most. */
const SETTLE_MS = 10_000;
/** Events of one reading. */
const PAGE = 200;
/** Events that are remembered as told; of a busier trail late ones are missed. */
const MAX_TOLD = 1000;
/** More readings in a row than this are more than anybody reads along with. */
const MAX_PAGES = 5;

export type ReadAfter = (id: string, take: number) => Promise<AuditEvent[]>;

/** What is new in the trail. */
export interface News {
  readonly events: readonly AuditEvent[];
  /** Whether there was more, which was passed over. */
  readonly isCut: boolean;
}

/** Reads a growing trail from its end on, without leaving out what becomes visible late, and without telling anything twice. */
export class EventTail {
  private floor: string;
  private told = new Set<string>();
  private isStarted: boolean;

  /** Goes on behind `lastId`; without it, from now on. */
  constructor(
    private readonly readAfter: ReadAfter,
    private readonly clock: () => number,
    lastId: string | undefined,
  ) {
    this.isStarted = lastId !== undefined;
    this.floor = lastId ?? firstIdAt(clock() - SETTLE_MS);
  }

  async read(): Promise<News> {
    if (!this.isStarted) await this.start();
    const events: AuditEvent[] = [];
    for (let page = 0; page < MAX_PAGES; page++) {
      const found = await this.readPage();
      events.push(...found);
      if (found.length < PAGE) return { events, isCut: false };
    }
    this.skip();
    return { events, isCut: true };
  }

  /** What is there already is no news. */
  private async start(): Promise<void> {
    this.isStarted = true;
    const there = await this.readAfter(this.floor, MAX_TOLD);
    if (there.length === MAX_TOLD) return this.skip();
    for (const { id } of there) this.told.add(id);
    this.settle();
  }

  private async readPage(): Promise<AuditEvent[]> {
    const found = await this.readAfter(this.floor, this.told.size + PAGE);
    const news = found.filter(({ id }) => !this.told.has(id)).slice(0, PAGE);
    for (const { id } of news) this.told.add(id);
    this.settle();
    return news;
  }

  private settle(): void {
    const settled = this.clock() - SETTLE_MS;
    for (const id of [...this.told].sort()) {
      if (this.told.size <= MAX_TOLD && (timeOfId(id) ?? 0) > settled) return;
      this.told.delete(id);
      this.floor = id;
    }
  }

  /** Goes on with what happens from now on; of what happened before, nothing is told any more. */
  private skip(): void {
    this.told.clear();
    this.floor = firstIdAt(this.clock());
  }
}
