import type { EntityManager } from 'typeorm';
import { firstIdAt, timeOfId } from '../common/ids.js';
import type { AuditBatch, ChainRow } from './chain.entity.js';
import { type ChainMarks, isGenuineRegister } from './chain-marks.js';
import { type BatchEntry, digestOf, splitEntries } from './event-digest.js';
import type { AuditEvent } from './event.entity.js';
import { TrailReader } from './trail-reader.js';

export interface Finding {
  /** What happened to an event, or `chain` for a fault of what holds them together. */
  readonly kind: 'changed' | 'removed' | 'inserted' | 'chain';
  /** When, as far as it can be told. */
  readonly at: number | undefined;
  readonly text: string;
}

export interface Verification {
  readonly findings: readonly Finding[];
  readonly events: number;
  readonly batches: number;
  readonly chains: number;
  /** Events from before there was a chain: nothing can be said of them. */
  readonly olderEvents: number;
}

/** Checks the audit trail as of one moment: every chain, then every event against what the batches say of it. */
export class TrailVerifier {
  private readonly findings: Finding[] = [];
  private readonly reader: TrailReader;
  private events = 0;
  private batches = 0;
  private olderEvents = 0;

  constructor(
    manager: EntityManager,
    private readonly marks: ChainMarks,
  ) {
    this.reader = new TrailReader(manager);
  }

  async verify(): Promise<Verification> {
    const { register, chains } = await this.reader.chains();
    if (register) this.checkRegister(register, chains);
    else if (chains.length > 0 || (await this.reader.hasBatches())) this.find('chain', undefined, 'The register of the chains is gone.');
    for (const chain of chains) await this.checkChain(chain);
    await this.checkStrayBatches(chains);
    await this.checkEvents(register?.startedAt);
    const { findings, events, batches, olderEvents } = this;
    return { findings, events, batches, chains: chains.length, olderEvents };
  }

  private find(kind: Finding['kind'], at: number | undefined, text: string): void {
    this.findings.push({ kind, at, text });
  }

  private checkRegister(register: ChainRow, chains: readonly ChainRow[]): void {
    if (!isGenuineRegister(register, this.marks)) this.find('chain', register.startedAt, 'The register of the chains was changed.');
    const numbers = new Set(chains.map(({ number }) => number));
    for (let number = register.cutSequence + 1; number <= register.sequence; number++) {
      if (!numbers.has(number)) this.find('chain', undefined, `Chain ${number} was removed, with all that one process wrote.`);
    }
    for (const { number, startedAt } of chains) {
      if (number > register.sequence || number <= register.cutSequence) this.find('chain', startedAt, `Chain ${number} was inserted.`);
    }
  }

  private async checkChain(chain: ChainRow): Promise<void> {
    const { number, startedAt } = chain;
    if (chain.mark !== this.marks.head(chain)) this.find('chain', startedAt, `The end of chain ${number} was changed.`);
    if (chain.cutMark !== this.marks.cut(chain)) this.find('chain', startedAt, `The beginning of chain ${number} was changed.`);
    let last = { sequence: chain.cutSequence, hash: chain.cutHash };
    for await (const batch of this.reader.batchesOf(number, chain.cutSequence)) {
      this.batches++;
      this.checkLink(batch, last);
      last = batch;
    }
    if (last.sequence < chain.sequence) {
      this.find('chain', startedAt, `The last batches of chain ${number} were removed (${gap(last.sequence, chain.sequence + 1)}).`);
    } else if (last.sequence > chain.sequence || last.hash !== chain.hash) {
      this.find('chain', startedAt, `Chain ${number} does not end as it says.`);
    }
  }

  private checkLink(batch: AuditBatch, last: { sequence: number; hash: string }): void {
    const at = timeOfId(batch.firstId);
    const name = `Batch ${batch.sequence} of chain ${batch.chain}`;
    if (batch.hash !== this.marks.batch(batch)) this.find('chain', at, `${name} was changed.`);
    if (batch.sequence !== last.sequence + 1) {
      this.find('chain', at, `Batches of chain ${batch.chain} were removed (${gap(last.sequence, batch.sequence)}).`);
    } else if (batch.previous !== last.hash) {
      this.find('chain', at, `${name} does not follow the one before it.`);
    }
  }

