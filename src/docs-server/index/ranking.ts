import { type ListedPage, type StoredSection } from './store.js';
import type { Candidate } from './search-index.js';
import type { Query } from './query.js';
import { termsOf } from './segment-writer.js';
import { stemmingLanguage } from './stemmers.js';
import { wordsOf } from './words.js';

/** A candidate together with what it is. */
export interface Found extends Candidate {
  readonly head: ListedPage;
  readonly content: StoredSection;
}

/** What of a section is looked at; more of it says no more. */
const MAX_LOOKED_AT = 4000;
/** Words that stand this close belong together. */
const NEAR = 3;

const WEIGHTS = { together: 0.35, heading: 0.6, title: 0.3, literal: 0.6 } as const;

/** The order of the best few, by what cannot be seen from words alone: what stands together, what is called so, what is written exactly so. */
export function rank(found: readonly Found[], query: Query): Found[] {
  return found
    .map((candidate) => ({ ...candidate, score: candidate.score * factorOf(candidate, query) }))
    .sort((a, b) => b.score - a.score || (a.head.path < b.head.path ? -1 : a.head.path > b.head.path ? 1 : a.section - b.section));
}

function factorOf({ head, content }: Found, { sequence, literals }: Query): number {
  const terms = termsOf(stemmingLanguage(head.language));
  const source = content.source.slice(0, MAX_LOOKED_AT);
  // One word has no neighbour, and most of the work is spared.
  const inText = sequence.length < 2 ? [] : wordsOf(source).map((word) => terms.of(word));
  const inHeading = wordsOf(content.heading).map((word) => terms.of(word));
  const inTitle = wordsOf(head.title).map((word) => terms.of(word));
  const exact = literals.length === 0 ? '' : source.toLowerCase();
  const literal = shareOf(literals, (piece) => exact.includes(piece));
  return (
    1 +
    WEIGHTS.together * togetherness(inText, sequence) +
    WEIGHTS.heading * likeness(inHeading, sequence) +
    WEIGHTS.title * likeness(inTitle, sequence) +
    WEIGHTS.literal * literal
  );
}

/** How much of what is asked stands in a name, and of the name in what is asked. */
function likeness(name: readonly (readonly string[])[], sequence: readonly string[]): number {
  if (name.length === 0 || sequence.length === 0) return 0;
  const asked = shareOf(sequence, (term) => name.some((terms) => terms.includes(term)));
  const told = shareOf(name, (terms) => terms.some((term) => sequence.includes(term)));
  return asked * (0.5 + 0.5 * told);
}

/** How many of the neighbours in the question are neighbours in the text. */
function togetherness(text: readonly (readonly string[])[], sequence: readonly string[]): number {
  if (sequence.length < 2) return 0;
  const next = new Map(sequence.slice(1).map((term, i) => [sequence[i] ?? '', term]));
  const met = new Set<string>();
  text.forEach((terms, at) => {
    for (const term of terms) {
      const wanted = next.get(term);
      if (wanted === undefined || met.has(term)) continue;
      for (let near = at + 1; near <= at + NEAR && near < text.length; near++) if (text[near]?.includes(wanted)) met.add(term);
    }
  });
  return met.size / next.size;
}

function shareOf<T>(items: readonly T[], holds: (item: T, index: number) => boolean): number {
  return items.length === 0 ? 0 : items.filter(holds).length / items.length;
}
