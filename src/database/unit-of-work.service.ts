import { Inject, Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { CLOCK, type Clock } from '../common/clock.js';
import { Change } from './change.entity.js';
import { ChangeFeed } from './change-feed.service.js';
import { endTransaction } from './sqlite-transaction.js';

/** One transaction of the admin side: what is written through `manager` and announced by `changed` commits as one. */
export interface Transaction {
  readonly manager: EntityManager;
  /** Announces that `subject` changed, to every replica and to this one, once the transaction has committed. */
  changed(topic: string, subject: string): Promise<void>;
}

const ATTEMPTS = 5;
const TRANSIENT = new Set(['SQLITE_BUSY', 'SQLITE_BUSY_SNAPSHOT', 'ER_LOCK_DEADLOCK', 'ER_LOCK_WAIT_TIMEOUT', 'ER_CHECKREAD']);

/** Runs changes as transactions, one at a time on SQLite, and again where the database asks for another try. */
@Injectable()
export class UnitOfWork {
  private last: Promise<unknown> = Promise.resolve();
  private readonly isSqlite: boolean;

  constructor(
    private readonly dataSource: DataSource,
    private readonly feed: ChangeFeed,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {
    this.isSqlite = dataSource.options.type === 'better-sqlite3';
  }

  /** Runs `work`; its change-feed rows become visible to others together with what it wrote. */
  async run<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    const changes: Pick<Change, 'topic' | 'subject'>[] = [];
    const result = await this.inTurn((manager) => {
      changes.length = 0;
      return work({ manager, changed: (topic, subject) => this.announce(manager, changes, { topic, subject }) });
    });
    this.feed.applyOwn(changes);
    return result;
  }

  /** A plain batch of writes that nobody waits for: no change-feed row. */
  async write(work: (manager: EntityManager) => Promise<void>): Promise<void> {
    await this.inTurn(work);
  }

  private async announce(manager: EntityManager, changes: Pick<Change, 'topic' | 'subject'>[], change: Pick<Change, 'topic' | 'subject'>) {
    changes.push(change);
    await manager.insert(Change, { ...change, at: this.clock() });
  }

  // TypeORM has one SQLite connection, on which a second transaction would nest inside the first.
  private inTurn<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    if (!this.isSqlite) return this.attempt(work);
    const turn = this.last.then(() => this.attempt(work));
    this.last = turn.catch(() => undefined);
    return turn;
  }

  private async attempt<T>(work: (manager: EntityManager) => Promise<T>, attempts = ATTEMPTS): Promise<T> {
    try {
      return await (this.isSqlite ? this.dataSource.transaction(work) : this.dataSource.transaction('READ COMMITTED', work));
    } catch (error) {
      if (this.isSqlite) endTransaction(this.dataSource);
      if (attempts <= 1 || !TRANSIENT.has((error as { code?: string }).code ?? '')) throw error;
      return this.attempt(work, attempts - 1);
    }
  }
}

const DUPLICATE = new Set(['SQLITE_CONSTRAINT_UNIQUE', 'SQLITE_CONSTRAINT_PRIMARYKEY', 'ER_DUP_ENTRY']);

/** Whether a write failed because a unique value was there already. */
export function isDuplicate(error: unknown): boolean {
  return DUPLICATE.has((error as { code?: string }).code ?? '');
}
