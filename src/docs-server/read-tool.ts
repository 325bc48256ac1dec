import type { CallToolResult } from '@modelcontextprotocol/server';
import { z } from 'zod';
import type { Reader } from './content/access.js';
import type { Section } from './content/markdown.js';
import { endOfSection, findSection } from './content/find-section.js';
import type { Page } from './content/page.js';
import { linkOf, pathOf } from './content/page-path.js';
import type { DocsLibrary } from './docs-library.js';
import { type DocsTool, faultOf, HINTS } from './docs-tool.js';

const MAX_OUTPUT_BYTES = 200_000;
/** Room for the note and for the end of a cut character. */
const MAX_MARKDOWN_BYTES = MAX_OUTPUT_BYTES - 16_000;
const MAX_LISTED = 200;

const input = z.strictObject({ path: z.string().trim().min(1).max(512), section: z.string().trim().max(200).optional() });

/** Gives a page or a section as Markdown. */
export function readTool(library: DocsLibrary, name: string, suffix: string): DocsTool {
  return {
    name: `read_${suffix}`,
    describe: () => ({
      name: `read_${suffix}`,
      title: `Read ${name}`,
      description: `Returns a page of the documentation "${name}", or one section of it, as Markdown. Paths and sections come from search_${suffix}; a long page is best read by section.`,
      inputSchema: INPUT_SCHEMA,
      outputSchema: OUTPUT_SCHEMA,
      annotations: { title: `Read ${name}`, ...HINTS },
    }),
    call: (values, reader) => {
      const { path, section = '' } = input.parse(values);
      const asked = readAddress(path);
      const page = library.find(asked.path, reader);
      if (!page) return noSuchPage(library, path, reader);
      const anchor = section.replace(/^#/, '') || asked.anchor;
      if (anchor === '') return readPage(page);
      const found = findSection(page, anchor);
      return found ? readSection(page, found) : noSuchSection(page, anchor);
    },
  };
}

const INPUT_SCHEMA = {
  type: 'object' as const,
  properties: {
    path: { type: 'string', minLength: 1, maxLength: 512, description: 'The path of a page, e.g. guides/install.' },
    section: { type: 'string', maxLength: 200, description: 'The anchor of a heading, e.g. requirements; without it the whole page.' },
  },
  required: ['path'],
  additionalProperties: false,
};

const OUTPUT_SCHEMA = {
  type: 'object' as const,
  properties: {
    path: { type: 'string', description: 'The path of the page.' },
    title: { type: 'string', description: 'The title of the page.' },
    link: { type: 'string', description: 'Path and anchor on the documentation site.' },
    markdown: { type: 'string', description: 'The page or section.' },
    isComplete: { type: 'boolean', description: 'Whether all of it is there.' },
    sections: { type: 'array', items: { type: 'string' }, description: 'Anchors of the page, or of what was left out.' },
  },
  required: ['path', 'title', 'link', 'markdown', 'isComplete', 'sections'],
};

/** Forgives what models write: whole URLs, slashes around, an extension, an anchor, percent-encoding. */
export function readAddress(address: string): { path: string; anchor: string } {
  const [before = '', anchor = ''] = address.split('#', 2);
  const path = decode(before.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/]*/i, '').replace(/\?.*$/, '')).replace(/^[./]+|\/+$/g, '');
  return { path: pathOf(path), anchor: decode(anchor) };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A percent sign of its own: the text is meant as it stands.
    return text;
  }
}

function readPage(page: Page): CallToolResult {
  return result(page, { start: 0, end: page.body.length, link: linkOf(page.path) });
}

function readSection(page: Page, section: Section): CallToolResult {
  return result(page, { start: section.start, end: endOfSection(page, section), link: linkOf(page.path, section.slug) });
}

function result(page: Page, { start, end, link }: { start: number; end: number; link: string }): CallToolResult {
  const cut = cutOf(page, start, end);
  const left = page.sections.filter((section) => section.level > 0 && section.start >= cut && section.start < end);
  const isComplete = cut === end;
  const sections = (isComplete ? page.sections.filter(({ level }) => level > 0) : left).slice(0, MAX_LISTED).map(({ slug }) => slug);
  const markdown = page.body.slice(start, cut).trim() + (isComplete ? '' : noteOf(sections, left.length));
  return {
    content: [{ type: 'text', text: markdown }],
    structuredContent: { path: page.path, title: page.title, link, markdown, isComplete, sections },
  };
}

/** Where to stop: at the end, or before the first section that does not fit; within a section that is too long by itself, after a line. */
function cutOf(page: Page, start: number, end: number): number {
  const limit = start + fittingLength(page.body.slice(start, Math.min(end, start + MAX_MARKDOWN_BYTES)));
  if (limit >= end) return end;
  const boundary = page.sections.findLast((section) => section.start > start && section.start <= limit)?.start;
  if (boundary !== undefined) return boundary;
  const line = page.body.lastIndexOf('\n', limit - 1) + 1;
  return line > (start + limit) / 2 ? line : limit;
}

function fittingLength(text: string): number {
  const bytes = Buffer.from(text, 'utf8');
  if (bytes.length <= MAX_MARKDOWN_BYTES) return text.length;
  return bytes
    .subarray(0, MAX_MARKDOWN_BYTES)
    .toString('utf8')
    .replace(/\uFFFD$/, '').length;
}

function noteOf(sections: readonly string[], count: number): string {
  if (count === 0) return '\n\n(Cut here: this section is too long to be given whole.)';
  const more = count > sections.length ? ` and ${count - sections.length} more` : '';
  return `\n\n(Cut here: the rest is too long to be given at once. Read it by section: ${sections.join(', ')}${more}.)`.slice(0, 15_000);
}

/** Says so, and what may have been meant, of what this reader may see. */
export function noSuchPage(library: DocsLibrary, path: string, reader: Reader): CallToolResult {
  const words = path
    .replace(/\.(md|mdx|markdown)\b/gi, '')
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .slice(-400);
  const nearest = [...new Set(library.search({ query: words, limit: 15 }, reader).map((hit) => hit.path))].slice(0, 5);
  const advice = nearest.length > 0 ? ` Nearest: ${nearest.join(', ')}.` : ' Search for it first.';
  return faultOf(`There is no page "${path}".${advice}`);
}

function noSuchSection(page: Page, anchor: string): CallToolResult {
  const anchors = page.sections.filter(({ level }) => level > 0).map(({ slug }) => slug);
  return faultOf(`The page "${page.path}" has no section "${anchor}". It has: ${anchors.slice(0, MAX_LISTED).join(', ') || 'none'}.`);
}
