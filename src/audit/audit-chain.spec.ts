import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { EntityManager } from 'typeorm';
import { type TestStorage, testStorage } from '../../test/support/database.js';
import { newId } from '../common/ids.js';
import { UnitOfWork } from '../database/unit-of-work.service.js';
import { MARKS_PURPOSE } from './audit-chain.service.js';
import { AuditRetention } from './audit-retention.service.js';
import type { AuditService } from './audit.service.js';
import { AuditBatch, ChainRow, UnchainedEvent } from './chain.entity.js';
import { ChainMarks } from './chain-marks.js';
import { digestOf, joinEntries } from './event-digest.js';
import { AuditEvent } from './event.entity.js';
import { TrailVerifier, type Verification } from './verify-trail.js';

const DAY_MS = 86_400_000;

let storage: TestStorage;
let audit: AuditService;
beforeAll(async () => {
  storage = await testStorage();
});
afterAll(() => storage.remove());
beforeEach(async () => {
  for (const entity of [AuditEvent, AuditBatch, ChainRow, UnchainedEvent]) await table<object>(entity).clear();
  audit = storage.newAudit();
});

const table = <T extends object>(entity: new () => T) => storage.dataSource.getRepository(entity);
const all = () => table(AuditEvent).find({ order: { id: 'ASC' } });

function verify(): Promise<Verification> {
  const marks = new ChainMarks(storage.digester.deriveKey(MARKS_PURPOSE));
  return storage.dataSource.transaction((manager) => new TrailVerifier(manager, marks).verify());
}

const findings = async (): Promise<string[]> => (await verify()).findings.map(({ kind, text }) => `${kind}: ${text}`);

function note(writer: AuditService, count: number): void {
  for (let i = 0; i < count; i++) writer.note({ kind: 'call', server: 'docs', address: '10.0.0.1', detail: { i } });
}

const act = (writer: AuditService, label: string): Promise<void> =>
  storage.unitOfWork.write((manager) => writer.record(manager, { kind: 'credential.created', actor: 'admin', detail: { label } }));

/** A trail of three batches of uses and a batch of acts, by two writers. */
async function fill(): Promise<void> {
  const other = storage.newAudit();
  note(audit, 200);
  await act(audit, 'one');
  await audit.flush();
  await act(other, 'two');
  note(other, 3);
  await other.flush();
  storage.advance(1000);
  note(audit, 2);
  await audit.flush();
}

describe('the chain over the audit trail', () => {
  it('is whole after what several writers wrote at a time, and after another start', async () => {
    const writers = [audit, storage.newAudit(), storage.newAudit()];
    for (let round = 0; round < 3; round++) {
      for (const writer of writers) note(writer, 150);
      await Promise.all(writers.map((writer, i) => act(writer, `${round} ${i}`)));
      await Promise.all(writers.map((writer) => writer.flush()));
    }
    const again = storage.newAudit();
    note(again, 1);
    await again.flush();
    const { findings: found, events, chains, olderEvents } = await verify();
    expect({ found, events, chains, olderEvents }).toEqual({ found: [], events: 3 * 3 * 151 + 1, chains: 4, olderEvents: 0 });
    expect(await table(UnchainedEvent).count()).toBe(0);
  });

  it('covers text of every kind as it is read back', async () => {
    audit.note({ kind: 'token.refused', clientId: `${'x'.repeat(63)}🗝`, detail: { text: 'Ünïcödé 🗝 \u0000 \ud800 "\n' } });
    audit.note({ kind: 'token.refused', clientId: 'trailing \n', detail: {} });
    await audit.flush();
    expect(await findings()).toEqual([]);
  });

  it('covers an act from the moment that it is committed, and leaves out one that is rolled back', async () => {
    await act(audit, 'one');
    const rolledBack = storage.unitOfWork.write(async (manager) => {
      await audit.record(manager, { kind: 'credential.created' });
      throw new Error('rolled back');
    });
    await expect(rolledBack).rejects.toThrow('rolled back');
    expect(await findings()).toEqual([]);
    const [event] = await all();
    await table(AuditEvent).update({ id: event!.id }, { actor: 'somebody else' });
    expect(await findings()).toEqual([expect.stringContaining(`changed: Event ${event!.id}`)]);
    await table(AuditEvent).delete({ id: event!.id });
    expect(await findings()).toEqual([expect.stringContaining(`removed: Event ${event!.id}`)]);
  });

  it('takes up an act whose writer died before it could', async () => {
    await act(storage.newAudit(), 'one');
    await audit.flush();
    expect(await table(UnchainedEvent).count()).toBe(0);
    expect((await verify()).batches).toBe(1);
  });

  it('goes on where it is not known whether a batch was committed', async () => {
    const { dataSource, feed, clock } = storage;
    let loses = false;
    class Losing extends UnitOfWork {
      override async write(work: (manager: EntityManager) => Promise<void>): Promise<void> {
        await super.write(work);
        if (loses) throw new Error('The connection was lost after COMMIT');
      }
    }
    audit = storage.newAudit(new Losing(dataSource, feed, clock));
    note(audit, 2);
    await audit.flush();
    note(audit, 2);
    loses = true;
    await audit.flush();
    note(audit, 3);
    loses = false;
    await audit.flush();
    expect(audit.waiting).toBe(0);
    expect(await all()).toHaveLength(7);
    expect(await findings()).toEqual([]);
  });

  it('says of events from before it that it does not cover them', async () => {
    const at = storage.clock() - DAY_MS;
    const old = { credentialId: null, clientId: null, server: null, actor: null, address: null, detail: null };
    await table(AuditEvent).insert({ id: '01K000000000000000000000AA', at, kind: 'call', ...old });
    await fill();
    expect(await verify()).toMatchObject({ findings: [], olderEvents: 1 });
  });
});

