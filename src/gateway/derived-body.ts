import { Readable } from 'node:stream';

/**
 * A body made of another's parts, which ends with it. A generator that waits for the next part, or was never begun, does not hear
 * that its reader has left: the source is told here, or its connection would stay open for as long as the upstream is silent.
 */
export function derivedBody(parts: AsyncGenerator<Buffer>, source: Buffer | Readable): Readable {
  const body = Readable.from(parts, { objectMode: false });
  if (!(source instanceof Readable)) return body;
  const end = body._destroy.bind(body);
  body._destroy = (error, callback) => {
    source.destroy(error ?? undefined);
    end(error, callback);
  };
  return body;
}
