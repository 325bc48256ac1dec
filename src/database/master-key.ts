import { randomBytes } from 'node:crypto';
import { closeSync, copyFileSync, existsSync, fsyncSync, linkSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { StartupError } from '../common/startup-error.js';
import type { Config } from '../config/config.js';
import { makeFolder } from './make-folder.js';

type KeySource = Pick<Config, 'masterKey' | 'dataDir'>;

const KEY_BYTES = 32;

const keyFile = ({ dataDir }: KeySource): string => join(dataDir, 'master.key');

/** Where a new key waits until everything is sealed under it. */
export const nextKeyFile = ({ dataDir }: KeySource): string => join(dataDir, 'master.key.next');

/**
 * The key that seals everything sealed: `MASTER_KEY`, or a file beside the SQLite database that the first start makes.
 * @throws {StartupError} when the file cannot be made or does not hold a key.
 */
export function loadMasterKey(config: KeySource): Buffer {
  if (config.masterKey) return config.masterKey;
  const file = keyFile(config);
  try {
    makeFolder(config.dataDir);
    if (!existsSync(file)) createKeyFile(file);
    return readKeyFile(file);
  } catch (error) {
    if (error instanceof StartupError) throw error;
    const { code = '' } = error as NodeJS.ErrnoException;
    throw new StartupError(`The folder ${config.dataDir} cannot be used (${code}). Set DATA_DIR to a folder that can be written.`, {
      cause: error,
    });
  }
}

/**
 * The key of an installation that there is.
 * @throws {StartupError} where there is none.
 */
export function presentMasterKey(config: KeySource): Buffer {
  if (config.masterKey) return config.masterKey;
  const file = keyFile(config);
  if (!existsSync(file)) throw new StartupError(`There is no master key: set MASTER_KEY, or put the file ${file} in its place.`);
  return readKeyFile(file);
}

/** The key of a rotation that did not come to its end; undefined where there is none. */
export function waitingMasterKey(config: KeySource): Buffer | undefined {
  const file = nextKeyFile(config);
  return config.masterKey || !existsSync(file) ? undefined : readKeyFile(file);
}

/** @throws {StartupError} when the file does not hold a key. */
export function readKeyFile(file: string): Buffer {
  const key = Buffer.from(readFileSync(file, 'utf8').trim(), 'base64');
  if (key.length !== KEY_BYTES)
    throw new StartupError(`The file ${file} does not hold a master key (32 bytes in base64). Restore it from a backup.`);
  return key;
}

/** Makes a file with a new key, which is on the disk, and whole, when there is a file of this name. One that is there stays. */
export function createKeyFile(file: string): void {
  const unfinished = `${file}.${randomBytes(6).toString('hex')}`;
  try {
    writeWhole(unfinished, `${randomBytes(KEY_BYTES).toString('base64')}\n`);
    giveName(unfinished, file);
  } finally {
    rmSync(unfinished, { force: true });
  }
  syncFolder(dirname(file));
}

function writeWhole(file: string, text: string): void {
  const descriptor = openSync(file, 'wx', 0o600);
  try {
    writeSync(descriptor, text);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Of two processes that start together, one gives the name and the other reads what stands under it. */
function giveName(unfinished: string, file: string): void {
  try {
    linkSync(unfinished, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return;
    // A file system without links.
    if (!existsSync(file)) renameSync(unfinished, file);
  }
}

/** The waiting key becomes the key. The former one is kept beside it, since earlier backups need it; returns where. */
export function promoteWaitingKey(config: KeySource, now: number): string | undefined {
  const file = keyFile(config);
  const kept = `${file}.until-${new Date(now).toISOString().replaceAll(/[:.]/g, '')}`;
  try {
    copyFileSync(file, kept);
    renameSync(nextKeyFile(config), file);
    syncFolder(config.dataDir);
    return kept;
  } catch (error) {
    // Another process that started at the same time has done it.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** A name in a folder is on the disk when the folder is. */
export function syncFolder(folder: string): void {
  const descriptor = openSync(folder, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
