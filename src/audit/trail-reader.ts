import type { EntityManager } from 'typeorm';
import { AuditBatch, ChainRow, UnchainedEvent } from './chain.entity.js';
import { AuditEvent } from './event.entity.js';

const BATCHES = 200;
const EVENTS = 1000;
const REGISTER = 0;

/** Reads the trail and its chains page by page, within a transaction that sees one moment. */
export class TrailReader {
  constructor(private readonly manager: EntityManager) {}

  async chains(): Promise<{ register: ChainRow | undefined; chains: readonly ChainRow[] }> {
    const rows = await this.manager.createQueryBuilder(ChainRow, 'chain').orderBy('chain.number', 'ASC').getMany();
    return { register: rows.find(({ number }) => number === REGISTER), chains: rows.filter(({ number }) => number !== REGISTER) };
  }

  async hasBatches(): Promise<boolean> {
    return (await this.manager.createQueryBuilder(AuditBatch, 'batch').take(1).getCount()) > 0;
  }

  /** Of one chain, in its order. */
  async *batchesOf(chain: number, after: number): AsyncGenerator<AuditBatch> {
    let sequence = after;
    for (;;) {
      const page = await this.manager
        .createQueryBuilder(AuditBatch, 'batch')
        .where('batch.chain = :chain AND batch.sequence > :sequence', { chain, sequence })
        .orderBy('batch.sequence', 'ASC')
        .take(BATCHES)
        .getMany();
      yield* page;
      if (page.length < BATCHES) return;
      sequence = page.at(-1)?.sequence ?? sequence;
    }
  }

  /** Of all chains, by the least id of their events. */
  async *batchesByFirstEvent(): AsyncGenerator<AuditBatch> {
    let last: AuditBatch | undefined;
    for (;;) {
      const page = await this.pageAfter(last);
      yield* page;
      if (page.length < BATCHES) return;
      last = page.at(-1);
    }
  }

  /** How many batches there are of chains that are not in the list, or before the cut of one that is. */
  async strayBatches({ number, cutSequence }: Pick<ChainRow, 'number' | 'cutSequence'>): Promise<number> {
    return this.manager
      .createQueryBuilder(AuditBatch, 'batch')
      .where('batch.chain = :number AND batch.sequence <= :cutSequence', { number, cutSequence })
      .getCount();
  }

  /** The numbers that batches name as their chain. */
  async chainsOfBatches(): Promise<number[]> {
    const rows = await this.manager
      .createQueryBuilder(AuditBatch, 'batch')
      .select('batch.chain', 'chain')
      .groupBy('batch.chain')
      .getRawMany<{ chain: number }>();
    return rows.map(({ chain }) => chain);
  }

  /** Marks of the acts that are in no batch yet, by their event's id. */
  async unchained(): Promise<Map<string, string>> {
    const rows = await this.manager.createQueryBuilder(UnchainedEvent, 'waiting').getMany();
    return new Map(rows.map(({ id, mark }) => [id, mark]));
  }

  async *eventPages(): AsyncGenerator<readonly AuditEvent[]> {
    let after = '';
    for (;;) {
      const page = await this.manager
        .createQueryBuilder(AuditEvent, 'event')
        .where('event.id > :after', { after })
        .orderBy('event.id', 'ASC')
        .take(EVENTS)
        .getMany();
      if (page.length > 0) yield page;
      if (page.length < EVENTS) return;
      after = page.at(-1)?.id ?? after;
    }
  }

  private pageAfter(last: AuditBatch | undefined): Promise<AuditBatch[]> {
    const query = this.manager
      .createQueryBuilder(AuditBatch, 'batch')
      .orderBy('batch.firstId', 'ASC')
      .addOrderBy('batch.chain', 'ASC')
      .addOrderBy('batch.sequence', 'ASC')
      .take(BATCHES);
    if (!last) return query.getMany();
    const { firstId, chain, sequence } = last;
    return query
      .where(
        'batch.firstId >= :firstId AND (batch.firstId > :firstId OR batch.chain > :chain OR (batch.chain = :chain AND batch.sequence > :sequence))',
        { firstId, chain, sequence },
      )
      .getMany();
  }
}
