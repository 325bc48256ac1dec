import { termsOf } from './segment-writer.js';
import type { Synonyms } from './synonyms.js';
import { isStopWord, normalizeWord, wordsOf } from './words.js';

/** One thing that is looked for, in all the words that may stand for it. */
export interface Concept {
  /** As it was asked for, in the form in which words are compared. */
  readonly word: string;
  readonly terms: readonly WeightedTerm[];
  /** How much of the question it is. A part of a name is less than the name. */
  readonly weight: number;
  /** Whether beginnings of words and typing errors count. */
  readonly isLoose: boolean;
}

export interface WeightedTerm {
  readonly term: string;
  readonly weight: number;
}

export interface Query {
  readonly concepts: readonly Concept[];
  /** Its terms in their order, for what stands together. */
  readonly sequence: readonly string[];
  /** Pieces to be found character by character: names from code, and what stands in quotation marks. In lower case. */
  readonly literals: readonly string[];
}

export interface QueryContext {
  /** The stemming languages of the pages. */
  readonly languages: readonly string[];
  readonly synonyms: Synonyms;
}

const MAX_WORDS = 16;
const SYNONYM_WEIGHT = 0.7;
const PART_WEIGHT = 0.5;
const QUOTED = /"([^"]{2,200})"/g;
/** `--flag`, `config.json`, `fooBar()`, `/users/{id}`, `@scope/name`: what nobody writes but to name something in code. */
const CODE = /(?:--?[a-z][\w-]+|[@/]?[\w$]+(?:[./:-][\w${}]+)+|\w+\(\)|[a-z]+[A-Z]\w*|\w+_\w+)/g;

/** Takes a question apart. Little words count only where there are no others. */
export function parseQuery(text: string, context: QueryContext): Query {
  const words = wordsOf(text).slice(0, 4 * MAX_WORDS);
  const telling = words.filter((word) => !isStopWord(normalizeWord(word)));
  const kept = [...new Set(telling.length > 0 ? telling : words)].slice(0, MAX_WORDS);
  const quoted = [...text.matchAll(QUOTED)].map(([, piece = '']) => piece);
  const literals = [...quoted, ...(text.match(CODE) ?? [])].map((piece) => piece.toLowerCase().replace(/\(\)$/, ''));
  return {
    concepts: kept.flatMap((word) => conceptsOf(word, text, context)).slice(0, 2 * MAX_WORDS),
    sequence: kept.flatMap((word) => termsIn(word, context).slice(-1)),
    literals: [...new Set(literals)].slice(0, MAX_WORDS),
  };
}

function conceptsOf(word: string, text: string, context: QueryContext): Concept[] {
  const terms = termsIn(word, context);
  const normal = normalizeWord(word);
  const perLanguage = context.languages.map((language) => termsOf(language).of(word));
  const hasParts = perLanguage.some((list) => list.length > 1);
  if (!hasParts) {
    const own = terms.map((term) => ({ term, weight: 1 }));
    return [{ word: normal, terms: [...own, ...synonymsOf(normal, text, context)], weight: 1, isLoose: true }];
  }
  // The name itself says most; its parts find what it is made of, or what is spelled otherwise.
  return terms.map((term, i) => ({ word: term, terms: [{ term, weight: 1 }], weight: i === 0 ? 1 : PART_WEIGHT, isLoose: i > 0 }));
}

const termsIn = (word: string, { languages }: QueryContext): string[] => [
  ...new Set(languages.flatMap((language) => [...termsOf(language).of(word)])),
];

/** A synonym that has several words counts by each of them, less. */
function synonymsOf(word: string, text: string, context: QueryContext): WeightedTerm[] {
  const { synonyms } = context;
  if (synonyms.size === 0) return [];
  const own = synonyms.get(word) ?? [];
  const ofPhrases = [...synonyms].filter(
    ([from]) => from.includes(' ') && from.split(' ').includes(word) && text.toLowerCase().includes(from),
  );
  return [...own, ...ofPhrases.flatMap(([, others]) => others)].flatMap((synonym) => {
    const words = wordsOf(synonym);
    return words.flatMap((other) => termsIn(other, context).map((term) => ({ term, weight: SYNONYM_WEIGHT / words.length })));
  });
}
