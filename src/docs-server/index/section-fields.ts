import type { SectionText } from '../content/markdown.js';
import type { ParsedPage } from '../content/page.js';
import type { SectionFields } from './segment-writer.js';

/** What a section of a page is found by. */
export interface FoundBy {
  /** The number of the section. */
  readonly section: number;
  readonly fields: SectionFields;
}

/** What of a page is found by which words. */
export function* fieldsOf(page: ParsedPage): Generator<FoundBy> {
  const { title, path, description, keywords, sections } = page;
  const own = { title, keywords: [...keywords, description].join(' ') };
  const above: SectionText[] = [];
  let isFirst = true;
  for (const [section, { level, heading, text }] of sections.entries()) {
    if (level === 0 && text === '' && sections.length > 1) continue;
    closeUpTo(above, level);
    const place = [path, isFirst ? '' : title, ...above.map((one) => one.heading)].join(' ');
    yield { section, fields: { heading, place, text, ...(isFirst ? own : NOT_FIRST) } };
    isFirst = false;
    const current = sections[section];
    if (current && level > 0) above.push(current);
  }
  if (isFirst) yield { section: 0, fields: { ...own, heading: '', place: path, text: '' } };
}

const NOT_FIRST = { title: '', keywords: '' };

/** Leaves the headings under which one of this level stands. */
function closeUpTo(above: SectionText[], level: number): void {
  for (let last = above.at(-1); last && last.level >= level; last = above.at(-1)) above.pop();
}
