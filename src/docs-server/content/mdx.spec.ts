import { describe, expect, it } from '@jest/globals';
import { reduceMdx } from './mdx.js';

interface Reduced {
  readonly text: string;
  readonly warnings: string[];
}

function reduce(source: string, files: Readonly<Record<string, string>> = {}): Reduced {
  const warnings: string[] = [];
  const sources = { file: 'guides/page.mdx', read: (path: string) => files[path] };
  return {
    text: reduceMdx(source, sources, warnings)
      .replace(/\n{3,}/g, '\n\n')
      .trim(),
    warnings,
  };
}

describe('reduceMdx', () => {
  it('puts snippets in their places, from the root and from beside the page, and with what they were given', () => {
    const source = [
      "import Setup from '/snippets/setup.mdx'",
      "import Local from './local.md'",
      '',
      'Before.',
      '',
      '<Setup product="Acme" count={3} />',
      '',
      '<Local />',
      '',
      '<Snippet file="more.mdx" />',
    ].join('\n');
    const files = {
      'snippets/setup.mdx': '---\ntitle: no\n---\nInstall {product}, {props.count} times {unknown}.\n\n## Then\n',
      'guides/local.md': 'Local text.\n',
      'snippets/more.mdx': '<Note>Mind it.</Note>\n',
    };
    expect(reduce(source, files)).toEqual({
      text: 'Before.\n\nInstall Acme, 3 times .\n\n## Then\n\nLocal text.\n\n**Note**:\n\nMind it.',
      warnings: [],
    });
  });

  it('knows constants, of its own and imported', () => {
    const source =
      "import { version, links as l } from '/snippets/values.mdx'\nexport const name = 'Acme'; export const n = 4\nexport const f = () => evil()\n\n{name} {n} {version} {l.home} {`plain`} {f()} {missing.x}\n";
    const files = { 'snippets/values.mdx': "export const version = 'v2'\nexport const links = { home: '/start', deep: { er: 'x' } }\n" };
    expect(reduce(source, files)).toEqual({ text: 'Acme 4 v2 /start plain', warnings: [] });
  });

  it('breaks circles, and says so', () => {
    const files = {
      'snippets/a.mdx': "import B from './b.mdx'\n\nA\n\n<B />\n",
      'snippets/b.mdx': "import A from './a.mdx'\n\nB\n\n<A />\n",
      'guides/page.mdx': 'self',
    };
    const { text, warnings } = reduce("import A from '/snippets/a.mdx'\nimport Self from './page.mdx'\n\n<A />\n\n<Self />\n", files);
    expect(text).toBe('A\n\nB');
    expect(warnings).toEqual([
      'the snippet snippets/a.mdx contains itself; it is left out',
      'the snippet guides/page.mdx contains itself; it is left out',
    ]);
  });

  it('stops at snippets that multiply, and at those that are large together', () => {
    const often = (name: string) => `import X from './${name}.mdx'\n\n${'<X />\n\n'.repeat(20)}`;
    const files = Object.fromEntries(Array.from({ length: 6 }, (_, i) => [`snippets/s${i}.mdx`, often(`s${i + 1}`)]));
    const page = "import X from '/snippets/s0.mdx'\n\n<X />\n";
    expect(() => reduce(page, { ...files, 'snippets/s6.mdx': 'word\n' })).toThrow('it holds more than 200 snippets');
    const large = `\`\`\`\n${'x'.repeat(100_000)}\n\`\`\`\n`;
    expect(() => reduce(page, { 'snippets/s0.mdx': often('s1'), 'snippets/s1.mdx': large })).toThrow(
      'with its snippets it has more than 512 kB',
    );
  });

  it('imports nothing from outside of the folder, and no packages', () => {
    const read: string[] = [];
    const source =
      "import A from '../../secret.mdx'\nimport B from '/../secret.mdx'\nimport C from 'package/x.mdx'\nimport D from '/components/d.jsx'\n\n<A /><B /><C /><D />\n";
    reduceMdx(source, { file: 'guides/page.mdx', read: (path) => (read.push(path), 'text') });
    expect(read.filter((path) => path.includes('..') || path.includes('package') || path.endsWith('.jsx'))).toEqual([]);
  });

  it('shows of components what their readers see', () => {
    const source = [
      '<Card title="Start" href="/start">Go.</Card>',
      '',
      '<ParamField path="id" type="string" required default="a">',
      '  The id.',
      '</ParamField>',
      '',
      '<ResponseField name="ok" type="boolean" deprecated />',
      '',
      '<Warning>Hot.</Warning>',
      '',
      '<Accordion title={"More"}>Inside <Tooltip tip="x">word</Tooltip> <code>x</code>.</Accordion>',
      '',
      '<Frame caption="A picture"><img src="/x.png" alt="Alt" /></Frame>',
    ].join('\n');
    const { text } = reduce(source);
    for (const part of [
      '[**Start**](/start)\n\nGo.',
      '**`id`** (string, path, required, default: a)\n\nThe id.',
      '**`ok`** (boolean, deprecated)',
      '**Warning**:\n\nHot.',
      '**More**\n\nInside word `x`.',
      'Alt',
    ]) {
      expect(text).toContain(part);
    }
    expect(text).not.toMatch(/[<>{}]/);
  });

  it('refuses what is too large to be parsed', () => {
    expect(() => reduce('x'.repeat(300_000))).toThrow('it has more than 256 kB');
  });
});
