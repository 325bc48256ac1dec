/** What else a word may be called: from each word or phrase, in lower case, to the others. */
export type Synonyms = ReadonlyMap<string, readonly string[]>;

export const NO_SYNONYMS: Synonyms = new Map();

const MAX_LINES = 5000;
const MAX_WORDS_OF_LINE = 50;

/**
 * Reads a list of synonyms, one group a line: `k8s, kubernetes` for words that mean the same, `js => javascript, ecmascript` for one
 * that is found by the others as well. `#` begins a comment.
 */
export function parseSynonyms(text: string): Synonyms {
  const synonyms = new Map<string, string[]>();
  for (const line of text.split(/\r?\n/).slice(0, MAX_LINES)) {
    const [left = '', right] = line.replace(/#.*$/, '').split('=>', 2);
    const [from, to] = right === undefined ? [wordsOf(left), wordsOf(left)] : [wordsOf(left), wordsOf(right)];
    for (const word of from) {
      const others = to.filter((other) => other !== word);
      if (others.length > 0) synonyms.set(word, [...new Set([...(synonyms.get(word) ?? []), ...others])]);
    }
  }
  return synonyms;
}

const wordsOf = (list: string): string[] =>
  list
    .split(',')
    .map((word) => word.trim().toLowerCase().replace(/\s+/g, ' ').slice(0, 100))
    .filter((word) => word !== '')
    .slice(0, MAX_WORDS_OF_LINE);
