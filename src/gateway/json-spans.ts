import { endOfString } from './json-faults.js';

/** Where a value stands in a JSON text. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** A member of an object: its name, its value's place, and where its name begins. */
export interface Member extends Span {
  readonly name: string;
  readonly nameStart: number;
}

/**
 * Finds where parts of a JSON text stand without reading the rest of it, so that what does not change can keep its very characters.
 * Expects JSON that its caller has parsed or will: only as much is checked as is needed to find the way.
 */
export class JsonSpans {
  constructor(private readonly text: string) {}

  /** Where the whole value begins. */
  get start(): number {
    return this.skipSpace(0);
  }

  /** @throws {SyntaxError} where no object begins at `start`. */
  members(start: number): Member[] {
    const members: Member[] = [];
    let at = this.open(start, '{');
    while (this.text[at] !== '}') {
      const nameEnd = this.endOfValue(at);
      const raw = this.text.slice(at, nameEnd);
      if (raw[0] !== '"') throw new SyntaxError('A member has no name');
      const value = this.skipSpace(this.expect(this.skipSpace(nameEnd), ':'));
      const end = this.endOfValue(value);
      members.push({ name: raw.includes('\\') ? (JSON.parse(raw) as string) : raw.slice(1, -1), nameStart: at, start: value, end });
      at = this.next(end, '}');
    }
    return members;
  }

  /** @throws {SyntaxError} where no array begins at `start`. */
  elements(start: number): Span[] {
    const elements: Span[] = [];
    let at = this.open(start, '[');
    while (this.text[at] !== ']') {
      const end = this.endOfValue(at);
      elements.push({ start: at, end });
      at = this.next(end, ']');
    }
    return elements;
  }

  private open(start: number, bracket: string): number {
    return this.skipSpace(this.expect(start, bracket));
  }

  /** The place of the next member or element, or of the bracket that ends them. */
  private next(end: number, bracket: string): number {
    const at = this.skipSpace(end);
    if (this.text[at] === bracket) return at;
    const following = this.skipSpace(this.expect(at, ','));
    if (this.text[following] === bracket) throw new SyntaxError('Nothing follows a comma');
    return following;
  }

  private expect(at: number, character: string): number {
    if (this.text[at] !== character) throw new SyntaxError(`There is no ${character} at ${at}`);
    return at + 1;
  }

  private endOfValue(start: number): number {
    const first = this.text[start];
    if (first === '"') return endOfString(this.text, start + 1) + 1;
    return first === '{' || first === '[' ? this.endOfNest(start) : this.endOfScalar(start);
  }

  private endOfNest(start: number): number {
    const { text } = this;
    let depth = 0;
    for (let at = start; at < text.length; at++) {
      switch (text.charCodeAt(at)) {
        case QUOTE:
          at = endOfString(text, at + 1);
          break;
        case OPEN_BRACE:
        case OPEN_BRACKET:
          depth++;
          break;
        case CLOSE_BRACE:
        case CLOSE_BRACKET:
          if (--depth === 0) return at + 1;
      }
    }
    throw new SyntaxError('A bracket is not closed');
  }

  private endOfScalar(start: number): number {
    SCALAR.lastIndex = start;
    if (!SCALAR.test(this.text)) throw new SyntaxError(`There is no value at ${start}`);
    return SCALAR.lastIndex;
  }

  private skipSpace(at: number): number {
    let next = at;
    while (SPACE.has(this.text.charCodeAt(next))) next++;
    return next;
  }
}

const SCALAR = /[-+.\w]+/y;
const QUOTE = 0x22;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const SPACE: ReadonlySet<number> = new Set([0x20, 0x09, 0x0a, 0x0d]);
