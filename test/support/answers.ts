import { Readable } from 'node:stream';
import type { UpstreamAnswer } from '../../src/protocol/exchange.js';

/** An upstream's answer as the Fetch API has it. */
export function toResponse({ status, headers, body }: UpstreamAnswer): Response {
  return new Response(body instanceof Readable ? (Readable.toWeb(body) as ReadableStream<Uint8Array>) : (body ?? null), {
    status,
    headers,
  });
}
