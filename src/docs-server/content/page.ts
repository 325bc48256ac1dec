import type { Access, Readable } from './access.js';
import { type FrontMatter, splitFrontMatter } from './front-matter.js';
import type { NavigationEntry } from './manifest.js';
import { type Section, type SectionText, splitSections } from './markdown.js';
import { type MdxSources, reduceMdx } from './mdx.js';
import { pathOf } from './page-path.js';

/** What is known of a page without reading it. */
export interface PageHead extends Readable {
  /** Like a URL, without extension: `guides/install`. The front page is `index`. */
  readonly path: string;
  readonly title: string;
  readonly description: string;
  readonly keywords: readonly string[];
  /** Empty for what belongs to all versions. */
  readonly version: string;
  readonly language: string;
}

export interface Page extends PageHead {
  /** Markdown without front matter; MDX reduced to it. */
  readonly body: string;
  /** They follow one another without a gap: their sources together are the body. */
  readonly sections: readonly Section[];
}

/** A page as it comes from its source. */
export interface ParsedPage extends Page {
  readonly sections: readonly SectionText[];
  readonly warnings: readonly string[];
  /** The operation of a specification that it is about. */
  readonly openapi: string | undefined;
}

export interface PageSource {
  readonly file: string;
  readonly text: string;
  /** What the navigation says of it. */
  readonly entry?: NavigationEntry | undefined;
  /** Where snippets come from; without it none are found. */
  readonly snippets?: MdxSources | undefined;
  /** The Markdown of the operation that a page names, or what is wrong with it. */
  readonly operation?: ((name: string) => { readonly markdown?: string; readonly fault?: string }) | undefined;
}

/** Makes a page of a file. What cannot be understood becomes a warning, and the rest is served. */
export function parsePage({ file, text, entry, snippets, operation }: PageSource): ParsedPage {
  const { meta, body: raw, fault } = splitFrontMatter(text);
  const warnings = fault ? [`${fault}; the page is served without it, and not in public`] : [];
  const reduced = /\.mdx$/i.test(file) ? reduceOrKeep(raw, snippets, warnings) : raw;
  const body = withOperation(reduced, meta.openapi && operation?.(meta.openapi), warnings);
  const sections = splitSections(body);
  return { body, sections, warnings, openapi: meta.openapi, ...describe(file, meta, sections, entry) };
}

function reduceOrKeep(raw: string, snippets: MdxSources | undefined, warnings: string[]): string {
  try {
    return reduceMdx(raw, snippets, warnings);
  } catch (error) {
    const reason = (error as Error).message.split('\n', 1)[0] ?? '';
    warnings.push(`its MDX does not parse (${reason.slice(0, 200)}); it is served as plain Markdown`);
    return raw;
  }
}

function withOperation(body: string, found: ReturnType<NonNullable<PageSource['operation']>> | '' | undefined, warnings: string[]): string {
  if (!found) return body;
  if (found.fault) warnings.push(found.fault);
  return found.markdown ? `${body.trimEnd()}${body.trim() === '' ? '' : '\n\n'}${found.markdown}` : body;
}

function describe(file: string, meta: FrontMatter, sections: readonly Section[], entry: NavigationEntry | undefined): PageHead {
  const { title, description = '', keywords, groups, version = entry?.version, language = entry?.language } = meta;
  return {
    path: pathOf(file),
    title: title ?? titleOf(file, sections),
    description,
    keywords,
    groups,
    access: accessOf(meta, entry),
    version: version ?? '',
    language: language ?? '',
  };
}

/** The first heading of the highest level, else the name of the file. */
function titleOf(file: string, sections: readonly Section[]): string {
  const heading = sections.find(({ level }) => level === 1) ?? sections.find(({ level }) => level > 0);
  return heading?.heading ? heading.heading : (pathOf(file).split('/').at(-1) ?? file);
}

/** The navigation makes a page public that says nothing of it. */
const accessOf = ({ access }: FrontMatter, entry: NavigationEntry | undefined): Access =>
  access === 'default' && entry?.isPublic ? 'public' : access;