  /** A batch outside of every chain could make events look as if they had always been there. */
  private async checkStrayBatches(chains: readonly ChainRow[]): Promise<void> {
    const known = new Set(chains.map(({ number }) => number));
    for (const number of await this.reader.chainsOfBatches()) {
      if (!known.has(number)) this.find('chain', undefined, `There are batches of a chain ${number}, which is not there.`);
    }
    for (const chain of chains) {
      const count = await this.reader.strayBatches(chain);
      if (count > 0) this.find('chain', chain.startedAt, `${count} batches were put before the beginning of chain ${chain.number}.`);
    }
  }

  private async checkEvents(since: number | undefined): Promise<void> {
    const first = since === undefined ? undefined : firstIdAt(since);
    const expected = new Map<string, string>();
    const batches = new EntryFeed(this.reader);
    const waiting = await this.reader.unchained();
    for await (const page of this.reader.eventPages()) {
      const lastId = page.at(-1)?.id ?? '';
      await batches.addUntil(lastId, expected);
      for (const event of page) this.checkEvent(event, { expected, waiting, first });
      this.reportMissing(expected, lastId);
    }
    await batches.addUntil(undefined, expected);
    this.reportMissing(expected, undefined);
    for (const id of waiting.keys()) this.reportRemoved(id);
  }

  private checkEvent(
    event: AuditEvent,
    { expected, waiting, first }: { expected: Map<string, string>; waiting: Map<string, string>; first: string | undefined },
  ): void {
    this.events++;
    const named = expected.get(event.id);
    const mark = waiting.get(event.id);
    expected.delete(event.id);
    waiting.delete(event.id);
    const actual = digestOf(event);
    if (named !== undefined) {
      if (named !== actual) this.find('changed', timeOfId(event.id), `${nameOf(event)} was changed.`);
    } else if (mark !== undefined) {
      if (mark !== this.marks.unchained(actual)) this.find('changed', event.at, `${nameOf(event)} was changed or inserted.`);
    } else if (first === undefined || event.id < first) this.olderEvents++;
    else this.find('inserted', timeOfId(event.id), `${nameOf(event)} was not written by Gatehouse, or by a version without the chain.`);
  }

  private reportMissing(expected: Map<string, string>, until: string | undefined): void {
    for (const id of expected.keys()) {
      if (until !== undefined && id > until) continue;
      expected.delete(id);
      this.reportRemoved(id);
    }
  }

  private reportRemoved(id: string): void {
    this.find('removed', timeOfId(id), `Event ${id}${timeText(timeOfId(id))} was removed.`);
  }
}

/** Gives the entries of batches in the order of their first event, as far as they are wanted. */
class EntryFeed {
  private readonly batches: AsyncGenerator<AuditBatch>;
  private next: IteratorResult<AuditBatch, unknown> | undefined;

  constructor(reader: TrailReader) {
    this.batches = reader.batchesByFirstEvent();
  }

  async addUntil(lastId: string | undefined, expected: Map<string, string>): Promise<void> {
    this.next ??= await this.batches.next();
    while (this.next.done !== true && (lastId === undefined || this.next.value.firstId <= lastId)) {
      for (const { id, digest } of entriesOf(this.next.value)) expected.set(id, digest);
      this.next = await this.batches.next();
    }
  }
}

const entriesOf = (batch: AuditBatch): BatchEntry[] => splitEntries(batch.entries);

const gap = (after: number, before: number): string =>
  before - after === 2 ? `number ${after + 1}` : `numbers ${after + 1} to ${before - 1}`;

const timeText = (at: number | undefined): string => (at === undefined ? '' : ` of ${new Date(at).toISOString()}`);

const nameOf = ({ id, kind }: AuditEvent): string => `Event ${id}${timeText(timeOfId(id))} (${kind})`;
