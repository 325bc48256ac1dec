/** What is kept of a line that is too long: enough to see what it was. */
const KEPT_BYTES = 256;
const NEWLINE = 0x0a;

export interface LineListener {
  onLine(line: string): void;
  /** A line beyond the bound has ended; its beginning and its end. */
  onTooLong(head: string, tail: string): void;
}

/** Cuts bytes into lines. A line beyond `maxBytes` is not kept. */
export class LineReader {
  private parts: Buffer[] = [];
  private length = 0;
  private head: Buffer | undefined;
  private tail = Buffer.alloc(0);

  constructor(
    private readonly maxBytes: number,
    private readonly listener: LineListener,
  ) {}

  push(chunk: Buffer): void {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      this.add(chunk.subarray(start, end));
      this.flush();
      start = end + 1;
    }
    this.add(chunk.subarray(start));
  }

  /** The stream has ended: what is left is a line. */
  end(): void {
    if (this.length > 0) this.flush();
  }

  private add(part: Buffer): void {
    this.length += part.length;
    if (this.length <= this.maxBytes) {
      if (part.length > 0) this.parts.push(part);
      return;
    }
    this.head ??= Buffer.from(Buffer.concat([...this.parts, part]).subarray(0, KEPT_BYTES));
    this.tail = Buffer.from(Buffer.concat([this.tail, ...this.parts, part]).subarray(-KEPT_BYTES));
    this.parts = [];
  }

  private flush(): void {
    const { parts, head, tail } = this;
    this.parts = [];
    this.length = 0;
    this.head = undefined;
    this.tail = Buffer.alloc(0);
    if (head) this.listener.onTooLong(head.toString('utf8'), tail.toString('utf8'));
    else this.listener.onLine(Buffer.concat(parts).toString('utf8'));
  }
}
