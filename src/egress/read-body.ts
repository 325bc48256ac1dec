import { EgressError } from './egress-error.js';

/**
 * Reads a body, and stops at the first byte too many: Content-Length may lie, and may be absent.
 * @throws {EgressError} `too_large`.
 */
export async function readBody(
  body: AsyncIterable<Buffer>,
  headers: Readonly<Record<string, string | string[] | undefined>>,
  maxBytes: number,
  url: URL,
): Promise<Buffer> {
  const tooLarge = new EgressError('too_large', `the answer exceeds ${maxBytes} bytes`, url);
  if (Number(headers['content-length'] ?? 0) > maxBytes) throw tooLarge;
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > maxBytes) throw tooLarge;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
}
