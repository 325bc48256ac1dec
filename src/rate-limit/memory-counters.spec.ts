import { describe, expect, it } from '@jest/globals';
import { MemoryCounters, type Quota } from './memory-counters.js';

const quota: Quota = { name: 'test', limit: 2, windowSeconds: 60 };

function setUp(maxKeys?: number) {
  const time = { now: 1000 };
  return { time, counters: new MemoryCounters(() => time.now, maxKeys) };
}

describe('MemoryCounters', () => {
  it('allows as many as the limit, then gives the seconds to wait (R-RLM-01)', () => {
    const { counters, time } = setUp();
    expect([counters.take(quota, 'a'), counters.take(quota, 'a')]).toEqual([0, 0]);
    time.now += 20_000;
    expect(counters.take(quota, 'a')).toBe(40);
  });

  it('starts again when the window has passed', () => {
    const { counters, time } = setUp();
    for (let i = 0; i < 3; i++) counters.take(quota, 'a');
    time.now += 60_000;
    expect(counters.waitFor(quota, 'a')).toBe(0);
    expect(counters.take(quota, 'a')).toBe(0);
  });

  it('counts keys and quotas apart', () => {
    const { counters } = setUp();
    for (let i = 0; i < 3; i++) counters.take(quota, 'a');
    expect(counters.take(quota, 'b')).toBe(0);
    expect(counters.take({ ...quota, name: 'other' }, 'a')).toBe(0);
  });

  it('tells the wait without counting', () => {
    const { counters } = setUp();
    for (let i = 0; i < 5; i++) expect(counters.waitFor(quota, 'a')).toBe(0);
    counters.take(quota, 'a');
    expect(counters.waitFor(quota, 'a')).toBe(0);
    counters.take(quota, 'a');
    expect(counters.waitFor(quota, 'a')).toBe(60);
  });

  it('forgets a key that is cleared', () => {
    const { counters } = setUp();
    for (let i = 0; i < 3; i++) counters.take(quota, 'a');
    counters.clear(quota, 'a');
    expect(counters.take(quota, 'a')).toBe(0);
  });

  it('is bounded: new keys push out those that were quiet longest', () => {
    const { counters } = setUp(10);
    for (let i = 0; i < 3; i++) counters.take(quota, 'busy');
    for (let i = 0; i < 100; i++) {
      counters.take(quota, `one-time-${i}`);
      expect(counters.take(quota, 'busy')).toBeGreaterThan(0);
    }
    expect(counters.size).toBe(10);
  });
});
