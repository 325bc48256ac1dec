import { encodeSegment } from './segment.js';
import { stemmingLanguage } from './stemmers.js';
import { Terms, wordsOf } from './words.js';

/** The parts of a section, by how much a word in them says. */
export interface SectionFields {
  /** Of the page; on its first section only, or a title would bring up every section of its page. */
  readonly title: string;
  readonly heading: string;
  readonly keywords: string;
  /** Where it stands: path, title and the headings above. */
  readonly place: string;
  readonly text: string;
}

export interface SectionEntry {
  readonly page: number;
  readonly section: number;
  /** Who may see it, its version and its language, as one number. */
  readonly kind: number;
  readonly language: string;
  readonly fields: SectionFields;
}

interface FieldRule {
  readonly weight: number;
  /** How much a longer field counts for less, and which length is usual (BM25F). */
  readonly b: number;
  readonly usual: number;
}

const RULES: Readonly<Record<keyof SectionFields, FieldRule>> = {
  title: { weight: 4, b: 0.4, usual: 3 },
  heading: { weight: 4, b: 0.4, usual: 3 },
  keywords: { weight: 2, b: 0.3, usual: 12 },
  place: { weight: 1, b: 0.3, usual: 8 },
  text: { weight: 1, b: 0.6, usual: 100 },
};
const FIELDS = Object.keys(RULES) as (keyof SectionFields)[];

/** How soon more of a word says no more (BM25's k1). */
const SATURATION = 1.6;

/** A document number has 16 bits in a segment. */
export const MAX_DOCUMENTS = 60_000;

interface Postings {
  readonly documents: number[];
  readonly impacts: number[];
  /** What it says in the section that is being added. */
  weight: number;
}

/** Of one segment; more of them would take too much memory. */
const MAX_WORDS = 50_000;

/** Gathers sections, and makes a segment of them: for each term where it stands, and how much it says there. */
export class SegmentWriter {
  private readonly pages: number[] = [];
  private readonly sections: number[] = [];
  private readonly kinds: number[] = [];
  private readonly postings = new Map<string, Postings>();
  /** By language and word: one look for each word of a text, instead of several for each of its terms. */
  private readonly words = new Map<string, Map<string, readonly Postings[]>>();

  get size(): number {
    return this.pages.length;
  }

  get isFull(): boolean {
    return this.size >= MAX_DOCUMENTS;
  }

  add({ page, section, kind, language, fields }: SectionEntry): void {
    const document = this.addDocument({ page, section, kind });
    const met: Postings[] = [];
    const code = stemmingLanguage(language);
    for (const name of FIELDS) this.addField(met, wordsOf(fields[name]), code, RULES[name]);
    for (const postings of met) {
      postings.documents.push(document);
      postings.impacts.push(toImpact(postings.weight));
      postings.weight = 0;
    }
  }

  /** Its number; for what comes from another segment, whose postings are added one by one. */
  addDocument({ page, section, kind }: Pick<SectionEntry, 'page' | 'section' | 'kind'>): number {
    this.pages.push(page);
    this.sections.push(section);
    this.kinds.push(kind);
    return this.size - 1;
  }

  /** Documents of one term come in order. */
  addPosting(term: string, document: number, impact: number): void {
    const { documents, impacts } = this.postingsOf(term);
    documents.push(document);
    impacts.push(impact);
  }

  finish(): Buffer {
    return encodeSegment({ pages: this.pages, sections: this.sections, kinds: this.kinds, postings: this.postings });
  }

  private addField(met: Postings[], words: readonly string[], language: string, { weight, b, usual }: FieldRule): void {
    if (words.length === 0) return;
    const share = weight / (1 - b + (b * words.length) / usual);
    const known = this.wordsIn(language);
    for (const word of words) {
      for (const postings of known.get(word) ?? this.learn(known, word, language)) {
        if (postings.weight === 0) met.push(postings);
        postings.weight += share;
      }
    }
  }

  private wordsIn(language: string): Map<string, readonly Postings[]> {
    const known = this.words.get(language) ?? new Map<string, readonly Postings[]>();
    if (known.size > MAX_WORDS) known.clear();
    this.words.set(language, known);
    return known;
  }

  private learn(known: Map<string, readonly Postings[]>, word: string, language: string): readonly Postings[] {
    const postings = termsOf(language)
      .of(word)
      .map((term) => this.postingsOf(term));
    known.set(word, postings);
    return postings;
  }

  private postingsOf(term: string): Postings {
    const known = this.postings.get(term);
    if (known) return known;
    const postings = { documents: [], impacts: [], weight: 0 };
    this.postings.set(term, postings);
    return postings;
  }
}

const analyzers = new Map<string, Terms>();

/** Words come again and again: what was made of them is kept for the life of the process. */
export function termsOf(language: string): Terms {
  const known = analyzers.get(language) ?? new Terms(language);
  analyzers.set(language, known);
  return known;
}

const toImpact = (weight: number): number => Math.max(1, Math.round((255 * weight) / (weight + SATURATION)));
