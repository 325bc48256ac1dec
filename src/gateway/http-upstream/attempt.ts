import { sideBySide } from '../../common/side-by-side.js';
import type { PooledHandler } from '../../egress/guarded-pool.js';
import type { Bounded, Due, DueTimes } from './due-times.js';
import type { StreamGuard } from './stream-guard.js';
import { type BodySource, UpstreamBody } from './upstream-body.js';

/** What an upstream answered to one HTTP request. Small answers are whole. */
export interface RawAnswer {
  readonly status: number;
  /** Those that may go on, and those that the gateway reads. Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | UpstreamBody | undefined;
  /** Ends the connection that a whole answer came on, where it is none: the next there may be another's as well. */
  readonly drop?: (() => void) | undefined;
}

/** The times that an attempt is bound by. */
export interface Bounds {
  /** Until the upstream has begun to answer. */
  readonly begin: DueTimes;
  /** For all of an answer that is collected, or that nobody reads any more. */
  readonly whole: DueTimes;
  /** Until a stream ends after all is said. */
  readonly close: DueTimes;
}

export interface AttemptOptions {
  readonly bounds: Bounds;
  /** Made where the answer is an event stream. */
  readonly guard: (() => StreamGuard) | undefined;
  readonly outlivesReader: boolean;
  /** Told once when the request is over, however it ended. Held as long as a stream is open, so that it should hold little itself. */
  readonly onEnd: () => void;
}

/** Why an attempt ended before its answer did. */
export type EndReason = 'client left' | 'too late' | 'not wanted any more';

export class EndedAttempt extends Error {
  override readonly name = 'EndedAttempt';

  constructor(readonly reason: EndReason) {
    super(reason);
  }
}

export type Settle = (answer: RawAnswer | undefined, error?: unknown) => void;

/** Answers up to this length are collected before they go on. */
const COLLECT_BYTES = 64 * 1024;
const MAX_ORPHANS = 1000;
/** Whole answers, of all upstreams. */
const together = sideBySide();

/** Only these pass, or are read: the rest is between the upstream and its own clients. */
const KEPT: ReadonlySet<string> = new Set([
  'allow',
  'cache-control',
  'content-encoding',
  'content-length',
  'content-type',
  'ratelimit',
  'ratelimit-policy',
  'retry-after',
  'traceresponse',
  'x-request-id',
]);

/** One HTTP request to an upstream, as undici's dispatcher drives it. */
export class Attempt implements PooledHandler, BodySource, Bounded {
  private abortRequest: ((error?: Error) => void) | undefined;
  private resumeResponse: (() => void) | undefined;
  private status = 0;
  private headers: Record<string, string> = {};
  private chunks: Buffer[] = [];
  private size = 0;
  private body: UpstreamBody | undefined;
  private isLate = false;
  private ended: EndedAttempt | undefined;
  private drop: (() => void) | undefined;
  private readonly begin: Due;
  private whole: Due | undefined;
  private close: Due | undefined;
  /** Bytes may have reached the upstream. */
  wasSent = false;

  private readonly bounds: Bounds;
  private readonly outlivesReader: boolean;
  private readonly onEnd: () => void;
  // Both know the request and are let go with the answer: a stream may be silent for hours after it.
  private guard: AttemptOptions['guard'];
  private settle: Settle | undefined;

  constructor({ bounds, guard, outlivesReader, onEnd }: AttemptOptions, settle: Settle) {
    this.bounds = bounds;
    this.guard = guard;
    this.outlivesReader = outlivesReader;
    this.onEnd = onEnd;
    this.settle = settle;
    this.begin = bounds.begin.add(this);
  }

  /** Ends it from our side. */
  end(reason: EndReason): void {
    this.ended ??= new EndedAttempt(reason);
    this.leaveBounds();
    // Undici heeds an abort only once it is connected; who waits does not wait for that.
    this.answer(undefined, this.ended);
    this.abortRequest?.(this.ended);
  }

  expire(): void {
    // What has begun has more time, and is rarely seen here: nothing is moved for the many that are over by then.
    if (this.status !== 0 && !this.body && !this.isLate) {
      this.isLate = true;
      this.whole = this.bounds.whole.add(this);
    } else this.end('too late');
  }

  resume(): void {
    this.resumeResponse?.();
  }

  stop(): void {
    this.end('not wanted any more');
  }

  drain(): void {
    const { whole } = this.bounds;
    if (whole.size >= MAX_ORPHANS) whole.expireOldest();
    whole.delete(this.whole);
    this.whole = whole.add(this);
    this.resume();
  }

  linger(): void {
    this.close ??= this.bounds.close.add(this);
  }

  onConnection(drop: () => void): void {
    this.drop = drop;
  }

  onConnect(abort: (error?: Error) => void): void {
    this.abortRequest = abort;
    if (this.ended) abort(this.ended);
    this.wasSent = true;
  }

  onHeaders(status: number, rawHeaders: Buffer[], resume: () => void): boolean {
    if (status < 200) return true;
    this.resumeResponse = resume;
    this.status = status;
    this.headers = readHeaders(rawHeaders);
    const isStream = this.headers['content-type']?.startsWith('text/event-stream') ?? false;
    if (isStream || Number(this.headers['content-length'] ?? 0) > COLLECT_BYTES) this.open(isStream);
    return true;
  }

  onData(chunk: Buffer): boolean {
    if (this.body) return this.body.accept(chunk);
    this.chunks.push(chunk);
    this.size += chunk.length;
    return this.size <= COLLECT_BYTES || this.open(false);
  }

  onComplete(): void {
    this.leave();
    if (this.body) this.body.finish();
    else together(() => this.answer({ status: this.status, headers: this.headers, body: this.joined(), drop: this.drop }));
  }

  onError(error: Error): void {
    this.leave();
    if (this.body) this.body.fail(error);
    else this.answer(undefined, this.ended ?? error);
  }

  /** From now on what arrives goes on as it comes. */
  private open(isStream: boolean): boolean {
    const { guard, outlivesReader, bounds } = this;
    bounds.begin.delete(this.begin);
    bounds.whole.delete(this.whole);
    const body = new UpstreamBody(this, { guard: isStream ? guard?.() : undefined, outlivesReader });
    this.body = body;
    this.answer({ status: this.status, headers: this.headers, body });
    let mayGoOn = true;
    for (const chunk of this.chunks) mayGoOn = body.accept(chunk);
    this.chunks = [];
    return mayGoOn;
  }

  private joined(): Buffer | undefined {
    return this.chunks.length > 1 ? Buffer.concat(this.chunks, this.size) : this.chunks[0];
  }

  private answer(answer: RawAnswer | undefined, error?: unknown): void {
    const { settle } = this;
    this.settle = undefined;
    this.guard = undefined;
    settle?.(answer, error);
  }

  private leave(): void {
    this.leaveBounds();
    this.onEnd();
  }

  private leaveBounds(): void {
    const { begin, whole, close } = this.bounds;
    begin.delete(this.begin);
    whole.delete(this.whole);
    close.delete(this.close);
  }
}

function readHeaders(raw: readonly Buffer[]): Record<string, string> {
  const headers: Record<string, string> = {};
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i]?.toString('latin1').toLowerCase() ?? '';
    if (!KEPT.has(name) && !name.startsWith('mcp-')) continue;
    const value = raw[i + 1]?.toString('latin1') ?? '';
    headers[name] = headers[name] === undefined ? value : `${headers[name]}, ${value}`;
  }
  return headers;
}
