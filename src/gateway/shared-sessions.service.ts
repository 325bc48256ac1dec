import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { newUnguessableId } from '../common/ids.js';
import { REDIS } from '../config/redis.module.js';
import { Deadline } from '../rate-limit/deadline.js';
import type { SessionState, SessionStates, StateListener } from './eras/session-states.js';
import { isObject } from './message-shape.js';

const CHANNEL = 'mcp.sessions';
const KEEP_SECONDS = 24 * 3600;
const ANSWER_MS = 250;

/**
 * The state of translated sessions in Redis, so that any replica can take the next message (R-LEG-09): what ended stays ended,
 * and what was subscribed to is heard by the replica that holds the stream. Without Redis each replica knows its own.
 */
@Injectable()
export class SharedSessions implements SessionStates, OnApplicationBootstrap, OnApplicationShutdown {
  private readonly deadline = new Deadline(ANSWER_MS);
  private readonly listeners = new Set<StateListener>();
  private readonly replica = newUnguessableId();
  private subscriber: Redis | undefined;

  constructor(@Inject(REDIS) private readonly redis: Redis | undefined) {}

  onApplicationBootstrap(): void {
    if (!this.redis) return;
    const subscriber = this.redis.duplicate({ enableOfflineQueue: true, maxRetriesPerRequest: null });
    this.subscriber = subscriber;
    subscriber.on('error', () => undefined); // the main connection reports that Redis is away
    subscriber.on('message', (_channel, message) => this.hear(message));
    subscriber.subscribe(CHANNEL).catch(() => undefined); // it follows when Redis is back
  }

  onApplicationShutdown(): void {
    this.subscriber?.disconnect();
  }

  async load(key: string): Promise<SessionState | undefined> {
    if (this.redis?.status !== 'ready') return undefined;
    try {
      return readState(await this.deadline.race(this.redis.get(keyOf(key))));
    } catch {
      // Redis is away, which its own connection reports.
      return undefined;
    }
  }

  save(key: string, state: SessionState): void {
    const { redis, replica } = this;
    if (redis?.status !== 'ready') return;
    redis.set(keyOf(key), JSON.stringify(state), 'EX', KEEP_SECONDS).catch(() => undefined);
    redis.publish(CHANNEL, JSON.stringify({ key, state, replica })).catch(() => undefined);
  }

  listen(listener: StateListener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private hear(message: string): void {
    const notice = parse(message);
    const state = isObject(notice) ? toState(notice['state']) : undefined;
    if (!isObject(notice) || !state || notice['replica'] === this.replica) return;
    for (const listener of this.listeners) listener(String(notice['key']), state);
  }
}

const keyOf = (key: string): string => `mcp.session:${key}`;

const readState = (text: string | null): SessionState | undefined => (text === null ? undefined : toState(parse(text)));

function toState(value: unknown): SessionState | undefined {
  if (!isObject(value)) return undefined;
  const { isEnded, level, subscriptions } = value;
  return {
    isEnded: isEnded === true,
    level: typeof level === 'string' ? level : undefined,
    subscriptions: Array.isArray(subscriptions) ? subscriptions.filter((uri) => typeof uri === 'string') : [],
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not written by us, or by another version.
    return undefined;
  }
}
