import { describe, expect, it } from '@jest/globals';
import { readBasicCredentials } from './basic-credentials.js';

const basic = (text: string | Buffer): string => `Basic ${Buffer.from(text).toString('base64')}`;

describe('readBasicCredentials', () => {
  it('cuts at the first colon (RFC 7617 §2)', () => {
    expect(readBasicCredentials(basic('ada:a:b::c'))).toEqual({ name: 'ada', password: 'a:b::c' });
    expect(readBasicCredentials(basic('ada::'))).toEqual({ name: 'ada', password: ':' });
  });

  it('reads UTF-8, and the scheme in any case', () => {
    expect(readBasicCredentials(basic('ada:pässwörd 🔑').replace('Basic', 'bAsIc'))).toEqual({ name: 'ada', password: 'pässwörd 🔑' });
  });

  it.each([
    undefined,
    '',
    'Basic',
    'Basic ',
    'Basic !!!',
    'Bearer YTpi',
    'XBasic YTpi',
    basic('no colon'),
    basic(':no name'),
    basic(Buffer.from([0x61, 0x3a, 0xff, 0xfe])),
  ])('reads nothing from %p', (header) => {
    expect(readBasicCredentials(header)).toBeUndefined();
  });
});
