import type { Config } from '../config/config.js';

/** A command line that cannot be understood: exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** What was asked for and could not be done, or was found to be wrong: exit code 1. The text may have lines. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
}

export interface CommandContext {
  readonly config: Config;
  /** What stands behind the command's name. */
  readonly positionals: readonly string[];
  readonly options: Readonly<Record<string, string | boolean | undefined>>;
  /** Writes lines for the operator to standard output. */
  print(text: string): void;
}

export type Run = (context: CommandContext) => Promise<void>;

export interface Command {
  /** The words that name it. */
  readonly name: string;
  /** The names of what stands behind it. */
  readonly operands: readonly string[];
  readonly options?: Readonly<Record<string, { readonly type: 'string' | 'boolean'; readonly value?: string; readonly help: string }>>;
  readonly summary: string;
  readonly description: string;
  /** What it needs is loaded when it is run, so that help is quick. */
  load(): Promise<Run>;
}
