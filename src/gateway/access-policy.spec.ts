import { describe, expect, it } from '@jest/globals';
import fc from '../../test/support/properties.js';
import { decide, type Grant, isAllowed } from './access-policy.js';
import type { Permission } from '../servers/permission.js';
import { Permissions } from '../servers/permissions.js';

const SERVER = {
  scopes: [
    { name: 'mcp:search', permissions: ['tools/call:search_*'], default: true },
    { name: 'mcp:read', permissions: ['tools/call:read_*', 'resources/read:docs://*'], default: true },
    { name: 'mcp:prompts', permissions: ['prompts/get:*'] },
    { name: 'mcp:all', permissions: ['*'] },
    { name: 'mcp:nothing', permissions: [] },
  ],
};
const EVERYDAY = ['mcp:search', 'mcp:read'];

const grant = (scopes: readonly string[], ceiling: readonly string[] = scopes): Grant => ({ server: SERVER, scopes, ceiling });
const tool = (target: string) => ({ method: 'tools/call', target });

describe('Permissions', () => {
  it.each([
    ['tools/call:search_*', 'search_docs', true],
    ['tools/call:search_*', 'search_', true],
    ['tools/call:search_*', 'search', false],
    ['tools/call:search_*', 'Search_docs', false],
    ['tools/call:*', 'anything', true],
    ['tools/call', 'anything', true],
    ['tools/call:', 'anything', false],
    ['tools/call:read', 'read', true],
    ['tools/call:read', 'read_more', false],
    ['tools/call:*_docs', 'search_docs', true],
    ['tools/call:*_docs', 'search_docs_more', false],
    ['tools/call:a*b*c', 'a1b2c', true],
    ['tools/call:a*b*c', 'abc', true],
    ['tools/call:a*b*c', 'acb', false],
    ['tools/call:ab*ba', 'aba', false],
    ['tools/call:a.c', 'abc', false],
    ['prompts/get:*', 'search_docs', false],
    ['*', 'anything', true],
  ])('the pattern %s covers a call of %s: %s', (pattern, target, covered) => {
    expect(new Permissions([pattern]).cover(tool(target))).toBe(covered);
  });

  it.each([
    ['notes://public/*', 'notes://public/a..b/..c', true],
    ['notes://public/*', 'notes://public/../private', false],
    ['notes://public/*', 'notes://public/a/%2e%2E/%2e./private', false],
    ['notes://public/*', 'notes://public/..%2fprivate', false],
    ['notes://public/*', 'notes://public/..\\private', false],
    ['notes://public/*', 'notes://public/..', false],
    ['notes://public/.*', 'notes://public/../x', false],
    ['notes://*/a.md', 'notes://x/../../a.md', false],
    ['*', 'notes://public/../private', true],
    ['notes://public/../a', 'notes://public/../a', true],
  ])('the pattern resources/read:%s covers a reading of %s: %s, as a path leads', (pattern, target, covered) => {
    expect(new Permissions([`resources/read:${pattern}`]).cover({ method: 'resources/read', target })).toBe(covered);
  });

  it('keeps the colons of a target', () => {
    const permissions = new Permissions(['resources/read:docs://*']);
    expect(permissions.cover({ method: 'resources/read', target: 'docs://a/b' })).toBe(true);
    expect(permissions.cover({ method: 'resources/read', target: 'file:///etc/passwd' })).toBe(false);
  });

  it('matches as the pattern reads, with an asterisk for any text', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', '*'), maxLength: 8 });
    fc.assert(
      fc.property(letters, fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 10 }), (pattern, target) => {
        const expected = new RegExp(`^${pattern.replaceAll('*', '.*')}$`).test(target);
        expect(new Permissions([`tools/call:${pattern}`]).cover(tool(target))).toBe(expected);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('decide', () => {
  it.each([
    ['what a granted scope covers', EVERYDAY, tool('search_docs')],
    ['another granted scope', EVERYDAY, tool('read_docs')],
    ['a resource', EVERYDAY, { method: 'resources/read', target: 'docs://a' }],
    ['a narrower need under a broader scope [R-BRR-07]', ['mcp:all'], tool('search_docs')],
    ['lists, where anything is allowed', ['mcp:search'], { method: 'tools/list' }],
    ['every kind of list', ['mcp:prompts'], { method: 'resources/templates/list' }],
  ])('allows %s', (_what, scopes, operation) => {
    expect(decide(operation, grant(scopes))).toBe('allowed');
  });

  it.each([
    'initialize',
    'ping',
    'server/discover',
    'notifications/initialized',
    'logging/setLevel',
    'completion/complete',
    'subscriptions/listen',
    'unknown/method',
  ])('asks nothing but a token for %s [R-GWC-12]', (method) => {
    expect(decide({ method }, grant([], []))).toBe('allowed');
  });

  it('names a scope that would do and that the credential could be granted [R-BRR-06]', () => {
    expect(decide(tool('read_docs'), grant(['mcp:search'], EVERYDAY))).toEqual({ missing: ['mcp:read'] });
    expect(decide({ method: 'prompts/get', target: 'x' }, grant(['mcp:search'], [...EVERYDAY, 'mcp:prompts']))).toEqual({
      missing: ['mcp:prompts'],
    });
  });

  it('hides what no scope within reach covers [R-GWC-13]', () => {
    expect(decide(tool('delete_docs'), grant(EVERYDAY))).toBe('hidden');
    expect(decide(tool('read_docs'), grant(['mcp:search']))).toBe('hidden');
    expect(decide({ method: 'prompts/get', target: 'x' }, grant(EVERYDAY))).toBe('hidden');
  });

  it('names every scope within reach for a list that a token without scopes asks for', () => {
    expect(decide({ method: 'tools/list' }, grant([], [...EVERYDAY, 'mcp:nothing']))).toEqual({ missing: EVERYDAY });
    expect(decide({ method: 'tools/list' }, grant(['mcp:nothing'], ['mcp:nothing']))).toBe('hidden');
  });

  describe('for a credential with permissions of its own', () => {
    const narrowed = (scopes: readonly string[], own: readonly Permission[][], ceiling: readonly string[] = scopes): Grant => ({
      ...grant(scopes, ceiling),
      narrowing: own.map((permissions) => new Permissions(permissions)),
    });
    const paying = { permission: 'tools/call:search_*', arguments: { limit: { max: 10 } } };

    it('allows what a scope and they cover, and hides the rest', () => {
      expect(decide(tool('search_docs'), narrowed(['mcp:all'], [['tools/call:search_docs']]))).toBe('allowed');
      expect(decide(tool('search_more'), narrowed(['mcp:all'], [['tools/call:search_docs']]))).toBe('hidden');
      expect(decide({ method: 'resources/read', target: 'docs://a' }, narrowed(['mcp:all'], [['tools/call:search_docs']]))).toBe('hidden');
    });

    it('gives nothing that no scope gives', () => {
      expect(decide(tool('delete_docs'), narrowed(EVERYDAY, [['*']]))).toBe('hidden');
      expect(decide(tool('delete_docs'), narrowed(EVERYDAY, [[{ ...paying, permission: 'tools/call:delete_docs' }]]))).toBe('hidden');
      const refused = { ...tool('delete_docs'), arguments: { limit: 11 } };
      expect(decide(refused, narrowed(EVERYDAY, [[{ ...paying, permission: 'tools/call:delete_docs' }]]))).toBe('hidden');
    });

    it('asks for no scope where it would not help', () => {
      expect(decide(tool('read_docs'), narrowed(['mcp:search'], [['tools/call:search_*']], EVERYDAY))).toBe('hidden');
      expect(decide(tool('read_docs'), narrowed(['mcp:search'], [['tools/call:read_*']], EVERYDAY))).toEqual({ missing: ['mcp:read'] });
    });

    it('lets lists pass, which are filtered', () => {
      expect(decide({ method: 'prompts/list' }, narrowed(EVERYDAY, [['tools/call:search_docs']]))).toBe('allowed');
    });

    it('holds for each of several credentials behind a token', () => {
      const both = [['tools/call:search_docs', 'tools/call:search_more'], ['tools/call:search_docs']];
      expect(decide(tool('search_docs'), narrowed(['mcp:all'], both))).toBe('allowed');
      expect(decide(tool('search_more'), narrowed(['mcp:all'], both))).toBe('hidden');
    });

    it('says which of their conditions arguments do not meet', () => {
      expect(decide({ ...tool('search_docs'), arguments: { limit: 10 } }, narrowed(['mcp:all'], [[paying]]))).toBe('allowed');
      expect(decide({ ...tool('search_docs'), arguments: { limit: 11 } }, narrowed(['mcp:all'], [[paying]]))).toEqual({
        unmet: [{ scope: null, permission: paying, reason: 'the argument limit must be at most 10' }],
      });
    });
  });

  it('grants nothing for a scope that the server does not have', () => {
    expect(isAllowed(tool('search_docs'), grant(['mcp:gone']))).toBe(false);
  });
});
