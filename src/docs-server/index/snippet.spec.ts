import { describe, expect, it } from '@jest/globals';
import fc from '../../../test/support/properties.js';
import { snippetOf } from './snippet.js';

describe('snippetOf', () => {
  it('gives a short text whole, on one line', () => {
    expect(snippetOf(' one\n two\tthree ', ['two'])).toBe('one two three');
  });

  it('shows where the words stand together rather than where the first one stands alone', () => {
    const filler = 'lorem ipsum '.repeat(40);
    const snippet = snippetOf(`alpha ${filler} beta with alpha ${filler}`, ['alpha', 'beta']);
    expect(snippet).toContain('beta with alpha');
    expect(snippet).toMatch(/^… .* …$/);
  });

  it('stays short and whole, for any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 2000 }), fc.array(fc.string()), (text, terms) => {
        const snippet = snippetOf(text, terms);
        expect(snippet.length).toBeLessThanOrEqual(246);
        expect(Buffer.from(snippet, 'utf8').toString('utf8')).toBe(snippet);
      }),
    );
  });
});
