import { describe, expect, it } from '@jest/globals';
import { LiveStreams } from './live-streams.js';

const streams = () => new LiveStreams({ perHolder: 2, total: 3 });

describe('LiveStreams [R-GWC-15]', () => {
  it('gives a holder so many and then 429', () => {
    const live = streams();
    live.claim('a');
    live.claim('a');
    expect(() => live.claim('a')).toThrow(expect.objectContaining({ status: 429, code: 429, headers: { 'retry-after': '10' } }));
    live.release('a');
    expect(() => live.claim('a')).not.toThrow();
  });

  it('gives as many as a server says', () => {
    const live = streams();
    for (let i = 0; i < 3; i++) live.claim('a', 3);
    expect(() => live.claim('a', 3)).toThrow(expect.objectContaining({ status: 429 }));
  });

  it('gives all holders together so many and then 503', () => {
    const live = streams();
    live.claim('a');
    live.claim('a');
    live.claim('b');
    expect(() => live.claim('c')).toThrow(expect.objectContaining({ status: 503 }));
    live.release('b');
    expect(() => live.claim('c')).not.toThrow();
  });

  it('ends those that are open, and no others', () => {
    const live = streams();
    const ended: string[] = [];
    const stream = (name: string, staysOpen = false) => ({
      principal: undefined,
      address: '',
      endsAt: 0,
      staysOpen,
      end: () => void ended.push(name),
      hangUp: () => undefined,
    });
    const [a, b] = [stream('a'), stream('b')];
    live.add(a);
    live.add(b);
    live.delete(a);
    live.endAll();
    expect(ended).toEqual(['b']);
  });
});
