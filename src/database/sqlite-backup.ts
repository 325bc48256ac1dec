import { chmodSync, closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import Database from 'better-sqlite3';
import { StartupError } from '../common/startup-error.js';
import { SEALED_VALUES } from './installation.js';
import { makeFolder } from './make-folder.js';
import { syncFolder } from './master-key.js';
import { judgeSchema } from './schema-version.js';
import type { Sealer } from './sealer.js';
import { openLocked } from './sole-use.js';

interface CopyOptions {
  readonly from: string;
  readonly to: string;
  /** Whether a file that is there may be replaced. */
  readonly force: boolean;
}

/**
 * Copies a database that may be in use into one file that only its owner can read. The copy is as of one moment, is checked, and is
 * there whole or not at all.
 * @throws {StartupError} where it cannot be made.
 */
export async function backUp({ from, to, force }: CopyOptions): Promise<void> {
  if (!existsSync(from)) throw new StartupError(`There is no database ${from}. Set DATA_DIR to that of the installation.`);
  if (resolve(from) === resolve(to)) throw new StartupError('The backup would replace the database itself. Name another file.');
  refuseToReplace(to, force);
  await throughPartial(to, async (partial) => {
    await copy(from, partial);
    checkIntegrity(partial);
  });
}

/**
 * Puts a backup in the place of the database, once it has been checked.
 * @throws {StartupError} where the backup is damaged, of a newer version, or sealed under another master key, or where the database is in use.
 */
export async function restore({ from, to, force }: CopyOptions, sealer: Sealer): Promise<void> {
  if (!existsSync(from)) throw new StartupError(`There is no file ${from}.`);
  if (resolve(from) === resolve(to)) throw new StartupError('That is the database itself. Name the backup.');
  refuseToReplace(to, force);
  makeFolder(dirname(to));
  await throughPartial(
    to,
    async (partial) => {
      await copy(from, partial);
      checkIntegrity(partial);
      checkContent(partial, sealer);
    },
    (partial) => replaceDatabase(partial, to),
  );
}

function refuseToReplace(file: string, force: boolean): void {
  if (existsSync(file) && !force) throw new StartupError(`${file} is there already. Use --force to replace it.`);
}

async function throughPartial(
  to: string,
  make: (partial: string) => Promise<void>,
  put: (partial: string, to: string) => void = renameSync,
): Promise<void> {
  const partial = `${to}.${process.pid}.partial`;
  try {
    await make(partial);
    sync(partial);
    put(partial, to);
    syncFolder(dirname(to));
  } catch (error) {
    if (error instanceof StartupError) throw error;
    throw new StartupError(`${to} was not written: ${(error as Error).message}.`, { cause: error });
  } finally {
    for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(partial + suffix, { force: true });
  }
}

async function copy(from: string, to: string): Promise<void> {
  // First, so that nobody else can read it while it grows.
  closeSync(openSync(to, 'wx', 0o600));
  const source = openFile(from);
  try {
    await source.backup(to);
  } catch (error) {
    throw notADatabase(from, error);
  } finally {
    source.close();
  }
  chmodSync(to, 0o600);
}

function openFile(file: string): Database.Database {
  try {
    return new Database(file, { readonly: true, fileMustExist: true });
  } catch (error) {
    throw notADatabase(file, error);
  }
}

function notADatabase(file: string, error: unknown): StartupError {
  const { code = '', message = '' } = error as { code?: string; message?: string };
  return new StartupError(`${file} cannot be read as a SQLite database (${code || message}).`, { cause: error });
}

/** Also makes it one file: in the mode of the database, a copy would have companions. */
function checkIntegrity(file: string): void {
  const db = new Database(file);
  try {
    db.pragma('journal_mode = DELETE');
    const found = String(db.pragma('integrity_check(1)', { simple: true }));
    if (found !== 'ok') throw new StartupError(`The database is damaged: ${found.replaceAll('\n', ' ')}.`);
    const strays = db.pragma('foreign_key_check') as unknown[];
    if (strays.length > 0) throw new StartupError(`The database is damaged: ${strays.length} rows refer to rows that are gone.`);
  } catch (error) {
    if (error instanceof StartupError) throw error;
    throw new StartupError(`The database is damaged (${(error as { code?: string }).code ?? (error as Error).message}).`, { cause: error });
  } finally {
    db.close();
  }
}

function checkContent(file: string, sealer: Sealer): void {
  const db = new Database(file, { readonly: true });
  try {
    const migrations = rowsOf<{ name: string }>(db, 'SELECT name FROM migrations').map(({ name }) => name);
    if (judgeSchema(migrations) === 'newer')
      throw new StartupError('The backup is of a newer version of Gatehouse. Restore it with that one.');
    for (const { name, sealed } of rowsOf<{ name: string; sealed: string }>(db, 'SELECT name, sealed FROM installation')) {
      requireOpens(sealer, SEALED_VALUES.purposeOf(name), sealed);
    }
  } finally {
    db.close();
  }
}

function rowsOf<T>(db: Database.Database, sql: string): T[] {
  try {
    return db.prepare(sql).all() as T[];
  } catch (error) {
    throw new StartupError('The file is no backup of Gatehouse.', { cause: error });
  }
}

function requireOpens(sealer: Sealer, purpose: string, sealed: string): void {
  try {
    sealer.open(purpose, sealed);
  } catch (error) {
    throw new StartupError('The backup was made under another master key. Put that one in its place first (MASTER_KEY, or the key file).', {
      cause: error,
    });
  }
}

/** No process has the old database open, and none can until the new one is in its place. */
function replaceDatabase(file: string, database: string): void {
  const old = existsSync(database) ? lockOld(database) : undefined;
  try {
    // Its log goes with it: left behind, it would be taken for that of the new database.
    old?.pragma('journal_mode = DELETE');
    for (const suffix of ['-wal', '-shm']) rmSync(database + suffix, { force: true });
    renameSync(file, database);
  } finally {
    old?.close();
  }
}

/** Undefined for a file that is damaged so much that nobody can have it open. */
function lockOld(database: string): Database.Database | undefined {
  try {
    return openLocked(database);
  } catch (error) {
    if (error instanceof StartupError) throw error;
    return undefined;
  }
}

function sync(file: string): void {
  const descriptor = openSync(file, 'r+');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
