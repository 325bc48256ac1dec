import type { Worker } from 'node:worker_threads';
import { startWorker } from '../../common/worker-thread.js';
import type { ShellResult } from './command-names.js';
import type { ShellJob } from './run-shell.js';

/** Why a command has no result. */
export class ShellRefusal extends Error {
  override readonly name = 'ShellRefusal';
}

const THREADS = 2;
/** Beyond the limit that the shell keeps itself, which cannot interrupt what never pauses. */
const GRACE_MS = 1000;
const LIMIT_MS = 10_000;
const MAX_WAITING = 32;
const MAX_WAITING_OF_OWNER = 4;
const IDLE_MS = 60_000;
const HEAP_MB = 384;

interface Waiting {
  readonly job: ShellJob;
  readonly owner: string;
  readonly done: (result: ShellResult) => void;
  readonly failed: (error: Error) => void;
}

interface Thread {
  readonly worker: Worker;
  current: Waiting | undefined;
  timer: NodeJS.Timeout | undefined;
}

/** Runs commands of callers in threads that can be ended: whatever a command does, it holds up nothing, and not for long. */
export class ShellThreads {
  private readonly threads = new Set<Thread>();
  private readonly waiting: Waiting[] = [];
  private isClosed = false;

  constructor(
    private readonly limitMs = LIMIT_MS,
    private readonly graceMs = GRACE_MS,
  ) {}

  /** @throws {ShellRefusal} where the command took too long or too much memory, or too many wait. */
  run(job: Omit<ShellJob, 'limitMs'>, owner: string): Promise<ShellResult> {
    const own = this.waiting.filter((other) => other.owner === owner).length;
    if (this.isClosed || this.waiting.length >= MAX_WAITING || own >= MAX_WAITING_OF_OWNER) {
      return Promise.reject(new ShellRefusal('Too many commands are waiting. Try again in a few seconds.'));
    }
    return new Promise((done, failed) => {
      this.waiting.push({ job: { ...job, limitMs: this.limitMs }, owner, done, failed });
      this.next();
    });
  }

  async close(): Promise<void> {
    this.isClosed = true;
    for (const { failed } of this.waiting.splice(0)) failed(new ShellRefusal('The server is stopping.'));
    await Promise.all([...this.threads].map((thread) => this.end(thread, new ShellRefusal('The server is stopping.'))));
  }

  private next(): void {
    if (this.waiting.length === 0) return;
    const free = [...this.threads].find(({ current }) => !current) ?? (this.threads.size < THREADS ? this.start() : undefined);
    const waiting = free && this.waiting.shift();
    if (!free || !waiting) return;
    clearTimeout(free.timer);
    free.current = waiting;
    free.worker.ref();
    free.timer = setTimeout(() => this.stop(free, tooLong(this.limitMs)), this.limitMs + this.graceMs);
    free.worker.postMessage(waiting.job);
  }

  private start(): Thread {
    const worker = startWorker(new URL('./shell.worker', import.meta.url), undefined, { maxOldGenerationSizeMb: HEAP_MB });
    const thread: Thread = { worker, current: undefined, timer: undefined };
    worker.on('message', (message: { result?: ShellResult; error?: string }) => this.finish(thread, message));
    worker.on('error', (error) => this.stop(thread, new ShellRefusal(`The command was ended: ${reasonOf(error)}.`)));
    this.threads.add(thread);
    return thread;
  }

  private finish(thread: Thread, { result, error }: { result?: ShellResult; error?: string }): void {
    const { current } = thread;
    thread.current = undefined;
    clearTimeout(thread.timer);
    if (result) current?.done(result);
    else current?.failed(new Error(error ?? 'The shell failed'));
    thread.worker.unref();
    thread.timer = setTimeout(() => this.stop(thread, tooLong(this.limitMs)), IDLE_MS).unref();
    this.next();
  }

  private stop(thread: Thread, error: Error): void {
    void this.end(thread, error).then(() => this.next());
  }

  private async end(thread: Thread, error: Error): Promise<void> {
    if (!this.threads.delete(thread)) return;
    clearTimeout(thread.timer);
    thread.current?.failed(error);
    await thread.worker.terminate();
  }
}

const tooLong = (limitMs: number): ShellRefusal =>
  new ShellRefusal(`The command took longer than ${Math.ceil(limitMs / 1000)} seconds. Ask for less: fewer pages, or a simpler pattern.`);

const reasonOf = (error: Error): string =>
  (error as NodeJS.ErrnoException).code === 'ERR_WORKER_OUT_OF_MEMORY' ? 'it needs too much memory' : 'it failed';
