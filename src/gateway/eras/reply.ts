import { Readable } from 'node:stream';
import { jsonAnswer } from '../../protocol/answer.js';
import type { UpstreamAnswer } from '../../protocol/exchange.js';
import type { JsonObject } from '../message-shape.js';

/** A client that does not read misses notifications beyond this, never its result. */
const MAX_WAITING_BYTES = 1024 * 1024;
const KEEP_ALIVE_MS = 25_000;
const STREAM_HEADERS = { 'content-type': 'text/event-stream' };

/** The answer to a translated exchange: JSON where the response is all there is, an event stream from the first other message on. */
export class Reply {
  /** Resolved as soon as it is known how the answer begins. */
  readonly answer: Promise<UpstreamAnswer>;
  private resolve: (answer: UpstreamAnswer) => void = () => undefined;
  private reject: (error: unknown) => void = () => undefined;
  private stream: Readable | undefined;
  private keepAlive: NodeJS.Timeout | undefined;
  private isSettled = false;
  private isEnded = false;

  constructor() {
    this.answer = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }

  /** Whether an event stream has begun. */
  get isOpen(): boolean {
    return this.stream !== undefined;
  }

  /** Whether nobody hears what is sent any more. */
  get isClosed(): boolean {
    return this.stream ? this.isEnded || this.stream.destroyed : this.isSettled;
  }

  /** Begins the event stream; `onClose` hears of its end, whoever ends it. */
  open(onClose: () => void = () => undefined): void {
    if (this.isSettled) return;
    this.isSettled = true;
    this.stream = new Readable({ read: () => undefined });
    this.stream.once('close', () => {
      clearInterval(this.keepAlive);
      onClose();
    });
    this.stream.on('error', () => undefined); // who reads it has gone
    this.keepAlive = setInterval(() => this.stream?.readableLength === 0 && this.push(': keep-alive\n\n'), KEEP_ALIVE_MS);
    this.keepAlive.unref();
    this.resolve({ status: 200, headers: STREAM_HEADERS, body: this.stream });
  }

  /** Sends a message before the response. False where it did not go out. */
  send(message: JsonObject): boolean {
    this.open();
    const isOptional = message['id'] === undefined;
    if (isOptional && (this.stream?.readableLength ?? 0) > MAX_WAITING_BYTES) return false;
    return this.push(eventOf(message));
  }

  /** Sends the response, the last of all. */
  finish(response: JsonObject, status = 200, headers: Readonly<Record<string, string>> = {}): void {
    if (this.stream) {
      this.push(eventOf(response));
      this.end();
    } else if (!this.isSettled) {
      this.isSettled = true;
      const answer = jsonAnswer(response, status);
      this.resolve({ ...answer, headers: { ...answer.headers, ...headers } });
    }
  }

  /** There is no answer but an error of ours; once a stream is open it can only break off. */
  fail(error: unknown): void {
    this.reject(error);
    this.isSettled = true;
    this.stream?.destroy();
  }

  /** Ends the stream without a response. */
  end(): void {
    this.open();
    if (!this.isClosed) this.stream?.push(null);
    this.isEnded = true;
    clearInterval(this.keepAlive);
  }

  private push(text: string): boolean {
    if (!this.stream || this.isClosed) return false;
    this.stream.push(text);
    return true;
  }
}

const eventOf = (message: JsonObject): string => `event: message\ndata: ${JSON.stringify(message)}\n\n`;
