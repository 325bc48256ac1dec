import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DataSource, type QueryRunner } from 'typeorm';
import { dataSourceOptions, openDatabase } from '../../src/database/data-source.js';
import { MIGRATIONS } from '../../src/database/migrations/index.js';
import { ENTITIES } from '../../src/entities.js';
import { type EmptyDatabase, emptyDatabase, type TestDatabase, withTestDatabase } from '../support/database.js';

class Killed extends Error {}

/** Lets so many statements through that change something, then none. */
function dieAfter(runner: QueryRunner, statements: number): QueryRunner {
  const query = runner.query.bind(runner);
  let left = statements;
  runner.query = (async (statement: string, ...rest: []) => {
    if (!/^\s*SELECT/i.test(statement) && left-- <= 0) throw new Killed();
    return (await query(statement, ...rest)) as unknown;
  }) as typeof runner.query;
  return runner;
}

async function schemaOf(dataSource: DataSource): Promise<string[]> {
  const tables = (await dataSource.query<Record<string, string>[]>('SHOW TABLES')).map((row) => Object.values(row)[0] ?? '').sort();
  const created = await Promise.all(tables.map((name) => dataSource.query<Record<string, string>[]>(`SHOW CREATE TABLE \`${name}\``)));
  // Whatever was inserted there has moved the counter.
  return created.map((rows) => (rows[0]?.['Create Table'] ?? '').replace(/ AUTO_INCREMENT=\d+/, ''));
}

// SQLite takes the tables of a migration back with its transaction.
(process.env['TEST_DATABASE_URL'] ? describe : describe.skip)('a start that is killed within a migration', () => {
  let database: EmptyDatabase;
  let fresh: TestDatabase;
  beforeAll(async () => {
    [database, fresh] = [await emptyDatabase(), await withTestDatabase()];
  });
  afterAll(async () => {
    await database.remove();
    await fresh.remove();
  });

  it('is made good by the next, after whichever statement it was', async () => {
    const dataSource = await new DataSource(await dataSourceOptions(database.config, [])).initialize();
    let kills = 0;
    for (const Migration of MIGRATIONS) {
      // What a killed start has done is not done again: each of these gets one statement further.
      for (let statements = 0; ; statements = 1) {
        const runner = dieAfter(dataSource.createQueryRunner(), statements);
        const error = await new Migration().up(runner).catch((reason: unknown) => reason);
        await runner.release();
        if (error === undefined) break;
        expect(error).toBeInstanceOf(Killed);
        kills++;
      }
    }
    await dataSource.destroy();
    expect(kills).toBeGreaterThan(30);
    // None is in the table of migrations: the next start goes through all of them.
    const next = await openDatabase(database.config, ENTITIES);
    expect(await schemaOf(next)).toEqual(await schemaOf(fresh.dataSource));
    await next.destroy();
  }, 120_000);
});
