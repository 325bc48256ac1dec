import type { Worker } from 'node:worker_threads';
import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { BackgroundTask } from '../common/background-task.js';
import { startWorker } from '../common/worker-thread.js';

/** What the thread is told. */
export interface CheckpointFile {
  readonly file: string;
}

const EVERY_MS = 2000;
/** Rows written since the last time that are worth it. */
const WORTH_IT = 250;
/** Without work for so long, the thread ends: it holds some 30 MB, and a new one takes a quarter of a second to start. */
const IDLE_MS = 60_000;
/** Pages of the log with which SQLite no longer waits for the thread; and without one. */
const PAGES = { withThread: 10_000, without: 1000 } as const;
const HEAP = { maxOldGenerationSizeMb: 32, maxYoungGenerationSizeMb: 2 } as const;

/**
 * Takes over what SQLite has written to its log (WAL) into its file, from a thread: that waits for the disk twice, some ten
 * milliseconds on a good one, and on the event loop every request would wait, too (SQLite, "Write-Ahead Logging", 2.3).
 */
@Injectable()
export class Checkpoints implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger('Checkpoints');
  private readonly file: string | undefined;
  private readonly task = new BackgroundTask(() => this.tryToLook(), EVERY_MS);
  /** Rows that this process has written in all. */
  private written = 0;
  private worker: Worker | undefined;
  private usedAt = 0;

  constructor(private readonly dataSource: DataSource) {
    const { type, database } = dataSource.options;
    this.file = type === 'better-sqlite3' && database !== ':memory:' ? database : undefined;
  }

  onApplicationBootstrap(): void {
    if (this.file !== undefined) this.task.start();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.task.stop();
    await this.end();
  }

  /** While the database is away there is nothing to take over; whoever needs it says so. */
  private async tryToLook(): Promise<void> {
    await this.look().catch(() => undefined);
  }

  private async look(): Promise<void> {
    const [row] = await this.dataSource.query<[{ changes: number }]>('SELECT total_changes() AS changes');
    if (row.changes - this.written >= WORTH_IT) {
      this.written = row.changes;
      await this.write();
    } else if (this.worker && performance.now() - this.usedAt > IDLE_MS) await this.end();
  }

  private async write(): Promise<void> {
    this.usedAt = performance.now();
    this.worker ??= await this.start();
    await ask(this.worker);
  }

  private async start(): Promise<Worker> {
    const data: CheckpointFile = { file: this.file ?? '' };
    const worker = startWorker(new URL('./checkpoint.worker', import.meta.url), data, HEAP);
    worker.unref();
    worker.once('error', (error) => this.logger.warn(`The database file is written without a thread: ${error.message}`));
    worker.once('exit', () => void this.forget(worker));
    await this.leaveToThread(PAGES.withThread);
    return worker;
  }

  private async forget(worker: Worker): Promise<void> {
    if (this.worker !== worker) return;
    this.worker = undefined;
    await this.leaveToThread(PAGES.without);
  }

  private async end(): Promise<void> {
    const { worker } = this;
    this.worker = undefined;
    await worker?.terminate();
    await this.leaveToThread(PAGES.without);
  }

  /** Where it cannot be told now, it goes on as before: sooner or later than it need, but it does. */
  private async leaveToThread(pages: number): Promise<void> {
    if (this.dataSource.isInitialized) await this.dataSource.query(`PRAGMA wal_autocheckpoint = ${pages}`).catch(() => undefined);
  }
}

/** Until the thread has done it, or is gone. */
function ask(worker: Worker): Promise<void> {
  return new Promise((resolve) => {
    const finish = (): void => {
      worker.off('message', finish).off('exit', finish);
      resolve();
    };
    worker.on('message', finish).on('exit', finish);
    worker.postMessage('write');
  });
}
