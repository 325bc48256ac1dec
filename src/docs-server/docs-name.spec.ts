import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import fc from '../../test/support/properties.js';
import { docsName, toolSuffix } from './docs-name.js';

describe('docsName', () => {
  let root: string;
  let dir: string;

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'docs-name-'));
    dir = join(root, 'docs');
    await mkdir(dir);
  });

  afterEach(() => rm(root, { recursive: true }));

  it('is as configured, else from docs.json, else of the folder', async () => {
    expect(docsName(dir, undefined)).toBe('docs');
    await writeFile(join(dir, 'docs.json'), '{ "name": " Acme\\nDocs " }');
    expect(docsName(dir, undefined)).toBe('Acme Docs');
    expect(docsName(dir, 'Mine')).toBe('Mine');
    expect(docsName(dir, ' ')).toBe('Acme Docs');
  });

  it.each(['{', '[]', 'null', '{ "name": 5 }', '{ "name": "" }'])('passes over a docs.json with %s', async (json) => {
    await writeFile(join(dir, 'docs.json'), json);
    expect(docsName(dir, undefined)).toBe('docs');
  });
});

describe('toolSuffix', () => {
  it.each([
    ['Acme Docs', 'acme_docs'],
    ['Müller & Söhne', 'muller_sohne'],
    ['--', 'docs'],
    ['文書', 'docs'],
  ])('makes of %j %j', (name, suffix) => {
    expect(toolSuffix(name)).toBe(suffix);
  });

  it('fits into a tool name, for any name', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (name) => expect(toolSuffix(name)).toMatch(/^[a-z0-9_]{1,40}$/)));
  });
});
