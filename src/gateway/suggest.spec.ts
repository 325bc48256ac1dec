import { describe, expect, it } from '@jest/globals';
import { Permissions } from '../servers/permissions.js';
import { suggestPermissions, type Use } from './suggest.js';

const tools = (...names: string[]): Use[] => names.map((target, i) => ({ method: 'tools/call', target, calls: 100 - i }));
const permissions = (uses: readonly Use[]): string[] => suggestPermissions(uses).map(({ permission }) => permission);

describe('suggestPermissions', () => {
  it('names the few that were called, the most called first', () => {
    expect(suggestPermissions([...tools('b', 'a'), { method: 'resources/read', target: 'docs://x', calls: 500 }])).toEqual([
      { permission: 'resources/read:docs://x', calls: 500, targets: ['docs://x'] },
      { permission: 'tools/call:b', calls: 100, targets: ['b'] },
      { permission: 'tools/call:a', calls: 99, targets: ['a'] },
    ]);
  });

  it('puts many of the same beginning together, and leaves the others alone', () => {
    const many = Array.from({ length: 20 }, (_, i) => `read_${i}`);
    expect(permissions([...tools(...many), ...tools('search')])).toEqual(['tools/call:read_*', 'tools/call:search']);
  });

  it('groups resources by their folder, never by their scheme', () => {
    const uses = Array.from({ length: 20 }, (_, i) => ({
      method: 'resources/read',
      target: `file:///data/${i % 2 ? 'a' : 'b'}/${i}.txt`,
      calls: 1,
    }));
    expect(permissions(uses)).toEqual(['resources/read:file:///data/*']);
    const hosts = Array.from({ length: 20 }, (_, i) => ({ method: 'resources/read', target: `https:${i}`, calls: 1 }));
    expect(permissions(hosts)).toHaveLength(20);
  });

  it('widens nothing where nothing is shared', () => {
    const names = Array.from({ length: 30 }, (_, i) => `tool${i}`);
    expect(permissions(tools(...names))).toHaveLength(30);
  });

  it('goes on after a name that may have been cut', () => {
    const long = 'x'.repeat(256);
    expect(permissions(tools(long))).toEqual([`tools/call:${long}*`]);
  });

  it('covers everything that was called', () => {
    const names = Array.from({ length: 200 }, (_, i) => `${['read', 'write', 'list'][i % 3] ?? ''}_${['a', 'b'][i % 2] ?? ''}_${i}`);
    const suggested = new Permissions(permissions(tools(...names)));
    expect(names.every((target) => suggested.cover({ method: 'tools/call', target }))).toBe(true);
    expect(suggested.cover({ method: 'tools/call', target: 'delete_all' })).toBe(false);
  });
});
