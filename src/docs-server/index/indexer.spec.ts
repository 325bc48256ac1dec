import { mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Indexer } from './indexer.js';
import { BEGINNING, StoreReader } from './store.js';

let root: string;
let dir: string;
let warnings: string[];
let read: string[];

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'docs-indexer-'));
  dir = join(root, 'docs');
  mkdirSync(dir);
  [warnings, read] = [[], []];
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function write(file: string, content: string | object): void {
  mkdirSync(dirname(join(dir, file)), { recursive: true });
  writeFileSync(join(dir, file), typeof content === 'string' ? content : JSON.stringify(content));
}

interface Seen {
  readonly paths: string[];
  readonly faults: Record<string, string>;
}

/** One look by a process of its own, as after a restart. */
function look(tooSlow: ReadonlyMap<string, string> = new Map()): Seen {
  const file = join(root, 'index.sqlite');
  read = [];
  const events = {
    reading: (name: string) => {
      if (name) read.push(name);
    },
    committed: () => undefined,
    checked: () => undefined,
    warned: (warning: string) => warnings.push(warning),
  };
  const indexer = new Indexer({ dir, file, tooSlow, events });
  indexer.look(1);
  indexer.close();
  return view((store) => ({
    paths: pathsOf(store),
    faults: Object.fromEntries(JSON.parse(store.fact('faults') ?? '[]') as [string, string][]),
  }));
}

function view<T>(see: (store: StoreReader) => T): T {
  const store = new StoreReader(join(root, 'index.sqlite'));
  try {
    return see(store);
  } finally {
    store.close();
  }
}

const pathsOf = (store: StoreReader): string[] => store.heads([...store.allKinds.keys()], BEGINNING, 1000).map(({ path }) => path);

const bodyOf = (path: string): string =>
  view((store) => {
    const head = store.headAt(path);
    return head ? store.page(head).body : '';
  });

