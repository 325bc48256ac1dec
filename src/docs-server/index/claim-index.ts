import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
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
    const lock = takeLock(`${file}.lock`);
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

/** The operating system takes the lock away when the process ends, however it does. */
function takeLock(file: string): Database.Database {
  mkdirSync(dirname(file), { recursive: true });
  const lock = new Database(file, { timeout: 0 });
  try {
    lock.pragma('locking_mode = EXCLUSIVE');
    lock.exec('BEGIN EXCLUSIVE');
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
