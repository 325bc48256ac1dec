import { describe, expect, it } from '@jest/globals';
import fc from '../../test/support/properties.js';
import { decodeHeaderValue, standardHeader } from './mcp-headers.js';

const sent = (...values: string[]) => ({
  headers: { 'mcp-name': values.join(', ') },
  rawHeaders: values.flatMap((value) => ['MCP-Name', value]),
});

describe('standardHeader [R-MOD-07]', () => {
  it('trims a value', () => {
    expect(standardHeader(sent('  search_docs\t'), 'mcp-name')).toEqual({ value: 'search_docs', isRepeated: false });
  });

  it('tells a repeated header from a value with a comma', () => {
    expect(standardHeader(sent('a', 'a'), 'mcp-name').isRepeated).toBe(true);
    expect(standardHeader(sent('docs://a, b'), 'mcp-name').isRepeated).toBe(false);
  });
});

describe('decodeHeaderValue [R-MOD-07]', () => {
  it.each([
    ['=?base64?SGVsbG8=?=', 'Hello'],
    ['=?base64?w6TDtsO8?=', 'äöü'],
    ['=?base64??=', ''],
    ['plain', 'plain'],
    ['=?BASE64?SGVsbG8=?=', '=?BASE64?SGVsbG8=?='],
    ['=?base64?SGVsbG8=', '=?base64?SGVsbG8='],
    ['=?base64?=', '=?base64?='],
    ['SGVsbG8=', 'SGVsbG8='],
  ])('reads %s', (value, text) => {
    expect(decodeHeaderValue(value)).toBe(text);
  });

  it.each(['=?base64?SGVsbG8?=', '=?base64?SGVs bG8=?=', '=?base64?SGVsbG9=?=', '=?base64?/w==?=', '=?base64?_w==?=', '=?base64?====?='])(
    'finds %s malformed',
    (value) => {
      expect(decodeHeaderValue(value)).toBeUndefined();
    },
  );

  it('reads back whatever text is wrapped', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(decodeHeaderValue(`=?base64?${Buffer.from(text).toString('base64')}?=`)).toBe(text);
      }),
    );
  });
});
