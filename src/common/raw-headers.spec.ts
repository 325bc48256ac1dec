import { describe, expect, it } from '@jest/globals';
import { countValues, headerValues } from './raw-headers.js';

describe('headerValues', () => {
  it('gives every value of a header in its order, whatever the case of its name', () => {
    expect(headerValues(['DPoP', 'a', 'Host', 'dpop', 'dpop', 'b, c', 'DPOP', ''], 'dpop')).toEqual(['a', 'b, c', '']);
  });

  it('gives none for a header that is not there', () => {
    expect(headerValues([], 'dpop')).toEqual([]);
    expect(headerValues(['x-dpop', 'a', 'dpopx', 'b'], 'dpop')).toEqual([]);
  });
});

describe('countValues', () => {
  it('counts a header in whatever letters it came', () => {
    expect(countValues(['Host', 'a', 'x-host', 'b', 'HOST', 'c'], 'host')).toBe(2);
    expect(countValues([], 'host')).toBe(0);
  });
});
