import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { KeyedCounts } from './keyed-counts.js';

const LIFETIME_MS = 1000;

function setUp(capacity = 1000) {
  const time = { now: 0 };
  return { time, counts: new KeyedCounts(capacity, () => time.now) };
}

describe('KeyedCounts', () => {
  it('counts each key on its own until its time is over', () => {
    const { counts, time } = setUp();
    expect([counts.add('a', LIFETIME_MS), counts.add('a', LIFETIME_MS), counts.add('b', LIFETIME_MS)]).toEqual([1, 2, 1]);
    time.now = 400;
    expect([counts.count('a'), counts.endsIn('a'), counts.count('c'), counts.endsIn('c')]).toEqual([2, 600, 0, 0]);
    time.now = LIFETIME_MS;
    expect([counts.count('a'), counts.endsIn('a'), counts.add('a', LIFETIME_MS), counts.endsIn('a')]).toEqual([0, 0, 1, LIFETIME_MS]);
  });

  it('does not live longer for being counted', () => {
    const { counts, time } = setUp();
    counts.add('a', LIFETIME_MS);
    time.now = 900;
    counts.add('a', LIFETIME_MS);
    expect(counts.endsIn('a')).toBe(100);
  });

  it('forgets one key, and all', () => {
    const { counts } = setUp();
    for (const key of ['a', 'b', 'c']) counts.add(key, LIFETIME_MS);
    counts.delete('a');
    counts.delete('unknown');
    expect([counts.count('a'), counts.count('b'), counts.size]).toEqual([0, 1, 2]);
    counts.clear();
    expect([counts.count('b'), counts.endsIn('b'), counts.size, counts.add('b', LIFETIME_MS)]).toEqual([0, 0, 0, 1]);
  });

  it('takes the place of an ended key before that of one that still counts', () => {
    const { counts, time } = setUp(4);
    counts.add('long', 10 * LIFETIME_MS);
    for (const key of ['a', 'b', 'c']) counts.add(key, LIFETIME_MS);
    time.now = LIFETIME_MS;
    for (const key of ['d', 'e', 'f']) counts.add(key, LIFETIME_MS);
    expect([counts.count('long'), counts.count('d'), counts.count('f'), counts.size]).toEqual([1, 1, 1, 4]);
  });

  it('is bounded, and holds what is in use while others come and go', () => {
    const { counts } = setUp();
    for (let i = 1; i <= 20_000; i++) {
      counts.add(`one-time-${i}`, LIFETIME_MS);
      expect(counts.add('busy', LIFETIME_MS)).toBe(i);
    }
    expect(counts.size).toBeLessThanOrEqual(1008);
    expect(counts.size).toBeGreaterThan(990);
  });

  it('counts as a map would, whatever the keys, as long as there is room', () => {
    const step = fc.record({ key: fc.string(), kind: fc.constantFrom('add', 'delete', 'wait'), by: fc.nat(600) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const { counts, time } = setUp();
        const model = new Map<string, { count: number; end: number }>();
        for (const { key, kind, by } of steps) {
          if (kind === 'wait') time.now += by;
          if (kind === 'delete') {
            counts.delete(key);
            model.delete(key);
          }
          if (kind === 'add') {
            const known = model.get(key);
            const next = known && known.end > time.now ? { ...known, count: known.count + 1 } : { count: 1, end: time.now + by };
            model.set(key, next);
            expect(counts.add(key, by)).toBe(next.count);
          }
          const { count, end } = model.get(key) ?? { count: 0, end: 0 };
          expect([counts.count(key), counts.endsIn(key)]).toEqual(end > time.now ? [count, end - time.now] : [0, 0]);
        }
      }),
    );
  });
});
