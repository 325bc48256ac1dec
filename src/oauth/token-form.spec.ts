import { describe, expect, it } from '@jest/globals';
import fc from '../../test/support/properties.js';
import { OAuthError } from '../protocol/oauth-error.js';
import { parseTokenForm, type RawTokenRequest } from './token-form.js';

const raw = (body: string | Buffer, more: Partial<RawTokenRequest> = {}): RawTokenRequest => ({
  contentType: 'application/x-www-form-urlencoded',
  body: Buffer.from(body),
  query: '',
  authorization: [],
  dpop: [],
  certificate: undefined,
  address: '127.0.0.1',
  ...more,
});
const codeOf = (request: RawTokenRequest): string => {
  try {
    parseTokenForm(request);
    return 'accepted';
  } catch (error) {
    return error instanceof OAuthError ? error.code : 'crashed';
  }
};

describe('parseTokenForm', () => {
  it.each(['application/json', 'multipart/form-data', '', 'application/x-www-form-urlencoded; charset=latin1'])(
    'refuses the media type %p (R-TOK-03)',
    (contentType) => expect(codeOf(raw('grant_type=x', { contentType }))).toBe('invalid_request'),
  );

  it.each(['application/x-www-form-urlencoded;charset=UTF-8', 'Application/X-WWW-Form-Urlencoded ; charset="utf-8"'])(
    'tolerates %p (R-TOK-03)',
    (contentType) => expect(codeOf(raw('grant_type=x', { contentType }))).toBe('accepted'),
  );

  it('treats a parameter without a value as absent (R-TOK-05)', () => {
    const form = parseTokenForm(raw('grant_type=client_credentials&scope=&resource='));
    expect(form.get('scope')).toBeUndefined();
    expect(form.resources).toEqual([]);
  });

  it.each(['scope=a&scope=b', 'scope=&scope=b', 'foo=1&foo=2', 'grant_type=a&grant_type=a'])(
    'refuses the repeated parameter in %p (R-TOK-07)',
    (body) => expect(codeOf(raw(body))).toBe('invalid_request'),
  );

  it('lets resource repeat, and builds no arrays or objects (R-TOK-07)', () => {
    const form = parseTokenForm(raw('resource=a&resource=b&scope[]=x&__proto__=y&constructor=z'));
    expect(form.resources).toEqual(['a', 'b']);
    expect(form.get('scope')).toBeUndefined();
    expect(form.get('toString')).toBeUndefined();
  });

  it.each(['client_secret=s', 'foo=1&client_assertion=x', 'assertion=x', 'subject_token=x', 'client%5Fsecret=s'])(
    'refuses a credential in the query %p (R-TOK-08)',
    (query) => expect(codeOf(raw('grant_type=x', { query }))).toBe('invalid_request'),
  );

  it('ignores other parameters of the query (R-TOK-08)', () => {
    expect(parseTokenForm(raw('grant_type=x', { query: 'grant_type=y&scope=z' })).get('scope')).toBeUndefined();
  });

  it('decodes + as space and %XX as UTF-8 (R-TOK-10)', () => {
    expect(parseTokenForm(raw('scope=a+b%20c&x=%C3%A4')).get('scope')).toBe('a b c');
    expect(parseTokenForm(raw('x=%C3%A4')).get('x')).toBe('ä');
  });

  it.each(['scope=%ZZ', 'scope=%', 'scope=%4', 'scope=%FF', 'scope=%C3'])('refuses the malformed escape in %p (R-TOK-10)', (body) =>
    expect(codeOf(raw(body))).toBe('invalid_request'),
  );

  it('refuses bytes that are no UTF-8', () => {
    expect(codeOf(raw(Buffer.from([0x61, 0x3d, 0xff])))).toBe('invalid_request');
  });

  it('refuses more than 64 parameters (R-TOK-11)', () => {
    const body = (count: number) => Array.from({ length: count }, (_, i) => `p${i}=1`).join('&');
    expect(codeOf(raw(body(64)))).toBe('accepted');
    expect(codeOf(raw(body(65)))).toBe('invalid_request');
  });

  it('accepts or refuses any bytes, and never fails in another way', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.string(), (bytes, query) => {
        expect(['accepted', 'invalid_request']).toContain(codeOf(raw(Buffer.from(bytes), { query })));
      }),
      { numRuns: 500 },
    );
  });

  it('gives back what a form encoder wrote', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, unit: 'grapheme' }), (value) => {
        fc.pre(value.isWellFormed() && !value.includes('\uFFFD'));
        expect(parseTokenForm(raw(new URLSearchParams({ scope: value }).toString())).get('scope')).toBe(value);
      }),
    );
  });
});
