import type { Nodes, Root } from 'mdast';
import remarkGfm from 'remark-gfm';
import remarkMdx from 'remark-mdx';
import remarkParse from 'remark-parse';
import { unified } from 'unified';
import { type Attributes, renderBlock, renderInline } from './components.js';
import { splitFrontMatter } from './front-matter.js';
import { expressionOf, factsOf, literalOf, type ModuleFacts, resolveImport } from './mdx-values.js';

const mdx = unified().use(remarkParse).use(remarkGfm).use(remarkMdx);

/** Where the snippets that a page imports come from. */
export interface MdxSources {
  /** The importing file, relative to the folder. */
  readonly file: string;
  /** The text of a file of the folder; undefined where it cannot be had. */
  read(path: string): string | undefined;
}

const MAX_LENGTH = 256 * 1024;
const MAX_EXPANDED = 512 * 1024;
const MAX_DEPTH = 8;
const MAX_SNIPPETS = 200;
const SNIPPET_FOLDER = '/snippets/';

/**
 * MDX as plain Markdown: snippets are put in their places, components become what a reader sees of them, constants what they
 * stand for; other expressions, imports and exports go. Nothing is evaluated.
 * @throws when the MDX does not parse.
 */
export function reduceMdx(source: string, sources?: MdxSources, warnings: string[] = []): string {
  return new Expansion(sources, warnings).expand(source, { file: sources?.file ?? '', chain: [], values: new Map() });
}

interface Place {
  readonly file: string;
  /** The snippets that lead here. */
  readonly chain: readonly string[];
  /** What expressions stand for: what a snippet was given. */
  readonly values: ReadonlyMap<string, string>;
}

/** One page with all that it imports, bounded as a whole. */
class Expansion {
  private length = 0;
  private snippets = 0;

  constructor(
    private readonly sources: MdxSources | undefined,
    private readonly warnings: string[],
  ) {}

  expand(source: string, place: Place): string {
    this.length += source.length;
    if (source.length > MAX_LENGTH) throw new Error('it has more than 256 kB');
    if (this.length > MAX_EXPANDED) throw new Error('with its snippets it has more than 512 kB');
    const tree = mdx.parse(source);
    const facts = this.factsOf(tree, place);
    const edits: Edit[] = [];
    new Reduction({
      source,
      edits,
      values: facts.values,
      snippet: (name, attributes) => this.snippet(name, attributes, facts, place),
    }).visit(tree, undefined);
    return applyEdits(source, edits);
  }

  private factsOf(tree: Root, place: Place): Facts {
    const values = new Map(place.values);
    const snippets = new Map<string, string>();
    for (const node of tree.children) {
      if (node.type !== 'mdxjsEsm') continue;
      const facts = factsOf(node.data?.estree);
      for (const [name, value] of facts.values) values.set(name, value);
      for (const { local, imported, from } of facts.imports) {
        const path = resolveImport(from, place.file);
        if (path === undefined || !/\.(mdx?|markdown)$/i.test(path)) continue;
        if (imported === undefined) snippets.set(local, path);
        else for (const [name, value] of this.exportsOf(path, imported)) values.set(local + name.slice(imported.length), value);
      }
    }
    return { values, snippets };
  }

  /** What a file exports under a name: the constant itself, or its members. */
  private exportsOf(path: string, name: string): [string, string][] {
    const text = this.read(path);
    if (text === undefined || (this.length += text.length) > MAX_EXPANDED) return [];
    const facts: ModuleFacts[] = mdx
      .parse(splitFrontMatter(text).body)
      .children.flatMap((node) => (node.type === 'mdxjsEsm' ? [factsOf(node.data?.estree)] : []));
    return facts.flatMap(({ values }) => [...values].filter(([key]) => key === name || key.startsWith(`${name}.`)));
  }

  /** The text of a component that is a snippet; undefined for any other. */
  private snippet(name: string, attributes: Attributes, facts: Facts, place: Place): string | undefined {
    const named = name === 'Snippet' ? attributes.get('file') : undefined;
    const path = named === undefined ? facts.snippets.get(name) : resolveImport(SNIPPET_FOLDER + named, place.file);
    if (path === undefined) return undefined;
    if (place.chain.includes(path) || path === this.sources?.file) return this.leaveOut(`the snippet ${path} contains itself`);
    if (place.chain.length >= MAX_DEPTH) return this.leaveOut(`the snippet ${path} is more than ${MAX_DEPTH} snippets deep`);
    if (++this.snippets > MAX_SNIPPETS) throw new Error(`it holds more than ${MAX_SNIPPETS} snippets`);
    const text = this.read(path);
    if (text === undefined) return '';
    const values = new Map(
      [...attributes].flatMap(([key, value]): [string, string][] => [
        [key, value],
        [`props.${key}`, value],
      ]),
    );
    return this.expand(splitFrontMatter(text).body, { file: path, chain: [...place.chain, path], values }).trim();
  }

  private read(path: string): string | undefined {
    const text = this.sources?.read(path);
    if (text === undefined) this.leaveOut(`there is no snippet ${path}`);
    return text;
  }

  private leaveOut(reason: string): string {
    this.warnings.push(`${reason}; it is left out`);
    return '';
  }
}

interface Facts {
  readonly values: ReadonlyMap<string, string>;
  readonly snippets: ReadonlyMap<string, string>;
}

/** A replacement of a part of a source. */
interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

