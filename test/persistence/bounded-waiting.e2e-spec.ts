import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createPool, type Pool as Mysql2Pool } from 'mysql2';
import { boundPool, type Pool } from '../../src/database/bounded-waiting.js';
import { isDatabaseAway } from '../../src/database/database-away.js';

const TEST_DATABASE_URL = process.env['TEST_DATABASE_URL'];

(TEST_DATABASE_URL ? describe : describe.skip)('a request that waits for MySQL or MariaDB', () => {
  let pool: Mysql2Pool;
  beforeAll(() => {
    pool = createPool({ uri: TEST_DATABASE_URL ?? '', connectionLimit: 1 });
    boundPool(pool as unknown as Pool, { statementMs: 300, waitMs: 500 });
  });
  afterAll(() => pool.promise().end());

  const run = async (statement: string): Promise<unknown> => {
    const connection = await pool.promise().getConnection();
    try {
      const [rows] = await connection.query(statement);
      return rows;
    } finally {
      connection.release();
    }
  };

  it('is told in time that the database is away, where a statement hangs', async () => {
    const began = performance.now();
    const error: unknown = await run('SELECT SLEEP(3)').catch((reason: unknown) => reason);
    expect(performance.now() - began).toBeLessThan(1500);
    expect(isDatabaseAway(error)).toBe(true);
  });

  it('leaves nothing of a statement that was given up to the next one', async () => {
    await run('SELECT SLEEP(3)').catch(() => undefined);
    expect(await run('SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it('is told in time that the database is away, where no connection becomes free', async () => {
    const held = await pool.promise().getConnection();
    const error: unknown = await run('SELECT 1').catch((reason: unknown) => reason);
    expect(isDatabaseAway(error)).toBe(true);
    held.release();
    expect(await run('SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });
});
