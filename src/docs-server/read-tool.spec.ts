import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { CallToolResult } from '@modelcontextprotocol/server';
import type { Caller } from '../protocol/exchange.js';
import { DocsLibrary } from './docs-library.js';
import { readTool } from './read-tool.js';

const CALLER: Caller = { owner: 'c', audience: 'authenticated', groups: [], isAllowed: () => true };

let dir: string;
let library: DocsLibrary;

const LONG = Array.from({ length: 40 }, (_, i) => `## Part ${i}\n\n${'wörter '.repeat(1000)}\n\n`).join('');

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'docs-read-'));
  await mkdir(join(dir, 'guides'));
  await writeFile(join(dir, 'index.md'), '---\ntitle: Welcome\n---\n\n# Start\n\nHello.\n');
  await writeFile(
    join(dir, 'guides/first steps.md'),
    '# First steps\n\nOne.\n\n## More\n\nTwo.\n\n### Deep\n\nThree.\n\n## Last\n\nFour.\n',
  );
  await writeFile(join(dir, 'guides/rotate-secrets.md'), '# Rotate secrets\n\nText.\n');
  await writeFile(join(dir, 'long.md'), `# Long\n\n${LONG}`);
  await writeFile(join(dir, 'flat.md'), 'line of text\n'.repeat(30_000));
  await writeFile(join(dir, 'line.md'), '# Line\n\n' + '😀'.repeat(100_000));
  library = new DocsLibrary({ dir, indexFile: join(dir, '.index/docs.sqlite'), allPublic: false, warn: () => undefined });
  await library.open();
});

afterAll(async () => {
  await library.close();
  await rm(dir, { recursive: true });
});

interface Read {
  readonly text: string;
  readonly isError: boolean;
  readonly data: Record<string, unknown>;
}

function read(path: string, section?: string): Read {
  const result = readTool(library, 'Docs', 'docs').call({ path, ...(section === undefined ? {} : { section }) }, CALLER) as CallToolResult;
  const [content] = result.content;
  return {
    text: content?.type === 'text' ? content.text : '',
    isError: result.isError ?? false,
    data: (result.structuredContent ?? {}) as Record<string, unknown>,
  };
}

describe('readTool', () => {
  it('gives a page as it was written, less its front matter', () => {
    expect(read('index')).toEqual({
      text: '# Start\n\nHello.',
      isError: false,
      data: { path: 'index', title: 'Welcome', link: '/', markdown: '# Start\n\nHello.', isComplete: true, sections: ['start'] },
    });
  });

  it('gives a section with everything below it', () => {
    const { text, data } = read('guides/first steps', 'more');
    expect(text).toBe('## More\n\nTwo.\n\n### Deep\n\nThree.');
    expect(data).toMatchObject({ link: '/guides/first%20steps#more', isComplete: true, sections: ['first-steps', 'more', 'deep', 'last'] });
  });

  it.each(['/', './index.md', 'README', 'https://docs.example.com/', '/index.md?x=1'])('understands %s as the front page', (path) => {
    expect(read(path).data).toMatchObject({ path: 'index' });
  });

  it.each(['guides/first steps#more', 'https://docs.example.com/guides/first%20steps#more', '/guides/first steps.md#More'])(
    'understands %s as a section',
    (path) => {
      expect(read(path).text).toMatch(/^## More/);
    },
  );

  it.each(['#more', 'More', 'more'])('understands %s as the name of a section', (section) => {
    expect(read('guides/first steps', section).text).toMatch(/^## More/);
  });

  it('suggests the nearest pages for one that does not exist', () => {
    const { text, isError } = read('guide/rotate-secret.md');
    expect(isError).toBe(true);
    expect(text).toMatch(/^There is no page "guide\/rotate-secret\.md"\. Nearest: guides\/rotate-secrets/);
    expect(read('../../etc/passwd')).toMatchObject({ isError: true });
    expect(read('%E0%A4%A')).toMatchObject({ isError: true });
  });

  it('names the sections of a page for one that does not exist', () => {
    const { text, isError } = read('guides/first steps', 'nope');
    expect(isError).toBe(true);
    expect(text).toBe('The page "guides/first steps" has no section "nope". It has: first-steps, more, deep, last.');
  });

  it('stops before the section that would make it larger than 200 kB, and names what is left', () => {
    const { text, data } = read('long');
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(200_000);
    const [, next = ''] = /Read it by section: (part-\d+)/.exec(text) ?? [];
    expect(data).toMatchObject({ isComplete: false });
    expect((data['sections'] as string[])[0]).toBe(next);
    const before = Number(next.slice('part-'.length)) - 1;
    expect(text).toContain(`## Part ${before}\n`);
    expect(text).not.toContain(`## Part ${before + 1}\n`);
    expect(read('long', next).data).toMatchObject({ isComplete: true });
  });

  it('cuts a section that is too long by itself after a line, and whole characters in any case', () => {
    const flat = read('flat');
    expect(Buffer.byteLength(flat.text)).toBeLessThanOrEqual(200_000);
    expect(flat.text).toMatch(/\nline of text\n\n\(Cut here: this section is too long to be given whole\.\)$/);
    const line = read('line').text;
    expect(Buffer.byteLength(line)).toBeLessThanOrEqual(200_000);
    expect(Buffer.from(line, 'utf8').toString('utf8')).toBe(line);
  });
});
