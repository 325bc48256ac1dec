import Database from 'better-sqlite3';
import { createConnection } from 'mysql2/promise';
import type { DataSource } from 'typeorm';
import { StartupError } from '../common/startup-error.js';
import type { DatabaseConfig } from '../config/config.js';

export const CONNECT_TIMEOUT_MS = 5000;
/** A lock of a server's, named after the database; replicas start one at a time under it. */
export const START_LOCK = 'CONCAT(DATABASE(), ".gatehouse.start")';

/** A migration over a large table takes a while, and whoever waits for it has nothing better to do. */
const WAIT_MS = 15 * 60_000;
const ASK_SECONDS = 10;
const LOOK_EVERY_MS = 25;

type Release = () => Promise<void>;

/**
 * Runs `work` on one replica at a time, so that replicas that start together migrate and seed once. Whoever is killed meanwhile
 * gives the lock back by that.
 * @throws {StartupError} where another has it for a quarter of an hour.
 */
export async function withStartLock<T>(database: DatabaseConfig, work: () => Promise<T>): Promise<T> {
  const release = await (database.kind === 'sqlite' ? lockFile(database.file) : lockOnServer(database.url));
  try {
    return await work();
  } finally {
    await release();
  }
}

/** Which database a data source is on. */
export function databaseOf({ options }: DataSource): DatabaseConfig {
  if (options.type === 'better-sqlite3') return { kind: 'sqlite', file: options.database };
  if ((options.type === 'mysql' || options.type === 'mariadb') && options.url) return { kind: 'mysql', url: options.url };
  throw new Error(`No database of ours: ${options.type}`);
}

/** Beside the database, in a file that stays empty: SQLite's own locks, which the system takes from a process that has ended. */
async function lockFile(file: string): Promise<Release> {
  if (file === ':memory:') return () => Promise.resolve();
  const db = new Database(`${file}.start`, { timeout: 0 });
  for (const end = performance.now() + WAIT_MS; !isLocked(db); await pause()) {
    if (performance.now() < end) continue;
    db.close();
    throw tooLong();
  }
  return () => Promise.resolve(void db.close());
}

function isLocked(db: Database.Database): boolean {
  try {
    db.exec('BEGIN EXCLUSIVE');
    return true;
  } catch (error) {
    if ((error as { code?: string }).code === 'SQLITE_BUSY') return false;
    throw error;
  }
}

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));

/** On a connection of its own: the server takes the lock from one that is gone. */
async function lockOnServer(url: string): Promise<Release> {
  const connection = await createConnection({ uri: url, connectTimeout: CONNECT_TIMEOUT_MS });
  try {
    for (const end = performance.now() + WAIT_MS; ;) {
      const [rows] = await connection.query(`SELECT GET_LOCK(${START_LOCK}, ?) AS answer`, [ASK_SECONDS]);
      if ((rows as { answer: number | null }[])[0]?.answer === 1) return () => connection.end();
      if (performance.now() >= end) throw tooLong();
    }
  } catch (error) {
    connection.destroy();
    throw error;
  }
}

const tooLong = (): StartupError =>
  new StartupError('Another process has been starting on this database for 15 minutes. See what it does, or end it, and start again.');
