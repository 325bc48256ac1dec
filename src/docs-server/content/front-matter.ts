import { parseDocument } from 'yaml';
import type { Access } from './access.js';

/** What a page says about itself. */
export interface FrontMatter {
  readonly title?: string;
  readonly description?: string;
  readonly keywords: readonly string[];
  readonly access: Access;
  /** Who may see it, of those with a token; none for all of them. */
  readonly groups: readonly string[];
  readonly version?: string;
  readonly language?: string;
  /** The operation that the page is about: `GET /users`, perhaps after the name of its specification. */
  readonly openapi?: string;
  /** The name of a skill. */
  readonly name?: string;
}

export interface SplitSource {
  readonly meta: FrontMatter;
  /** The page without its front matter. */
  readonly body: string;
  /** What is wrong with the front matter. */
  readonly fault?: string;
}

const MAX_FRONT_MATTER = 64 * 1024;
const MAX_KEYWORDS = 50;
const MAX_GROUPS = 50;
const MAX_TEXT = 500;
/** The limit of a skill's description; no other is longer. */
const MAX_DESCRIPTION = 1024;

const NOTHING: FrontMatter = { keywords: [], groups: [], access: 'default' };

const OPENING = /^---[ \t]*\r?\n/;
const CLOSING = /^---[ \t]*(?:\r?\n|$)/gm;
/** Who wrote one of these wanted to keep the page from somebody. */
const KEEPS_FROM_SOMEBODY = /^[ \t]*["']?(?:groups|hidden|noindex)["']?[ \t]*:/m;

/** Takes the YAML between the first two `---` lines off a page. It is parsed, never evaluated; a broken one shows the page to nobody new. */
export function splitFrontMatter(file: string): SplitSource {
  const source = file.replace(/^\uFEFF/, '');
  const opening = OPENING.exec(source);
  if (!opening) return { meta: NOTHING, body: source };
  const start = opening[0].length;
  const closing = findClosing(source, start);
  if (!closing) return { meta: unknown(source.slice(start)), body: source, fault: 'its front matter is not closed with ---' };
  const body = source.slice(closing.end);
  const yaml = source.slice(start, closing.start);
  if (yaml.length > MAX_FRONT_MATTER) return { meta: unknown(yaml), body, fault: 'its front matter is larger than 64 kB' };
  return { ...readFrontMatter(yaml), body };
}

/** A page that cannot say whether it is public is not, and one that names groups in words that cannot be read has no reader. */
function unknown(yaml: string): FrontMatter {
  return { keywords: [], groups: [], access: KEEPS_FROM_SOMEBODY.test(yaml.slice(0, MAX_FRONT_MATTER)) ? 'hidden' : 'restricted' };
}

function findClosing(source: string, from: number): { start: number; end: number } | undefined {
  CLOSING.lastIndex = from;
  const match = CLOSING.exec(source);
  return match ? { start: match.index, end: CLOSING.lastIndex } : undefined;
}

function readFrontMatter(yaml: string): Omit<SplitSource, 'body'> {
  try {
    const document = parseDocument(yaml, { logLevel: 'silent' });
    const [error] = document.errors;
    if (error) throw error;
    const values: unknown = document.toJS({ maxAliasCount: 20 });
    if (values === null || values === undefined) return { meta: NOTHING };
    if (typeof values !== 'object' || Array.isArray(values)) return { meta: unknown(yaml), fault: 'its front matter is no mapping' };
    return toFrontMatter(new Map(Object.entries(values)));
  } catch (error) {
    return { meta: unknown(yaml), fault: `its front matter is broken (${firstLine(error)})` };
  }
}

function toFrontMatter(values: ReadonlyMap<string, unknown>): Omit<SplitSource, 'body'> {
  const texts = {
    title: textOf(values.get('title')),
    description: textOf(values.get('description'), MAX_DESCRIPTION),
    version: textOf(values.get('version')),
    language: textOf(values.get('language')),
    openapi: textOf(values.get('openapi')),
    name: textOf(values.get('name')),
  };
  const keywords = [values.get('keywords')].flat().flatMap((keyword) => textOf(keyword) ?? []);
  const given = Object.fromEntries(Object.entries(texts).filter(([, text]) => text !== undefined));
  const { fault, ...readers } = readersOf(values);
  return { meta: { ...given, keywords: keywords.slice(0, MAX_KEYWORDS), ...readers }, ...(fault ? { fault } : {}) };
}

interface Readers {
  readonly access: Access;
  readonly groups: readonly string[];
  readonly fault?: string;
}

function readersOf(values: ReadonlyMap<string, unknown>): Readers {
  const [isHidden, isUnindexed] = ['hidden', 'noindex'].map((name) => values.get(name) ?? false);
  const groups = groupsOf(values.get('groups'));
  if (!groups) return { access: 'hidden', groups: [], fault: 'groups must be a list of names in its front matter' };
  // `hidden: yes` is a text in YAML 1.2, and whoever wrote it wanted the page hidden.
  if (isHidden !== false || isUnindexed !== false) {
    const isClear = typeof isHidden === 'boolean' && typeof isUnindexed === 'boolean';
    return { access: 'hidden', groups, ...(isClear ? {} : { fault: 'hidden and noindex must be true or false in its front matter' }) };
  }
  return publicReadersOf(values.get('public') ?? undefined, groups);
}

function publicReadersOf(isPublic: unknown, groups: readonly string[]): Readers {
  if (isPublic === undefined) return { access: groups.length > 0 ? 'restricted' : 'default', groups };
  if (typeof isPublic !== 'boolean') return { access: 'restricted', groups, fault: 'public must be true or false in its front matter' };
  if (!isPublic) return { access: 'restricted', groups };
  if (groups.length === 0) return { access: 'public', groups };
  return { access: 'restricted', groups, fault: 'public and groups exclude each other in its front matter' };
}

function groupsOf(value: unknown): readonly string[] | undefined {
  if (value === undefined || value === null) return [];
  const names = [value].flat().map((name) => textOf(name));
  return names.length <= MAX_GROUPS && names.every((name) => name !== undefined) ? names : undefined;
}

const textOf = (value: unknown, length = MAX_TEXT): string | undefined =>
  typeof value === 'string' || typeof value === 'number' ? oneLine(String(value), length) || undefined : undefined;

const oneLine = (text: string, length: number): string => text.replace(/\s+/g, ' ').trim().slice(0, length);

const firstLine = (error: unknown): string => ((error as Error).message.split('\n', 1)[0] ?? '').slice(0, 200);
