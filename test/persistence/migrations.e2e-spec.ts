import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DataSource, type Logger } from 'typeorm';
import { dataSourceOptions, openDatabase } from '../../src/database/data-source.js';
import { MIGRATIONS } from '../../src/database/migrations/index.js';
import { ENTITIES } from '../../src/entities.js';
import { type EmptyDatabase, emptyDatabase } from '../support/database.js';

/** What does more than add, each with the reason why an older version goes on beside it. */
const EXCEPTIONS: readonly (readonly [statement: RegExp, why: string])[] = [
  [/^DROP INDEX events_by_actor$/, 'an index is made anew, smaller: no version depends on it for more than its speed'],
  [/^UPDATE servers SET scopes = \? WHERE scopes = \?$/, 'a value of the same form: scopes that nobody has changed'],
];

const CHANGES = /^(CREATE|ALTER|DROP|UPDATE|DELETE|RENAME|TRUNCATE|INSERT)\b/i;

/** Hears every statement before it is run, and may throw in its place. */
function heard(hear: (sql: string) => void): { logging: ['query']; logger: Logger } {
  const ignore = (): void => undefined;
  const rest = { logQueryError: ignore, logQuerySlow: ignore, logSchemaBuild: ignore, logMigration: ignore, log: ignore };
  return { logging: ['query'], logger: { ...rest, logQuery: hear } };
}

async function connect(database: EmptyDatabase, more: object = {}): Promise<DataSource> {
  return new DataSource({ ...(await dataSourceOptions(database.config, ENTITIES)), ...more }).initialize();
}

