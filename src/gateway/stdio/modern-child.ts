import { PassThrough } from 'node:stream';
import type { Exchange, UpstreamAnswer } from '../../protocol/exchange.js';
import { MCP_CODE, McpError } from '../../protocol/mcp-error.js';
import { isObject, type JsonObject } from '../message-shape.js';
import type { ChildConnection, ChildMessage } from './child-connection.js';

/** A reader slower than this loses its stream: the child's output is one for all, and cannot wait for it. */
const MAX_BUFFERED_BYTES = 4 * 1024 * 1024;
const LISTEN = 'subscriptions/listen';
const EVENT_STREAM = { 'content-type': 'text/event-stream' };
/** Errors that the transport of 2026-07-28 gives an HTTP status of their own. */
const STATUSES: ReadonlyMap<number, number> = new Map([
  [MCP_CODE.methodNotFound, 404],
  [MCP_CODE.headerMismatch, 400],
  [-32021, 400],
  [MCP_CODE.unsupportedProtocolVersion, 400],
]);

/**
 * Passes one exchange of the modern era on to a child that speaks it. The answer is JSON, or a stream where the child sends something
 * before its response.
 */
export async function askModernChild(connection: ChildConnection, exchange: Exchange, timeoutMs: number): Promise<UpstreamAnswer> {
  const { message, body, id } = exchange;
  if (!isObject(message) || body === undefined) throw new McpError(400, MCP_CODE.invalidRequest, 'A message is a JSON object.', { id });
  // The ids in notifications are the client's own, and mean others' requests on a connection that is shared.
  if (id === undefined) return { status: 202, headers: {}, body: undefined };
  return new ModernCall(exchange, message).run(connection, body.toString('utf8'), timeoutMs);
}

/** One request on its way: whichever comes first, a notification or the response, decides the form of the answer. */
class ModernCall {
  private readonly gone = new AbortController();
  private stream: PassThrough | undefined;
  private openStream: ((answer: UpstreamAnswer) => void) | undefined;

  constructor(
    private readonly exchange: Exchange,
    private readonly message: JsonObject,
  ) {}

  async run(connection: ChildConnection, text: string, timeoutMs: number): Promise<UpstreamAnswer> {
    const streaming = new Promise<UpstreamAnswer>((resolve) => (this.openStream = resolve));
    const response = connection.request({
      text,
      message: this.message,
      signal: AbortSignal.any([this.exchange.signal, this.gone.signal]),
      timeoutMs: this.message['method'] === LISTEN ? undefined : timeoutMs,
      onNotification: (notification) => this.pass(notification),
    });
    const whole = response.then((answer) => this.finish(answer));
    whole.catch((error: unknown) => this.stream?.destroy(error as Error));
    return Promise.race([streaming, whole]);
  }

  private pass({ text }: ChildMessage): void {
    this.stream ??= this.open();
    if (this.stream.writableLength > MAX_BUFFERED_BYTES) this.stream.destroy(new Error('The client reads too slowly'));
    else this.stream.write(eventOf(text));
  }

  private open(): PassThrough {
    const stream = new PassThrough();
    stream.on('error', () => undefined); // it may break off before anybody reads it
    // Whoever reads has left, or was too slow: the child need not go on.
    stream.once('close', () => this.gone.abort(new Error('Nobody waits for the answer')));
    this.openStream?.({ status: 200, headers: EVENT_STREAM, body: stream });
    return stream;
  }

  private finish({ text, message }: ChildMessage): UpstreamAnswer {
    if (this.stream) {
      this.stream.end(eventOf(text));
      return { status: 200, headers: EVENT_STREAM, body: this.stream };
    }
    const code = isObject(message['error']) ? message['error']['code'] : undefined;
    return { status: STATUSES.get(code as number) ?? 200, headers: { 'content-type': 'application/json' }, body: Buffer.from(text) };
  }
}

const eventOf = (json: string): string => `event: message\ndata: ${json.replaceAll(/[\r\n]+/g, ' ')}\n\n`;
