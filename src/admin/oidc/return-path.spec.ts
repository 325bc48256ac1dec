import { describe, expect, it } from '@jest/globals';
import fc from '../../../test/support/properties.js';
import { returnPath } from './return-path.js';

describe('the path to come back to', () => {
  it.each(['/dashboard', '/dashboard/', '/dashboard/credentials/1?tab=usage#top', '/dashboard?x=1'])('is kept: %s', (path) =>
    expect(returnPath(path)).toBe(path),
  );

  it.each([
    undefined,
    ['/dashboard/a', '/dashboard/b'],
    '',
    '/',
    '//evil.example/dashboard',
    'https://evil.example/dashboard',
    '/dashboard.evil',
    '/dashboard/../../evil',
    '/dashboard/%2e%2e/api',
    '/dashboard/\\evil',
    '/dashboard/\r\nx: y',
    `/dashboard/${'x'.repeat(1000)}`,
  ])('is the first page for %p', (path) => expect(returnPath(path)).toBe('/dashboard'));

  it('never leads out of the dashboard', () => {
    const below = fc.string({ unit: fc.constantFrom(...'/\\.%2e?#:@a\t ') }).map((text) => `/dashboard${text}`);
    fc.assert(
      fc.property(fc.oneof(fc.string(), below), (wanted) => {
        const url = new URL(returnPath(wanted), 'https://gate.example.com');
        return url.origin === 'https://gate.example.com' && /^\/dashboard(\/|$)/.test(url.pathname);
      }),
    );
  });
});