/** Why an older version would not go on after a statement; undefined where it would. Tables made by the same migration are free. */
function judge(sql: string, made: Set<string>): string | undefined {
  const statement = sql.replaceAll(/[`"]/g, '').replaceAll(/\s+/g, ' ').trim();
  if (!CHANGES.test(statement) || /^INSERT INTO (\w+\.)?migrations\b/i.test(statement)) return undefined;
  if (EXCEPTIONS.some(([exception]) => exception.test(statement))) return undefined;
  const [, table] = /^CREATE TABLE (?:IF NOT EXISTS )?(\w+)/i.exec(statement) ?? [];
  if (table !== undefined) return void made.add(table);
  const [, isUnique, indexed = ''] = /^CREATE (UNIQUE )?INDEX \w+ ON (\w+)/i.exec(statement) ?? [];
  if (indexed !== '') return isUnique && !made.has(indexed) && !/externalId/.test(statement) ? 'makes unique what was not' : undefined;
  const [, altered = '', clauses = ''] = /^ALTER TABLE (\w+) (.*)$/i.exec(statement) ?? [];
  if (altered === '') return 'does more than add';
  if (made.has(altered)) return undefined;
  return clauses
    .split(/,(?![^(]*\))/)
    .map((clause) => judgeClause(clause.trim()))
    .find((fault) => fault !== undefined);
}

function judgeClause(clause: string): string | undefined {
  if (/^ADD INDEX /i.test(clause) || /^ADD UNIQUE INDEX admins_by_external_id /i.test(clause)) return undefined;
  if (!/^ADD COLUMN /i.test(clause)) return 'does more than add';
  return /NOT NULL/i.test(clause) && !/DEFAULT/i.test(clause) ? 'adds what an older version does not fill in' : undefined;
}

describe('the rule that migrations only add', () => {
  it.each([
    ['ALTER TABLE credentials DROP COLUMN label', 'does more than add'],
    ['ALTER TABLE credentials RENAME COLUMN label TO name', 'does more than add'],
    ['ALTER TABLE credentials MODIFY COLUMN label text', 'does more than add'],
    ['ALTER TABLE credentials ADD COLUMN colour varchar(8) NOT NULL', 'adds what an older version does not fill in'],
    ['ALTER TABLE credentials ADD COLUMN a text, DROP COLUMN b', 'does more than add'],
    ['DROP TABLE credentials', 'does more than add'],
    ['UPDATE credentials SET label = 1', 'does more than add'],
    ['DELETE FROM events', 'does more than add'],
    ['CREATE UNIQUE INDEX x ON credentials (label)', 'makes unique what was not'],
  ])('is broken by %s', (sql, fault) => {
    expect(judge(sql, new Set())).toBe(fault);
  });

  it.each([
    'ALTER TABLE credentials ADD COLUMN colour varchar(8)',
    'ALTER TABLE credentials ADD COLUMN count decimal(1, 2) NOT NULL DEFAULT 0, ADD COLUMN `x` text',
    'CREATE INDEX x ON credentials (label)',
  ])('is kept by %s', (sql) => {
    expect(judge(sql, new Set())).toBeUndefined();
  });
});

describe('the migrations', () => {
  let database: EmptyDatabase;
  let columns: Map<string, Column[]>[];

  interface Column {
    readonly name: string;
    readonly isFilledIn: boolean;
  }

  beforeAll(async () => {
    database = await emptyDatabase();
  });
  afterAll(() => database.remove());

  async function columnsOf(dataSource: DataSource): Promise<Map<string, Column[]>> {
    const runner = dataSource.createQueryRunner();
    // By name: a server has tables of its own, one of them called `servers` too.
    const tables = await runner.getTables(dataSource.entityMetadatas.map(({ tableName }) => tableName));
    await runner.release();
    return new Map(
      tables.map((table) => [
        table.name.split('.').at(-1) ?? '',
        table.columns.map(({ name, isNullable, default: value, isGenerated }) => ({
          name,
          isFilledIn: isNullable || isGenerated || (value !== undefined && value !== null),
        })),
      ]),
    );
  }

  it('only add, statement by statement', async () => {
    const faults: string[] = [];
    columns = [];
    for (let count = 1; count <= MIGRATIONS.length; count++) {
      const made = new Set<string>();
      const hear = (sql: string): void => {
        const fault = judge(sql, made);
        if (fault !== undefined) faults.push(`${MIGRATIONS[count - 1]?.name}: ${sql}: ${fault}`);
      };
      const dataSource = await connect(database, { migrations: MIGRATIONS.slice(0, count), ...heard(hear) });
      expect(await dataSource.runMigrations()).toHaveLength(1);
      columns.push(await columnsOf(dataSource));
      await dataSource.destroy();
    }
    expect(faults).toEqual([]);
  });

  it('take nothing away, and add nothing that an older version would have to fill in', () => {
    const newest = columns.at(-1) ?? new Map<string, Column[]>();
    for (const older of columns) {
      for (const [table, known] of older) {
        const names = known.map(({ name }) => name);
        const present = newest.get(table) ?? [];
        expect(present.map(({ name }) => name)).toEqual(expect.arrayContaining(names));
        expect(present.filter(({ name, isFilledIn }) => !names.includes(name) && !isFilledIn)).toEqual([]);
      }
    }
  });

  it('leave a database on which every older version starts, and has nothing to do', async () => {
    for (let count = 1; count <= MIGRATIONS.length; count++) {
      const dataSource = await connect(database, { migrations: MIGRATIONS.slice(0, count) });
      expect(await dataSource.runMigrations()).toEqual([]);
      await dataSource.destroy();
    }
  });
});

class Killed extends Error {}

it('go on where they were cut off, whichever statement that was', async () => {
  const database = await emptyDatabase();
  const isServer = database.config.kind === 'mysql';
  let cuts = 0;
  for (let isDone = false; !isDone; cuts++) {
    // A server commits with every change of the schema. SQLite takes a cut migration back as a whole, so the next cut has to come later.
    let allowed = isServer ? 1 : cuts;
    // What follows is the rollback, which undoes nothing of this on a server.
    const hear = (sql: string): void => {
      if (/^(CREATE|ALTER|DROP|UPDATE)\b/i.test(sql.trim()) && allowed-- === 0) throw new Killed();
    };
    const dataSource = await connect(database, heard(hear));
    isDone = await dataSource.runMigrations().then(
      () => true,
      (error: unknown) => {
        if (error instanceof Killed) return false;
        throw error;
      },
    );
    await dataSource.destroy();
  }
  expect(cuts).toBeGreaterThan(20);
  const dataSource = await openDatabase(database.config, ENTITIES);
  expect((await dataSource.driver.createSchemaBuilder().log()).upQueries.map(({ query }) => query)).toEqual([]);
  const rows: { name: string }[] = await dataSource.query('SELECT name FROM migrations');
  expect(rows.map(({ name }) => name).sort()).toEqual(MIGRATIONS.map((migration) => new migration().name).sort());
  await dataSource.destroy();
  await database.remove();
});
