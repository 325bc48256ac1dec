const LENGTH = 240;
const LEAD = 60;
const MAX_OCCURRENCES = 200;

/** A piece of text, on one line, from where most of the words that were found stand close together. */
export function snippetOf(text: string, terms: readonly string[]): string {
  const line = text.replace(/\s+/g, ' ').trim();
  if (line.length <= LENGTH) return line;
  const wanted = Math.max(0, bestPlace(line.toLowerCase(), terms) - LEAD);
  const start = wanted === 0 ? 0 : line.indexOf(' ', wanted) + 1 || wanted;
  const end = start + LENGTH >= line.length ? line.length : line.lastIndexOf(' ', start + LENGTH);
  const piece = line.slice(start, end > start ? end : start + LENGTH);
  return wholeCharacters(`${start > 0 ? '… ' : ''}${piece}${start + piece.length < line.length ? ' …' : ''}`);
}

function bestPlace(line: string, terms: readonly string[]): number {
  const found = terms.flatMap((term) => placesOf(line, term.toLowerCase())).sort((a, b) => a.at - b.at);
  let best = { at: 0, count: 0 };
  for (const [i, { at }] of found.entries()) {
    const near = new Set<string>();
    for (let j = i; j < found.length && (found[j]?.at ?? 0) < at + LENGTH - LEAD; j++) near.add(found[j]?.term ?? '');
    if (near.size > best.count) best = { at, count: near.size };
  }
  return best.at;
}

function placesOf(line: string, term: string): { term: string; at: number }[] {
  const places: { term: string; at: number }[] = [];
  if (term === '') return places;
  for (let at = line.indexOf(term); at !== -1 && places.length < MAX_OCCURRENCES; at = line.indexOf(term, at + term.length)) {
    if (!/[\p{L}\p{N}]/u.test(line[at - 1] ?? '')) places.push({ term, at });
  }
  return places;
}

/** Half a surrogate pair at an edge would not survive UTF-8. */
const wholeCharacters = (text: string): string =>
  text.replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, '');
