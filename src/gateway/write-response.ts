import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import { isEventStream } from '../protocol/answer.js';
import type { Era, UpstreamAnswer } from '../protocol/exchange.js';
import { byName } from './by-name.js';
import { UpstreamBody } from './http-upstream/upstream-body.js';

/** Hop-by-hop, or the upstream's own business with its own clients (docs/gateway.md). */
const STRIPPED: ReadonlySet<string> = new Set([
  'connection',
  'content-encoding',
  'content-length',
  'dpop-nonce',
  'keep-alive',
  'server',
  'set-cookie',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'www-authenticate',
]);
const STRIPPED_PREFIXES = ['proxy-', 'access-control-'];

const isPassed = byName((name) => !STRIPPED.has(name) && !STRIPPED_PREFIXES.some((prefix) => name.startsWith(prefix)));

/** The headers of the answer to a client. Sessions are not of the modern era (R-MOD-12). */
export function answerHeaders(answer: Pick<UpstreamAnswer, 'headers'>, era: Era): OutgoingHttpHeaders {
  const headers: OutgoingHttpHeaders = {};
  for (const name in answer.headers) {
    if (isPassed(name) && (name !== 'mcp-session-id' || era === 'legacy')) headers[name] = answer.headers[name];
  }
  if (isEventStream(answer)) {
    headers['cache-control'] = 'no-cache, no-transform';
    headers['x-accel-buffering'] = 'no';
  } else headers['cache-control'] ??= 'no-store';
  return headers;
}

export interface StreamKind {
  /** Else it is a part of one long document. */
  readonly isEventStream: boolean;
  /** The last event where we end the stream ourselves. */
  readonly farewell?: string | undefined;
}

/** A stream on its way to a client: no faster than the client reads, and it can be ended from our side. */
export class ResponseStream {
  private isEnding = false;

  constructor(
    private readonly source: Readable,
    private readonly sink: ServerResponse,
    private readonly kind: StreamKind,
  ) {}

  /** Writes until either side ends. Never rejects: the headers are out, so there is nobody to tell but the connection. */
  run(): Promise<void> {
    const { source, sink } = this;
    // The first event may be long in coming; anything else comes at once, and the head with it.
    if (this.kind.isEventStream) sink.flushHeaders();
    return new Promise((resolve) => {
      sink.once('close', () => {
        source.destroy();
        resolve();
      });
      const breakOff = (): void => this.breakOff();
      source.once('error', breakOff);
      source.once('close', breakOff);
      if (source instanceof UpstreamBody) source.sendTo(sink);
      else source.pipe(sink);
      // Either may be over by now, and tells nobody any more.
      if (source.closed) this.breakOff();
      if (!sink.destroyed) return;
      source.destroy();
      resolve();
    });
  }

  /** Ends the stream from our side. */
  end(): void {
    if (this.isEnding || this.sink.writableEnded) return;
    this.isEnding = true;
    this.source.unpipe(this.sink);
    if (this.kind.farewell !== undefined && this.source instanceof UpstreamBody) this.source.silence();
    // An error tells the source that it was ended; without one its reader has left.
    this.source.destroy(new Error('Ended by the gateway'));
    // A client that does not read would keep the end waiting, and half a document must not look like a whole one.
    if (this.sink.writableNeedDrain || !this.kind.isEventStream) this.sink.destroy();
    else this.sink.end(this.kind.farewell);
  }

  /** The upstream broke off; a clean end would look like a complete answer. */
  private breakOff(): void {
    const isWhole = this.source.readableEnded || (this.source instanceof UpstreamBody && this.source.isWhole);
    if (!this.isEnding && !isWhole) this.sink.destroy();
  }
}
