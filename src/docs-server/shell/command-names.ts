import type { CommandName } from 'just-bash';

/** Commands that read. None of them runs code, reaches a network or writes. */
export const COMMANDS: readonly CommandName[] = [
  ...(['awk', 'basename', 'cat', 'cut', 'dirname', 'echo', 'egrep', 'expr', 'false', 'fgrep', 'find', 'grep', 'head', 'ls', 'nl'] as const),
  ...(['printf', 'pwd', 'rg', 'sed', 'seq', 'sort', 'stat', 'tac', 'tail', 'tr', 'tree', 'true', 'uniq', 'wc', 'xargs'] as const),
];

export const MAX_OUTPUT_BYTES = 200_000;

export interface ShellResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
  /** Whether all of the output is there. */
  readonly isComplete: boolean;
}
