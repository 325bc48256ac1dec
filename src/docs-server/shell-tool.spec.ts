import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { CallToolResult } from '@modelcontextprotocol/server';
import type { Caller } from '../protocol/exchange.js';
import { DocsLibrary } from './docs-library.js';
import { shellTool } from './shell-tool.js';
import { ShellThreads } from './shell/shell-threads.js';

const callerOf = (audience: Caller['audience'], groups: readonly string[] = []): Caller => ({
  owner: audience,
  audience,
  groups,
  isAllowed: () => true,
});
const ANYONE = callerOf('public');
const MEMBER = callerOf('authenticated');
const STAFF = callerOf('authenticated', ['staff']);

const FILES: Readonly<Record<string, string>> = {
  'index.md': '---\npublic: true\ntitle: Welcome\ndescription: The start\n---\n# Welcome\n\nneedle in public\n',
  'guides/install.md': '# Install\n\nneedle for members\n\n## More\n\nline\n',
  'guides/staff.md': '---\ngroups: [staff]\n---\n# Staff\n\nneedle for staff\n',
  'guides/hidden.md': '---\nhidden: true\n---\nneedle for nobody\n',
  'bad.md': `# Bad\n\n${'a'.repeat(50_000)}!\n`,
};

let dir: string;
let library: DocsLibrary;
let threads: ShellThreads;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'docs-shell-'));
  for (const [file, text] of Object.entries(FILES)) {
    await mkdir(dirname(join(dir, 'docs', file)), { recursive: true });
    await writeFile(join(dir, 'docs', file), text);
  }
  library = new DocsLibrary({ dir: join(dir, 'docs'), indexFile: join(dir, 'index.sqlite'), allPublic: false, warn: () => undefined });
  await library.open();
  threads = new ShellThreads();
});

afterAll(async () => {
  await threads.close();
  await library.close();
  await rm(dir, { recursive: true });
});

interface Output {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
  readonly isComplete: boolean;
}

async function call(command: string, caller = MEMBER, with_ = threads): Promise<CallToolResult> {
  return await shellTool(library, with_, { name: 'Docs', suffix: 'docs' }).call({ command }, caller);
}

const run = async (command: string, caller = MEMBER): Promise<Output> => (await call(command, caller)).structuredContent as Output;

