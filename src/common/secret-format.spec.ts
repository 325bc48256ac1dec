import { describe, expect, it } from '@jest/globals';
import { generateSecret, hasSecretFormat, hideSecrets, hintOf } from './secret-format.js';

describe('a generated secret', () => {
  it('is prefix, 43 random characters (256 bits) and 6 of checksum, in letters, digits and underscores (R-CLA-03, R-CLA-23)', () => {
    expect(43 * Math.log2(62)).toBeGreaterThan(256);
    for (let i = 0; i < 1000; i++) expect(generateSecret('mcs_')).toMatch(/^mcs_[0-9A-Za-z]{49}$/);
  });

  it('differs from all others', () => {
    expect(new Set(Array.from({ length: 1000 }, () => generateSecret('mka_'))).size).toBe(1000);
  });

  it('has a valid checksum, and none after a change anywhere', () => {
    const secret = generateSecret('mka_');
    expect(hasSecretFormat('mka_', secret)).toBe(true);
    for (let i = 0; i < secret.length; i++) {
      const changed = secret.slice(0, i) + (secret[i] === 'x' ? 'y' : 'x') + secret.slice(i + 1);
      expect(hasSecretFormat('mka_', changed)).toBe(false);
    }
  });

  it('is not taken for one with another prefix', () => {
    expect(hasSecretFormat('mka_', generateSecret('mcs_'))).toBe(false);
  });

  it.each(['', 'mka_', 'mka_short', `mka_${'é'.repeat(49)}`, `mka_${'0'.repeat(50)}`])('is not %p', (text) => {
    expect(hasSecretFormat('mka_', text)).toBe(false);
  });

  it('is hidden wherever it stands in a text, as tokens are', () => {
    const secret = generateSecret('mcs_');
    for (const hidden of [secret, generateSecret('mka_'), generateSecret('mcr_'), 'eyJhbGciOiJFUzI1NiJ9.e30.c2lnbmF0dXJl']) {
      const text = hideSecrets(`/a%3D${hidden}&b=${secret}/c`);
      expect(text).not.toContain(hidden.slice(5));
      expect(text).toMatch(/^\/a%3D(m..|eyJ)_?\*{3}&b=mcs_\*{3}\/c$/);
    }
    expect(hideSecrets('signed with whsec_C2FVsBQIhrscChlQIMV+b5s/Yob7oB8= now')).toBe('signed with whsec_*** now');
    expect(hideSecrets('/api/v1/credentials/01M8AV0VVXZ6K195RKE7C8EFBN')).toBe('/api/v1/credentials/01M8AV0VVXZ6K195RKE7C8EFBN');
  });

  it('is told apart by its last four characters', () => {
    expect(hintOf('mcs_abcdefgh')).toBe('efgh');
  });
});
