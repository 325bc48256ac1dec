import { endianness } from 'node:os';

/** What a segment is made from. */
export interface SegmentParts {
  readonly pages: readonly number[];
  readonly sections: readonly number[];
  readonly kinds: readonly number[];
  readonly postings: ReadonlyMap<string, { readonly documents: readonly number[]; readonly impacts: readonly number[] }>;
}

/** Documents, terms, bytes of terms, postings. */
const HEADER_NUMBERS = 4;

/** One block of memory that is written and read as it is; arrays of larger numbers come first, so that each is aligned. */
class Layout {
  readonly pages: Uint32Array;
  readonly termStarts: Uint32Array;
  readonly postingStarts: Uint32Array;
  readonly sections: Uint16Array;
  readonly kinds: Uint16Array;
  readonly documents: Uint16Array;
  readonly impacts: Uint8Array;
  readonly terms: Uint8Array;

  constructor(memory: ArrayBuffer, [documents, terms, bytes, postings]: readonly [number, number, number, number]) {
    let at = 4 * HEADER_NUMBERS;
    const take = <T>(make: new (memory: ArrayBuffer, at: number, length: number) => T, size: number, length: number): T => {
      const array = new make(memory, at, length);
      at += size * length;
      return array;
    };
    this.pages = take(Uint32Array, 4, documents);
    this.termStarts = take(Uint32Array, 4, terms + 1);
    this.postingStarts = take(Uint32Array, 4, terms + 1);
    this.sections = take(Uint16Array, 2, documents);
    this.kinds = take(Uint16Array, 2, documents);
    this.documents = take(Uint16Array, 2, postings);
    this.impacts = take(Uint8Array, 1, postings);
    this.terms = take(Uint8Array, 1, bytes);
  }

  static lengthOf([documents, terms, bytes, postings]: readonly [number, number, number, number]): number {
    return 4 * HEADER_NUMBERS + 8 * documents + 8 * (terms + 1) + 3 * postings + bytes;
  }
}

/** The index lies on the disk of the machine that made it, so its numbers are written as that machine has them. */
export const SEGMENT_FORMAT = `1${endianness()}`;

export function encodeSegment({ pages, sections, kinds, postings }: SegmentParts): Buffer {
  const terms = [...postings].map(([term, list]) => ({ bytes: Buffer.from(term, 'utf8'), ...list }));
  terms.sort((one, other) => Buffer.compare(one.bytes, other.bytes));
  const length = terms.reduce((sum, { bytes }) => sum + bytes.length, 0);
  const count = terms.reduce((sum, { documents }) => sum + documents.length, 0);
  const numbers = [pages.length, terms.length, length, count] as const;
  const memory = new ArrayBuffer(Layout.lengthOf(numbers));
  new Uint32Array(memory, 0, HEADER_NUMBERS).set(numbers);
  const layout = new Layout(memory, numbers);
  layout.pages.set(pages);
  layout.sections.set(sections);
  layout.kinds.set(kinds);
  let [at, posting] = [0, 0];
  for (const [i, { bytes, documents, impacts }] of terms.entries()) {
    layout.termStarts[i] = at;
    layout.postingStarts[i] = posting;
    layout.terms.set(bytes, at);
    layout.documents.set(documents, posting);
    layout.impacts.set(impacts, posting);
    at += bytes.length;
    posting += documents.length;
  }
  layout.termStarts[terms.length] = at;
  layout.postingStarts[terms.length] = posting;
  return Buffer.from(memory);
}

/** A part of the index, never changed: which sections hold a term, and how much it says there. */
export class Segment {
  readonly size: number;
  readonly termCount: number;
  private readonly layout: Layout;
  private readonly bytes: Buffer;

  /** @throws {RangeError} where it is no whole segment. */
  constructor(source: Uint8Array) {
    const memory = source.buffer.slice(source.byteOffset, source.byteOffset + source.byteLength) as ArrayBuffer;
    const [documents = 0, terms = 0, bytes = 0, postings = 0] = new Uint32Array(memory, 0, HEADER_NUMBERS);
    const numbers = [documents, terms, bytes, postings] as const;
    if (Layout.lengthOf(numbers) !== memory.byteLength) throw new RangeError('This is no whole segment');
    this.layout = new Layout(memory, numbers);
    this.size = documents;
    this.termCount = terms;
    this.bytes = Buffer.from(memory, this.layout.terms.byteOffset, bytes);
  }

  pageOf(document: number): number {
    return this.layout.pages[document] ?? 0;
  }

  sectionOf(document: number): number {
    return this.layout.sections[document] ?? 0;
  }

  kindOf(document: number): number {
    return this.layout.kinds[document] ?? 0;
  }

  term(number: number): string {
    return this.bytes.toString('utf8', this.layout.termStarts[number], this.layout.termStarts[number + 1]);
  }

  /** Its length in bytes. */
  lengthOf(number: number): number {
    return (this.layout.termStarts[number + 1] ?? 0) - (this.layout.termStarts[number] ?? 0);
  }

  /** In how many documents a term stands. */
  frequencyOf(number: number): number {
    return (this.layout.postingStarts[number + 1] ?? 0) - (this.layout.postingStarts[number] ?? 0);
  }

  /** The number of a term, or -1. */
  find(term: Buffer): number {
    const number = this.lowerBound(term);
    return number < this.termCount && this.compare(number, term) === 0 ? number : -1;
  }

  /** The first term that is not before this one. */
  lowerBound(term: Buffer): number {
    let [low, high] = [0, this.termCount];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.compare(middle, term) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  startsWith(number: number, prefix: Buffer): boolean {
    const start = this.layout.termStarts[number] ?? 0;
    const end = start + prefix.length;
    return end <= (this.layout.termStarts[number + 1] ?? 0) && this.bytes.compare(prefix, 0, prefix.length, start, end) === 0;
  }

  /** The documents of a term, in order, each with its impact from 1 to 255. */
  postingsOf(number: number): { readonly documents: Uint16Array; readonly impacts: Uint8Array } {
    const [start, end] = [this.layout.postingStarts[number], this.layout.postingStarts[number + 1]];
    return { documents: this.layout.documents.subarray(start, end), impacts: this.layout.impacts.subarray(start, end) };
  }

  private compare(number: number, term: Buffer): number {
    return this.bytes.compare(term, 0, term.length, this.layout.termStarts[number], this.layout.termStarts[number + 1]);
  }
}
