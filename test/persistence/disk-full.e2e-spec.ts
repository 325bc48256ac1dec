import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import BetterSqlite3 from 'better-sqlite3';
import { newId } from '../../src/common/ids.js';
import { isDatabaseAway } from '../../src/database/database-away.js';
import { DocsFeedback } from '../../src/docs-server/docs-feedback.entity.js';
import { testStorage, type TestStorage } from '../support/database.js';

const PAGE_BYTES = 4096;

(process.env['TEST_DATABASE_URL'] ? describe.skip : describe)('SQLite on a disk that is full', () => {
  let storage: TestStorage;
  let file: string;
  beforeAll(async () => {
    storage = await testStorage();
    file = storage.dataSource.options.database as string;
  });
  afterAll(() => storage.remove());

  const pragma = async (name: string): Promise<number> =>
    Object.values((await storage.dataSource.query<Record<string, number>[]>(`PRAGMA ${name}`))[0] ?? {})[0] ?? 0;
  const write = (description: string): Promise<void> =>
    storage.unitOfWork.write(async (manager) => {
      const row = { id: newId(), serverId: 'server', page: 'page', description, credentialId: null, createdAt: 1 };
      await manager.insert(DocsFeedback, row);
      if (description === 'refused') throw new Error('Refused');
    });
  /** What another connection sees is committed. */
  const committed = (description: string): number => {
    const other = new BetterSqlite3(file, { readonly: true });
    const { count } = other.prepare('SELECT COUNT(*) AS count FROM docs_feedback WHERE description = ?').get(description) as {
      count: number;
    };
    other.close();
    return count;
  };

  it('refuses writes as unavailable, and commits what it acknowledges later on', async () => {
    const pages = await pragma('page_count');
    await pragma(`max_page_count = ${pages}`);
    for (let i = 0; i < 3; i++) {
      const error: unknown = await write('x'.repeat(20 * PAGE_BYTES)).catch((reason: unknown) => reason);
      expect(isDatabaseAway(error)).toBe(true);
      // Whatever else fails meanwhile.
      await expect(write('refused')).rejects.toThrow();
    }
    await pragma(`max_page_count = ${pages + 1000}`);
    await expect(write('refused')).rejects.toThrow('Refused');
    await write('acknowledged');
    expect([committed('acknowledged'), committed('refused')]).toEqual([1, 0]);
  });
});