describe('Indexer', () => {
  it('takes what the navigation names, in its order, and nothing else', () => {
    for (const file of ['b.md', 'a.mdx', 'c/index.md', 'other.md', 'snippets/s.mdx']) write(file, '# x\n');
    write('docs.json', { navigation: { groups: [{ pages: ['c/index', 'b', 'a', 'missing'] }] } });
    expect(look().paths).toEqual(['c', 'b', 'a']);
    write('docs.json', { seo: { indexing: 'all' }, navigation: { groups: [{ pages: ['b'] }] } });
    expect(look().paths).toEqual(['b', 'a', 'c', 'other']);
  });

  it('leaves out what .mintignore says, in the syntax of .gitignore', () => {
    for (const file of ['a.md', 'drafts/b.md', 'drafts/keep.md', 'deep/drafts/c.md', 'x.draft.md']) write(file, '# x\n');
    write('.mintignore', '# no drafts\n/drafts/*\n!/drafts/keep.md\n*.draft.md\n');
    expect(look().paths).toEqual(['a', 'deep/drafts/c', 'drafts/keep']);
  });

  it('reads again only what differs: a page, what it was made of, its place in the navigation', () => {
    write('snippets/s.mdx', 'shared\n');
    write('a.mdx', "import S from '/snippets/s.mdx'\n\n<S />\n");
    write('b.md', '# b\n');
    write('docs.json', { navigation: { pages: ['a', 'b'] } });
    look();
    expect(read.sort()).toEqual(['a.mdx', 'b.md']);
    look();
    expect(read).toEqual([]);
    write('snippets/s.mdx', 'shared and changed\n');
    look();
    expect(read).toEqual(['a.mdx']);
    expect(bodyOf('a')).toContain('shared and changed');
    write('docs.json', { navigation: { pages: [{ group: 'x', version: 'v2', pages: ['b'] }, 'a'] } });
    look();
    expect(read.sort()).toEqual(['a.mdx', 'b.md']);
    expect(view((store) => store.headAt('b')?.version)).toBe('v2');
  });

  it('makes pages of operations, but for those that a page is about, and follows their file', () => {
    const spec = (summary: string) => ({
      openapi: '3.1.0',
      paths: { '/users': { get: { summary, tags: ['Users'] }, post: { summary: 'Make a user' } } },
    });
    write('api/openapi.json', spec('List users'));
    write('make.mdx', '---\nopenapi: POST /users\n---\nBefore.\n');
    write('wrong.mdx', '---\nopenapi: GET /nope\n---\n');
    write('docs.json', { navigation: { groups: [{ openapi: '/api/openapi.json', pages: ['make', 'wrong', 'GET /users'] }] } });
    expect(look().paths).toEqual(['api-reference/users/list-users', 'make', 'wrong']);
    expect(bodyOf('make')).toBe('Before.\n\n`POST /users`\n');
    expect(warnings).toContain('wrong.mdx: no specification has the operation GET /nope');
    write('api/openapi.json', spec('List all users'));
    expect(look().paths).toEqual(['api-reference/users/list-all-users', 'make', 'wrong']);
  });

  it('fetches no specification, and says so', () => {
    write('index.md', '# x\n');
    write('docs.json', {
      navigation: { groups: [{ openapi: ['https://example.com/o.json', '../../o.json', 'gone.json'], pages: ['index'] }] },
    });
    expect(look().faults).toEqual({
      'https://example.com/o.json': 'is no file of the folder; specifications are not fetched',
      '../../o.json': 'is no file of the folder; specifications are not fetched',
      'gone.json': 'is missing, and the navigation names it',
    });
  });

  it('keeps the last good docs.json while it is broken, over a restart too', () => {
    write('a.md', '# x\n');
    write('b.md', '# x\n');
    write('docs.json', { navigation: { pages: ['a'] } });
    expect(look().paths).toEqual(['a']);
    for (const broken of ['{', '[]', '']) {
      write('docs.json', broken);
      const { paths, faults } = look();
      expect([paths, faults['docs.json']]).toEqual([['a'], expect.stringContaining('the last good one stays in force')]);
    }
    rmSync(join(dir, 'docs.json'));
    expect(look()).toEqual({ paths: ['a', 'b'], faults: {} });
  });

  it('reads no snippet from outside of the folder', () => {
    writeFileSync(join(root, 'secret.md'), 'secret\n');
    mkdirSync(join(dir, 'snippets'));
    symlinkSync('../../secret.md', join(dir, 'snippets/link.mdx'));
    write('a.mdx', "import L from '/snippets/link.mdx'\nimport M from '../secret.md'\n\n# A\n\n<L /> <M />\n");
    look();
    expect(bodyOf('a')).not.toContain('secret');
  });

  it('keeps skills that are whole, and says what the others lack', () => {
    write('skill.md', '---\nname: main\ndescription: All.\n---\nx\n');
    write('skills/a/SKILL.md', '---\ndescription: By folder.\ngroups: [staff]\n---\nx\n');
    write('.mintlify/skills/b/SKILL.md', '---\nname: B\ndescription: Bad name.\n---\nx\n');
    write('skills/c/SKILL.md', 'no front matter\n');
    const { faults, paths } = look();
    expect(paths).toEqual([]);
    expect(view((store) => store.skills().map(({ name, groups }) => [name, groups]))).toEqual([
      ['a', ['staff']],
      ['main', []],
    ]);
    expect(Object.keys(faults).sort()).toEqual(['.mintlify/skills/b/SKILL.md', 'skills/c/SKILL.md']);
  });

  it('leaves out a file that took too long, until it changes', () => {
    write('a.md', '# a\n');
    look();
    const version = view(() => '');
    expect(version).toBe('');
    const known = new Map<string, string>();
    const events = {
      reading: (name: string, state: string) => {
        if (name) known.set(name, state);
      },
      committed: () => undefined,
      checked: () => undefined,
      warned: () => undefined,
    };
    write('slow.md', '# slow\n');
    const indexer = new Indexer({ dir, file: join(root, 'other.sqlite'), tooSlow: new Map(), events });
    indexer.look(1);
    indexer.close();
    expect(look(known).paths).toEqual(['a']);
    expect(warnings).toContain('slow.md: takes too long to be read, or too much memory; it is left out');
    utimesSync(join(dir, 'slow.md'), new Date(1000), new Date(1000));
    expect(look(known).paths).toEqual(['a', 'slow']);
  });

  it('drops first what has changed while nobody looked, so that nothing is served that fewer may see now', () => {
    write('a.md', '---\npublic: true\n---\nold\n');
    look();
    write('a.md', '---\ngroups: [staff]\n---\nnew, for few\n');
    const states: string[][] = [];
    const file = join(root, 'index.sqlite');
    const events = {
      reading: () => undefined,
      committed: () => undefined,
      checked: () => void states.push(view(pathsOf)),
      warned: () => undefined,
    };
    const indexer = new Indexer({ dir, file, tooSlow: new Map(), events });
    indexer.look(1);
    indexer.close();
    expect(states).toEqual([[]]);
    expect(view((store) => store.headAt('a')?.groups)).toEqual(['staff']);
  });
});
