import type { Section } from './markdown.js';
import type { Page } from './page.js';
import { slugOf } from './slug.js';

/** A section by its anchor or, as models write it, its heading. */
export function findSection(page: Page, wanted: string): Section | undefined {
  const slug = slugOf(wanted);
  return (
    page.sections.find((section) => section.level > 0 && section.slug === wanted) ??
    page.sections.find((section) => section.level > 0 && (section.slug === slug || slugOf(section.heading) === slug))
  );
}

/** Where a section ends together with everything below it. */
export function endOfSection(page: Page, section: Section): number {
  const next = page.sections.find(({ start, level }) => start > section.start && level <= section.level);
  return next?.start ?? page.body.length;
}
