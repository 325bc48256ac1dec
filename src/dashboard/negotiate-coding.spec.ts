import { describe, expect, it } from '@jest/globals';
import { negotiateCoding } from './negotiate-coding.js';

describe('a content coding', () => {
  it.each([
    ['gzip, deflate, br', 'br'],
    ['gzip', 'gzip'],
    ['br;q=0, gzip;q=0.5', 'gzip'],
    ['*', 'br'],
    ['*;q=0, gzip', 'gzip'],
    ['GZIP', 'gzip'],
    ['br;q=nonsense', undefined],
    ['identity', undefined],
    ['', undefined],
    [undefined, undefined],
  ])('for %s is %s (RFC 9110 §12.5.3)', (header, coding) => {
    expect(negotiateCoding(header, ['br', 'gzip'])).toBe(coding);
  });

  it('is one that there is', () => {
    expect(negotiateCoding('br, gzip', ['gzip'])).toBe('gzip');
    expect(negotiateCoding('br, gzip', [])).toBeUndefined();
  });
});
