import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { StartupError } from '../common/startup-error.js';
import type { Config } from '../config/config.js';
import { makeFolder } from './make-folder.js';

const FILE = 'master.key';

/**
 * The key that seals everything sealed: `MASTER_KEY`, or a file beside the SQLite database that the first start makes.
 * @throws {StartupError} when the file cannot be made or does not hold a key.
 */
export function loadMasterKey(config: Pick<Config, 'masterKey' | 'dataDir'>): Buffer {
  if (config.masterKey) return config.masterKey;
  const file = join(config.dataDir, FILE);
  const key = Buffer.from(readOrCreate(config.dataDir, file).trim(), 'base64');
  if (key.length !== 32)
    throw new StartupError(`The file ${file} does not hold a master key (32 bytes in base64). Restore it from a backup.`);
  return key;
}

function readOrCreate(dataDir: string, file: string): string {
  try {
    makeFolder(dataDir);
    if (!existsSync(file)) create(file);
    return readFileSync(file, 'utf8');
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    throw new StartupError(`The folder ${dataDir} cannot be used (${code}). Set DATA_DIR to a folder that can be written.`, {
      cause: error,
    });
  }
}

function create(file: string): void {
  try {
    // 'wx': of two processes that start together, one makes the file and the other reads it.
    writeFileSync(file, `${randomBytes(32).toString('base64')}\n`, { mode: 0o600, flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}
