import { once } from 'node:events';
import { Readable } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import { derivedBody } from './derived-body.js';

async function* same(source: Readable): AsyncGenerator<Buffer> {
  yield* source as AsyncIterable<Buffer>;
}

describe('a body made of another', () => {
  const silent = (): Readable => new Readable({ read: () => undefined });

  it('takes its source along when its reader leaves before the first part', async () => {
    const source = silent();
    derivedBody(same(source), source).destroy();
    await once(source, 'close');
  });

  it('takes it along when its reader leaves while it waits for the next part', async () => {
    const source = silent();
    const body = derivedBody(same(source), source);
    source.push('one');
    expect(String((await once(body, 'data'))[0])).toBe('one');
    body.destroy();
    await Promise.all([once(source, 'close'), once(body, 'close')]);
  });

  it('ends where its source ends', async () => {
    const source = Readable.from(['a', 'b']);
    const parts: string[] = [];
    for await (const part of derivedBody(same(source), source)) parts.push(String(part));
    expect(parts.join('')).toBe('ab');
  });
});
