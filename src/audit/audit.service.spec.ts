import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type TestStorage, testStorage } from '../../test/support/database.js';
import { eventually } from '../../test/support/eventually.js';
import type { UnitOfWork } from '../database/unit-of-work.service.js';
import { AuditEvent } from './event.entity.js';

let storage: TestStorage;
beforeAll(async () => {
  storage = await testStorage();
});
afterAll(() => storage.remove());

describe('events that are noted', () => {
  it('are written once each, though several flushes run at a time and more are noted meanwhile', async () => {
    const audit = storage.newAudit();
    const note = (from: number, to: number) => {
      for (let i = from; i < to; i++) audit.note({ kind: 'call', detail: { i } });
    };
    note(0, 300);
    const flushes = [audit.flush(), audit.flush()];
    note(300, 500);
    await Promise.all([...flushes, audit.flush()]);
    const rows = await storage.dataSource.getRepository(AuditEvent).find();
    const seen = rows.map(({ detail }) => (JSON.parse(detail ?? '{}') as { i: number }).i).sort((a, b) => a - b);
    expect(seen).toEqual(Array.from({ length: 500 }, (_, i) => i));
  });

  it('are written as soon as a batch is full, and the rest at the next flush', async () => {
    const audit = storage.newAudit();
    for (let i = 0; i < 130; i++) audit.note({ kind: 'token.issued', detail: { i } });
    const written = () => storage.dataSource.getRepository(AuditEvent).countBy({ kind: 'token.issued' });
    await eventually(async () => expect([await written(), audit.waiting]).toEqual([128, 2]));
    await audit.flush();
    expect([await written(), audit.waiting]).toEqual([130, 0]);
  });

  it('wait while the database is away, and are written once each when it is back', async () => {
    let isAway = true;
    const write: UnitOfWork['write'] = (work) => (isAway ? Promise.reject(new Error('away')) : storage.unitOfWork.write(work));
    const audit = storage.newAudit({ write } as UnitOfWork);
    for (let i = 0; i < 300; i++) audit.note({ kind: 'token.revoked', detail: { i } });
    await audit.flush();
    expect(audit.waiting).toBe(300);
    isAway = false;
    await audit.flush();
    expect(await storage.dataSource.getRepository(AuditEvent).countBy({ kind: 'token.revoked' })).toBe(300);
  });
});
