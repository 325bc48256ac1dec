/** A line of the log with members of its own beside the text, for whoever searches: ids, and nothing that somebody sent. */
export class LogLine {
  constructor(
    readonly text: string,
    readonly fields: Readonly<Record<string, string | number | undefined>>,
  ) {}

  toString(): string {
    return this.text;
  }
}
