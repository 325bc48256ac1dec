import { Inject, Injectable } from '@nestjs/common';
import { type EntityManager, In, MoreThan } from 'typeorm';
import { CLOCK, type Clock } from '../common/clock.js';
import { Digester } from '../database/digester.js';
import { isDuplicate, UnitOfWork } from '../database/unit-of-work.service.js';
import { AuditBatch, ChainRow, UnchainedEvent } from './chain.entity.js';
import { ChainMarks } from './chain-marks.js';
import { type BatchEntry, digestOf, entryOf, joinEntries } from './event-digest.js';
import { AuditEvent } from './event.entity.js';

/** The number of the row that counts the chains. */
export const REGISTER = 0;
const ACTS = 128;
/** How often acts are looked for that another process has left. */
const LOOK_EVERY_MS = 60_000;
/** Of a chain that was silent for longer, the row may have been removed with the last of its events. */
const REMOVABLE_MS = 12 * 3_600_000;
export const MARKS_PURPOSE = 'audit.chain';

type Head = Pick<ChainRow, 'number' | 'startedAt' | 'sequence' | 'hash'>;

/**
 * Chains what is written to the audit trail, batch by batch: a batch names its events by digest and the batch before by hash.
 * Every process has a chain of its own, so that none waits for another.
 */
@Injectable()
export class AuditChain {
  private readonly marks: ChainMarks;
  private number: number | undefined;
  /** Undefined where the database knows better, since it is not sure what was committed. */
  private head: Head | undefined;
  private appendedAt = 0;
  private hasActs = true;
  private lookedAt = -Infinity;

