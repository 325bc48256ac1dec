import { realpath, stat } from 'node:fs/promises';
import { relative } from 'node:path';
import { type FSWatcher, watch } from 'chokidar';
import { BackgroundTask } from '../common/background-task.js';
import { isUnwatched } from './content/read-folder.js';

/** What a watch tells. */
export interface FolderEvents {
  /** Something in the folder changed, or the folder itself came, went or was replaced, or notices may have been missed. */
  readonly onChange: () => void;
  readonly onError: (error: Error) => void;
}

const HEARTBEAT_MS = 500;
/** Notices can be missed (network drives, links whose target changes): look at everything now and then. */
const LOOK_MS = 60_000;
/** Without notices (too many files for the system's watches), looking is all there is. */
const LOOK_OFTEN_MS = 5000;

/** Follows one folder, which may be missing, appear later, or be exchanged for another one under the same name. */
export class FolderWatch {
  private readonly heartbeat = new BackgroundTask(() => this.check(), HEARTBEAT_MS);
  private watcher: FSWatcher | undefined;
  /** Which folder is watched; empty where there is none. */
  private identity = '';
  private lookEveryMs = LOOK_MS;
  private lookedAt = performance.now();

  constructor(
    private readonly dir: string,
    private readonly events: FolderEvents,
  ) {}

  /** Resolves without waiting for the watches to stand; a last `onChange` follows when they do. */
  async start(): Promise<void> {
    await this.check();
    this.heartbeat.start();
  }

  async stop(): Promise<void> {
    await this.heartbeat.stop();
    await this.watcher?.close();
  }

  private async check(): Promise<void> {
    const identity = await identityOf(this.dir);
    if (identity !== this.identity) {
      this.identity = identity;
      await this.watcher?.close();
      this.watcher = undefined;
      if (identity !== '') await this.watch();
      this.look();
    } else if (identity !== '' && performance.now() - this.lookedAt >= this.lookEveryMs) this.look();
  }

  private look(): void {
    this.lookedAt = performance.now();
    this.events.onChange();
  }

  private async watch(): Promise<void> {
    this.lookEveryMs = LOOK_MS;
    const root = await realpath(this.dir).catch(() => this.dir);
    const isOutside = (path: string): boolean => path !== root && isUnwatched(relative(root, path));
    const watcher = watch(root, { ignoreInitial: true, followSymlinks: false, ignored: isOutside });
    for (const event of ['add', 'change', 'unlink'] as const) watcher.on(event, () => this.events.onChange());
    // A new folder in its place may well get the number of the old one.
    watcher.on('unlinkDir', (path) => path === root && (this.identity = 'gone'));
    watcher.on('ready', () => this.look());
    watcher.on('error', (error) => {
      this.lookEveryMs = LOOK_OFTEN_MS;
      this.events.onError(error as Error);
    });
    this.watcher = watcher;
  }
}

async function identityOf(dir: string): Promise<string> {
  try {
    const found = await stat(dir);
    // A new folder in the place of a removed one often gets its number, but not its time of birth.
    return found.isDirectory() ? `${found.dev}:${found.ino}:${found.birthtimeMs}` : '';
  } catch {
    // Missing, or not to be looked into: the scan tells why.
    return '';
  }
}
