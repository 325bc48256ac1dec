import { stemmerOf, type Stemmer } from './stemmers.js';

/** Words that say nothing of what is looked for; dropped where a query has others. */
const STOP_WORDS: ReadonlySet<string> = new Set(
  'a an and any are as at be been by can cannot could did do does for from get had has have how i if in into is it its just like make may me my need no not of on or our should so some than that the their them then there these this to us use used using want was we were what when where which who why will with would you your'.split(
    ' ',
  ),
);

const MAX_TERM_LENGTH = 64;
const MAX_CACHED = 50_000;

/** Scripts without spaces between words: found by pairs of characters. */
const UNSPACED = /[\p{scx=Han}\p{scx=Hiragana}\p{scx=Katakana}\p{scx=Thai}]+/gu;
const WORD_CHARACTER = /[\p{L}\p{N}\p{M}_]/u;

/** Of each UTF-16 unit that was met: 1 for a part of a word, 2 for what is none, 0 for what is not known yet. */
const units = new Uint8Array(0x10000);

/** The words of a text, as they stand there. By hand: a regular expression takes several times as long, and this is most of the work. */
export function wordsOf(text: string): string[] {
  const words: string[] = [];
  let start = -1;
  for (let at = 0; at < text.length; at++) {
    const isWord = isWordAt(text, at);
    if (isWord && start === -1) start = at;
    if (isWord || start === -1) continue;
    words.push(text.slice(start, at));
    start = -1;
  }
  if (start !== -1) words.push(text.slice(start));
  return words;
}

function isWordAt(text: string, at: number): boolean {
  const unit = text.charCodeAt(at);
  const known = units[unit];
  if (known !== 0) return known === 1;
  if (unit >= 0xd800 && unit <= 0xdfff) return WORD_CHARACTER.test(characterAt(text, at));
  const isWord = WORD_CHARACTER.test(String.fromCharCode(unit));
  units[unit] = isWord ? 1 : 2;
  return isWord;
}

/** The character of which one half or the other stands here. */
function characterAt(text: string, at: number): string {
  const isSecond = (text.charCodeAt(at) & 0xfc00) === 0xdc00 && (text.charCodeAt(at - 1) & 0xfc00) === 0xd800;
  return String.fromCodePoint(text.codePointAt(isSecond ? at - 1 : at) ?? 0);
}

/** In these scripts people leave marks out; in others a mark makes another letter. */
const ACCENTS = /([\p{Script=Latin}\p{Script=Greek}])\p{M}+/gu;

/** The form in which words are compared: lower case, no accents. Empty for what is no word. */
export function normalizeWord(word: string): string {
  // Most words are plain ASCII, and normalizing them would cost more than all the rest.
  const plain = /^[\x20-\x7e]*$/.test(word) ? word : word.normalize('NFKD').replace(ACCENTS, '$1').normalize('NFC');
  return plain.toLowerCase().slice(0, MAX_TERM_LENGTH);
}

export const isStopWord = (word: string): boolean => STOP_WORDS.has(word);

/** Turns words into the terms that they are found by. One for each language. */
export class Terms {
  private readonly stem: Stemmer;
  private recent = new Map<string, readonly string[]>();
  private older: ReadonlyMap<string, readonly string[]> = new Map();

  constructor(language: string) {
    this.stem = stemmerOf(language);
  }

  /**
   * The terms of one word as it stands in a text: its stem; a name from code whole and by its parts as well, so that `fooBar`
   * and `foo_bar` are found by `bar`; in scripts without spaces each pair of characters.
   */
  of(word: string): readonly string[] {
    const known = this.recent.get(word);
    if (known) return known;
    const own = ownCopyOf(word);
    const terms = this.older.get(word) ?? this.make(own);
    if (word.length > MAX_TERM_LENGTH) return terms;
    // What was not asked for since the last time is forgotten; clearing all would make the common words anew again and again.
    if (this.recent.size >= MAX_CACHED) {
      this.older = this.recent;
      this.recent = new Map();
    }
    this.recent.set(own, terms);
    return terms;
  }

  private make(word: string): readonly string[] {
    const plain = word.replace(UNSPACED, '');
    const terms = plain === word ? [] : pairsOf(word);
    if (plain === '') return terms;
    const parts = partsOf(plain);
    const whole = normalizeWord(plain.replace(/^_+|_+$/g, '') || plain);
    if (parts.length > 1 && whole !== '') terms.push(whole);
    for (const part of parts) {
      const normal = normalizeWord(part);
      if (normal !== '') terms.push(this.stem(normal) || normal);
    }
    return [...new Set(terms)];
  }
}

/** A piece of a text keeps all of the text in memory. */
const ownCopyOf = (word: string): string => Buffer.from(word).toString();

function partsOf(word: string): string[] {
  if (!/[a-z0-9][A-Z]|_|[A-Z]{2}[a-z]{2}/.test(word)) return [word];
  // HTTPServer has two parts, and URLs one.
  return word.split(/_+|(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z]{2})/).filter((part) => part !== '');
}

function pairsOf(word: string): string[] {
  return [...word.matchAll(UNSPACED)].flatMap(([run]) => {
    const characters = [...normalizeWord(run)];
    return characters.length === 1 ? characters : characters.slice(1).map((character, i) => `${characters[i] ?? ''}${character}`);
  });
}