describe('shellTool', () => {
  it('reads pages as files, several in one call', async () => {
    const { stdout, exitCode, isComplete } = await run('cat /index.md guides/install.md | head -n 9; wc -l guides/*.md');
    expect(stdout).toBe(
      '---\ntitle: "Welcome"\ndescription: "The start"\n---\n\n# Welcome\n\nneedle in public\n---\n11 guides/install.md\n',
    );
    expect([exitCode, isComplete]).toEqual([0, true]);
  });

  it('finds, lists and sorts', async () => {
    expect((await run('grep -rn needle .')).stdout).toBe('guides/install.md:7:needle for members\nindex.md:8:needle in public\n');
    expect((await run('find . -name "*.md" | sort')).stdout).toBe('./bad.md\n./guides/install.md\n./index.md\n');
    expect((await run('ls guides && tail -n 1 guides/install.md')).stdout).toBe('install.md\nline\n');
    expect((await run('tree')).stdout).toContain('install.md');
  });

  it('shows each caller its pages, and of the others not even the names', async () => {
    expect((await run('grep -rl needle .', ANYONE)).stdout).toBe('index.md\n');
    expect((await run('find /', ANYONE)).stdout).not.toContain('guides');
    expect((await run('grep -rl needle .', STAFF)).stdout).toBe('guides/install.md\nguides/staff.md\nindex.md\n');
    for (const path of ['/guides/staff.md', '/guides/hidden.md', '/guides/missing.md']) {
      expect((await run(`cat ${path}`)).stderr).toBe(`cat: ${path}: No such file or directory\n`);
    }
  });

  it('sees a page that has changed, and one that fewer may see', async () => {
    await writeFile(join(dir, 'docs/late.md'), 'first\n');
    await library.look();
    expect((await run('tail -n 1 late.md')).stdout).toBe('first\n');
    await writeFile(join(dir, 'docs/late.md'), '---\ngroups: [staff]\n---\nsecond\n');
    await library.look();
    expect((await run('cat late.md')).exitCode).toBe(1);
    expect((await run('tail -n 1 late.md', STAFF)).stdout).toBe('second\n');
    await rm(join(dir, 'docs/late.md'));
    await library.look();
    expect((await run('ls late.md', STAFF)).exitCode).not.toBe(0);
  });

  it.each([
    ['writes', 'echo x > /new.md'],
    ['appends', 'echo x >> index.md'],
    ['removes', 'rm index.md'],
    ['leaves the pages', 'cat ../../etc/passwd'],
    ['reads the machine', 'cat /proc/self/environ'],
    ['reads our files', `cat ${process.cwd()}/package.json`],
    ['reaches a network', 'curl http://127.0.0.1/'],
    ['runs a program', 'node -e 1'],
    ['runs Python', 'python3 -c 1'],
    ['opens a database', 'sqlite3 x'],
  ])('nothing %s', async (_, command) => {
    const { exitCode, stdout, stderr } = await run(command);
    expect(exitCode).not.toBe(0);
    expect(stdout).toBe('');
    expect(stderr).not.toBe('');
    expect((await run('cat index.md')).stdout).toContain('needle in public');
  });

  it.each([
    ['a pattern that backtracks without end elsewhere', 'grep -E "(a+)+$" bad.md'],
    ['the same in sed', 'sed -E "s/(a*)*b/x/" bad.md | wc -c'],
    ['the same in awk', 'awk "/(a|a)*b/" bad.md'],
    ['an endless loop', 'while true; do :; done'],
    ['loops in loops', 'for i in $(seq 1 1000); do for j in $(seq 1 1000); do :; done; done'],
    ['a text that doubles', 'x=a; while true; do x=$x$x; done'],
    ['braces that multiply', 'echo {1..100}{1..100}{1..100}{1..100}'],
    ['a function that calls itself', 'f() { f | f; }; f'],
  ])('comes to an end with %s', async (_, command) => {
    const start = performance.now();
    await call(command);
    expect(performance.now() - start).toBeLessThan(15_000);
  });

  it('cuts output at 200 kB, and says so', async () => {
    const { stdout, isComplete } = await run('for i in 1 2 3 4 5 6; do cat bad.md; done');
    expect(Buffer.byteLength(stdout)).toBeLessThanOrEqual(200_000);
    expect(isComplete).toBe(false);
  });

  it('ends a thread that does not stop by itself, and goes on with another', async () => {
    const strict = new ShellThreads(20_000, -19_990);
    const result = await call('grep -rc "needle" / ; sleep 10', MEMBER, strict);
    expect(result).toMatchObject({ isError: true, content: [{ text: expect.stringContaining('took longer than 20 seconds') }] });
    await strict.close();
    expect((await run('echo still here')).stdout).toBe('still here\n');
  });

  it('lets no caller queue more than a few commands', async () => {
    const results = await Promise.all(Array.from({ length: 12 }, () => call('grep -r needle /')));
    const refused = results.filter(({ isError }) => isError);
    expect(refused.length).toBeGreaterThan(0);
    expect(refused[0]).toMatchObject({ content: [{ text: 'Too many commands are waiting. Try again in a few seconds.' }] });
    expect(results.length - refused.length).toBeGreaterThanOrEqual(4);
  });

  it.each([{}, { command: '' }, { command: 'x'.repeat(4001) }, { command: 1 }, { command: 'ls', more: 1 }])(
    'refuses the arguments %j',
    (values) => {
      expect(() => shellTool(library, threads, { name: 'Docs', suffix: 'docs' }).call(values, MEMBER)).toThrow();
    },
  );
});
