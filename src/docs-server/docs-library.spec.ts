import { mkdir, mkdtemp, readdir, readFile, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import Database from 'better-sqlite3';
import { eventually } from '../../test/support/eventually.js';
import type { Reader } from './content/access.js';
import { DocsLibrary, type LibraryOptions } from './docs-library.js';

const MEMBER: Reader = { audience: 'authenticated', groups: [] };
const ANYONE: Reader = { audience: 'public', groups: [] };

let root: string;
let dir: string;
let library: DocsLibrary | undefined;
let warnings: string[];

/** Each test has a folder, and a library where it opens one, of its own. */
function inFreshFolder(): void {
  beforeEach(async () => {
    await makeFolder();
  });
  afterEach(async () => {
    await removeFolder();
  });
}

/** The tests share a library, which starts no thread of its own for each, and find its folder empty. */
function inSharedFolder(): void {
  beforeAll(async () => {
    await makeFolder();
    await open();
  });
  beforeEach(() => {
    warnings = [];
  });
  afterEach(async () => {
    for (const name of await readdir(dir)) await rm(join(dir, name), { recursive: true });
    await library?.look();
  });
  afterAll(async () => {
    await removeFolder();
  });
}

async function makeFolder(): Promise<void> {
  root = await mkdtemp(join(tmpdir(), 'docs-library-'));
  dir = join(root, 'docs');
  await mkdir(dir);
  warnings = [];
}

async function removeFolder(): Promise<void> {
  await library?.close();
  library = undefined;
  await rm(root, { recursive: true, force: true });
}

async function write(file: string, text: string | Uint8Array): Promise<void> {
  await mkdir(dirname(join(dir, file)), { recursive: true });
  await writeFile(join(dir, file), text);
}

async function open(options: Partial<LibraryOptions> = {}): Promise<DocsLibrary> {
  const indexFile = join(root, 'index/docs.sqlite');
  library = new DocsLibrary({ dir, indexFile, allPublic: false, warn: (warning) => warnings.push(warning), ...options });
  await library.open();
  return library;
}

const pathsOf = (query: string, reader: Reader = MEMBER, limit = 50): string[] =>
  (library?.search({ query, limit }, reader) ?? []).map(({ path }) => path);

/** Waits until a page can be found, or cannot any more. */
async function until(query: string, paths: readonly string[], milliseconds = 20_000): Promise<number> {
  const start = performance.now();
  while (performance.now() - start < milliseconds) {
    if (JSON.stringify(pathsOf(query)) === JSON.stringify(paths)) return performance.now() - start;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  expect(pathsOf(query)).toEqual(paths);
  return milliseconds;
}

describe('DocsLibrary', () => {
  inSharedFolder();

  it('serves Markdown and MDX below the folder, and nothing from hidden folders and node_modules', async () => {
    for (const file of [
      'a.md',
      'b/c.mdx',
      'b/d/e.markdown',
      'f.txt',
      '.git/g.md',
      'node_modules/h.md',
      'b/.i.md',
      'b/node_modules/x/j.md',
    ]) {
      await write(file, 'needle\n');
    }
    await library?.look();
    expect(pathsOf('needle').sort()).toEqual(['a', 'b/c', 'b/d/e']);
    expect(warnings).toEqual([]);
  });

  it('follows no link out of the folder, and those within it', async () => {
    await writeFile(join(root, 'secret.md'), 'needle outside\n');
    await mkdir(join(root, 'elsewhere'));
    await writeFile(join(root, 'elsewhere/page.md'), 'needle outside\n');
    await write('real.md', 'needle inside\n');
    await symlink('../secret.md', join(dir, 'out.md'));
    await symlink('../elsewhere', join(dir, 'folder'));
    await symlink('real.md', join(dir, 'link.md'));
    await symlink('nothing.md', join(dir, 'dangling.md'));
    await symlink('loop.md', join(dir, 'loop.md'));
    await library?.look();
    expect(pathsOf('needle').sort()).toEqual(['link', 'real']);
    expect(warnings.sort()).toEqual([
      'dangling.md: is a link to nothing; it is left out',
      'loop.md: cannot be read (ELOOP); it is left out',
      'out.md: is a link that leads out of the folder; it is left out',
    ]);
  });

  it('serves one of the files that share a path, says so, and falls back on the other', async () => {
    await write('guide/index.md', 'needle from index\n');
    await write('guide/README.md', 'needle from readme\n');
    await library?.look();
    expect(library?.find('guide', MEMBER)?.body).toBe('needle from index\n');
    expect(pathsOf('needle')).toEqual(['guide']);
    expect(warnings).toEqual(['guide: is the path of guide/index.md and guide/README.md; the first one is served']);
    await rm(join(dir, 'guide/index.md'));
    await until('readme', ['guide']);
  });

  it('picks up changes by itself: new, changed, renamed, deleted, in new folders too', async () => {
    await write('a.md', 'first\n');
    await library?.look();
    await write('a.md', 'second\n');
    await until('second', ['a']);
    expect(pathsOf('first')).toEqual([]);
    await rename(join(dir, 'a.md'), join(dir, 'b.md'));
    await until('second', ['b']);
    await write('new/deep/c.md', 'second\n');
    await until('second', ['b', 'new/deep/c']);
    await rename(join(dir, 'new'), join(dir, 'moved'));
    await until('second', ['b', 'moved/deep/c']);
    await rm(join(dir, 'moved'), { recursive: true });
    await until('second', ['b']);
    expect(warnings).toEqual([]);
  });

  it('takes a page out of the public face as soon as it says so', async () => {
    await write('a.md', '---\npublic: true\n---\nneedle\n');
    await library?.look();
    expect(pathsOf('needle', ANYONE)).toEqual(['a']);
    await write('a.md', '---\npublic: false\n---\nneedle changed\n');
    await until('changed', ['a']);
    expect(pathsOf('needle', ANYONE)).toEqual([]);
  });

  it('warns once for each version of a file', async () => {
    await write('a.md', '---\ntitle: [\n---\nneedle\n');
    await library?.look();
    await utimes(join(dir, 'a.md'), new Date(1000), new Date(1000));
    await library?.look();
    const afterTouch = warnings.length;
    await write('a.md', '---\ntitle: [\n---\nneedle again\n');
    await until('again', ['a']);
    expect(warnings.length).toBe(afterTouch + 1);
    await write('a.md', 'fine now\n');
    await until('fine', ['a']);
    expect(warnings.length).toBe(afterTouch + 1);
  });

  it('keeps up with many changes at once', async () => {
    await library?.look();
    await Promise.all(Array.from({ length: 300 }, (_, i) => write(`n${i % 7}/p${i}.md`, `needle number${i}\n`)));
    await until('number299', ['n5/p299'], 30_000);
    expect((library?.search({ query: 'needle', limit: 50 }, MEMBER) ?? []).length).toBe(50);
    expect(await readFile(join(dir, 'n0/p0.md'), 'utf8')).toBe('needle number0\n');
  });

  it('tells how it is', async () => {
    await write('a.md', '# A\n\n## B\n');
    await write('bad.md', Buffer.from([0xff]));
    await library?.look();
    // The watch may have made it look once more.
    await eventually(() => {
      expect(library?.status()).toMatchObject({
        dir,
        pages: 1,
        sections: 2,
        isIndexing: false,
        indexedAt: expect.any(Number),
        faults: [],
        warnings: [{ file: 'bad.md', warning: 'is not UTF-8; it is left out' }],
      });
      return Promise.resolve();
    });
  });

  it('gives no page more than three places while others have something, and each section one', async () => {
    const long = Array.from({ length: 9 }, (_, i) => `## Token ${i}\n\ntoken token\n\n`).join('');
    await write('long.md', `# Token\n\n${long}`);
    await write('a.md', 'a token\n');
    await write('b.md', 'a token\n');
    await library?.look();
    expect(pathsOf('token', MEMBER, 5).sort()).toEqual(['a', 'b', 'long', 'long', 'long']);
    const links = library?.search({ query: 'token', limit: 50 }, MEMBER).map(({ link }) => link);
    expect(new Set(links).size).toBe(12);
  });

  it('shows the text around what was found, in a long section too', async () => {
    await write('a.md', `# Long\n\n${'filler words '.repeat(5000)} needle **here** ${'filler words '.repeat(5000)}\n`);
    await library?.look();
    const [hit] = library?.search({ query: 'needle', limit: 5 }, MEMBER) ?? [];
    expect(hit?.snippet).toMatch(/needle here/);
    expect(hit?.snippet.length).toBeLessThan(260);
  });
});

describe('DocsLibrary, its folder', () => {
  inFreshFolder();

  it('names the files that it cannot serve, and serves the rest', async () => {
    await write('latin1.md', Buffer.from('# Gr\xfc\xdfe needle\n', 'latin1'));
    await write('huge.md', Buffer.alloc(10 * 1024 * 1024 + 1, 'needle '));
    await write('broken.md', '---\ntitle: [\n---\nneedle\n');
    await write('good.md', 'needle\n');
    await write('empty.md', '');
    await open({ allPublic: true });
    expect(pathsOf('needle').sort()).toEqual(['broken', 'good']);
    expect(pathsOf('needle', ANYONE)).toEqual(['good']);
    expect(warnings.sort()).toEqual([
      expect.stringMatching(/^broken\.md: its front matter is broken .*; the page is served without it, and not in public$/),
      'huge.md: is larger than 10 MB; it is left out',
      'latin1.md: is not UTF-8; it is left out',
    ]);
  });

  it('shows each audience its pages', async () => {
    await write('public.md', '---\npublic: true\n---\nneedle\n');
    await write('plain.md', 'needle\n');
    await write('hidden.md', '---\nhidden: true\npublic: true\n---\nneedle\n');
    await open();
    expect(pathsOf('needle', ANYONE)).toEqual(['public']);
    expect(pathsOf('needle').sort()).toEqual(['plain', 'public']);
    expect(library?.find('plain', ANYONE)).toBeUndefined();
    expect(library?.find('hidden', MEMBER)).toBeUndefined();
    await library?.close();
    await open({ allPublic: true });
    expect(pathsOf('needle', ANYONE).sort()).toEqual(['plain', 'public']);
  });

  it('warns about a folder without pages, and serves pages as they appear', async () => {
    await open();
    expect(warnings).toEqual([`${dir}: holds no Markdown yet; pages are served as they appear`]);
    await write('new.md', 'needle\n');
    await until('needle', ['new']);
  });

  it('warns about a missing folder, and serves it when it appears, and when it is exchanged for another', async () => {
    await rm(dir, { recursive: true });
    await open();
    expect(warnings).toEqual([`${dir}: cannot be read (ENOENT); pages are served as they appear`]);
    await write('one.md', 'needle\n');
    await until('needle', ['one']);
    await rename(dir, join(root, 'old'));
    await write('two.md', 'needle\n');
    await until('needle', ['two']);
    await rm(dir, { recursive: true });
    await write('three.md', 'needle\n');
    await until('needle', ['three']);
    await write('four.md', 'needle\n');
    await until('needle', ['four', 'three']);
  });

  it('follows a link that is turned to another release', async () => {
    for (const release of ['r1', 'r2']) {
      await mkdir(join(root, release));
      await writeFile(join(root, release, 'page.md'), `needle ${release}\n`);
    }
    await symlink('r1', join(root, 'current'));
    await open({ dir: join(root, 'current') });
    expect(pathsOf('r1')).toEqual(['page']);
    await symlink('r2', join(root, 'next'));
    await rename(join(root, 'next'), join(root, 'current'));
    await until('r2', ['page']);
    await writeFile(join(root, 'r2/page.md'), 'needle again\n');
    await until('again', ['page']);
  });

  it('misses nothing that is written while it opens', async () => {
    await write('a.md', 'needle\n');
    const opening = open();
    await write('b.md', 'needle\n');
    await opening;
    await write('c.md', 'needle\n');
    await until('needle', ['a', 'b', 'c']);
  });

  it('closes while it is still indexing', async () => {
    for (let i = 0; i < 50; i++) await write(`p${i}.md`, '# Page\n\nneedle\n'.repeat(200));
    const opening = open();
    await new Promise((resolve) => setTimeout(resolve, 20));
    await library?.close();
    await opening;
    expect(pathsOf('needle').length).toBeLessThanOrEqual(50);
  });
});

describe('DocsLibrary, its index on disk', () => {
  inFreshFolder();
  const indexFile = () => join(root, 'index/docs.sqlite');

  it('serves at once after a restart what has not changed, and not what has', async () => {
    await write('same.md', 'needle\n');
    await write('changed.md', '---\npublic: true\n---\nneedle\n');
    await open();
    await library?.close();
    await write('changed.md', 'needle for members\n');
    library = new DocsLibrary({ dir, indexFile: indexFile(), allPublic: false, warn: () => undefined });
    const opening = library.open();
    await library.ready;
    expect(pathsOf('needle', ANYONE)).toEqual([]);
    expect(pathsOf('needle')).toContain('same');
    await opening;
    expect(pathsOf('needle').sort()).toEqual(['changed', 'same']);
  });

  it.each([
    ['no database', (file: string) => writeFile(file, 'not a database at all'.repeat(100))],
    [
      'of another version',
      (file: string) => Promise.resolve(new Database(file).exec("UPDATE facts SET value = '0' WHERE name = 'format'").close()),
    ],
    ['empty', (file: string) => writeFile(file, '')],
  ])('makes an index anew that is %s', async (_, spoil) => {
    await write('a.md', 'needle\n');
    await open();
    await library?.close();
    await spoil(indexFile());
    await open();
    expect(pathsOf('needle')).toEqual(['a']);
    expect(warnings).toEqual([]);
  });

  it('makes an index anew that turns out to be broken while it is used', async () => {
    await write('a.md', 'needle\n');
    await open();
    const bytes = await readFile(indexFile());
    for (const suffix of ['-wal', '-shm']) await rm(indexFile() + suffix, { force: true });
    await writeFile(indexFile(), Buffer.concat([bytes.subarray(0, 100), Buffer.alloc(Math.max(0, bytes.length - 100), 0x5a)]));
    await write('b.md', 'needle again\n');
    await library?.look();
    await until('again', ['b'], 10_000);
  });

  it('uses a temporary index where another process has the one on disk', async () => {
    await write('a.md', 'needle\n');
    const first = await open();
    await open();
    expect(pathsOf('needle')).toEqual(['a']);
    expect(warnings).toEqual([expect.stringMatching(/is not used, a temporary index is/)]);
    await first.close();
  });

  it('goes on without a file that takes too long', async () => {
    await write('a.md', 'needle\n');
    // Every line opens another list, and every list looks at all the lines.
    await write('slow.mdx', `${Array.from({ length: 4000 }, (_, i) => `${' '.repeat(i % 90)}- {x} *a **b _c\n`).join('')}needle\n`);
    await open({ fileLimitMs: 400 });
    expect(pathsOf('needle')).toContain('a');
    await write('b.md', 'needle\n');
    await until('needle', ['a', 'b'], 10_000);
    expect(warnings).toEqual(['slow.mdx: takes too long to be read, or too much memory; it is left out']);
    expect(library?.status().warnings).toEqual([
      { file: 'slow.mdx', warning: 'takes too long to be read, or too much memory; it is left out' },
    ]);
  });
});
