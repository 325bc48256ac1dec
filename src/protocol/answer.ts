import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import type { UpstreamAnswer } from './exchange.js';

export const isEventStream = ({ headers }: Pick<UpstreamAnswer, 'headers'>): boolean =>
  headers['content-type']?.startsWith('text/event-stream') ?? false;

/** The answer of a handler that speaks the Fetch API. Event streams stay streams; anything else is read whole. */
export async function answerOf(response: Response): Promise<UpstreamAnswer> {
  const { status, body } = response;
  const headers = Object.fromEntries(response.headers);
  if (!body) return { status, headers, body: undefined };
  if (isEventStream({ headers })) return { status, headers, body: Readable.fromWeb(body as ReadableStream<Uint8Array>) };
  return { status, headers, body: Buffer.from(await response.arrayBuffer()) };
}

const JSON_HEADERS = { 'content-type': 'application/json' };

/** A JSON body as an answer. */
export const jsonAnswer = (body: unknown, status = 200): UpstreamAnswer => ({
  status,
  headers: JSON_HEADERS,
  body: Buffer.from(JSON.stringify(body)),
});
