import { describe, expect, it } from '@jest/globals';
import { sumUp, windowOf } from './overview-window.js';

const NOW = Date.parse('2026-11-22T10:20:30Z');
const iso = (time: number): string => new Date(time).toISOString();

describe('the window of an overview', () => {
  it.each([
    ['24h', '2026-11-21T11:00:00.000Z', '2026-11-22T11:00:00.000Z', 24],
    ['7d', '2026-11-15T11:00:00.000Z', '2026-11-22T11:00:00.000Z', 168],
    ['30d', '2026-10-24T00:00:00.000Z', '2026-11-23T00:00:00.000Z', 30],
  ] as const)('of %s ends with the present hour or day', (name, from, to, points) => {
    const window = windowOf(name, NOW);
    expect([iso(window.from), iso(window.to), (window.to - window.from) / window.stepMs]).toEqual([from, to, points]);
  });
});

describe('counts', () => {
  it('are added up by what they mean for calls and for tokens', () => {
    const outcomes = ['ok', 'error', 'failed', 'refused', 'hidden', 'limited', 'issued'] as const;
    const tallies = outcomes.flatMap((outcome, i) => [
      { kind: 'call' as const, outcome, count: 10 ** i },
      { kind: 'token' as const, outcome, count: outcome === 'refused' || outcome === 'limited' || outcome === 'issued' ? 2 * 10 ** i : 0 },
    ]);
    expect(sumUp(tallies)).toEqual({ calls: 111, errors: 110, refusals: 11_000, limited: 300_000, tokens: 2_000_000, tokenRefusals: 2000 });
  });
});
