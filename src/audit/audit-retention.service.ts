import { Inject, Injectable, Logger } from '@nestjs/common';
import { DataSource, type EntityManager, In, LessThan, MoreThan } from 'typeorm';
import { CLOCK, type Clock } from '../common/clock.js';
import { firstIdAt } from '../common/ids.js';
import { CONFIG, type Config } from '../config/config.js';
import { Digester } from '../database/digester.js';
import { UnitOfWork } from '../database/unit-of-work.service.js';
import { MARKS_PURPOSE, REGISTER } from './audit-chain.service.js';
import { AuditBatch, ChainRow, UnchainedEvent } from './chain.entity.js';
import { ChainMarks, isGenuineRegister } from './chain-marks.js';
import { splitEntries } from './event-digest.js';
import { AuditEvent } from './event.entity.js';

const DAY_MS = 86_400_000;
/** At most 128 events each. */
const BATCHES = 4;
const STRAYS = 500;
const CHAINS = 500;

/**
 * Removes what is older than `AUDIT_RETENTION_DAYS`, a few batches at a time, oldest first; what remains is anchored in what was removed last.
 */
@Injectable()
export class AuditRetention {
  private readonly logger = new Logger('AuditRetention');
  private readonly marks: ChainMarks;

  constructor(
    private readonly dataSource: DataSource,
    private readonly unitOfWork: UnitOfWork,
    digester: Digester,
    @Inject(CONFIG) private readonly config: Pick<Config, 'auditRetentionDays'>,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {
    this.marks = new ChainMarks(digester.deriveKey(MARKS_PURPOSE));
  }

  /** Removes what is too old by now. */
  async removeOld(): Promise<void> {
    const { auditRetentionDays } = this.config;
    if (auditRetentionDays === undefined) return;
    const before = firstIdAt(this.clock() - auditRetentionDays * DAY_MS);
    try {
      for (const { number } of await this.chainsToCut()) while (await this.cut(number, before));
      const unchainedBefore = await this.leastChained(before);
      while (await this.removeStrays(unchainedBefore));
      while (await this.removeEmptyChains(before));
    } catch (error) {
      this.logger.warn(`Old events stay for now: ${(error as Error).message}`);
    }
  }

  private chainsToCut(): Promise<ChainRow[]> {
    const table = this.dataSource.getRepository(ChainRow);
    return table
      .createQueryBuilder('chain')
      .where('chain.number <> :register', { register: REGISTER })
      .andWhere('chain.cutSequence < chain.sequence')
      .getMany();
  }

  /** Whether there may be more. */
  private async cut(number: number, before: string): Promise<boolean> {
    let hasMore = false;
    await this.unitOfWork.write(async (manager) => {
      const chain = await lockChain(manager, number);
      const where = { chain: number, sequence: MoreThan(chain?.cutSequence ?? 0) };
      const oldest = await manager.find(AuditBatch, { where, order: { sequence: 'ASC' }, take: BATCHES });
      const young = oldest.findIndex((batch) => splitEntries(batch.entries).some(({ id }) => id >= before));
      const old = young === -1 ? oldest : oldest.slice(0, young);
      const last = old.at(-1);
      hasMore = old.length === BATCHES;
      if (!last) return;
      await manager.delete(AuditEvent, { id: In(old.flatMap((batch) => splitEntries(batch.entries).map(({ id }) => id))) });
      await manager.delete(AuditBatch, { chain: number, sequence: In(old.map(({ sequence }) => sequence)) });
      const cut = { number, cutSequence: last.sequence, cutHash: last.hash };
      await manager.update(ChainRow, { number }, { ...cut, cutMark: this.marks.cut(cut) });
    });
    return hasMore;
  }

  /**
   * Removes the rows of chains of which nothing is left, oldest first, up to the first of which something is; the register says up to
   * which. A process that is still alive begins another chain. Tells whether there may be more.
   */
  private async removeEmptyChains(before: string): Promise<boolean> {
    let hasMore = false;
    await this.unitOfWork.write(async (manager) => {
      const register = await lockChain(manager, REGISTER);
      if (!register || !isGenuineRegister(register, this.marks)) return;
      const where = { number: MoreThan(register.cutSequence) };
      const chains = await manager.find(ChainRow, { where, order: { number: 'ASC' }, take: CHAINS });
      const kept = chains.findIndex((chain, i) => chain.number !== register.cutSequence + 1 + i || !this.isEmpty(chain, before));
      const gone = kept === -1 ? chains : chains.slice(0, kept);
      const last = gone.at(-1);
      hasMore = gone.length === CHAINS;
      if (!last) return;
      await manager.delete(ChainRow, { number: In(gone.map(({ number }) => number)) });
      const cut = { number: REGISTER, cutSequence: last.number, cutHash: '' };
      await manager.update(ChainRow, { number: REGISTER }, { cutSequence: cut.cutSequence, cutMark: this.marks.cut(cut) });
    });
    return hasMore;
  }

  /** Whether a chain has ended, or paused, so long ago that all of it was cut, and is as we left it. */
  private isEmpty(chain: ChainRow, before: string): boolean {
    const isWhole = chain.mark === this.marks.head(chain) && chain.cutMark === this.marks.cut(chain);
    return isWhole && chain.cutSequence === chain.sequence && chain.cutHash === chain.hash && firstIdAt(chain.startedAt) < before;
  }

  /** All before it is in no batch: it is older than the chain, or was not written by us. */
  private async leastChained(before: string): Promise<string> {
    const first = await this.dataSource.getRepository(AuditBatch).find({ order: { firstId: 'ASC' }, take: 1 });
    const waiting = await this.dataSource.getRepository(UnchainedEvent).find({ order: { id: 'ASC' }, take: 1 });
    return [before, ...first.map(({ firstId }) => firstId), ...waiting.map(({ id }) => id)].sort()[0] ?? before;
  }

  private async removeStrays(before: string): Promise<boolean> {
    const table = this.dataSource.getRepository(AuditEvent);
    const strays = await table.find({ select: { id: true }, where: { id: LessThan(before) }, order: { id: 'ASC' }, take: STRAYS });
    if (strays.length === 0) return false;
    await this.unitOfWork.write(async (manager) => {
      await manager.delete(AuditEvent, { id: In(strays.map(({ id }) => id)) });
    });
    return strays.length === STRAYS;
  }
}

/** Of two replicas the second finds the work of the first done. On SQLite transactions take turns anyway. */
function lockChain(manager: EntityManager, number: number): Promise<ChainRow | null> {
  const isSqlite = manager.dataSource.options.type === 'better-sqlite3';
  return manager.findOne(ChainRow, { where: { number }, ...(isSqlite ? {} : { lock: { mode: 'pessimistic_write' } }) });
}
