import { createHash } from 'node:crypto';
import { Global, Inject, Logger, Module, type OnApplicationShutdown } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { CONFIG, type Config } from './config.js';

/** Injection token of the shared Redis connection: a `Redis`, or undefined without `REDIS_URL`. */
export const REDIS = Symbol('REDIS');

/** Opens the connection. Commands fail at once while Redis is away, because what it holds may be lost. */
async function connect(config: Config): Promise<Redis | undefined> {
  if (!config.redisUrl) return undefined;
  const { Redis } = await import('ioredis');
  const redis = new Redis(config.redisUrl, { enableOfflineQueue: false, maxRetriesPerRequest: 1, keyPrefix: prefixOf(config) });
  const logger = new Logger('Redis');
  let isAway = false;
  redis.on('error', (error: Error) => {
    if (!isAway) logger.warn(`Redis is away, counting in memory: ${error.message || error.name}`);
    isAway = true;
  });
  redis.on('ready', () => {
    if (isAway) logger.log('Redis is back.');
    isAway = false;
  });
  return redis;
}

/** Replicas of one installation share its counters; two installations on one Redis do not. */
const prefixOf = ({ publicUrl }: Config): string => `gatehouse:${createHash('sha256').update(publicUrl).digest('hex').slice(0, 12)}:`;

/** What may be lost lives in Redis, where there is one: shared counters and change notices. */
@Global()
@Module({ providers: [{ provide: REDIS, inject: [CONFIG], useFactory: connect }], exports: [REDIS] })
export class RedisModule implements OnApplicationShutdown {
  constructor(@Inject(REDIS) private readonly redis: Redis | undefined) {}

  onApplicationShutdown(): void {
    this.redis?.disconnect();
  }
}
