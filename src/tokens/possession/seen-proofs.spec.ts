import { beforeEach, describe, expect, it } from '@jest/globals';
import { settableClock } from '../../../test/support/database.js';
import fc from '../../../test/support/properties.js';
import { toSeconds } from '../../common/clock.js';
import { SeenProofs } from './seen-proofs.js';

const START = Date.parse('2026-11-22T10:00:00Z');
const NOW = START / 1000;
const time = settableClock();

beforeEach(() => time.set(START));

describe('SeenProofs', () => {
  it('knows a proof that it has seen, whatever its iat [R-DPP-08]', () => {
    const proofs = new SeenProofs(time.clock, 200_000, time.clock);
    expect(proofs.note('a', NOW)).toBe('first');
    expect(proofs.note('b', NOW)).toBe('first');
    expect(proofs.note('a', NOW)).toBe('seen');
    expect(proofs.note('a', NOW + 5)).toBe('seen');
  });

  it('forgets proofs that nobody accepts any more, and those only', () => {
    const proofs = new SeenProofs(time.clock, 200_000, time.clock);
    proofs.note('behind', NOW - 300);
    proofs.note('ahead', NOW + 300);
    time.advance(61_000);
    proofs.note('other', NOW + 61);
    expect(proofs.size).toBe(2);
    time.set(START + 600_000);
    expect(proofs.note('ahead', NOW + 300)).toBe('seen');
    time.set(START + 661_000);
    proofs.note('last', NOW + 661);
    expect(proofs.size).toBe(1);
  });

  it('remembers through a clock that steps ahead and is set right again', () => {
    let steady = 0;
    const proofs = new SeenProofs(time.clock, 200_000, () => steady);
    proofs.note('a', NOW);
    for (const step of [3_600_000, 0, -3_600_000, 0]) {
      time.set(START + step);
      steady += 1000;
      proofs.note(`at ${step} ${steady}`, toSeconds(time.clock()));
      expect(proofs.note('a', NOW)).toBe('seen');
    }
    time.set(START + 370_000);
    steady += 370_000;
    proofs.note('last', NOW + 370);
    // Those of the hours before and after stay for as long as they could be used by either clock.
    expect(proofs.size).toBeLessThan(6);
    time.set(START + 8_000_000);
    steady += 8_000_000;
    proofs.note('very last', toSeconds(time.clock()));
    expect(proofs.size).toBe(1);
  });

  it('is bounded: the oldest iat goes first, and nothing can be said of what is as old [R-DPP-08]', () => {
    const proofs = new SeenProofs(time.clock, 3);
    proofs.note('new', NOW + 2);
    proofs.note('old', NOW);
    proofs.note('middle', NOW + 1);
    expect(proofs.note('newest', NOW + 3)).toBe('first');
    expect(proofs.size).toBe(3);
    for (const digest of ['old', 'never seen']) expect(proofs.note(digest, NOW)).toBe('unknown');
    expect(proofs.note('never seen', NOW - 100)).toBe('unknown');
    for (const [digest, iat] of [
      ['new', NOW + 2],
      ['newest', NOW + 3],
    ] as const)
      expect(proofs.note(digest, iat)).toBe('seen');
  });

  it('forgets nothing for a proof that is older than all it holds', () => {
    const proofs = new SeenProofs(time.clock, 2);
    proofs.note('a', NOW);
    proofs.note('b', NOW + 1);
    expect(proofs.note('old', NOW - 1)).toBe('unknown');
    expect(proofs.note('old', NOW - 1)).toBe('unknown');
    expect([proofs.size, proofs.note('a', NOW), proofs.note('b', NOW + 1)]).toEqual([2, 'seen', 'seen']);
  });

  it('counts fractions of a second with their second', () => {
    const proofs = new SeenProofs(time.clock, 1);
    proofs.note('a', NOW + 0.1);
    expect(proofs.note('b', NOW + 0.9)).toBe('unknown');
    expect(proofs.note('a', NOW + 0.1)).toBe('unknown');
    expect(proofs.note('c', NOW + 1)).toBe('first');
  });

  it('calls no proof new twice while it can be used, however full it is and however time goes', () => {
    const use = fc.record({ name: fc.nat(40), offset: fc.integer({ min: -300, max: 300 }), passed: fc.nat(120) });
    const property = fc.property(fc.array(use, { maxLength: 200 }), fc.integer({ min: 1, max: 20 }), (uses, max) => {
      time.set(START);
      const proofs = new SeenProofs(time.clock, max, time.clock);
      const iats = new Map<string, number>();
      const accepted = new Set<string>();
      for (const { name, offset, passed } of uses) {
        time.advance(passed * 1000);
        const now = time.clock() / 1000;
        const digest = `proof-${name}`;
        const iat = iats.get(digest) ?? now + offset;
        iats.set(digest, iat);
        if (Math.abs(now - iat) > 300) continue; // refused before anybody asks
        const sighting = proofs.note(digest, iat);
        expect(proofs.size).toBeLessThanOrEqual(max);
        if (sighting !== 'first') continue;
        expect(accepted.has(digest)).toBe(false);
        accepted.add(digest);
      }
    });
    fc.assert(property, { numRuns: 300 });
  });
});
