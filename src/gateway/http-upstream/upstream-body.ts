import { Readable } from 'node:stream';
import type { StreamGuard } from './stream-guard.js';

/** The request whose answer a body is. */
export interface BodySource {
  /** More is wanted. */
  resume(): void;
  /** Nothing is wanted any more: ends the request. */
  stop(): void;
  /** Nobody reads any more, but the upstream shall get to its end. */
  drain(): void;
  /** All is said: it ends by itself or is ended soon. */
  linger(): void;
}

export interface BodyOptions {
  /** Looks at an event stream on its way. */
  readonly guard?: StreamGuard | undefined;
  /** Whether the upstream goes on when the reader leaves: in the legacy era that is no cancellation (R-LEG-10). */
  readonly outlivesReader: boolean;
}

/** Where a body goes: Node's `ServerResponse`. */
export interface BodySink {
  write(chunk: Buffer): boolean;
  end(): unknown;
  on(event: 'drain', listener: () => void): unknown;
}

const ignore = (): void => undefined;

/** What undici gives in one piece; with less room each would stop the flow. */
const HIGH_WATER_BYTES = 128 * 1024;

/**
 * The body of an answer on its way through: read from the upstream no faster than it is read here. Destroyed without an error,
 * its reader has left; with one, the gateway wants it to end.
 */
export class UpstreamBody extends Readable {
  private sink: BodySink | undefined;
  private isComplete = false;
  private isDrained = false;
  private isSilent = false;

  constructor(
    private readonly source: BodySource,
    private readonly options: BodyOptions,
  ) {
    super({ highWaterMark: HIGH_WATER_BYTES });
    // One that is not passed on has no reader who could hear of its end, and nobody needs to.
    this.on('error', ignore);
  }

  /** Whether all of it has arrived. */
  get isWhole(): boolean {
    return this.isComplete && this.errored === null;
  }

  /** Sends the body on without the way through a stream's buffers, which costs more than an event does. */
  sendTo(sink: BodySink): void {
    if (this.isComplete) {
      this.pipe(sink as NodeJS.WritableStream & BodySink);
      return;
    }
    this.sink = sink;
    for (let held = this.read() as Buffer | null; held !== null; held = this.read() as Buffer | null) sink.write(held);
    sink.on('drain', () => this.source.resume());
    this.source.resume();
  }

  /** What is unanswered is not spoken of when it ends: whoever ends it does so. */
  silence(): void {
    this.isSilent = true;
  }

  /** Takes what has arrived. Whether more may come at once. */
  accept(chunk: Buffer): boolean {
    if (this.isDrained || this.isComplete) return true;
    const { guard } = this.options;
    if (!guard) return this.pass(chunk);
    const passed = guard.feed(chunk);
    const mayGoOn = passed === undefined || this.pass(passed);
    if (!guard.isOver) return mayGoOn;
    this.complete();
    if (guard.fault === undefined) this.source.linger();
    else this.source.stop();
    return true;
  }

  /** The upstream has said all. */
  finish(): void {
    if (this.isComplete) return;
    const ending = this.options.guard?.ending();
    if (ending && !this.isDrained) this.pass(ending);
    this.complete();
  }

  /** The upstream broke off. */
  fail(error: Error): void {
    if (this.isComplete) return;
    const { guard } = this.options;
    const ending = this.isSilent || guard?.mayBeResumed ? undefined : guard?.ending();
    if (!ending) {
      this.isComplete = true;
      this.destroy(error);
      return;
    }
    this.pass(ending);
    this.complete();
  }

  override _read(): void {
    this.source.resume();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    if (!this.isComplete) {
      const { guard, outlivesReader } = this.options;
      this.isDrained = true;
      // What can be resumed is kept by the upstream, and a connection of ours would be in the way of its next reader.
      if (outlivesReader && error === null && !guard?.mayBeResumed) this.source.drain();
      else this.source.stop();
    }
    callback(error);
  }

  private pass(chunk: Buffer): boolean {
    return this.sink ? this.sink.write(chunk) : this.push(chunk);
  }

  private complete(): void {
    this.isComplete = true;
    if (!this.sink) {
      this.push(null);
      return;
    }
    if (!this.isDrained) this.sink.end();
    this.destroy();
  }
}
