import { describe, expect, it } from '@jest/globals';
import { narrowScopes } from './narrow-scopes.js';

describe('narrowScopes', () => {
  const grantable = ['mcp:search', 'mcp:read'];
  const offer = { implied: ['mcp:search'], grantable };

  it('grants what is implied where nothing is asked (R-CCG-03)', () => {
    expect(narrowScopes(undefined, offer)).toEqual(['mcp:search']);
  });

  it('grants the intersection, in one order and without repeats (R-CCG-05)', () => {
    expect(narrowScopes('mcp:read mcp:admin mcp:search mcp:read', offer)).toEqual(grantable);
    expect(narrowScopes('mcp:search mcp:admin', offer)).toEqual(['mcp:search']);
  });

  it.each(['mcp:admin', 'MCP:search', 'toString'])('refuses %p, of which nothing can be granted', (scope) => {
    expect(() => narrowScopes(scope, offer)).toThrow(expect.objectContaining({ code: 'invalid_scope' }));
  });

  it.each(['mcp:search\nx', ' mcp:search', 'mcp:search ', 'a  b', 'a"b', 'a\\b', 'ä', 'a\tb'])(
    'refuses the malformed scope %p (R-CCG-04)',
    (scope) => {
      expect(() => narrowScopes(scope, { implied: [], grantable: ['mcp:search', 'a', 'b'] })).toThrow(
        expect.objectContaining({ code: 'invalid_scope' }),
      );
    },
  );

  it('refuses where nothing is grantable at all', () => {
    expect(() => narrowScopes(undefined, { implied: [], grantable: [] })).toThrow(expect.objectContaining({ code: 'invalid_scope' }));
  });

  it('refuses a strict client that asks for more than it can have, and grants it the rest of what it may (R-CCG-05)', () => {
    const strict = { ...offer, isStrict: true };
    expect(() => narrowScopes('mcp:search mcp:admin', strict)).toThrow(expect.objectContaining({ code: 'invalid_scope' }));
    expect(narrowScopes('mcp:read', strict)).toEqual(['mcp:read']);
    expect(narrowScopes(undefined, strict)).toEqual(['mcp:search']);
  });
});
