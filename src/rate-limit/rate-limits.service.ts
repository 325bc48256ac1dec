import { Inject, Injectable, Logger } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import { Tally } from '../common/tally.js';
import { CONFIG, type Config } from '../config/config.js';
import { REDIS } from '../config/redis.module.js';
import { Deadline } from './deadline.js';
import { MemoryCounters, type Quota } from './memory-counters.js';

/** A Redis that takes longer is treated as away: a limit must not slow down what it protects. */
const ANSWER_MS = 250;
/** After that long without an answer Redis is left alone for as long as this. */
const PAUSE_MS = 5000;

/** Counts against quotas: in Redis where there is one, so that replicas share a limit, else (and while it is away) in memory. */
@Injectable()
export class RateLimits {
  private readonly memory = new MemoryCounters();
  private readonly shared = new Map<string, RateLimiterRedis>();
  private readonly deadline = new Deadline(ANSWER_MS);
  private readonly logger = new Logger('RateLimits');
  private pausedUntil = 0;
  private isAway = false;
  /** Decisions since the start that were made in memory because Redis did not answer. */
  readonly fallbacks = new Tally();

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @Inject(REDIS) private readonly redis: Redis | undefined,
  ) {}

  /** Whether replicas share their limits at the moment; undefined without Redis. */
  get areShared(): boolean | undefined {
    return this.redis ? this.redis.status === 'ready' && !this.isAway : undefined;
  }

  /** What is counted in memory. */
  get size(): number {
    return this.memory.size;
  }

  /** Counts one. Gives 0 when that is allowed, else the seconds to wait. Never throws. */
  async take(quota: Quota, key: string): Promise<number> {
    return this.count(quota, key);
  }

  /** The same, at once where it is counted in memory. */
  count(quota: Quota, key: string): number | Promise<number> {
    if (!this.config.rateLimits.enabled) return 0;
    const limiter = this.sharedLimiter(quota);
    if (limiter) return this.takeShared(limiter, quota, key);
    if (this.redis) this.fallbacks.add();
    return this.memory.take(quota, key);
  }

  private async takeShared(limiter: RateLimiterRedis, quota: Quota, key: string): Promise<number> {
    try {
      await this.deadline.race(limiter.consume(key));
      this.note(false);
      return 0;
    } catch (error) {
      if (error instanceof RateLimiterRes) return waitOf(error);
      this.pause();
      this.fallbacks.add();
      return this.memory.take(quota, key);
    }
  }

  /** The seconds to wait at the moment, 0 for none, without counting. Never throws. */
  async waitFor(quota: Quota, key: string): Promise<number> {
    if (!this.config.rateLimits.enabled) return 0;
    const limiter = this.sharedLimiter(quota);
    if (!limiter) return this.memory.waitFor(quota, key);
    try {
      const result = await this.deadline.race(limiter.get(key));
      return result && result.consumedPoints >= quota.limit ? waitOf(result) : 0;
    } catch {
      // Redis is away, which its own connection reports; memory answers.
      this.pause();
      return this.memory.waitFor(quota, key);
    }
  }

  /** Forgets what was counted. Never throws. */
  async clear(quota: Quota, key: string): Promise<void> {
    this.memory.clear(quota, key);
    try {
      const limiter = this.sharedLimiter(quota);
      if (limiter) await this.deadline.race(limiter.delete(key));
    } catch {
      // Redis is away, and with it what it counted counts no more.
      this.pause();
    }
  }

  private pause(): void {
    this.pausedUntil = performance.now() + PAUSE_MS;
    this.note(true);
  }

  /** Says so when replicas stop, or begin again, to share their limits. */
  private note(isAway: boolean): void {
    if (this.isAway === isAway) return;
    this.isAway = isAway;
    if (isAway) this.logger.warn('Redis does not answer: each replica counts limits in its own memory until it does.');
    else this.logger.log('Redis answers again: replicas share their limits.');
  }

  /** Undefined without Redis and while it is away. */
  private sharedLimiter(quota: Quota): RateLimiterRedis | undefined {
    if (!this.redis || performance.now() < this.pausedUntil) return undefined;
    if (this.redis.status !== 'ready') {
      this.note(true);
      return undefined;
    }
    const existing = this.shared.get(quota.name);
    if (existing) return existing;
    const { name, limit, windowSeconds } = quota;
    const limiter = new RateLimiterRedis({ storeClient: this.redis, keyPrefix: `limit:${name}`, points: limit, duration: windowSeconds });
    this.shared.set(name, limiter);
    return limiter;
  }
}

const waitOf = (result: RateLimiterRes): number => Math.max(result.msBeforeNext, 1) / 1000;
