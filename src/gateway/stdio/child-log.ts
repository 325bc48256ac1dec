import type { Clock } from '../../common/clock.js';

const MAX_LINE = 1000;
const WINDOW_MS = 10_000;
const LINES_IN_WINDOW = 100;
/** Shorter values would take harmless words out of the log. */
const MIN_SECRET = 6;

/** What a child says, on its way to the log: bounded in length and number, and without the secrets of its environment. */
export class ChildLog {
  private readonly secrets: readonly string[];
  private windowStart = 0;
  private lines = 0;

  constructor(
    private readonly write: (line: string) => void,
    secrets: readonly string[],
    private readonly now: Clock,
  ) {
    this.secrets = secrets.filter((secret) => secret.length >= MIN_SECRET).sort((a, b) => b.length - a.length);
  }

  say(source: string, text: string): void {
    if (text.trim() === '') return;
    this.openWindow();
    if (++this.lines <= LINES_IN_WINDOW) this.write(`${source}: ${this.clean(text)}`);
  }

  private openWindow(): void {
    const now = this.now();
    if (now - this.windowStart < WINDOW_MS) return;
    const left = this.lines - LINES_IN_WINDOW;
    this.windowStart = now;
    this.lines = 0;
    if (left > 0) this.write(`${left} lines were left out`);
  }

  /** Secrets go before the cut, or a part of one could stay. */
  private clean(text: string): string {
    const redacted = this.secrets.reduce((line, secret) => line.replaceAll(secret, '[redacted]'), text);
    const line = redacted.length > MAX_LINE ? `${redacted.slice(0, MAX_LINE)}… (${redacted.length - MAX_LINE} more)` : redacted;
    return line.replaceAll(/\p{Cc}+/gu, ' ').trimEnd();
  }
}
