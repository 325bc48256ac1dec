import { Inject, Injectable } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { REDIS } from '../config/redis.module.js';
import { Deadline } from '../rate-limit/deadline.js';
import type { SharedMarks } from './http-upstream/pending-answers.js';

const KEEP_SECONDS = 3600;
const ANSWER_MS = 250;

/** Marks in Redis, so that what one replica has asked another may be answered. */
@Injectable()
export class RedisMarks implements SharedMarks {
  private readonly deadline = new Deadline(ANSWER_MS);

  constructor(@Inject(REDIS) private readonly redis: Redis | undefined) {}

  set(name: string): void {
    // Without it the answer is accepted on this replica only.
    if (this.redis?.status === 'ready') this.redis.set(keyOf(name), '1', 'EX', KEEP_SECONDS).catch(() => undefined);
  }

  async take(name: string): Promise<boolean | undefined> {
    if (this.redis?.status !== 'ready') return undefined;
    try {
      return (await this.deadline.race(this.redis.getdel(keyOf(name)))) !== null;
    } catch {
      // Redis is away, which its own connection reports.
      return undefined;
    }
  }
}

const keyOf = (name: string): string => `mcp.asked:${name}`;
