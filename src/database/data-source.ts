import { dirname } from 'node:path';
import type BetterSqlite3 from 'better-sqlite3';
import { DataSource, type DataSourceOptions, type EntitySchema } from 'typeorm';
import { StartupError } from '../common/startup-error.js';
import type { DatabaseConfig } from '../config/config.js';
import { makeFolder } from './make-folder.js';
import { MIGRATIONS } from './migrations/index.js';
import { CONNECT_TIMEOUT_MS, withStartLock } from './start-lock.js';

export type Entities = (string | (new () => unknown) | EntitySchema)[];

/** Statements that wait for a connection; beyond that they are refused. */
const MAX_WAITING = 10_000;

/** The options of a data source; asks a server for its version, since TypeORM knows MariaDB and MySQL as two types. */
export async function dataSourceOptions(database: DatabaseConfig, entities: Entities): Promise<DataSourceOptions> {
  const common = { entities, migrations: MIGRATIONS, migrationsTableName: 'migrations', migrationsTransactionMode: 'each' as const };
  if (database.kind === 'sqlite') {
    return { ...common, type: 'better-sqlite3', database: database.file, enableWAL: database.file !== ':memory:', prepareDatabase };
  }
  return {
    ...common,
    type: await serverType(database.url),
    url: database.url,
    timezone: 'Z',
    charset: 'utf8mb4_bin',
    supportBigNumbers: true,
    bigNumberStrings: false,
    poolSize: 10,
    extra: { queueLimit: MAX_WAITING },
    connectTimeout: CONNECT_TIMEOUT_MS,
  };
}

export function prepareDatabase(db: BetterSqlite3.Database): void {
  db.pragma('busy_timeout = 5000');
  db.pragma('synchronous = NORMAL');
  db.pragma('foreign_keys = ON');
}

async function serverType(url: string): Promise<'mysql' | 'mariadb'> {
  const { createConnection } = await import('mysql2/promise');
  const connection = await createConnection({ uri: url, connectTimeout: CONNECT_TIMEOUT_MS });
  try {
    const [rows] = await connection.query('SELECT VERSION() AS version');
    return /mariadb/i.test(JSON.stringify(rows)) ? 'mariadb' : 'mysql';
  } finally {
    await connection.end();
  }
}

/**
 * Opens the database and brings its schema up to date.
 * @throws {StartupError} when the folder cannot be written or the server cannot be reached.
 */
export async function openDatabase(database: DatabaseConfig, entities: Entities): Promise<DataSource> {
  try {
    if (database.kind === 'sqlite' && database.file !== ':memory:') makeFolder(dirname(database.file));
    return await withStartLock(database, () => openAndMigrate(database, entities));
  } catch (error) {
    if (error instanceof StartupError) throw error;
    throw new StartupError(describeFault(database, error), { cause: error });
  }
}

async function openAndMigrate(database: DatabaseConfig, entities: Entities): Promise<DataSource> {
  const dataSource = new DataSource(await dataSourceOptions(database, entities));
  try {
    await dataSource.initialize();
    await dataSource.runMigrations();
    return dataSource;
  } catch (error) {
    if (dataSource.isInitialized) await dataSource.destroy();
    throw error;
  }
}

export function describeFault(database: DatabaseConfig, error: unknown): string {
  const { code = '', message = '' } = error as { code?: string; message?: string };
  if (database.kind === 'sqlite') {
    return `The database file ${database.file} cannot be opened (${code || message}). Make its folder writable, or set DATA_DIR to one that is.`;
  }
  const { hostname, port, pathname } = new URL(database.url);
  const where = `${hostname}:${port || '3306'}${pathname}`;
  return `The database ${where} of DATABASE_URL cannot be used (${code || message}). Check host, port, user, password and that the database exists.`;
}
