import { addAbortSignal, Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { isEventStream } from '../../protocol/answer.js';
import type { UpstreamAnswer } from '../../protocol/exchange.js';
import { isObject, type JsonObject } from '../message-shape.js';
import { messagesOf } from '../upstream-call.js';
import { type ConnectionListener, type ServerMessage, SessionLostError } from './legacy-connection.js';
import { discard } from './legacy-exchange.js';

const RETRY_MS = 1000;
const MAX_RETRY_MS = 30_000;
/** Attempts in a row without a message. */
const MAX_ATTEMPTS = 5;

export interface ChangeStreamParts {
  readonly get: (signal: AbortSignal, lastEventId?: string) => Promise<UpstreamAnswer>;
  readonly onRequest: (message: JsonObject) => void;
  readonly onLost: () => void;
}

/** The one GET stream of a session, open while somebody listens. */
export class ChangeStream {
  private readonly listeners = new Set<ConnectionListener>();
  private opening: Promise<boolean> | undefined;
  private ending = new AbortController();
  private lastEventId: string | undefined;
  private retryMs = RETRY_MS;

  constructor(private readonly parts: ChangeStreamParts) {}

  /** False where the server offers no such stream. @throws {SessionLostError} where the session is over. */
  async add(listener: ConnectionListener, signal: AbortSignal): Promise<boolean> {
    const { ending } = this;
    this.opening ??= this.open(ending);
    let isOpen = false;
    try {
      isOpen = await this.opening;
    } catch (error) {
      if (this.ending === ending) this.opening = undefined; // an attempt that failed says nothing of the next one
      throw error;
    }
    if (!isOpen || signal.aborted) return isOpen;
    // Whoever else listened has left in the meantime, and the stream with them.
    if (this.ending !== ending) return this.add(listener, signal);
    this.listeners.add(listener);
    signal.addEventListener('abort', () => this.remove(listener), { once: true });
    return true;
  }

  tell(notification: ServerMessage): void {
    for (const listener of [...this.listeners]) listener.onNotification(notification);
  }

  /** Ends the stream, and tells whoever listened. */
  close(): void {
    this.stop();
    const listeners = [...this.listeners];
    this.listeners.clear();
    for (const listener of listeners) listener.onEnd();
  }

  private remove(listener: ConnectionListener): void {
    this.listeners.delete(listener);
    if (this.listeners.size === 0) this.stop();
  }

  private stop(): void {
    this.ending.abort();
    this.ending = new AbortController();
    this.opening = undefined;
  }

  private async open(ending: AbortController): Promise<boolean> {
    const answer = await this.parts.get(ending.signal);
    if (!isStream(answer)) {
      discard(answer);
      return false;
    }
    void this.follow(answer, ending.signal);
    return true;
  }

  private async follow(first: UpstreamAnswer, signal: AbortSignal): Promise<void> {
    let answer: UpstreamAnswer | undefined = first;
    for (let attempts = 0; attempts < MAX_ATTEMPTS && !signal.aborted; attempts++) {
      try {
        answer ??= await this.parts.get(signal, this.lastEventId);
        if (!isStream(answer)) break;
        if (await this.read(answer, signal)) attempts = 0;
      } catch (error) {
        if (error instanceof SessionLostError) break;
      }
      answer = undefined;
      await delay(this.retryMs, undefined, { signal }).catch(() => undefined); // the loop looks at the signal
    }
    if (answer) discard(answer);
    if (signal.aborted) return;
    this.parts.onLost();
    this.close();
  }

  /** Whether anything came. */
  private async read(answer: UpstreamAnswer, signal: AbortSignal): Promise<boolean> {
    if (answer.body instanceof Readable) addAbortSignal(signal, answer.body);
    let hasHeard = false;
    const options = {
      isOpenEnded: true,
      onEventId: (id: string) => void (this.lastEventId = id),
      onRetry: (milliseconds: number) => void (this.retryMs = Math.min(milliseconds, MAX_RETRY_MS)),
    };
    try {
      for await (const message of messagesOf(answer, options)) {
        hasHeard = true;
        this.hear(message);
      }
    } catch (error) {
      if (!hasHeard) throw error;
    }
    return hasHeard;
  }

  private hear(message: JsonObject): void {
    const { method, id, params } = message;
    if (typeof method !== 'string') return;
    if (id !== undefined) this.parts.onRequest(message);
    else this.tell({ method, params: isObject(params) ? params : {} });
  }
}

const isStream = (answer: UpstreamAnswer): boolean => answer.status === 200 && isEventStream(answer) && answer.body instanceof Readable;
