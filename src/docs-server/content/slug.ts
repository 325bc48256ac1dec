const MAX_LENGTH = 200;

/** The anchor of a heading, as GitHub and most site generators make it. */
export function slugOf(heading: string): string {
  const slug = heading
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}\p{Pc}\- ]/gu, '')
    .replaceAll(' ', '-')
    .slice(0, MAX_LENGTH);
  return slug || 'section';
}

/** Gives each heading of one page an anchor of its own. */
export class Slugs {
  private readonly taken = new Map<string, number>();

  take(heading: string): string {
    const base = slugOf(heading);
    let slug = base;
    let count = this.taken.get(base) ?? 0;
    while (this.taken.has(slug)) slug = `${base}-${++count}`;
    this.taken.set(base, count);
    if (slug !== base) this.taken.set(slug, 0);
    return slug;
  }
}
