import type { Worker } from 'node:worker_threads';
import { startWorker } from '../../common/worker-thread.js';
import type { Commit } from './indexer.js';

export interface IndexerData {
  readonly dir: string;
  readonly file: string;
  readonly tooSlow: readonly (readonly [file: string, version: string])[];
}

/** "Look now", and what time it is. */
export interface ToIndexer {
  readonly now: number;
}

export type FromIndexer =
  | { readonly kind: 'reading'; readonly file: string; readonly version: string }
  | { readonly kind: 'committed'; readonly commit: Commit }
  | { readonly kind: 'checked' }
  | { readonly kind: 'warned'; readonly warning: string }
  | { readonly kind: 'looked' };

export interface IndexerThreadOptions {
  readonly dir: string;
  readonly file: string;
  /** One file may take this long. */
  readonly fileLimitMs: number;
  readonly onCommit: (commit: Commit) => void;
  /** What has changed while nobody looked is out of the index. */
  readonly onChecked: () => void;
  readonly onWarning: (warning: string) => void;
  /** The index itself is of no use any more. */
  readonly onBroken: (error: Error) => void;
}

const HEAP_MB = 768;
/** What belongs to no file, as scanning and merging, may take longer. */
const OTHER_LIMIT_FACTOR = 12;
/** A thread holds some 30 MB, and takes a quarter of a second to start. */
const IDLE_MS = 5_000;
const MAX_TOO_SLOW = 1000;
const BROKEN: ReadonlySet<string> = new Set(['SQLITE_CORRUPT', 'SQLITE_NOTADB', 'SQLITE_READONLY_DBMOVED', 'SQLITE_IOERR_SHORT_READ']);

interface Look {
  readonly done: Promise<void>;
  finish(error?: Error): void;
}

/**
 * The thread in which an index is kept in step with its folder. It lives while there is something to do. A file that takes
 * too long, or too much memory, ends the thread; the next one leaves that file out.
 */
export class IndexerThread {
  private worker: Worker | undefined;
  private readonly tooSlow = new Map<string, string>();
  private reading = { file: '', version: '', since: 0 };
  private running: Look | undefined;
  private next: Look | undefined;
  private watchdog: NodeJS.Timeout | undefined;
  private idle: NodeJS.Timeout | undefined;
  private isClosed = false;

  constructor(private readonly options: IndexerThreadOptions) {}

  /**
   * Resolves when a look that began after this call is through.
   * @throws where the look failed.
   */
  look(): Promise<void> {
    if (this.isClosed) return Promise.resolve();
    if (!this.running) return this.begin(newLook());
    this.next ??= newLook();
    return this.next.done;
  }

  async close(): Promise<void> {
    this.isClosed = true;
    await this.end();
    this.running?.finish();
    this.next?.finish();
    this.running = this.next = undefined;
  }

  private begin(look: Look): Promise<void> {
    this.running = look;
    clearTimeout(this.idle);
    this.send();
    return look.done;
  }

  private send(): void {
    this.worker ??= this.start();
    this.worker.ref();
    this.note('', '');
    this.worker.postMessage({ now: Date.now() } satisfies ToIndexer);
    this.watchdog ??= setInterval(() => this.watch(), Math.min(500, this.options.fileLimitMs / 2)).unref();
  }

  private start(): Worker {
    const { dir, file } = this.options;
    const data: IndexerData = { dir, file, tooSlow: [...this.tooSlow] };
    const worker = startWorker(new URL('./indexer.worker', import.meta.url), data, { maxOldGenerationSizeMb: HEAP_MB });
    worker.on('message', (message: FromIndexer) => worker === this.worker && this.receive(message));
    worker.on('error', (error) => worker === this.worker && this.fail(error));
    return worker;
  }

  private receive(message: FromIndexer): void {
    switch (message.kind) {
      case 'reading':
        return this.note(message.file, message.version);
      case 'committed':
        return this.options.onCommit(message.commit);
      case 'checked':
        return this.options.onChecked();
      case 'warned':
        return this.options.onWarning(message.warning);
      case 'looked':
        return this.finish();
    }
  }

  private note(file: string, version: string): void {
    this.reading = { file, version, since: performance.now() };
  }

  private finish(error?: Error): void {
    const { running, next } = this;
    [this.running, this.next] = [undefined, undefined];
    running?.finish(error);
    if (next) void this.begin(next);
    else this.rest();
  }

  private rest(): void {
    clearInterval(this.watchdog);
    this.watchdog = undefined;
    // What has nothing to do keeps no process alive.
    this.worker?.unref();
    this.idle = setTimeout(() => void this.end(), IDLE_MS).unref();
  }

  private watch(): void {
    const { file, since } = this.reading;
    const limit = this.options.fileLimitMs * (file === '' ? OTHER_LIMIT_FACTOR : 1);
    if (performance.now() - since > limit) this.fail(new Error(file === '' ? 'it takes too long' : `${file} takes too long`));
  }

  private fail(error: Error): void {
    const { file, version } = this.reading;
    void this.end();
    const code = (error as NodeJS.ErrnoException).code ?? '';
    if (BROKEN.has(code)) this.options.onBroken(error);
    else if (file !== '' && !code.startsWith('SQLITE') && this.tooSlow.get(file) !== version && this.tooSlow.size < MAX_TOO_SLOW) {
      this.tooSlow.set(file, version);
      return this.send();
    }
    this.finish(error);
  }

  private async end(): Promise<void> {
    const { worker } = this;
    this.worker = undefined;
    clearInterval(this.watchdog);
    clearTimeout(this.idle);
    this.watchdog = undefined;
    await worker?.terminate();
  }
}

function newLook(): Look {
  let finish: Look['finish'] = () => undefined;
  const done = new Promise<void>((resolve, reject) => {
    finish = (error) => (error ? reject(error) : resolve());
  });
  // Whoever asked is told; where nobody waits, the next look tries again.
  done.catch(() => undefined);
  return { done, finish };
}
