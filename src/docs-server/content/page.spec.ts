import { describe, expect, it } from '@jest/globals';
import fc from '../../../test/support/properties.js';
import { splitSections } from './markdown.js';
import { endOfSection, findSection } from './find-section.js';
import { type ParsedPage, parsePage as parse } from './page.js';
import { linkOf, pathOf } from './page-path.js';

const parsePage = (file: string, text: string): ParsedPage => parse({ file, text });

const headingsOf = (body: string): string[] => splitSections(body).map(({ heading }) => heading);

/** Pieces that meet in odd ways when put together at random. */
const PIECES = fc.constantFrom(
  '# One\n',
  '## Two\n\n',
  'Three\n=====\n',
  '\n',
  'words *and* marks\n',
  '```js\n# no heading\n',
  '```\n',
  '~~~~\n',
  '- item\n',
  '  - ```\n    # no\n    ```\n',
  '> # quoted\n',
  '<!--\n',
  '-->\n',
  '<div>\n# in html\n',
  '| a | b |\n| - | - |\n',
  '[ref]: /x\n',
  '    # code\n',
  '\r\n',
  '\t',
  '\0',
  '😀 ',
);
const MARKDOWN = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.array(PIECES).map((pieces) => pieces.join('')),
);

describe('splitSections', () => {
  it('loses nothing and repeats nothing: the sections in order are the body, for any text', () => {
    fc.assert(
      fc.property(MARKDOWN, (body) => {
        const sections = splitSections(body);
        expect(sections.map(({ start, end }) => body.slice(start, end)).join('')).toBe(body);
      }),
      { numRuns: 500 },
    );
  });

  it('gives each section of a page an anchor of its own, for any headings', () => {
    const heading = fc.constantFrom('A', 'a', 'A 1', 'a-1', 'a-1-1', '!', '', 'B', 'constructor', '__proto__');
    fc.assert(
      fc.property(fc.array(heading), (headings) => {
        const slugs = splitSections(headings.map((text) => `# ${text}\n`).join('')).map(({ slug }) => slug);
        expect(new Set(slugs).size).toBe(headings.length);
      }),
    );
  });

  it('makes anchors as GitHub does', () => {
    const sections = splitSections('# Install & run\n## `npm ci`, then?\n## Größe\n## Install & run\n## snake_case\n');
    expect(sections.map(({ slug }) => slug)).toEqual(['install--run', 'npm-ci-then', 'größe', 'install--run-1', 'snake_case']);
  });

  it('starts no section at what looks like a heading in a code fence, a comment, a quotation or a list', () => {
    const body = '# Real\n\n```sh\n# fenced\n```\n\n<!--\n# hidden\n-->\n\n> # quoted\n\n- # item\n\n## Next\n';
    expect(headingsOf(body)).toEqual(['Real', 'Next']);
  });

  it.each<[string, string]>([
    ['a long page', '# Chapter\n\nSome *text* with [links](https://example.com) and `code`.\n\n'.repeat(6000)],
    ['brackets that never close', '['.repeat(300_000)],
    ['links within links', '[a]('.repeat(100_000)],
    ['marks that never match', '*a **b _c '.repeat(100_000)],
    ['backticks of every length', Array.from({ length: 1500 }, (_, i) => '`'.repeat(i)).join(' ')],
    ['tags that never end', '<a '.repeat(100_000)],
    ['comments that never end', 'a <!-- '.repeat(100_000)],
    ['quotations within quotations', `${'>'.repeat(10_000)} deep\n`.repeat(20)],
    ['lists within lists', Array.from({ length: 300 }, (_, i) => `${' '.repeat(2 * i)}- x\n`).join('')],
    ['a table of one line', `|${'a|'.repeat(20_000)}\n|${'-|'.repeat(20_000)}\n${'|b'.repeat(20_000)}\n`],
  ])('reads %s in linear time', (_, body) => {
    const start = performance.now();
    splitSections(body);
    expect(performance.now() - start).toBeLessThan(3000);
  });

  it('stops at 5000 headings: the rest belongs to the last section', () => {
    const sections = splitSections('# Chapter\n\ntext\n\n'.repeat(6000));
    expect(sections).toHaveLength(5001);
    expect(sections.at(-1)?.end).toBe(6000 * 17);
  });

  it('keeps what is nested beyond measure', () => {
    const body = `${'>'.repeat(10_000)} deep\n`;
    expect(splitSections(body).map(({ start, end }) => body.slice(start, end))).toEqual([body]);
  });

  it('gives the text that a reader sees', () => {
    const body =
      'See [the *guide*](/x "t"), ![a logo](l.png), `a_b *c*`, <https://x.y> &amp; __init__ or _so_; snake_case \\*.\n\n<details>Open</details>\n\n```js\nfoo(_bar_)\n```\n\n| a | b |\n| - | - |\n| 1 | 2 |\n';
    expect(splitSections(body)[0]?.text).toBe(
      'See the guide, a logo, a_b *c*, https://x.y & init or so; snake_case *.\nOpen\nfoo(_bar_)\na\nb\n1\n2',
    );
  });
});

