import { describe, expect, it } from '@jest/globals';
import fc from '../../../test/support/properties.js';
import { parseBasic } from './client-secret-basic.js';

const encode = (text: string): string => new URLSearchParams({ x: text }).toString().slice(2);

describe('parseBasic', () => {
  it('form-decodes each half on its own (R-CLA-02, RFC 6749 §2.3.1)', () => {
    expect(parseBasic('Basic YStiOnAlM0ElMjUlMkI=')).toEqual({ clientId: 'a b', secret: 'p:%+' });
  });

  it('splits at the first colon only', () => {
    expect(parseBasic(`Basic ${Buffer.from('a:b:c').toString('base64')}`)).toEqual({ clientId: 'a', secret: 'b:c' });
  });

  it.each([
    'Basic',
    'Basic ',
    'Basic !!!',
    `Basic ${Buffer.from('nocolon').toString('base64')}`,
    `Basic ${Buffer.from('a:%zz').toString('base64')}`,
  ])('refuses %p', (header) => expect(parseBasic(header)).toBeUndefined());

  it('matches the scheme whatever its case', () => {
    expect(parseBasic(`bAsIc ${Buffer.from('a:b').toString('base64')}`)).toEqual({ clientId: 'a', secret: 'b' });
  });

  it('gives back any id and secret that were encoded as the RFC says', () => {
    const text = fc.string({ minLength: 1, unit: 'grapheme' }).filter((value) => value.isWellFormed());
    fc.assert(
      fc.property(text, text, (clientId, secret) => {
        const header = `Basic ${Buffer.from(`${encode(clientId)}:${encode(secret)}`).toString('base64')}`;
        expect(parseBasic(header)).toEqual({ clientId, secret });
      }),
    );
  });
});
