const MAX_REMEMBERED = 10_000;

/** Says what is wrong with a file once for each version of it, however often it is looked at. */
export class Warnings {
  private readonly told = new Map<string, string>();

  constructor(private readonly warn: (warning: string) => void) {}

  tell(subject: string, version: string, warnings: readonly string[]): void {
    const state = [version, ...warnings].join('\n');
    if (warnings.length === 0) return this.forget(subject);
    if (this.told.get(subject) === state) return;
    const [oldest] = this.told.size >= MAX_REMEMBERED ? this.told.keys() : [];
    if (oldest !== undefined) this.told.delete(oldest);
    this.told.set(subject, state);
    for (const warning of warnings) this.warn(`${subject}: ${warning}`);
  }

  /** Says it again if it happens again. */
  forget(subject: string): void {
    this.told.delete(subject);
  }
}
