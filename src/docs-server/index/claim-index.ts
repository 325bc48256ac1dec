import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import Database from 'better-sqlite3';
import { openDatabase, removeStore } from './store.js';

/** The file of an index that nobody else uses while this lasts. */
export interface IndexClaim {
  readonly file: string;
  /** Why the index is kept in a place of its own and made anew at every start; undefined where it is not. */
  readonly reason: string | undefined;
  release(): void;
}

/**
 * Takes an index for this process alone: replicas that share a folder of data must not write into one file. Where that cannot be,
 * or nothing can be written there, the index is a temporary one.
 */
export function claimIndex(file: string): IndexClaim {
  try {
    const lock = takeLock(lockOf(file));
    try {
      prepare(file);
    } catch (error) {
      lock.close();
      throw error;
    }
    return { file, reason: undefined, release: () => lock.close() };
  } catch (error) {
    return temporaryIndex((error as Error).message);
  }
}

/**
 * Takes an index away that nobody uses, with the checkout beside it. Whether it did: what somebody uses stays.
 * @throws where the files cannot be removed.
 */
export async function removeUnused(file: string): Promise<boolean> {
  let lock: Database.Database;
  try {
    lock = takeLock(lockOf(file));
  } catch {
    // Whoever has it may go on with it, and a folder that cannot be written is nothing that we left there.
    return false;
  }
  try {
    removeStore(file);
    await rm(checkoutOf(file), { recursive: true, force: true });
    rmSync(lockOf(file), { force: true });
    return true;
  } finally {
    lock.close();
  }
}

const lockOf = (file: string): string => `${file}.lock`;

/** Beside an index, for the repository that it is made from: no other process's for as long as the index is. */
export const checkoutOf = (file: string): string => file.replace(/\.sqlite$/, '.checkout');

/** The operating system takes the lock away when the process ends, however it does. */
function takeLock(file: string): Database.Database {
  mkdirSync(dirname(file), { recursive: true });
  closeSync(openSync(file, 'a'));
  const before = statSync(file).ino;
  const lock = new Database(file, { timeout: 0 });
  try {
    lock.pragma('locking_mode = EXCLUSIVE');
    lock.exec('BEGIN EXCLUSIVE');
    // Between the two, another process may have removed the file as one that nobody used: the lock would be nobody else's.
    if (statSync(file, { throwIfNoEntry: false })?.ino !== before) throw new Error('it was removed a moment ago');
    return lock;
  } catch (error) {
    lock.close();
    throw error;
  }
}

function temporaryIndex(reason: string): IndexClaim {
  const dir = mkdtempSync(join(tmpdir(), 'gatehouse-docs-'));
  const file = join(dir, 'index.sqlite');
  prepare(file);
  return { file, reason, release: () => rmSync(dir, { recursive: true, force: true }) };
}

/** Makes sure that there is an index that can be read, if an empty one. */
export function prepare(file: string): void {
  try {
    openDatabase(file, true).close();
  } catch {
    // Broken, or of another version: all that is in it can be made again.
    removeStore(file);
    openDatabase(file, true).close();
  }
}
