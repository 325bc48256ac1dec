import { createHash } from 'node:crypto';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { DataSource, In, LessThan } from 'typeorm';
import { CLOCK, type Clock } from '../../common/clock.js';
import { UnitOfWork } from '../../database/unit-of-work.service.js';
import type { NewTask, OwnedTask, TaskLedger } from './task-ledger.js';
import { TaskOwner } from './task-owner.entity.js';

const DAY_MS = 24 * 3600_000;
/** Longer than most servers keep a task; one that says it keeps it for longer is believed. */
const KEPT_MS = 30 * DAY_MS;
const MAX_KEPT_MS = 366 * DAY_MS;
const MAX_TOOL = 255;
const BATCH = 500;

/** Keeps in the database whose tasks are: a task outlives connections, restarts and the replica that it was started through. */
@Injectable()
export class TaskOwners implements TaskLedger {
  private readonly logger = new Logger('TaskOwners');

  constructor(
    private readonly dataSource: DataSource,
    private readonly unitOfWork: UnitOfWork,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** The newest owner counts: a server that starts anew may give the ids of old tasks to new ones. */
  async note(serverId: string, { taskId, owner, tool, keptMs }: NewTask): Promise<void> {
    const kept = Math.min(Math.max(keptMs ?? KEPT_MS, KEPT_MS), MAX_KEPT_MS);
    const row = {
      id: digestOf(serverId, taskId),
      owner,
      tool: tool !== undefined && tool.length <= MAX_TOOL ? tool : null,
      expiresAt: this.clock() + kept,
    };
    await this.unitOfWork.write(async (manager) => {
      await manager.upsert(TaskOwner, row, ['id']);
    });
  }

  async find(serverId: string, taskIds: readonly string[]): Promise<ReadonlyMap<string, OwnedTask>> {
    const byDigest = new Map(taskIds.map((taskId) => [digestOf(serverId, taskId), taskId]));
    const found = new Map<string, OwnedTask>();
    const digests = [...byDigest.keys()];
    for (let i = 0; i < digests.length; i += BATCH) {
      const rows = await this.dataSource.getRepository(TaskOwner).findBy({ id: In(digests.slice(i, i + BATCH)) });
      for (const { id, owner, tool } of rows) found.set(byDigest.get(id) ?? '', { owner, tool: tool ?? undefined });
    }
    return found;
  }

  /** Removes what no server should know any more, in small batches. */
  async prune(): Promise<void> {
    try {
      while ((await this.pruneBatch()) === BATCH);
    } catch (error) {
      this.logger.warn(`Owners of old tasks stay for now: ${(error as Error).message}`);
    }
  }

  private async pruneBatch(): Promise<number> {
    const where = { expiresAt: LessThan(this.clock()) };
    const old = await this.dataSource
      .getRepository(TaskOwner)
      .find({ select: { id: true }, where, order: { expiresAt: 'ASC' }, take: BATCH });
    const ids = old.map(({ id }) => id);
    if (ids.length > 0) {
      await this.unitOfWork.write(async (manager) => {
        await manager.delete(TaskOwner, ids);
      });
    }
    return ids.length;
  }
}

const digestOf = (serverId: string, taskId: string): string =>
  createHash('sha256')
    .update(JSON.stringify([serverId, taskId]))
    .digest('hex');