describe('parsePage', () => {
  it('takes title, description and keywords from the front matter, which is no part of the body', () => {
    const page = parsePage('guide.md', '---\ntitle: The guide\ndescription: All of it\nkeywords: [a, 7]\n---\n# Heading\n');
    expect(page).toMatchObject({ title: 'The guide', description: 'All of it', keywords: ['a', '7'], body: '# Heading\n' });
  });

  it('falls back on the first heading, then on the name of the file, for a title', () => {
    expect(parsePage('a/b.md', 'x\n\n## Second\n\n# First\n').title).toBe('First');
    expect(parsePage('a/b.md', 'x\n\n## Second\n').title).toBe('Second');
    expect(parsePage('a/b.md', 'x\n').title).toBe('b');
  });

  it.each([
    ['public: true', 'public'],
    ['public: false', 'restricted'],
    ['noindex: true', 'hidden'],
    ['groups: [staff]', 'restricted'],
    ['groups: [staff]\npublic: true', 'restricted'],
    ['groups: { a: 1 }', 'hidden'],
    ['title: x', 'default'],
    ['hidden: true', 'hidden'],
    ['hidden: true\npublic: true', 'hidden'],
    ['public: "true"', 'restricted'],
    ['hidden: yes', 'hidden'],
  ])('reads who may see a page from %j', (yaml, access) => {
    expect(parsePage('a.md', `---\n${yaml}\n---\nx`).access).toBe(access);
  });

  it.each([
    ['broken YAML', '---\ntitle: [\npublic: true\n---\nBody\n', 'Body\n'],
    ['a list', '---\n- public\n---\nBody\n', 'Body\n'],
    ['a repeated key', '---\npublic: false\npublic: true\n---\nBody\n', 'Body\n'],
    ['an open end', '---\npublic: true\n\nBody\n', '---\npublic: true\n\nBody\n'],
    [
      'aliases that multiply',
      `---\na: &a [${'x,'.repeat(50)}]\nb: &b [${'*a,'.repeat(50)}]\nc: [${'*b,'.repeat(50)}]\npublic: true\n---\nBody\n`,
      'Body\n',
    ],
    ['endless front matter', `---\n# ${'x'.repeat(70_000)}\npublic: true\n---\nBody\n`, 'Body\n'],
  ])('serves the body of a page with %s, with a warning and never in public', (_, source, body) => {
    const page = parsePage('a.md', source);
    expect(page).toMatchObject({ body, access: 'restricted' });
    expect(page.warnings).toHaveLength(1);
  });

  it('never evaluates front matter', () => {
    const code = parsePage('a.md', '---js\n{ title: (() => { throw new Error() })() }\n---\nBody\n');
    expect(code).toMatchObject({ access: 'default', warnings: [] });
    expect(code.body).toMatch(/^---js/);
    const tagged = parsePage('a.md', '---\ntitle: !!js/function "function () { throw 1 }"\n---\n# Body\n');
    expect(tagged.body).toBe('# Body\n');
  });

  it('reads files with a byte order mark and with Windows line ends', () => {
    const page = parsePage('a.md', '\uFEFF---\r\ntitle: T\r\npublic: true\r\n---\r\n# H\r\n\r\nText\r\n');
    expect(page).toMatchObject({ title: 'T', access: 'public', body: '# H\r\n\r\nText\r\n' });
    expect(page.sections[0]).toMatchObject({ heading: 'H', text: 'Text' });
  });

  it('reduces MDX to readable Markdown', () => {
    const source = [
      "import { Card } from './card'",
      '',
      'export const x = 1',
      '',
      '# Guide {/* a comment */}',
      '',
      '<Steps>',
      '  <Step title="Get it">',
      '    Run <Kbd label="Enter">this</Kbd>{" "}now:',
      '',
      '    ```sh',
      '    npm ci',
      '      indented',
      '    ```',
      '',
      '    ## Inside',
      '  </Step>',
      '  <Card title="Alone" href="/x" />',
      '</Steps>',
      '',
      'After {props.x} it.',
      '',
    ].join('\n');
    const { body, sections, warnings, title } = parsePage('a.mdx', source);
    expect(warnings).toEqual([]);
    expect(title).toBe('Guide');
    expect(body).toContain('**Get it**\n\nRun Enter this now:\n\n```sh\nnpm ci\n  indented\n```\n\n## Inside\n');
    expect(body).toContain('**Alone**');
    expect(body).not.toMatch(/import|export|<|props|comment/);
    expect(sections.map(({ heading }) => heading)).toEqual(['', 'Guide', 'Inside']);
    expect(body).toContain('After  it.');
  });

  it('serves MDX that does not parse as plain Markdown, with a warning', () => {
    const page = parsePage('a.mdx', '# Title\n\n<Open>\n\ntext { here\n');
    expect(page.body).toBe('# Title\n\n<Open>\n\ntext { here\n');
    expect(page.warnings[0]).toMatch(/^its MDX does not parse .*; it is served as plain Markdown$/);
  });

  it('throws at no text, as Markdown or as MDX', () => {
    fc.assert(
      fc.property(MARKDOWN, fc.constantFrom('a.md', 'a.mdx'), (source, file) => {
        const page = parsePage(file, source);
        expect(page.sections.map(({ start, end }) => page.body.slice(start, end)).join('')).toBe(page.body);
      }),
      { numRuns: 300 },
    );
  });
});

describe('findSection', () => {
  it('finds a section by anchor or heading, and takes what stands below along', () => {
    const page = parsePage('a.md', '# A\n1\n## B b\n2\n### C\n3\n## D\n4\n');
    const section = findSection(page, 'b-b');
    expect(findSection(page, 'B b')).toBe(section);
    expect(section && page.body.slice(section.start, endOfSection(page, section))).toBe('## B b\n2\n### C\n3\n');
    expect(findSection(page, 'E')).toBeUndefined();
  });
});

describe('pathOf', () => {
  it.each([
    ['guides/install.md', 'guides/install'],
    ['guides/index.mdx', 'guides'],
    ['guides/README.md', 'guides'],
    ['index.markdown', 'index'],
    ['Readme.MD', 'index'],
    ['a.b.md', 'a.b'],
  ])('knows %s as %s', (file, path) => {
    expect(pathOf(file)).toBe(path);
  });
});

describe('linkOf', () => {
  it('leads to the page and its section, encoded', () => {
    expect([linkOf('index'), linkOf('a b/c', 'd'), linkOf('index', 'x')]).toEqual(['/', '/a%20b/c#d', '/#x']);
  });
});
