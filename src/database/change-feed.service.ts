import { Inject, Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { DataSource, LessThan, MoreThan } from 'typeorm';
import { BackgroundTask } from '../common/background-task.js';
import { CLOCK, type Clock } from '../common/clock.js';
import { CONFIG, type Config } from '../config/config.js';
import { REDIS } from '../config/redis.module.js';
import { Change } from './change.entity.js';

type Listener = (subject: string) => void;

const POLL_MS = 250;
const PAGE = 1000;
/** A transaction that took an id may commit this much later than one with a greater id. */
const SETTLE_MS = 60_000;
const CHANNEL = 'changes';
const KEEP_MS = 24 * 3600 * 1000;
const PRUNE_BATCH = 1000;

/**
 * Follows the table of changes, so that what this replica holds in memory follows the database.
 * Ids can become visible out of order: every poll reads again from the newest id that is a minute old.
 */
@Injectable()
export class ChangeFeed implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger('ChangeFeed');
  private readonly listeners = new Map<string, Listener[]>();
  private readonly resetListeners: (() => void)[] = [];
  private readonly seen = new Map<number, number>();
  private readonly task = new BackgroundTask(() => this.poll(), POLL_MS);
  private subscriber: Redis | undefined;
  private floor = 0;
  private isLost = false;
  // A duration since the last success, not a date: a step of the wall clock must not make state look fresh.
  private syncedAt = performance.now();

  constructor(
    private readonly dataSource: DataSource,
    @Inject(CONFIG) private readonly config: Config,
    @Inject(REDIS) private readonly redis: Redis | undefined,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Calls `listener` with every subject of `topic` that changed, on whichever replica. It may be called twice. */
  on(topic: string, listener: Listener): void {
    this.listeners.set(topic, [...(this.listeners.get(topic) ?? []), listener]);
  }

  /** Calls `listener` when changes may have been missed, so that nothing held in memory can be trusted. */
  onReset(listener: () => void): void {
    this.resetListeners.push(listener);
  }

  /** Whether the database was heard within `STATE_MAX_STALENESS`. Without it no call may be let through. */
  get isFresh(): boolean {
    return this.stalenessMs <= this.config.stateMaxStalenessMs;
  }

  /** Milliseconds since the database was last heard. */
  get stalenessMs(): number {
    return performance.now() - this.syncedAt;
  }

  async onApplicationBootstrap(): Promise<void> {
    const newest = await this.dataSource.getRepository(Change).maximum('id');
    this.floor = Math.max(0, (newest ?? 0) - 100);
    this.syncedAt = performance.now();
    this.subscribe();
    this.task.start();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.task.stop();
    this.subscriber?.disconnect();
  }

  /** Applies what this replica has just committed, and tells the others that there is something to read. */
  applyOwn(changes: readonly Pick<Change, 'topic' | 'subject'>[]): void {
    for (const change of changes) this.apply(change);
    // A lost notice only costs the others the rest of their poll interval.
    if (changes.length > 0) this.redis?.publish(CHANNEL, '1').catch(() => undefined);
  }

  private subscribe(): void {
    if (!this.redis) return;
    const subscriber = this.redis.duplicate({ enableOfflineQueue: true, maxRetriesPerRequest: null });
    this.subscriber = subscriber;
    subscriber.on('error', () => undefined); // the main connection reports that Redis is away
    subscriber.on('message', () => this.task.wake());
    // Not awaited: with Redis away the poll alone does the work, and the subscription follows when it is back.
    subscriber.subscribe(CHANNEL).catch(() => undefined);
  }

  private async poll(): Promise<void> {
    try {
      const rows = await this.dataSource
        .getRepository(Change)
        .find({ where: { id: MoreThan(this.floor) }, order: { id: 'ASC' }, take: PAGE });
      this.recover();
      for (const row of rows) this.see(row);
      this.settle();
      if (rows.length === PAGE) this.skipAhead(rows.at(-1)?.id ?? this.floor);
    } catch (error) {
      if (!this.isLost) this.logger.error(`The database cannot be read, serving from memory: ${(error as Error).message}`);
      this.isLost = true;
    }
  }

  private recover(): void {
    if (this.isLost) this.logger.log('The database is back.');
    if (this.stalenessMs > SETTLE_MS) for (const reset of this.resetListeners) reset();
    this.isLost = false;
    this.syncedAt = performance.now();
  }

  private see(row: Change): void {
    if (this.seen.has(row.id)) return;
    this.seen.set(row.id, performance.now());
    this.apply(row);
  }

  private apply(change: Pick<Change, 'topic' | 'subject'>): void {
    for (const listener of this.listeners.get(change.topic) ?? []) listener(change.subject);
  }

  private settle(): void {
    const settled = performance.now() - SETTLE_MS;
    for (const [id, seenAt] of this.seen) {
      if (seenAt > settled) return;
      this.floor = Math.max(this.floor, id);
      this.seen.delete(id);
    }
  }

  /** More changes in a minute than one page holds: nothing in memory is trusted, and reading goes on behind them. */
  private skipAhead(newest: number): void {
    for (const reset of this.resetListeners) reset();
    this.floor = newest - 100;
    this.seen.clear();
    this.task.wake();
  }

  /** Removes what everybody has seen long ago, in small batches. */
  async prune(): Promise<void> {
    const table = this.dataSource.getRepository(Change);
    const where = { at: LessThan(this.clock() - KEEP_MS) };
    for (let count = PRUNE_BATCH; count === PRUNE_BATCH;) {
      const old = await table.find({ select: { id: true }, where, order: { id: 'ASC' }, take: PRUNE_BATCH });
      count = old.length;
      if (count > 0) await table.delete(old.map(({ id }) => id));
    }
  }
}
