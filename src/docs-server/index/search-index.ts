import type { Concept, Query } from './query.js';
import { Segment } from './segment.js';
import { MAX_DOCUMENTS } from './segment-writer.js';
import { editDistance, forgivenErrors } from './spelling.js';

/** A section that answers a question, before anything but its words was looked at. */
export interface Candidate {
  readonly page: number;
  readonly section: number;
  readonly score: number;
  /** How much of the question is met, from 0 to 1. */
  readonly coverage: number;
}

interface Part {
  readonly segment: Segment;
  /** 1 for sections whose page is still there. */
  readonly alive: Uint8Array;
}

const PREFIX_WEIGHT = 0.4;
const FUZZY_WEIGHT = 0.35;
const MIN_PREFIX = 3;
const MAX_PREFIX_TERMS = 40;
const MAX_FUZZY_TERMS = 8;
const MIN_STEM = 5;
/** How much a question that is met in part is worth less. */
const COVERAGE_POWER = 0.8;

/** A term of one part of the index, and what it counts. */
interface Match {
  readonly part: number;
  readonly number: number;
  readonly weight: number;
}

interface Weighed {
  readonly matches: readonly Match[];
  readonly weight: number;
}

/** The words of all sections, in memory: answers which sections say most about a question. */
export class SearchIndex {
  private readonly parts = new Map<number, Part>();
  private readonly documentsOf = new Map<number, { part: Part; from: number; to: number }[]>();
  private count = 0;
  private readonly best = new Float32Array(MAX_DOCUMENTS);
  private readonly bestWeight = new Float32Array(MAX_DOCUMENTS);
  private readonly total = new Float32Array(MAX_DOCUMENTS);
  private readonly met = new Float32Array(MAX_DOCUMENTS);
  private readonly touched = new Uint16Array(MAX_DOCUMENTS);

  get partIds(): readonly number[] {
    return [...this.parts.keys()];
  }

  /** How many sections can be found. */
  get size(): number {
    return this.count;
  }

  /** @param isPage whether the page with this number is there */
  addPart(id: number, data: Uint8Array, isPage: (page: number) => boolean): void {
    const segment = new Segment(data);
    const part = { segment, alive: new Uint8Array(segment.size) };
    this.parts.set(id, part);
    for (let from = 0; from < segment.size;) {
      const page = segment.pageOf(from);
      let to = from + 1;
      while (to < segment.size && segment.pageOf(to) === page) to++;
      if (isPage(page)) {
        part.alive.fill(1, from, to);
        this.count += to - from;
        this.documentsOf.set(page, [...(this.documentsOf.get(page) ?? []), { part, from, to }]);
      }
      from = to;
    }
  }

  removePart(id: number): void {
    const part = this.parts.get(id);
    if (!part) return;
    this.parts.delete(id);
    for (let document = 0; document < part.segment.size; document++) {
      if (part.alive[document] === 0) continue;
      this.count--;
      this.dropRange(part.segment.pageOf(document), part);
    }
  }

  removePage(page: number): void {
    for (const { part, from, to } of this.documentsOf.get(page) ?? []) {
      this.count -= part.alive.subarray(from, to).reduce((sum, alive) => sum + alive, 0);
      part.alive.fill(0, from, to);
    }
    this.documentsOf.delete(page);
  }

  /** The best candidates, best first. The same question always gets the same ones. */
  search({ concepts }: Query, limit: number, isAllowed: (kind: number) => boolean): Candidate[] {
    const parts = [...this.parts.values()];
    const weighed = concepts.map((concept) => this.weigh(concept, parts));
    const whole = weighed.reduce((sum, { weight }) => sum + weight, 0);
    const top = new Top(limit);
    const kinds = new Map<number, boolean>();
    const isKnownAllowed = (kind: number): boolean => {
      const known = kinds.get(kind) ?? isAllowed(kind);
      kinds.set(kind, known);
      return known;
    };
    parts.forEach((part, i) => this.searchPart(part, { number: i, weighed, whole, top, isAllowed: isKnownAllowed }));
    return top.list;
  }

