import { statSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { AuditEvent } from '../../src/audit/event.entity.js';
import { firstIdAt } from '../../src/common/ids.js';
import { eventually } from '../support/eventually.js';
import { startTestGatehouse, type TestGatehouse } from '../support/gatehouse.js';

const ROWS = 400;

// MariaDB and MySQL write their files themselves.
(process.env['TEST_DATABASE_URL'] ? describe.skip : describe)('the file of SQLite', () => {
  let gatehouse: TestGatehouse;
  let dataSource: DataSource;
  let file: string;
  beforeAll(async () => {
    gatehouse = await startTestGatehouse();
    dataSource = gatehouse.app.get(DataSource);
    file = dataSource.options.database as string;
  });
  afterAll(() => gatehouse.remove());

  const pagesOfLog = async (): Promise<number> => {
    const [row] = await dataSource.query<[{ wal_autocheckpoint: number }]>('PRAGMA wal_autocheckpoint');
    return row.wal_autocheckpoint;
  };

  it('is left to the event loop while little is written: a thread takes memory', async () => {
    await gatehouse.createCredential();
    expect(await pagesOfLog()).toBe(1000);
  });

  it('gets from a thread what stands in the log once that is more', async () => {
    const before = statSync(file).size;
    const rows = Array.from({ length: ROWS }, (_, i) => ({
      id: firstIdAt(Date.now() + i * 1000),
      at: Date.now(),
      kind: 'call',
      credentialId: null,
      clientId: null,
      server: null,
      actor: null,
      address: null,
      detail: JSON.stringify({ filler: 'x'.repeat(1000) }),
    }));
    await dataSource.getRepository(AuditEvent).insert(rows);
    // Less than SQLite would take over by itself.
    expect(statSync(file).size - before).toBeLessThan(ROWS * 1000);
    await eventually(() => expect(statSync(file).size - before).toBeGreaterThan(ROWS * 1000), 20_000);
    expect(await pagesOfLog()).toBe(10_000);
  });
});