  constructor(
    private readonly unitOfWork: UnitOfWork,
    digester: Digester,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {
    this.marks = new ChainMarks(digester.deriveKey(MARKS_PURPOSE));
  }

  /** Writes events as one batch, in one transaction. */
  async write(
    events: readonly AuditEvent[],
    insert: (manager: EntityManager, events: readonly AuditEvent[]) => Promise<void>,
  ): Promise<void> {
    const entries = events.map(entryOf);
    await this.append(async (manager) => {
      await insert(manager, events);
      return entries;
    });
  }

  /** Says within an act's transaction that its event is to be taken up; nothing is locked for it. */
  async announce(manager: EntityManager, event: AuditEvent): Promise<void> {
    await manager.insert(UnchainedEvent, { id: event.id, mark: this.marks.unchained(digestOf(event)) });
    this.hasActs = true;
  }

  /** Takes up acts that have been committed. Once in a minute also those of a process that has died before it could. */
  async takeUpActs(): Promise<void> {
    if (!this.hasActs && performance.now() - this.lookedAt < LOOK_EVERY_MS) return;
    this.hasActs = false;
    this.lookedAt = performance.now();
    try {
      let after: string | undefined = '';
      while (after !== undefined) after = await this.takeUpPage(after);
    } catch (error) {
      this.hasActs = true;
      throw error;
    }
  }

  /** Returns where the next page begins. */
  private async takeUpPage(after: string): Promise<string | undefined> {
    let last: string | undefined;
    await this.append(async (manager) => {
      const waiting = await manager.find(UnchainedEvent, { where: { id: MoreThan(after) }, order: { id: 'ASC' }, take: ACTS });
      last = waiting.length === ACTS ? waiting.at(-1)?.id : undefined;
      if (waiting.length === 0) return [];
      const ids = (await lockRows(manager, waiting)).map(({ id }) => id);
      const events = await manager.find(AuditEvent, { where: { id: In(ids) }, order: { id: 'ASC' } });
      // What is not ours stays out, and `gatehouse audit verify` tells of it.
      const genuine = events
        .map(entryOf)
        .filter(({ id, digest }) => waiting.find((act) => act.id === id)?.mark === this.marks.unchained(digest));
      if (genuine.length > 0) await manager.delete(UnchainedEvent, { id: In(genuine.map(({ id }) => id)) });
      return genuine;
    });
    return last;
  }

  private async append(work: (manager: EntityManager) => Promise<readonly BatchEntry[]>): Promise<void> {
    if (this.number === undefined) await this.begin();
    const isSure = Math.abs(this.clock() - this.appendedAt) < REMOVABLE_MS;
    const known = isSure ? this.head : undefined;
    let next: Head | undefined;
    // Until the transaction has ended well, only the database knows.
    this.head = undefined;
    try {
      await this.unitOfWork.write(async (manager) => {
        const head = known ?? (await this.readHead(manager));
        const entries = await work(manager);
        next = entries.length > 0 ? await this.appendBatch(manager, head, entries) : head;
      });
    } catch (error) {
      if (!(error instanceof ChainGone)) throw error;
      this.number = undefined;
      return this.append(work);
    }
    this.head = next;
    this.appendedAt = this.clock();
  }

  private async appendBatch(manager: EntityManager, head: Head, entries: readonly BatchEntry[]): Promise<Head> {
    const firstId = entries.reduce((least, { id }) => (id < least ? id : least), entries[0]?.id ?? '');
    const content = { chain: head.number, sequence: head.sequence + 1, firstId, entries: joinEntries(entries), previous: head.hash };
    const next = { ...head, sequence: content.sequence, hash: this.marks.batch(content) };
    await insertBatch(manager, { ...content, hash: next.hash });
    await updateHead(manager, next, this.marks.head(next));
    return next;
  }

  private async readHead(manager: EntityManager): Promise<Head> {
    const isSqlite = manager.dataSource.options.type === 'better-sqlite3';
    const where = { number: this.number ?? REGISTER };
    // Locked, so that it is not removed before there is a batch in it.
    const row = await manager.findOne(ChainRow, { where, ...(isSqlite ? {} : { lock: { mode: 'pessimistic_write' } }) });
    if (row) return row;
    throw new ChainGone('The chain of this process was removed; another one begins');
  }

  private async begin(): Promise<void> {
    try {
      await this.addChain();
    } catch (error) {
      // Another replica has made the register at the same time.
      if (!isDuplicate(error)) throw error;
      await this.addChain();
    }
  }

  private async addChain(): Promise<void> {
    const startedAt = this.clock();
    let number = 0;
    await this.unitOfWork.write(async (manager) => {
      number = await this.register(manager, startedAt);
      const hash = this.marks.start(number, startedAt);
      const head = { number, startedAt, sequence: 0, hash };
      const cut = { number, cutSequence: 0, cutHash: hash };
      await manager.insert(ChainRow, { ...head, ...cut, mark: this.marks.head(head), cutMark: this.marks.cut(cut) });
    });
    this.number = number;
    this.appendedAt = startedAt;
    this.head = { number, startedAt, sequence: 0, hash: this.marks.start(number, startedAt) };
  }

  /** Counts one more chain; replicas that start together take turns. Returns its number. */
  private async register(manager: EntityManager, now: number): Promise<number> {
    const isSqlite = manager.dataSource.options.type === 'better-sqlite3';
    const row = await manager.findOne(ChainRow, {
      where: { number: REGISTER },
      ...(isSqlite ? {} : { lock: { mode: 'pessimistic_write' } }),
    });
    if (!row) {
      await manager.insert(ChainRow, { ...registerOf(1, now, this.marks), cutSequence: 0, cutHash: '', cutMark: '' });
      return 1;
    }
    // A register that somebody has changed is not made good again.
    const next = registerOf(row.sequence + 1, row.startedAt, this.marks);
    const mark = row.mark === this.marks.head(row) ? next.mark : '';
    await manager.update(ChainRow, { number: REGISTER }, { sequence: next.sequence, mark });
    return next.sequence;
  }
}

class ChainGone extends Error {}

function registerOf(count: number, startedAt: number, marks: ChainMarks): Head & Pick<ChainRow, 'mark'> {
  const head = { number: REGISTER, startedAt, sequence: count, hash: '' };
  return { ...head, mark: marks.head(head) };
}

/** Only what is committed is asked for, so that nobody waits for an act under way; of two replicas one gets each row. */
async function lockRows(manager: EntityManager, rows: readonly UnchainedEvent[]): Promise<readonly UnchainedEvent[]> {
  if (manager.dataSource.options.type === 'better-sqlite3') return rows;
  return manager.find(UnchainedEvent, { where: { id: In(rows.map(({ id }) => id)) }, lock: { mode: 'pessimistic_write' } });
}

const BATCH_COLUMNS = ['chain', 'sequence', 'firstId', 'entries', 'previous', 'hash'] as const;

/** By hand, as the events themselves: the query builder takes ten times as long. */
async function insertBatch(manager: EntityManager, batch: AuditBatch): Promise<void> {
  const columns = BATCH_COLUMNS.map((column) => manager.dataSource.driver.escape(column)).join(', ');
  await manager.query(
    `INSERT INTO audit_batches (${columns}) VALUES (?, ?, ?, ?, ?, ?)`,
    BATCH_COLUMNS.map((column) => batch[column]),
  );
}

async function updateHead(manager: EntityManager, { number, sequence, hash }: Head, mark: string): Promise<void> {
  const { driver } = manager.dataSource;
  const [toSequence, toHash, toMark, ofNumber] = ['sequence', 'hash', 'mark', 'number'].map((column) => `${driver.escape(column)} = ?`);
  await manager.query(`UPDATE audit_chains SET ${toSequence}, ${toHash}, ${toMark} WHERE ${ofNumber}`, [sequence, hash, mark, number]);
}
