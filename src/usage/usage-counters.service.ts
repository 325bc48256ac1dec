import { Inject, Injectable, Logger } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { AuditService } from '../audit/audit.service.js';
import { Tally } from '../common/tally.js';
import { CLOCK, type Clock } from '../common/clock.js';
import { CONFIG, type Config } from '../config/config.js';
import { UnitOfWork } from '../database/unit-of-work.service.js';
import { HourlyCounts } from './hourly-counts.js';
import type { UsageHour } from './usage-hour.entity.js';
import { useOfEvent } from './use-of-event.js';

const COLUMNS = ['hour', 'kind', 'credentialId', 'server', 'tool', 'outcome', 'count'] as const;
/** Rows of the largest statement. */
const BATCH = 128;
const DAY_MS = 86_400_000;
const PRUNE_BATCH = 1000;

/** Counts use by the hour, in the batches of the audit trail: never a write on a request's path. Replicas add to the same rows. */
@Injectable()
export class UsageCounters {
  private readonly logger = new Logger('Usage');
  private readonly counts = new HourlyCounts();
  /** Uses since the start that were not counted. */
  readonly lost = new Tally();

  constructor(
    audit: AuditService,
    private readonly unitOfWork: UnitOfWork,
    @Inject(CONFIG) private readonly config: Config,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {
    audit.observeUses((event, at) => {
      const use = useOfEvent(event);
      if (use) this.counts.add(use, at);
    });
    audit.addWriter(() => this.flush());
  }

  /** Counters that wait for the database. */
  get waiting(): number {
    return this.counts.size;
  }

  private async flush(): Promise<void> {
    const lost = this.counts.takeLost();
    this.lost.add(lost);
    if (lost > 0) this.logger.error(`${lost} uses were not counted, because the database did not take the counts in time.`);
    const rows = this.counts.take();
    if (rows.length === 0) return;
    try {
      await this.unitOfWork.write((manager) => addRows(manager, rows));
    } catch (error) {
      this.counts.giveBack(rows);
      throw error;
    }
  }

  /** Removes what is older than the retention, in small batches. */
  async prune(): Promise<void> {
    try {
      while ((await this.pruneBatch()) === PRUNE_BATCH);
    } catch (error) {
      this.logger.warn(`Old counters were not removed: ${(error as Error).message}`);
    }
  }

  private async pruneBatch(): Promise<number> {
    const before = this.clock() - this.config.usageRetentionDays * DAY_MS;
    let removed = 0;
    await this.unitOfWork.write(async (manager) => {
      removed = await deleteBefore(manager, before);
    });
    return removed;
  }
}

async function addRows(manager: EntityManager, rows: readonly UsageHour[]): Promise<void> {
  for (let at = 0; at < rows.length;) {
    const batch = rows.slice(at, at + batchSize(rows.length - at));
    await manager.query(addStatement(manager, batch.length), valuesOf(batch));
    at += batch.length;
  }
}

/** A power of two: drivers keep statements prepared, and one for every number of rows would fill memory. */
const batchSize = (waiting: number): number => Math.min(BATCH, 2 ** Math.floor(Math.log2(waiting)));

const isSqlite = (manager: EntityManager): boolean => manager.dataSource.options.type === 'better-sqlite3';

const valuesOf = (rows: readonly UsageHour[]): unknown[] => rows.flatMap((row) => COLUMNS.map((column) => row[column]));

/** The database adds, so that no replica needs to know what another has counted. */
function addStatement(manager: EntityManager, rows: number): string {
  const quote = isSqlite(manager) ? '"' : '`';
  const name = (column: string) => quote + column + quote;
  const places = Array<string>(rows).fill(`(${COLUMNS.map(() => '?').join(', ')})`);
  const insert = `INSERT INTO ${name('usage_hours')} (${COLUMNS.map(name).join(', ')}) VALUES ${places.join(', ')}`;
  if (!isSqlite(manager)) return `${insert} ON DUPLICATE KEY UPDATE ${name('count')} = ${name('count')} + VALUES(${name('count')})`;
  const key = COLUMNS.slice(0, -1).map(name).join(', ');
  return `${insert} ON CONFLICT (${key}) DO UPDATE SET ${name('count')} = ${name('count')} + excluded.${name('count')}`;
}

async function deleteBefore(manager: EntityManager, before: number): Promise<number> {
  if (!isSqlite(manager)) {
    const result: { affectedRows: number } = await manager.query('DELETE FROM usage_hours WHERE hour < ? LIMIT ?', [before, PRUNE_BATCH]);
    return result.affectedRows;
  }
  const old = 'SELECT rowid FROM usage_hours WHERE hour < ? LIMIT ?';
  const gone: unknown[] = await manager.query(`DELETE FROM usage_hours WHERE rowid IN (${old}) RETURNING 1`, [before, PRUNE_BATCH]);
  return gone.length;
}
