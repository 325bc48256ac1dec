import type { DataSource } from 'typeorm';
import type { Config } from '../config/config.js';
import type { Storage } from './database.module.js';
import { Digester } from './digester.js';
import { loadPepper } from './installation.js';
import { promoteWaitingKey, waitingMasterKey } from './master-key.js';
import { Sealer } from './sealer.js';

/**
 * Opens what a database seals. Where a rotation of the master key was cut off between the database and the key file, it is brought to its end.
 * @throws {StartupError} when the master key is not the one that this database was made with.
 */
export async function unlock(dataSource: DataSource, config: Config, masterKey: Buffer): Promise<Storage> {
  try {
    return await unlockWith(dataSource, masterKey);
  } catch (error) {
    const waiting = waitingMasterKey(config);
    if (!waiting) throw error;
    const storage = await unlockWith(dataSource, waiting);
    promoteWaitingKey(config, Date.now());
    return storage;
  }
}

async function unlockWith(dataSource: DataSource, masterKey: Buffer): Promise<Storage> {
  const sealer = new Sealer(masterKey);
  return { dataSource, sealer, digester: new Digester(await loadPepper(dataSource, sealer)) };
}
