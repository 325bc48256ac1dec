import type { QueryRunner, Table, TableColumnOptions } from 'typeorm';

export const id = (name = 'id'): TableColumnOptions => ({ name, type: 'varchar', length: '26' });
export const text = (name: string, length: number): TableColumnOptions => ({ name, type: 'varchar', length: String(length) });
export const long = (name: string): TableColumnOptions => ({ name, type: 'text' });
export const time = (name: string): TableColumnOptions => ({ name, type: 'bigint' });
export const int = (name: string): TableColumnOptions => ({ name, type: 'integer' });
export const bool = (name: string): TableColumnOptions => ({ name, type: 'boolean' });
export const optional = (column: TableColumnOptions): TableColumnOptions => ({ ...column, isNullable: true });
export const primary = (column: TableColumnOptions): TableColumnOptions => ({ ...column, isPrimary: true });

/** Creates a table; on MySQL and MariaDB one that compares text byte by byte, as SQLite does. */
export async function createTable(runner: QueryRunner, table: Table): Promise<void> {
  const isSqlite = runner.dataSource.options.type === 'better-sqlite3';
  await (isSqlite ? runner.createTable(table) : createBinaryTable(runner, table));
}

/** A foreign key asks for the same collation on both sides, so it comes last. */
async function createBinaryTable(runner: QueryRunner, table: Table): Promise<void> {
  const { foreignKeys } = table;
  table.foreignKeys = [];
  await runner.createTable(table, true);
  await runner.query(`ALTER TABLE \`${table.name}\` ENGINE = InnoDB, CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`);
  const existing = foreignKeys.length > 0 ? await runner.getTable(table.name) : undefined;
  for (const key of foreignKeys) {
    if (!existing?.foreignKeys.some(({ name }) => name === key.name)) await runner.createForeignKey(table.name, key);
  }
}

const DONE = new Set(['ER_DUP_FIELDNAME', 'ER_DUP_KEYNAME']);

/**
 * Adds columns or indexes. MySQL and MariaDB commit each change of a table by itself, so that a start that is killed within a
 * migration leaves a part of it: the next start goes through it again, and finds done what is done.
 */
export async function alter(runner: QueryRunner, statement: string): Promise<void> {
  try {
    await runner.query(statement);
  } catch (error) {
    if (!DONE.has((error as { code?: string }).code ?? '')) throw error;
  }
}

export const quote = (runner: QueryRunner, name: string): string => runner.dataSource.driver.escape(name);
