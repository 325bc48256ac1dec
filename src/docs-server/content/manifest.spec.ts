import { describe, expect, it } from '@jest/globals';
import fc from '../../../test/support/properties.js';
import { type Manifest, parseManifest } from './manifest.js';

const parse = (value: unknown): Manifest => parseManifest(JSON.stringify(value));
const pathsOf = (manifest: Manifest): string[] | undefined => manifest.pages && [...manifest.pages.keys()];

describe('parseManifest', () => {
  it('takes the pages of the navigation, however deep, and in its order', () => {
    const manifest = parse({
      name: ' Acme\nDocs ',
      navigation: {
        tabs: [
          {
            tab: 'Guides',
            groups: [
              { group: 'Start', root: 'overview', pages: ['/index', 'install.mdx', { group: 'More', pages: ['a/b', 'GET /users'] }] },
            ],
          },
          { tab: 'Blog', href: 'https://example.com/blog' },
          { anchor: 'API', pages: ['https://example.com/x', 'api/intro'] },
        ],
      },
    });
    expect(manifest.name).toBe('Acme Docs');
    expect(pathsOf(manifest)).toEqual(['overview', 'index', 'install', 'a/b', 'api/intro']);
    expect(manifest.indexesAll).toBe(false);
    const orders = [...(manifest.pages?.values() ?? [])].map(({ order }) => order);
    expect([...orders].sort((a, b) => a - b)).toEqual(orders);
  });

  it('knows the version and language of a page, and none of one that stands in several', () => {
    const manifest = parse({
      navigation: {
        languages: [
          {
            language: 'en',
            versions: [
              { version: 'v2', pages: ['a', 'shared'] },
              { version: 'v1', pages: ['v1/a', 'shared'] },
            ],
          },
          { language: 'de', pages: ['de/a'] },
        ],
      },
    });
    expect(manifest.pages?.get('a')).toMatchObject({ version: 'v2', language: 'en' });
    expect(manifest.pages?.get('v1/a')).toMatchObject({ version: 'v1', language: 'en' });
    expect(manifest.pages?.get('de/a')).toMatchObject({ language: 'de' });
    expect(manifest.pages?.get('de/a')?.version).toBeUndefined();
    expect(manifest.pages?.get('shared')).toMatchObject({ language: 'en' });
    expect(manifest.pages?.get('shared')?.version).toBeUndefined();
  });

  it('leaves out what is hidden, and takes what is hidden but searchable', () => {
    const manifest = parse({
      navigation: {
        groups: [
          { group: 'A', hidden: true, pages: ['a'] },
          { group: 'B', hidden: true, searchable: true, pages: ['b'] },
          { group: 'C', pages: ['c'] },
        ],
      },
    });
    expect(pathsOf(manifest)).toEqual(['b', 'c']);
  });

  it('knows what is public, and takes a page that stands in two places for public only where both say so', () => {
    const manifest = parse({
      navigation: { groups: [{ public: true, pages: ['a', 'b', { public: false, pages: ['c'] }] }, { pages: ['b'] }] },
    });
    expect([...(manifest.pages ?? [])].map(([path, { isPublic }]) => [path, isPublic])).toEqual([
      ['a', true],
      ['b', false],
      ['c', false],
    ]);
  });

  it('finds specifications, with their folders', () => {
    const manifest = parse({
      api: { openapi: 'root.yaml' },
      navigation: {
        tabs: [
          { openapi: ['one.json', { source: '/two.json', directory: '/two/' }], version: 'v1', pages: ['x'] },
          { openapi: { source: 'three.json' }, hidden: true },
        ],
      },
    });
    expect(manifest.specifications).toMatchObject([
      { source: 'one.json', directory: 'api-reference', entry: { version: 'v1' } },
      { source: '/two.json', directory: 'two' },
      { source: 'root.yaml', directory: 'api-reference' },
    ]);
  });

  it.each<[string, unknown]>([
    ['without navigation', { name: 'x' }],
    ['with an empty navigation', { navigation: { pages: [] } }],
    ['with something else for a navigation', { navigation: 'index' }],
  ])('takes every file for a page %s', (_, value) => {
    const manifest = parse(value);
    if (value !== null && (value as { navigation?: unknown }).navigation !== 'index') expect(manifest.pages).toBeUndefined();
    expect(manifest.indexesAll).toBe(manifest.pages === undefined);
  });

  it('takes pages outside of the navigation too where it says so', () => {
    const manifest = parse({ seo: { indexing: 'all' }, navigation: { pages: ['a'] } });
    expect([manifest.indexesAll, pathsOf(manifest)]).toEqual([true, ['a']]);
  });

  it('reads the older mint.json', () => {
    expect(pathsOf(parse({ navigation: [{ group: 'A', version: 'v1', pages: ['a', { group: 'B', pages: ['b'] }] }] }))).toEqual(['a', 'b']);
  });

  it.each(['{', '[]', 'null', '"x"', '5'])('refuses %s', (json) => {
    expect(() => parseManifest(json)).toThrow();
  });

  it('refuses what is deeper or larger than any navigation', () => {
    const deep = JSON.parse(`${'{"pages":['.repeat(40)}"a"${']}'.repeat(40)}`) as unknown;
    expect(() => parse({ navigation: deep })).toThrow('its navigation is too large');
    expect(() => parse({ navigation: { pages: Array.from({ length: 100_001 }, (_, i) => `p${i}`) } })).toThrow(
      'its navigation is too large',
    );
  });

  it('takes any object', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (navigation, openapi) => {
        expect(parse({ navigation, openapi, api: openapi, seo: openapi }).specifications).toBeInstanceOf(Array);
      }),
    );
  });
});
