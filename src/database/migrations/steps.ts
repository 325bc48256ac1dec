import type { QueryRunner, Table } from 'typeorm';

/*
 * MySQL and MariaDB commit with every change of the schema, so a migration that was killed leaves a part of itself behind. Each step
 * looks first whether it was done: the next start goes on where the last one was cut off. On SQLite a migration is one transaction.
 */

type Column = readonly [name: string, type: string];

export const isSqlite = ({ dataSource }: QueryRunner): boolean => dataSource.options.type === 'better-sqlite3';

export const quote = (runner: QueryRunner, name: string): string => runner.dataSource.driver.escape(name);

/** Creates a table; on MySQL and MariaDB one that compares text byte by byte, as SQLite does. */
export async function createTable(runner: QueryRunner, table: Table): Promise<void> {
  await (isSqlite(runner) ? runner.createTable(table) : createBinaryTable(runner, table));
}

/** A foreign key asks for the same collation on both sides, so it comes last. */
async function createBinaryTable(runner: QueryRunner, table: Table): Promise<void> {
  const { foreignKeys } = table;
  table.foreignKeys = [];
  await runner.createTable(table, true);
  if (!(await isBinary(runner, table.name)))
    await runner.query(`ALTER TABLE \`${table.name}\` ENGINE = InnoDB, CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`);
  const present = (await runner.getTable(table.name))?.foreignKeys.map(({ name }) => name) ?? [];
  for (const key of foreignKeys) if (!present.includes(key.name)) await runner.createForeignKey(table.name, key);
}

/** In plain SQL: TypeORM would copy the table on SQLite, and dropping the old one would take what refers to it along. */
export async function addColumns(runner: QueryRunner, table: string, columns: readonly Column[]): Promise<void> {
  for (const [name, type] of columns) {
    if (!(await hasColumn(runner, table, name))) await runner.query(`ALTER TABLE ${table} ADD COLUMN ${quote(runner, name)} ${type}`);
  }
}

export async function addIndex(runner: QueryRunner, name: string, on: { table: string; columns: readonly string[]; isUnique?: boolean }) {
  const { table, columns, isUnique = false } = on;
  if (await hasIndex(runner, table, name)) return;
  const names = columns.map((column) => quote(runner, column)).join(', ');
  await runner.query(`CREATE ${isUnique ? 'UNIQUE ' : ''}INDEX ${name} ON ${table} (${names})`);
}

export async function hasColumn(runner: QueryRunner, table: string, name: string): Promise<boolean> {
  return !isSqlite(runner) && (await runner.hasColumn(table, name));
}

export async function hasIndex(runner: QueryRunner, table: string, name: string): Promise<boolean> {
  if (isSqlite(runner)) return false;
  return isThere(runner, 'information_schema.statistics WHERE table_schema = DATABASE() AND table_name = ? AND index_name = ?', [
    table,
    name,
  ]);
}

function isBinary(runner: QueryRunner, table: string): Promise<boolean> {
  const where = "table_schema = DATABASE() AND table_name = ? AND engine = 'InnoDB' AND table_collation = 'utf8mb4_bin'";
  return isThere(runner, `information_schema.tables WHERE ${where}`, [table]);
}

async function isThere(runner: QueryRunner, what: string, values: string[]): Promise<boolean> {
  return ((await runner.query(`SELECT 1 FROM ${what} LIMIT 1`, values)) as unknown as readonly unknown[]).length > 0;
}
