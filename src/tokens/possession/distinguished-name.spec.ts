import { describe, expect, it } from '@jest/globals';
import fc from '../../../test/support/properties.js';
import { normalizeDn } from './distinguished-name.js';

describe('normalizeDn', () => {
  it.each([
    ['CN=ci,O=Acme,C=DE', 'CN=ci,O=Acme,C=DE'],
    [' cn = ci , o=Acme ', 'CN=ci,O=Acme'],
    ['CN=ci bot,O=Acme\\, Inc', 'CN=ci bot,O=Acme\\, Inc'],
    ['CN=Acme\\2C Inc', 'CN=Acme\\, Inc'],
    ['CN=\\C3\\BC', 'CN=ü'],
    ['CN=\\#1', 'CN=\\#1'],
    ['CN=\\ a\\ ', 'CN=\\ a\\ '],
    ['CN=a\\\\', 'CN=a\\\\'],
    ['CN=a\\\\\\20', 'CN=a\\\\\\ '],
    ['CN=a=b', 'CN=a\\=b'],
    ['CN=', 'CN='],
    ['OU=B+CN=a', 'CN=a+OU=B'],
    ['CN=a + OU=B,O=x', 'CN=a+OU=B,O=x'],
    ['1.2.3.4=x', '1.2.3.4=x'],
    ['CN=a\\0Ab', 'CN=a\\0ab'],
  ])('writes %j as %j (RFC 4514)', (text, normal) => {
    expect(normalizeDn(text)).toBe(normal);
    expect(normalizeDn(normal)).toBe(normal);
  });

  it.each(['', 'CN', 'CN=a,', ',CN=a', 'CN=a\\', '=a', 'C N=a', '1..2=a', 'CN=#0402', 'CN="a"', 'CN=a+', `CN=${'a'.repeat(4096)}`])(
    'does not take %j for a name',
    (text) => {
      expect(normalizeDn(text)).toBeUndefined();
    },
  );

  it('keeps the case and the order of what a name says', () => {
    expect(normalizeDn('CN=A')).not.toBe(normalizeDn('CN=a'));
    expect(normalizeDn('CN=a,O=b')).not.toBe(normalizeDn('O=b,CN=a'));
  });

  it('gives different values different spellings, and each spelling itself', () => {
    const escaped = (value: string): string => Array.from(Buffer.from(value), (byte) => `\\${byte.toString(16).padStart(2, '0')}`).join('');
    const value = fc.string({ unit: fc.constantFrom('a', ' ', ',', '+', '\\', '"', '#', '=', ';', '\n', '\0', 'ü', '€'), maxLength: 8 });
    const property = fc.property(value, value, (one, other) => {
      const [first, second] = [normalizeDn(`CN=${escaped(one)}`), normalizeDn(`CN=${escaped(other)}`)];
      expect(first === second).toBe(one === other);
      expect(normalizeDn(first ?? '')).toBe(first);
    });
    fc.assert(property, { numRuns: 1000 });
  });
});
