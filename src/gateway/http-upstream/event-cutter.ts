const LF = 0x0a;
const CR = 0x0d;
const BLANK_LINE = Buffer.from('\n\n');

/** Some bytes of an event stream: whole events, or a part of one that is too long to be held. */
export interface Piece {
  readonly bytes: Buffer;
  readonly isWhole: boolean;
}

/**
 * Cuts an event stream where events end, as the HTML standard has it: at a blank line, after LF, CR LF or CR. What is not whole
 * is held, up to a limit; an event beyond it passes in parts.
 */
export class EventCutter {
  private held: Buffer[] = [];
  private heldBytes = 0;
  private isInLongEvent = false;
  private isLineEmpty = true;
  private endsInCr = false;

  constructor(private readonly maxBytes: number) {}

  /** Whether a chunk is nothing but whole events, as it mostly is: then there is nothing to cut, and {@link push} need not be asked. */
  isWhole(chunk: Buffer): boolean {
    const { length } = chunk;
    if (this.heldBytes > 0 || this.isInLongEvent || !this.isLineEmpty || this.endsInCr) return false;
    return length > 2 && chunk[length - 1] === LF && chunk[length - 2] === LF && !chunk.includes(CR);
  }

  /** What has become complete with this chunk. */
  push(chunk: Buffer): readonly Piece[] {
    const { first, last } = this.findEnds(chunk);
    if (this.isInLongEvent) return this.pushInLongEvent(chunk, first, last);
    const pieces = last === 0 ? [] : [{ bytes: this.join(chunk.subarray(0, last)), isWhole: true }];
    this.hold(chunk.subarray(last));
    if (this.heldBytes <= this.maxBytes) return pieces;
    this.isInLongEvent = true;
    return [...pieces, { bytes: this.join(EMPTY), isWhole: false }];
  }

  private pushInLongEvent(chunk: Buffer, first: number, last: number): readonly Piece[] {
    if (last === 0) return [{ bytes: chunk, isWhole: false }];
    this.isInLongEvent = false;
    const pieces = [{ bytes: chunk.subarray(0, first), isWhole: false }];
    if (last > first) pieces.push({ bytes: chunk.subarray(first, last), isWhole: true });
    this.hold(chunk.subarray(last));
    return pieces;
  }

  private hold(bytes: Buffer): void {
    if (bytes.length === 0) return;
    this.held.push(bytes);
    this.heldBytes += bytes.length;
  }

  private join(bytes: Buffer): Buffer {
    if (this.heldBytes === 0) return bytes;
    const joined = Buffer.concat([...this.held, bytes], this.heldBytes + bytes.length);
    this.held = [];
    this.heldBytes = 0;
    return joined;
  }

  /** Where the first and the last event end that end in this chunk; 0 where none does. */
  private findEnds(chunk: Buffer): { first: number; last: number } {
    if (this.endsInCr || chunk.includes(CR)) return this.findEndsByByte(chunk);
    const isBlankLine = this.isLineEmpty && chunk[0] === LF;
    this.isLineEmpty = chunk.length === 0 ? this.isLineEmpty : chunk[chunk.length - 1] === LF;
    const last = chunk.lastIndexOf(BLANK_LINE);
    if (last === -1) return isBlankLine ? { first: 1, last: 1 } : { first: 0, last: 0 };
    return { first: isBlankLine ? 1 : chunk.indexOf(BLANK_LINE) + 2, last: last + 2 };
  }

  private findEndsByByte(chunk: Buffer): { first: number; last: number } {
    let first = 0;
    let last = 0;
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at];
      if (byte === LF && this.endsInCr) {
        // The second half of a line's end that has been seen already.
        if (first === at) first = at + 1;
        if (last === at) last = at + 1;
        this.endsInCr = false;
        continue;
      }
      const isLineEnd = byte === LF || byte === CR;
      if (isLineEnd && this.isLineEmpty) {
        last = at + 1;
        first ||= last;
      }
      this.isLineEmpty = isLineEnd;
      this.endsInCr = byte === CR;
    }
    return { first, last };
  }
}

const EMPTY = Buffer.alloc(0);

/** Whole events one by one. */
export function* splitEvents(bytes: Buffer): Generator<Buffer> {
  const hasCr = bytes.includes(CR);
  let start = 0;
  while (start < bytes.length) {
    const end = hasCr ? endOfEvent(bytes, start) : bytes.indexOf(BLANK_LINE, start) + 2;
    const next = end <= start + 1 && !hasCr ? bytes.length : end;
    yield bytes.subarray(start, next);
    start = next;
  }
}

function endOfEvent(bytes: Buffer, start: number): number {
  let isLineEmpty = true;
  for (let at = start; at < bytes.length; at++) {
    const byte = bytes[at];
    const isLineEnd = byte === LF || byte === CR;
    if (byte === CR && bytes[at + 1] === LF) at++;
    if (isLineEnd && isLineEmpty) return at + 1;
    isLineEmpty = isLineEnd;
  }
  return bytes.length;
}

/** What matters of an event. */
export interface EventFields {
  readonly id: string | undefined;
  /** Its lines of data as one text; undefined where it has none. */
  readonly data: string | undefined;
}

export function parseEvent(text: string): EventFields {
  let id: string | undefined;
  let data: string | undefined;
  for (const line of text.replace(/^\uFEFF/, '').split(/\r\n|\n|\r/)) {
    const value = valueOf(line, 'data');
    if (value !== undefined) data = data === undefined ? value : `${data}\n${value}`;
    else id = valueOf(line, 'id') ?? id;
  }
  return { id, data };
}

/** The same event with other data. */
export function withData(text: string, data: string): Buffer {
  const others = text.split(/\r\n|\n|\r/).filter((line) => line !== '' && !/^\uFEFF?data(?::|$)/.test(line));
  return Buffer.from([...others, ...data.split('\n').map((line) => `data: ${line}`), '', ''].join('\n'));
}

function valueOf(line: string, field: string): string | undefined {
  if (!line.startsWith(field)) return undefined;
  if (line.length === field.length) return '';
  if (line[field.length] !== ':') return undefined;
  return line.slice(field.length + (line[field.length + 1] === ' ' ? 2 : 1));
}
