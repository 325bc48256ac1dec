import { createHash } from 'node:crypto';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { type EntityManager, In, LessThan, Repository } from 'typeorm';
import { CLOCK, type Clock } from '../common/clock.js';
import { Digester } from '../database/digester.js';
import type { SealedColumn } from '../database/reseal.js';
import { Sealer } from '../database/sealer.js';
import { isDuplicate, type Transaction, UnitOfWork } from '../database/unit-of-work.service.js';
import { ProblemError } from '../protocol/problem.js';
import { IdempotencyKey } from './idempotency-key.entity.js';

const KEEP_MS = 3600 * 1000;
const PRUNE_BATCH = 500;
const KEY = /^[\x21-\x7e]{1,255}$/;
const sealPurpose = (id: string): string => `idempotency.answer.${id}`;
export const SEALED_ANSWERS: SealedColumn = { entity: IdempotencyKey, key: 'id', column: 'sealedAnswer', purposeOf: sealPurpose };

/** What is asked for, by whom, under which `Idempotency-Key`. */
export interface IdempotentRequest {
  readonly admin: { readonly id: string };
  readonly route: string;
  readonly key: string | undefined;
  readonly body: unknown;
}

export interface IdempotentAnswer<T> {
  readonly answer: T;
  /** Whether the answer is that of an earlier request. */
  readonly replayed: boolean;
}

type Work<T> = (transaction: Transaction) => Promise<T>;
type Row = Pick<IdempotencyKey, 'id' | 'requestDigest'>;

/** Makes a creation happen once, however often it is sent. The answer is kept sealed for an hour, then the key is free again. */
@Injectable()
export class IdempotencyService {
  private readonly logger = new Logger('Idempotency');

  constructor(
    @InjectRepository(IdempotencyKey) private readonly keys: Repository<IdempotencyKey>,
    private readonly unitOfWork: UnitOfWork,
    private readonly sealer: Sealer,
    private readonly digester: Digester,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * Runs `work` in a transaction; under a key, the key's row commits with it. Whoever comes second gets the first answer.
   * `work` must answer with plain JSON.
   * @throws {ProblemError} `idempotency_key_reused` when the key was used with another body.
   */
  async run<T>(request: IdempotentRequest, work: Work<T>): Promise<IdempotentAnswer<T>> {
    if (request.key === undefined) return { answer: await this.unitOfWork.run(work), replayed: false };
    if (!KEY.test(request.key)) throw new ProblemError('validation_failed', 'Idempotency-Key must be 1 to 255 visible ASCII characters.');
    const row = this.toRow(request);
    try {
      return await this.unitOfWork.run((transaction) => this.once(row, transaction, work));
    } catch (error) {
      // Two at the same time (on a server): the second waited for the first one's row, which is committed now.
      const first = isDuplicate(error) ? await this.replay<T>(row, this.keys.manager) : undefined;
      if (!first) throw error;
      return first;
    }
  }

  /** The body is digested under the pepper: it may hold a password, which a plain hash would leave open to guessing. */
  private toRow({ admin, route, key, body }: IdempotentRequest): Row {
    const id = createHash('sha256')
      .update(JSON.stringify([admin.id, route, key]))
      .digest('hex');
    return { id, requestDigest: this.digester.digest(JSON.stringify(body ?? null)) };
  }

  // It looks inside the transaction: on SQLite's one connection, outside of it, the uncommitted rows of others can be seen.
  private async once<T>(row: Row, transaction: Transaction, work: Work<T>): Promise<IdempotentAnswer<T>> {
    const { manager } = transaction;
    const first = await this.replay<T>(row, manager);
    if (first) return first;
    const createdAt = this.clock();
    await manager.delete(IdempotencyKey, { id: row.id, createdAt: LessThan(createdAt - KEEP_MS) });
    // The row goes in before the work: of two at the same time, the second waits here for the first to commit.
    await manager.insert(IdempotencyKey, { ...row, createdAt, sealedAnswer: '' });
    const answer = await work(transaction);
    await manager.update(IdempotencyKey, { id: row.id }, { sealedAnswer: this.sealer.seal(sealPurpose(row.id), JSON.stringify(answer)) });
    return { answer, replayed: false };
  }

  private async replay<T>(row: Row, manager: EntityManager): Promise<IdempotentAnswer<T> | undefined> {
    const stored = await manager.findOneBy(IdempotencyKey, { id: row.id });
    if (!stored || stored.sealedAnswer === '' || stored.createdAt < this.clock() - KEEP_MS) return undefined;
    if (stored.requestDigest !== row.requestDigest) throw new ProblemError('idempotency_key_reused', 'Use a new key for another request.');
    return { answer: JSON.parse(this.sealer.open(sealPurpose(row.id), stored.sealedAnswer).toString('utf8')) as T, replayed: true };
  }

  /** Removes what is older than an hour: in small batches, so that nobody waits long for the rows (or, on SQLite, the file) that it locks. */
  async prune(): Promise<void> {
    try {
      while ((await this.pruneBatch()) === PRUNE_BATCH);
    } catch (error) {
      this.logger.warn(`Old idempotency keys were not removed: ${(error as Error).message}`);
    }
  }

  private async pruneBatch(): Promise<number> {
    const where = { createdAt: LessThan(this.clock() - KEEP_MS) };
    const old = await this.keys.find({ select: { id: true }, where, order: { createdAt: 'ASC' }, take: PRUNE_BATCH });
    const ids = old.map(({ id }) => id);
    if (ids.length > 0) await this.unitOfWork.write((manager) => deleteKeys(manager, ids));
    return ids.length;
  }
}

async function deleteKeys(manager: EntityManager, ids: string[]): Promise<void> {
  await manager.delete(IdempotencyKey, { id: In(ids) });
}
