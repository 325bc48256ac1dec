import { existsSync } from 'node:fs';
import type { DataSource } from 'typeorm';
import type { Config } from '../config/config.js';
import { loadPepper } from '../database/installation.js';
import { createKeyFile, nextKeyFile, presentMasterKey, promoteWaitingKey, readKeyFile } from '../database/master-key.js';
import { openExisting } from '../database/open-existing.js';
import { reseal } from '../database/reseal.js';
import { Sealer } from '../database/sealer.js';
import { withSoleUse } from '../database/sole-use.js';
import { ENTITIES } from '../entities.js';
import { type Run, UsageError } from './command.js';
import { SEALED_COLUMNS } from './sealed-columns.js';

const NEW_KEY_FILE = 'new-key-file';

export const rotateMasterKey: Run = async ({ config, options, print }) => {
  const file = newKeyFile(config, options[NEW_KEY_FILE]);
  const present = presentMasterKey(config);
  const count = await withSoleUse(config.database, async () => {
    const dataSource = await openExisting(config.database, ENTITIES, { alone: true });
    try {
      return await rotate(dataSource, present, file);
    } finally {
      await dataSource.destroy();
    }
  });
  print(
    count === undefined ? 'Everything was sealed under the new master key already.' : `${count} values are sealed under a new master key.`,
  );
  print(finish(config, file));
};

function newKeyFile(config: Config, option: string | boolean | undefined): string {
  if (config.masterKey === undefined) {
    if (option !== undefined)
      throw new UsageError(`--${NEW_KEY_FILE} is for installations with MASTER_KEY; here the key is a file in DATA_DIR.`);
    return nextKeyFile(config);
  }
  if (typeof option !== 'string' || option === '')
    throw new UsageError(`With MASTER_KEY, say where the new key goes: --${NEW_KEY_FILE} FILE.`);
  return option;
}

/** The new key is on the disk before anything is sealed under it. Undefined where everything is already. */
async function rotate(dataSource: DataSource, present: Buffer, file: string): Promise<number | undefined> {
  const from = new Sealer(present);
  if (existsSync(file)) {
    const isDone = await loadPepper(dataSource, new Sealer(readKeyFile(file))).then(
      () => true,
      () => false,
    );
    if (isDone) return undefined;
  }
  await loadPepper(dataSource, from);
  createKeyFile(file);
  const to = new Sealer(readKeyFile(file));
  return dataSource.transaction((manager) => reseal(manager, SEALED_COLUMNS, { from, to }));
}

function finish(config: Config, file: string): string {
  if (config.masterKey !== undefined) return `Set MASTER_KEY to the content of ${file} on every replica, then start them.`;
  const kept = promoteWaitingKey(config, Date.now());
  return `It is in ${config.dataDir}. The former one is in ${kept ?? 'its place'}: keep it with the backups made until now, apart from them.`;
}
