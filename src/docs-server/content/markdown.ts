import MarkdownIt, { type Token } from 'markdown-it';
import { Slugs } from './slug.js';

/** A part of a page: from one heading to the next. */
export interface Section {
  /** Anchor within the page; empty for what stands before the first heading. */
  readonly slug: string;
  readonly heading: string;
  /** 1 to 6; 0 for what stands before the first heading. */
  readonly level: number;
  /** Offsets in the page's body. */
  readonly start: number;
  readonly end: number;
}

/** A section together with what a reader sees of it, less its heading. */
export interface SectionText extends Section {
  readonly text: string;
}

/** What has more headings is no text to be read by section. */
const MAX_SECTIONS = 5000;

const markdown = new MarkdownIt({ html: true });

/** Splits at the headings of the document's own level: one inside a quotation or a list starts nothing. Linear in time, and never throws. */
export function splitSections(body: string): SectionText[] {
  const splitter = new Splitter(lineStarts(body));
  const env = {};
  let isHeading = false;
  for (const token of parseBlocks(body, env)) {
    if (isHeading) splitter.nameSection(headingOf(token.content, env));
    else splitter.add(textOfToken(token));
    isHeading = token.type === 'heading_open' && token.level === 0 && splitter.hasRoom;
    if (isHeading) splitter.startSection(Number(token.tag.slice(1)), token.map?.[0] ?? 0);
  }
  return splitter.finish(body.length);
}

/** What a reader sees of a piece of Markdown, without any mark-up. */
export const plainText = (source: string): string =>
  parseBlocks(source, {})
    .map(textOfToken)
    .filter((text) => text !== '')
    .join('\n');

/** Every character keeps its place: the parser knows one kind of line end, and no NUL. */
const normalize = (source: string): string => source.replace(/\r\n/g, ' \n').replace(/\r/g, '\n').replace(/\0/g, '\uFFFD');

function parseBlocks(source: string, env: object): Token[] {
  const tokens: Token[] = [];
  // What stands within a block is not parsed: that is where Markdown can be made to take long.
  markdown.block.parse(normalize(source), markdown, env, tokens);
  return tokens;
}

function textOfToken({ type, content }: Token): string {
  if (type === 'inline') return plainInline(content);
  if (type === 'fence' || type === 'code_block') return content.trimEnd();
  return type === 'html_block' ? plainHtml(content).trim() : '';
}

/** A heading is short, and its anchor depends on every character of it: it is parsed whole. */
function headingOf(content: string, env: object): string {
  if (content.length > 500) return oneLine(plainInline(content.slice(0, 500)));
  const [inline] = markdown.parseInline(content, env);
  return oneLine((inline?.children ?? []).map(textOfInline).join(''));
}

function textOfInline({ type, content, children }: Token): string {
  if (type === 'image') return (children ?? []).map(textOfInline).join('');
  if (type === 'softbreak' || type === 'hardbreak') return ' ';
  return type === 'html_inline' ? '' : content;
}

const oneLine = (text: string): string => text.replace(/\s+/g, ' ').trim();

const LINK = /!?\[([^[\]\n]{0,500})\](?:\([^()\s]{0,1000}(?:[ \n]+(?:"[^"\n]{0,300}"|'[^'\n]{0,300}'))?\)|\[[^[\]\n]{0,200}\])/g;
const CODE = /(`{1,3})([^`\n]{1,1000})\1/g;

/** Links by what they are called, marks gone; what stands in backticks stays as it is. */
function plainInline(content: string): string {
  if (!/[[`*_~<\\&]/.test(content)) return content;
  let text = '';
  let from = 0;
  for (const match of content.matchAll(CODE)) {
    text += plainWords(content.slice(from, match.index)) + (match[2] ?? '');
    from = match.index + match[0].length;
  }
  return text + plainWords(content.slice(from));
}

const EMPHASIS = /(?<!\\)(?:\*{1,3}|~~)|(?<![\p{L}\p{N}_\\])_{1,3}(?=\S)|(?<=\S)_{1,3}(?![\p{L}\p{N}_])/gu;

/** To look whether a mark is there at all costs next to nothing. */
function plainWords(content: string): string {
  let text = content.includes('[') ? content.replace(LINK, '$1') : content;
  if (/[<&]/.test(text)) text = plainHtml(text);
  if (/[*~_]/.test(text)) text = text.replace(EMPHASIS, '');
  return text.includes('\\') ? text.replace(/\\([!-/:-@[-`{-~])/g, '$1') : text;
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', nbsp: ' ', apos: "'", '#39': "'" };

const plainHtml = (content: string): string =>
  withoutComments(content)
    .replace(/<((?:https?:\/\/|mailto:)[^<>\s]{1,1000})>/g, '$1')
    .replace(/<\/?[a-z][^<>]{0,1000}>/gi, '')
    .replace(/&(amp|lt|gt|quot|nbsp|apos|#39);/g, (_, name: string) => ENTITIES[name] ?? '');

function withoutComments(content: string): string {
  let text = '';
  let from = 0;
  for (let start = content.indexOf('<!--'); start !== -1; start = content.indexOf('<!--', from)) {
    const end = content.indexOf('-->', start);
    if (end === -1) break;
    text += content.slice(from, start);
    from = end + 3;
  }
  return text + content.slice(from);
}

function lineStarts(body: string): number[] {
  const starts = [0];
  for (const { index } of body.matchAll(/\r\n|\r|\n/g)) starts.push(index + (body[index] === '\r' && body[index + 1] === '\n' ? 2 : 1));
  return starts;
}

class Splitter {
  private readonly slugs = new Slugs();
  private readonly sections: SectionText[] = [];
  private current = { slug: '', heading: '', level: 0, start: 0, texts: [] as string[] };

  constructor(private readonly lines: readonly number[]) {}

  get hasRoom(): boolean {
    return this.sections.length < MAX_SECTIONS;
  }

  startSection(level: number, line: number): void {
    const start = this.lines[line] ?? 0;
    this.close(start);
    this.current = { slug: '', heading: '', level, start, texts: [] };
  }

  nameSection(heading: string): void {
    this.current = { ...this.current, slug: this.slugs.take(heading), heading };
  }

  add(text: string): void {
    if (text !== '') this.current.texts.push(text);
  }

  finish(end: number): SectionText[] {
    this.close(end);
    return this.sections;
  }

  private close(end: number): void {
    const { texts, ...rest } = this.current;
    if (end > rest.start || rest.level > 0) this.sections.push({ end, text: texts.join('\n').trim(), ...rest });
  }
}
