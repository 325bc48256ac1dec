import { describe, expect, it } from '@jest/globals';
import { DURATION_BOUNDS, DurationTally, Tallies } from './tally.js';

describe('DurationTally', () => {
  it('sorts durations into buckets that include their bound', () => {
    const tally = new DurationTally();
    for (const milliseconds of [0.2, 1, 1.1, 99, 100, 60_000]) tally.add(milliseconds);
    expect(tally.count).toBe(6);
    expect(tally.sum).toBeCloseTo(60.2013, 6);
    const byBound = Object.fromEntries(DURATION_BOUNDS.map((bound, i) => [bound, tally.cumulative()[i]]));
    expect(byBound).toMatchObject({ 0.001: 2, 0.0025: 3, 0.05: 3, 0.1: 5, 30: 5 });
  });
});

describe('Tallies', () => {
  it('counts by name', () => {
    const tallies = new Tallies();
    tallies.add('ok');
    tallies.add('ok', 2);
    tallies.add('failed');
    expect(tallies.entries).toEqual([
      ['ok', 3],
      ['failed', 1],
    ]);
  });
});