describe('verification of the audit trail', () => {
  beforeEach(fill);

  it.each(['at', 'kind', 'credentialId', 'clientId', 'server', 'actor', 'address', 'detail'] as const)(
    'names an event whose %s was changed',
    async (column) => {
      const events = await all();
      const event = events[70]!;
      await table(AuditEvent).update({ id: event.id }, { [column]: column === 'at' ? event.at + 1 : 'x' });
      expect(await findings()).toEqual([expect.stringContaining(`changed: Event ${event.id} of 2026-11-22T10:0`)]);
    },
  );

  it('names an event that was moved from one column to the next', async () => {
    const event = (await all())[5]!;
    await table(AuditEvent).update({ id: event.id }, { server: null, actor: event.server });
    expect(await findings()).toEqual([expect.stringContaining(event.id)]);
  });

  it('names every event that was removed: the first, some in the middle, an act, the last', async () => {
    const events = await all();
    const created = events.find(({ kind }) => kind === 'credential.created')!;
    const gone = [...new Set([events[0]!, events[100]!, events[101]!, created, events.at(-1)!])];
    await table(AuditEvent).delete(gone.map(({ id }) => id));
    const found = await findings();
    expect(found).toHaveLength(gone.length);
    for (const { id } of gone) expect(found).toContainEqual(expect.stringContaining(`removed: Event ${id}`));
  });

  it('names every event where all were removed', async () => {
    const events = await all();
    await storage.dataSource.query('DELETE FROM events');
    expect(await findings()).toHaveLength(events.length);
  });

  it('names an event that was inserted, also where marks and batches were made up for it', async () => {
    const template = (await all())[10]!;
    const copy = (): AuditEvent => ({ ...template, id: newIdLike(template.id) });
    const [plain, waiting, batched] = [copy(), copy(), copy()];
    await table(AuditEvent).insert([plain, waiting, batched]);
    await table(UnchainedEvent).insert({ id: waiting.id, mark: 'x'.repeat(43) });
    const entries = joinEntries([{ id: batched.id, digest: digestOf(batched) }]);
    const batch = { sequence: 99, firstId: batched.id, entries, previous: 'x'.repeat(43), hash: 'y'.repeat(43) };
    await table(AuditBatch).insert({ ...batch, chain: 7 });
    await audit.flush();
    const found = await findings();
    expect(found).toContainEqual(expect.stringContaining(`inserted: Event ${plain.id}`));
    expect(found).toContainEqual(expect.stringContaining(`Event ${waiting.id}`));
    expect(found).toContainEqual(expect.stringContaining('batches of a chain 7'));
  });

  it('finds a batch that was removed with its events, wherever it was', async () => {
    const batches = await table(AuditBatch).find({ order: { chain: 'ASC', sequence: 'ASC' } });
    expect(batches.length).toBeGreaterThan(4);
    for (const batch of batches) {
      const events = await all();
      const ids = events.map(({ id }) => id).filter((id) => batch.entries.includes(id));
      const rows = events.filter(({ id }) => ids.includes(id));
      await table(AuditEvent).delete(ids);
      await table(AuditBatch).delete({ chain: batch.chain, sequence: batch.sequence });
      expect(await findings()).not.toEqual([]);
      await table(AuditBatch).insert(batch);
      await table(AuditEvent).insert(rows);
      expect(await findings()).toEqual([]);
    }
  });

  it('finds an end that was cut off and a head that was set back with it', async () => {
    const chain = await table(ChainRow).findOneByOrFail({ number: 1 });
    const [before, last] = await table(AuditBatch).find({
      where: { chain: 1 },
      order: { sequence: 'ASC' },
      skip: chain.sequence - 2,
      take: 2,
    });
    await table(AuditEvent).delete((await all()).map(({ id }) => id).filter((id) => last!.entries.includes(id)));
    await table(AuditBatch).delete({ chain: 1, sequence: last!.sequence });
    await table(ChainRow).update({ number: 1 }, { sequence: before!.sequence, hash: before!.hash });
    expect(await findings()).toEqual(['chain: The end of chain 1 was changed.']);
  });

  it('finds a beginning that was cut off as if it had been too old', async () => {
    const first = await table(AuditBatch).findOneByOrFail({ chain: 1, sequence: 1 });
    await table(AuditEvent).delete((await all()).map(({ id }) => id).filter((id) => first.entries.includes(id)));
    await table(AuditBatch).delete({ chain: 1, sequence: 1 });
    await table(ChainRow).update({ number: 1 }, { cutSequence: 1, cutHash: first.hash });
    expect(await findings()).toEqual(['chain: The beginning of chain 1 was changed.']);
  });

  it('finds a whole chain that was removed, also where the register was changed with it', async () => {
    const batches = await table(AuditBatch).findBy({ chain: 2 });
    await table(AuditEvent).delete((await all()).map(({ id }) => id).filter((id) => batches.some(({ entries }) => entries.includes(id))));
    await table(AuditBatch).delete({ chain: 2 });
    await table(ChainRow).delete({ number: 2 });
    expect(await findings()).toEqual(['chain: Chain 2 was removed, with all that one process wrote.']);
    await table(ChainRow).update({ number: 0 }, { sequence: 1 });
    expect(await findings()).toEqual(['chain: The register of the chains was changed.']);
    // Another start does not make it good again.
    const next = storage.newAudit();
    note(next, 1);
    await next.flush();
    expect(await findings()).toContain('chain: The register of the chains was changed.');
  });
});