function applyEdits(source: string, edits: Edit[]): string {
  let text = '';
  let from = 0;
  for (const edit of edits.sort((a, b) => a.start - b.start || a.end - b.end)) {
    if (edit.end < from) continue;
    if (edit.start > from) text += source.slice(from, edit.start);
    text += edit.text;
    from = Math.max(from, edit.end);
  }
  return text + source.slice(from);
}

interface ReductionParts {
  readonly source: string;
  readonly edits: Edit[];
  readonly values: ReadonlyMap<string, string>;
  readonly snippet: (name: string, attributes: Attributes) => string | undefined;
}

type Element = Nodes & { type: 'mdxJsxFlowElement' | 'mdxJsxTextElement' };

class Reduction {
  constructor(private readonly parts: ReductionParts) {}

  /** @param base columns that the content of a component keeps; undefined outside of components */
  visit(node: Nodes, base: number | undefined): void {
    if (node.type === 'mdxjsEsm') this.replace(node, '');
    else if (node.type === 'mdxFlowExpression' || node.type === 'mdxTextExpression') {
      this.replace(node, this.valueOf(node.value, node.data?.estree));
    } else if (node.type === 'mdxJsxFlowElement' || node.type === 'mdxJsxTextElement') {
      const isFlow = node.type === 'mdxJsxFlowElement';
      if (this.replaceTags(node, isFlow)) this.visitAll(node.children, isFlow ? (base ?? columnOf(node) - 1) : undefined);
    } else this.visitMarkdown(node, base);
  }

  private visitMarkdown(node: Nodes, base: number | undefined): void {
    if (holdsComponentsOnly(node)) {
      for (const child of node.children) {
        if (child.type === 'mdxJsxTextElement' && this.replaceTags(child, true)) this.visitAll(child.children, undefined);
      }
      return;
    }
    if (base !== undefined) this.dedent(node, base);
    if ('children' in node) this.visitAll(node.children, undefined);
  }

  private visitAll(nodes: readonly Nodes[], base: number | undefined): void {
    for (const node of nodes) this.visit(node, base);
  }

  /** Whether what stands between the tags is still there. */
  private replaceTags(element: Element, isFlow: boolean): boolean {
    const { start, end } = rangeOf(element);
    const name = element.name ?? '';
    const attributes = this.attributesOf(element);
    const snippet = this.parts.snippet(name, attributes);
    const render = isFlow ? renderBlock : renderInline;
    const { before, after } = snippet === undefined ? render(name, attributes) : { before: snippet, after: '' };
    const [first, last] = [element.children[0], element.children.at(-1)];
    if (snippet !== undefined || !first || !last) {
      this.replace(element, isFlow ? before : `${before}${after}`);
      return false;
    }
    // A component's content starts a line of its own, or its first block would run on from the one above.
    this.parts.edits.push({ start, end: rangeOf(first).start, text: isFlow ? `\n${before}` : before });
    this.parts.edits.push({ start: rangeOf(last).end, end, text: isFlow ? '\n' : after });
    return true;
  }

  private attributesOf(element: Element): Attributes {
    const attributes = new Map<string, string>();
    for (const attribute of element.attributes) {
      if (attribute.type !== 'mdxJsxAttribute') continue;
      const { name, value } = attribute;
      if (typeof value === 'string') attributes.set(name, value);
      else if (!value) attributes.set(name, '');
      else {
        const text = this.valueOf(value.value, value.data?.estree);
        if (text !== '' || value.value.trim() === 'true') attributes.set(name, text);
      }
    }
    return attributes;
  }

  /** What an expression stands for, where that can be known without running it. */
  private valueOf(expression: string, program: unknown): string {
    return this.parts.values.get(expression.trim()) ?? literalOf(expressionOf(program)) ?? '';
  }

  // MDX has no indented code, so authors indent what stands in a component; Markdown would take that for code.
  private dedent(block: Nodes, base: number): void {
    const { source, edits } = this.parts;
    const { start, end } = rangeOf(block);
    const surplus = columnOf(block) - 1 - base;
    if (surplus <= 0) return;
    for (let line = source.indexOf('\n', start) + 1; line > 0 && line < end; line = source.indexOf('\n', line) + 1) {
      const from = line + base;
      let to = from;
      while (to < from + surplus && (source[to] === ' ' || source[to] === '\t')) to++;
      if (to > from) edits.push({ start: from, end: to, text: '' });
    }
    const lineStart = source.lastIndexOf('\n', start - 1) + 1;
    if (source.slice(lineStart, start).trim() === '') edits.push({ start: lineStart + base, end: start, text: '' });
  }

  private replace(node: Nodes, text: string): void {
    this.parts.edits.push({ ...rangeOf(node), text });
  }
}

/** `<Note>…</Note>` on one line is a paragraph to the parser and a block to its reader. */
function holdsComponentsOnly(node: Nodes): node is Extract<Nodes, { type: 'paragraph' }> {
  if (node.type !== 'paragraph') return false;
  const isComponent = (child: Nodes): boolean => child.type === 'mdxJsxTextElement' && /^[A-Z]/.test(child.name ?? '');
  return (
    node.children.some(isComponent) &&
    node.children.every((child) => isComponent(child) || (child.type === 'text' && child.value.trim() === ''))
  );
}

const rangeOf = (node: Nodes): { start: number; end: number } => ({
  start: node.position?.start.offset ?? 0,
  end: node.position?.end.offset ?? 0,
});

const columnOf = (node: Nodes): number => node.position?.start.column ?? 1;
