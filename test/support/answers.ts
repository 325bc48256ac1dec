import { Readable } from 'node:stream';
import type { UpstreamAnswer } from '../../src/protocol/exchange.js';
import type { Answer } from './gatehouse.js';

/** An upstream's answer as the Fetch API has it. */
export function toResponse({ status, headers, body }: UpstreamAnswer): Response {
  return new Response(body instanceof Readable ? (Readable.toWeb(body) as ReadableStream<Uint8Array>) : (body ?? null), {
    status,
    headers,
  });
}

/** Of each request by nature: when it was answered, and its name in the log. */
const OF_EACH: ReadonlySet<string> = new Set(['date', 'gatehouse-request-id']);

/** All that an answer tells whoever asked, so that two can be compared byte for byte. */
export const seenOf = ({ status, text, headers }: Pick<Answer, 'status' | 'text' | 'headers'>): unknown => ({
  status,
  text,
  headers: [...headers].filter(([name]) => !OF_EACH.has(name)),
});
