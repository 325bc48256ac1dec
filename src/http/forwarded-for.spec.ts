import { describe, expect, it } from '@jest/globals';
import { cleanForwardedFor } from './forwarded-for.js';

describe('cleanForwardedFor', () => {
  it.each([
    ['192.0.2.1', '192.0.2.1'],
    [' 192.0.2.1 ,2001:db8::1', '192.0.2.1, 2001:db8::1'],
    ['192.0.2.1:4711, [2001:db8::1]:4711, [2001:db8::2]', '192.0.2.1, 2001:db8::1, 2001:db8::2'],
    ['fe80::1%eth0', 'fe80::1'],
    ['::ffff:192.0.2.1', '::ffff:192.0.2.1'],
    ['spoofed, 192.0.2.1', '192.0.2.1'],
    ['192.0.2.9, unknown, 192.0.2.1, 192.0.2.2', '192.0.2.1, 192.0.2.2'],
    ['192.0.2.1, client_secret=mcs_x1.2.3', ''],
    ['192.0.2.1,', ''],
    ['192.0.2.1:x', ''],
    ['[192.0.2.1', ''],
    ['256.0.0.1:80', ''],
    ['', ''],
  ])('makes of %j %j', (value, cleaned) => {
    expect(cleanForwardedFor(value)).toBe(cleaned);
  });
});