  private searchPart(part: Part, { number, weighed, whole, top, isAllowed }: PartSearch): void {
    const { segment, alive } = part;
    const { total, met } = this;
    total.fill(0, 0, segment.size);
    met.fill(0, 0, segment.size);
    for (const concept of weighed) this.addConcept(segment, number, concept);
    let { floor } = top;
    for (let document = 0; document < segment.size; document++) {
      const sum = Number(total[document]);
      // What is met in part only comes to less than its sum.
      if (sum === 0 || sum < floor || alive[document] === 0) continue;
      const coverage = Number(met[document]) / whole;
      // No power lies above its tangent, which is quicker to say.
      if (sum * (1 + COVERAGE_POWER * (coverage - 1)) < floor) continue;
      const score = sum * coverage ** COVERAGE_POWER;
      if (score < floor || !isAllowed(segment.kindOf(document))) continue;
      top.add({ page: segment.pageOf(document), section: segment.sectionOf(document), score, coverage });
      floor = top.floor;
    }
  }

  /** Of the words that may stand for one thing, the best in each section counts. */
  private addConcept(segment: Segment, part: number, { matches, weight }: Weighed): void {
    const own = matches.filter((match) => match.part === part);
    const [only, ...others] = own;
    if (only && others.length === 0) this.addOne(segment, only, weight);
    else this.addBest(segment, own, weight);
  }

  /** Most have one word in a part, and need no comparing. */
  private addOne(segment: Segment, match: Match, weight: number): void {
    const { total, met } = this;
    const { documents, impacts } = segment.postingsOf(match.number);
    const factor = (weight * match.weight) / 255;
    const share = weight * Math.min(1, match.weight);
    for (let i = 0; i < documents.length; i++) {
      const document = documents[i] ?? 0;
      total[document] = (total[document] ?? 0) + factor * (impacts[i] ?? 0);
      met[document] = (met[document] ?? 0) + share;
    }
  }

  private addBest(segment: Segment, matches: readonly Match[], weight: number): void {
    const { best, bestWeight, total, met, touched } = this;
    const count = this.gather(segment, matches, weight);
    for (let i = 0; i < count; i++) {
      const document = Number(touched[i]);
      total[document] = Number(total[document]) + Number(best[document]);
      met[document] = Number(met[document]) + weight * Number(bestWeight[document]);
      best[document] = 0;
    }
  }

  /** How many sections were touched. */
  private gather(segment: Segment, matches: readonly Match[], weight: number): number {
    const { best, bestWeight, touched } = this;
    let count = 0;
    for (const match of matches) {
      const { documents, impacts } = segment.postingsOf(match.number);
      const factor = (weight * match.weight) / 255;
      for (let i = 0; i < documents.length; i++) {
        const document = Number(documents[i]);
        const value = factor * Number(impacts[i]);
        const known = Number(best[document]);
        if (known === 0) touched[count++] = document;
        if (value <= known) continue;
        best[document] = value;
        bestWeight[document] = match.weight;
      }
    }
    return count;
  }

  private weigh(concept: Concept, parts: readonly Part[]): Weighed {
    const exact = concept.terms.flatMap(({ term, weight }) => findTerm(parts, term, weight));
    const loose = concept.isLoose && concept.word.length >= MIN_PREFIX ? findPrefix(parts, concept.word, exact) : [];
    const found = exact.length + loose.length > 0 ? [...exact, ...loose] : concept.isLoose ? findSimilar(parts, concept) : [];
    const counted = exact.length > 0 ? exact.filter(({ weight }) => weight === 1) : found;
    const frequency = sumOf(counted.length > 0 ? counted : found, parts);
    const idf = Math.log(1 + (this.count - Math.min(this.count, frequency) + 0.5) / (frequency + 0.5));
    return { matches: found, weight: concept.weight * Math.max(idf, 0.05) };
  }

  private dropRange(page: number, part: Part): void {
    const left = (this.documentsOf.get(page) ?? []).filter((range) => range.part !== part);
    if (left.length > 0) this.documentsOf.set(page, left);
    else this.documentsOf.delete(page);
  }
}

interface PartSearch {
  readonly number: number;
  readonly weighed: readonly Weighed[];
  readonly whole: number;
  readonly top: Top;
  readonly isAllowed: (kind: number) => boolean;
}

