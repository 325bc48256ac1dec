import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type TestStorage, testStorage } from '../../test/support/database.js';
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
});