describe('retention of the audit trail', () => {
  const retention = (auditRetentionDays: number | undefined) =>
    new AuditRetention(storage.dataSource, storage.unitOfWork, storage.digester, { auditRetentionDays }, storage.clock);

  it('removes what is too old, and what remains can still be verified', async () => {
    for (let day = 0; day < 4; day++) {
      await fill();
      storage.advance(DAY_MS - 1000);
    }
    const before = await all();
    await retention(undefined).removeOld();
    await retention(4).removeOld();
    expect(await all()).toEqual(before);
    await Promise.all([retention(2), retention(2)].map((each) => each.removeOld()));
    const remaining = await all();
    expect(remaining).toEqual(before.slice(before.length / 2));
    expect(await findings()).toEqual([]);
    await table(AuditEvent).delete({ id: remaining[0]!.id });
    expect(await findings()).toEqual([expect.stringContaining(remaining[0]!.id)]);
  });

  it('goes on over lines that somebody else has removed or inserted, and leaves nothing of old chains but their rows', async () => {
    await fill();
    const [first] = await all();
    await table(AuditEvent).delete({ id: first!.id });
    await table(AuditBatch).delete({ chain: 1, sequence: 2 });
    await table(AuditEvent).insert({ ...first!, id: newIdLike(first!.id) });
    storage.advance(3 * DAY_MS);
    note(audit, 1);
    await audit.flush();
    await retention(1).removeOld();
    expect(await table(AuditEvent).count()).toBe(1);
    expect(await table(AuditBatch).count()).toBe(1);
    note(audit, 1);
    await audit.flush();
    expect(await findings()).toEqual([]);
  });
});

/** Another id of the same time. */
const newIdLike = (id: string): string => id.slice(0, 10) + newId().slice(10);

describe('the rows of chains of which nothing is left', () => {
  const removeOld = () =>
    new AuditRetention(storage.dataSource, storage.unitOfWork, storage.digester, { auditRetentionDays: 2 }, storage.clock).removeOld();
  const numbers = async () => (await table(ChainRow).find({ order: { number: 'ASC' } })).map(({ number }) => number);

  it('leave with their last events, and the trail is whole; a process that was silent begins another', async () => {
    for (let start = 0; start < 5; start++) {
      audit = storage.newAudit();
      note(audit, 3);
      await audit.flush();
      storage.advance(DAY_MS);
    }
    const silent = audit;
    await removeOld();
    expect(await numbers()).toEqual([0, 4, 5]);
    expect(await findings()).toEqual([]);
    storage.advance(9 * DAY_MS);
    await removeOld();
    expect(await numbers()).toEqual([0]);
    expect(await findings()).toEqual([]);
    note(silent, 1);
    await silent.flush();
    expect(await numbers()).toEqual([0, 6]);
    expect(await findings()).toEqual([]);
  });

  it('cannot be passed off as old by somebody who writes in the database', async () => {
    await fill();
    await table(AuditEvent).clear();
    await table(AuditBatch).clear();
    await table(ChainRow).delete({ number: 1 });
    await table(ChainRow).delete({ number: 2 });
    await table(ChainRow).update({ number: 0 }, { cutSequence: 2, cutMark: 'x' });
    expect(await findings()).toEqual(['chain: The register of the chains was changed.']);
  });
});