const sumOf = (matches: readonly Match[], parts: readonly Part[]): number =>
  matches.reduce((sum, { part, number }) => sum + (parts[part]?.segment.frequencyOf(number) ?? 0), 0);

function findTerm(parts: readonly Part[], term: string, weight: number): Match[] {
  const bytes = Buffer.from(term, 'utf8');
  return parts.flatMap(({ segment }, part) => {
    const number = segment.find(bytes);
    return number === -1 ? [] : [{ part, number, weight }];
  });
}

/** Longer words count less, the longer they are. */
function findPrefix(parts: readonly Part[], prefix: string, exact: readonly Match[]): Match[] {
  const bytes = Buffer.from(prefix, 'utf8');
  const known = new Set(exact.map(({ part, number }) => `${part}:${number}`));
  return parts.flatMap(({ segment }, part) => {
    const matches: Match[] = [];
    for (let number = segment.lowerBound(bytes); matches.length < MAX_PREFIX_TERMS && number < segment.termCount; number++) {
      if (!segment.startsWith(number, bytes)) break;
      const weight = PREFIX_WEIGHT * Math.sqrt(bytes.length / segment.lengthOf(number));
      if (!known.has(`${part}:${number}`)) matches.push({ part, number, weight });
    }
    return matches;
  });
}

/** Words with typing errors; the first letter is taken to be right, or exchanged with the second. */
function findSimilar(parts: readonly Part[], { word, terms }: Concept): Match[] {
  const most = forgivenErrors(word);
  if (most === 0) return [];
  const forms = [...new Set([word, ...terms.filter(({ weight }) => weight === 1).map(({ term }) => term)])];
  const found: (Match & { readonly distance: number })[] = [];
  for (const [part, { segment }] of parts.entries()) {
    for (const first of new Set([word[0], word[1]])) {
      for (const number of termsWith(segment, first ?? '', word.length, most)) {
        const term = segment.term(number);
        const distance = Math.min(...forms.map((form) => distanceOf(form, term, most)));
        if (distance <= most) found.push({ part, number, distance, weight: FUZZY_WEIGHT / distance });
      }
    }
  }
  const nearest = Math.min(...found.map(({ distance }) => distance));
  return found.filter(({ distance }) => distance === nearest).slice(0, MAX_FUZZY_TERMS * parts.length);
}

/** What a typing error has spoiled is not always an ending that a stemmer knows: then the term is like the word's beginning. */
function distanceOf(form: string, term: string, most: number): number {
  const whole = editDistance(form, term, most);
  if (whole <= 1 || term.length < MIN_STEM || form.length <= term.length) return whole;
  const beginnings = [-1, 0, 1].map((more) => editDistance(form.slice(0, term.length + more), term, most));
  return Math.min(whole, ...beginnings.map((distance) => distance + 1));
}

/** The terms with this first letter whose length is near. */
function* termsWith(segment: Segment, first: string, length: number, most: number): Generator<number> {
  const bytes = Buffer.from(first, 'utf8');
  for (let number = segment.lowerBound(bytes); number < segment.termCount && segment.startsWith(number, bytes); number++) {
    // A stem may be shorter than its word by an ending.
    const difference = length - segment.lengthOf(number);
    if (difference >= -most && difference <= most + 4) yield number;
  }
}

/** The best few, in order. */
class Top {
  readonly list: Candidate[] = [];

  constructor(private readonly limit: number) {}

  /** What scores less is not among them. */
  get floor(): number {
    return this.list.length < this.limit ? 0 : (this.list.at(-1)?.score ?? 0);
  }

  add(candidate: Candidate): void {
    let at = this.list.length;
    while (at > 0 && isBetter(candidate, this.list[at - 1])) at--;
    this.list.splice(at, 0, candidate);
    if (this.list.length > this.limit) this.list.pop();
  }
}

const isBetter = (one: Candidate, other: Candidate | undefined): boolean =>
  other === undefined ||
  one.score > other.score ||
  (one.score === other.score && (one.page - other.page || one.section - other.section) < 0);
