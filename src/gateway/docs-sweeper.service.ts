import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { BackgroundTask } from '../common/background-task.js';
import { removeStaleIndexes } from '../docs-server/index/stale-indexes.js';
import { ServerDirectory } from '../servers/server-directory.service.js';
import { DocsOpener } from './docs-opener.service.js';

const SWEEP_MS = 60_000;

/** Removes what servers that are gone, settings of before and tests have left in the folder of indexes. */
@Injectable()
export class DocsSweeper implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger('Docs');
  private readonly task = new BackgroundTask(() => this.sweep(), SWEEP_MS);

  constructor(
    private readonly servers: ServerDirectory,
    private readonly opener: DocsOpener,
  ) {}

  onApplicationBootstrap(): void {
    this.task.start();
    this.task.wake();
  }

  onModuleDestroy(): Promise<void> {
    return this.task.stop();
  }

  /** Never rejects: the next sweep tries again. */
  async sweep(): Promise<void> {
    const wanted = new Set(this.servers.all.flatMap((server) => this.opener.indexFileOf(server) ?? []));
    try {
      const removed = await removeStaleIndexes(this.opener.folder, wanted);
      if (removed.length > 0) this.logger.log(`Removed ${removed.length} indexes that nobody needs any more`);
    } catch (error) {
      this.logger.warn(`Indexes that nobody needs cannot be removed: ${(error as Error).message}`);
    }
  }
}
