import Database from 'better-sqlite3';
import { StartupError } from '../common/startup-error.js';
import type { DatabaseConfig } from '../config/config.js';
import { describeFault } from './data-source.js';
import { CONNECT_TIMEOUT_MS, START_LOCK } from './start-lock.js';

const SQLITE_WAIT_MS = 1000;
/** A server takes a moment to forget a connection that was closed. */
const CHECKS = 10;
const CHECK_EVERY_MS = 200;

/**
 * Runs `work` while nobody else uses the database. On a server, replicas that start meanwhile wait for its end; on SQLite
 * whoever works must open the file with a lock.
 * @throws {StartupError} where somebody does.
 */
export async function withSoleUse<T>(database: DatabaseConfig, work: () => Promise<T>): Promise<T> {
  if (database.kind === 'mysql') return soleUseOfServer(database, work);
  openLocked(database.file).close();
  return work();
}

/**
 * Opens a SQLite file so that no other process can: in WAL mode every process that has it open holds a lock that this one
 * needs, and the operating system takes the lock from a process that was killed.
 * @throws {StartupError} where another process has it open.
 */
export function openLocked(file: string): Database.Database {
  const db = new Database(file, { timeout: SQLITE_WAIT_MS, fileMustExist: true });
  try {
    db.pragma('locking_mode = EXCLUSIVE');
    db.exec('BEGIN EXCLUSIVE; COMMIT');
    return db;
  } catch (error) {
    db.close();
    if ((error as { code?: string }).code !== 'SQLITE_BUSY') throw error;
    throw new StartupError(`Another process uses ${file}. Stop Gatehouse first.`, { cause: error });
  }
}

async function soleUseOfServer<T>(database: Extract<DatabaseConfig, { kind: 'mysql' }>, work: () => Promise<T>): Promise<T> {
  const { createConnection } = await import('mysql2/promise');
  const connection = await createConnection({ uri: database.url, connectTimeout: CONNECT_TIMEOUT_MS }).catch((error: unknown) => {
    throw new StartupError(describeFault(database, error), { cause: error });
  });
  const ask = async (sql: string): Promise<number> => {
    const [rows] = await connection.query(sql);
    return (rows as { answer: number | null }[])[0]?.answer ?? 0;
  };
  try {
    const isLocked = (await ask(`SELECT GET_LOCK(${START_LOCK}, 1) AS answer`)) === 1;
    if (!isLocked || (await isUsedByOthers(ask))) {
      throw new StartupError('Other connections use the database of DATABASE_URL. Stop every replica (and close other clients) first.');
    }
    return await work();
  } finally {
    await connection.end();
  }
}

/** A replica asks the database four times a second, so that it has a connection at any time. */
async function isUsedByOthers(ask: (sql: string) => Promise<number>): Promise<boolean> {
  const others = 'SELECT COUNT(*) AS answer FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()';
  for (let check = 0; check < CHECKS; check++) {
    if ((await ask(others)) === 0) return false;
    await new Promise((resolve) => setTimeout(resolve, CHECK_EVERY_MS));
  }
  return true;
}
