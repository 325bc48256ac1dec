import { describe, expect, it } from '@jest/globals';
import fc from '../../test/support/properties.js';
import { matchesPieces, matchesWildcard } from './wildcard.js';

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
const toRegExp = (pattern: string): RegExp => new RegExp(`^${pattern.split('*').map(escaped).join('.*')}$`, 's');

describe('matchesWildcard', () => {
  it.each([
    ['*', ''],
    ['*', 'anything\nat all'],
    ['**', ''],
    ['a*', 'a'],
    ['*a', 'ba'],
    ['a*a', 'aa'],
    ['a*b*c', 'a-b-b-c'],
    ['repo:acme/*:ref:refs/heads/main', 'repo:acme/site:ref:refs/heads/main'],
    ['', ''],
  ])('%p matches %p', (pattern, text) => expect(matchesWildcard(pattern, text)).toBe(true));

  it.each([
    ['', 'a'],
    ['a', 'A'],
    ['a', 'ab'],
    ['a*a', 'a'],
    ['ab*ba', 'aba'],
    ['a*b*c', 'a-c-b'],
    ['a*bb*b', 'abb'],
    ['a.c', 'abc'],
    ['a?c', 'abc'],
    ['repo:acme/*:ref:refs/heads/main', 'repo:acme/site:ref:refs/heads/main2'],
    ['repo:acme/*:ref:refs/heads/main', 'xrepo:acme/site:ref:refs/heads/main'],
    ['a*', 'b'],
  ])('%p does not match %p', (pattern, text) => expect(matchesWildcard(pattern, text)).toBe(false));

  it('says what a regular expression says in which only * has a meaning', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '.', '\n'), maxLength: 8 });
    const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '.', '*'), maxLength: 8 });
    fc.assert(fc.property(pattern, text, (one, other) => expect(matchesWildcard(one, other)).toBe(toRegExp(one).test(other))));
  });

  it('matches a pattern whose asterisks were filled, whatever with', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string(), { minLength: 1, maxLength: 6 }),
        fc.array(fc.string(), { minLength: 6, maxLength: 6 }),
        (parts, fill) => {
          const pieces = parts.map((part) => part.replaceAll('*', ''));
          const text = pieces.map((piece, index) => (index === 0 ? piece : fill[index]! + piece)).join('');
          expect(matchesPieces(pieces, text)).toBe(true);
        },
      ),
    );
  });

  it('takes no longer for a pattern that makes a regular expression run for years', () => {
    const started = performance.now();
    expect(matchesWildcard(`${'a*'.repeat(200)}b`, 'a'.repeat(16_000))).toBe(false);
    expect(matchesWildcard(`*${'a*'.repeat(200)}b*`, 'a'.repeat(16_000))).toBe(false);
    expect(performance.now() - started).toBeLessThan(500);
  });
});
