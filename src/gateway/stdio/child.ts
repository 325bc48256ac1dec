import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { ChildLog } from './child-log.js';
import { LineReader } from './line-reader.js';
import type { ProcessGuard } from './process-guard.js';

/** The longest message of a child; as long as the answers that the gateway reads itself. */
const MAX_LINE_BYTES = 16 * 1024 * 1024;
const MAX_LOG_LINE_BYTES = 64 * 1024;
/** A child that has not ended this long after its input did is told to, and then made to. */
const TERM_AFTER_MS = 500;
const KILL_AFTER_MS = 2500;

export interface ChildProgram {
  readonly program: string;
  readonly args: readonly string[];
  readonly cwd: string | undefined;
  readonly env: Readonly<Record<string, string>>;
}

export interface ChildEvents {
  /** One line of its standard output. */
  onLine(line: string): void;
  onTooLong(head: string, tail: string): void;
  /** It has ended, or could not be started: `why` is for the log. Called once. */
  onEnd(why: string): void;
}

/** One child process, without a shell and in a process group of its own. */
export class Child {
  private readonly process: ChildProcessWithoutNullStreams;
  private readonly ended: Promise<void>;
  private hasEnded = false;

  constructor(
    { program, args, cwd, env }: ChildProgram,
    private readonly events: ChildEvents,
    private readonly log: ChildLog,
    private readonly guard: ProcessGuard,
  ) {
    this.process = spawn(program, args, { ...(cwd === undefined ? {} : { cwd }), env, shell: false, detached: true, stdio: 'pipe' });
    this.ended = new Promise((resolve) => this.follow(resolve));
    this.readOutput();
  }

  get isRunning(): boolean {
    return !this.hasEnded;
  }

  /** What was sent and not yet taken. */
  get unreadBytes(): number {
    return this.process.stdin.writableLength;
  }

  /** A message, which must have no line breaks. */
  send(line: string): void {
    if (this.process.stdin.writable) this.process.stdin.write(`${line}\n`);
  }

  /** Ends its input, as the protocol provides, then asks it to end, then kills what is left of its group. */
  async stop(): Promise<void> {
    this.process.stdin.end();
    const timers = [setTimeout(() => this.signal('SIGTERM'), TERM_AFTER_MS), setTimeout(() => this.signal('SIGKILL'), KILL_AFTER_MS)];
    await this.ended;
    timers.forEach(clearTimeout);
  }

  private follow(resolve: () => void): void {
    const { process } = this;
    if (process.pid !== undefined) this.guard.watch(process.pid);
    process.once('error', (error) => this.end(`it could not be started: ${error.message}`, resolve));
    process.once('exit', (code, signal) => {
      // What it said last may still be on its way; a grandchild may hold the pipe open for ever.
      const why = code === null ? `it was ended by ${signal ?? 'a signal'}` : `it ended with code ${code}`;
      void Promise.race([once(process, 'close'), new Promise((late) => setTimeout(late, TERM_AFTER_MS).unref())]).then(() =>
        this.end(why, resolve),
      );
    });
    // A child that closes its input or dies while it is written to is found by its exit.
    process.stdin.on('error', () => undefined);
  }

  private end(why: string, resolve: () => void): void {
    if (this.hasEnded) return;
    this.hasEnded = true;
    this.signal('SIGKILL');
    if (this.process.pid !== undefined) this.guard.release(this.process.pid);
    this.process.stdout.destroy();
    this.process.stderr.destroy();
    this.events.onEnd(why);
    resolve();
  }

  private readOutput(): void {
    const { stdout, stderr } = this.process;
    const lines = new LineReader(MAX_LINE_BYTES, this.events);
    const logLines = new LineReader(MAX_LOG_LINE_BYTES, {
      onLine: (line) => this.log.say('stderr', line),
      onTooLong: (head) => this.log.say('stderr', `${head}…`),
    });
    stdout.on('data', (chunk: Buffer) => lines.push(chunk)).once('end', () => lines.end());
    stderr.on('data', (chunk: Buffer) => logLines.push(chunk)).once('end', () => logLines.end());
  }

  /** To the whole group: what the child has started ends with it. */
  private signal(signal: NodeJS.Signals): void {
    if (this.process.pid === undefined) return;
    try {
      process.kill(-this.process.pid, signal);
    } catch {
      // Nobody is left in the group.
    }
  }
}
