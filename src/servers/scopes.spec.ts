import { describe, expect, it } from '@jest/globals';
import fc from '../../test/support/properties.js';
import { Permissions } from './permissions.js';
import { grantableScopes, impliedScopes, includesScope } from './scopes.js';
import type { ServerScope } from './server.entity.js';

const SEARCH: ServerScope = { name: 'mcp:search', permissions: ['tools/call:search_*'], default: true };
const READ: ServerScope = { name: 'mcp:read', permissions: ['tools/call:read_*', 'resources/read:docs://*'], default: true };
const TOOLS: ServerScope = { name: 'mcp:tools', permissions: ['tools/call:*'] };
const ALL: ServerScope = { name: 'mcp:all', permissions: ['*'] };
const MARKER: ServerScope = { name: 'mcp:marker', permissions: [] };
const SCOPES = [SEARCH, READ, TOOLS, ALL, MARKER];

describe('grantableScopes', () => {
  it("gives the server's defaults to a credential without a ceiling", () => {
    expect(grantableScopes(SCOPES, null)).toEqual(['mcp:search', 'mcp:read']);
    expect(impliedScopes(SCOPES, null)).toEqual(['mcp:search', 'mcp:read']);
  });

  it('gives what a ceiling names and what is narrower, and nothing that the server does not have (R-BRR-07)', () => {
    expect(grantableScopes(SCOPES, ['mcp:tools', 'mcp:other'])).toEqual(['mcp:search', 'mcp:tools']);
    expect(grantableScopes(SCOPES, ['mcp:all'])).toEqual(['mcp:search', 'mcp:read', 'mcp:tools', 'mcp:all']);
    expect(impliedScopes(SCOPES, ['mcp:all'])).toEqual(['mcp:all']);
  });

  it('gives nothing for a ceiling of other scopes', () => {
    expect(grantableScopes(SCOPES, ['mcp:other'])).toEqual([]);
  });
});

describe('includesScope', () => {
  it.each<[ServerScope, ServerScope, boolean]>([
    [ALL, SEARCH, true],
    [TOOLS, SEARCH, true],
    [SEARCH, TOOLS, false],
    [TOOLS, READ, false],
    [SEARCH, ALL, false],
    [MARKER, MARKER, true],
    [ALL, MARKER, false],
    [SEARCH, MARKER, false],
  ])('%j over %j: %p', (broad, narrow, expected) => {
    expect(includesScope(broad, narrow)).toBe(expected);
  });

  it('never includes a permission that allows an operation which it does not allow itself', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '*'), maxLength: 5 });
    const target = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 6 });
    fc.assert(
      fc.property(text, text, target, (broad, narrow, tool) => {
        const operation = { method: 'tools/call', target: tool };
        const outer = new Permissions([`tools/call:${broad}`]);
        if (outer.include(`tools/call:${narrow}`) && new Permissions([`tools/call:${narrow}`]).cover(operation)) {
          expect(outer.cover(operation)).toBe(true);
        }
      }),
      { numRuns: 20_000 },
    );
  });
});
