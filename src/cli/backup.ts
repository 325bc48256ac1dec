import type { DatabaseConfig } from '../config/config.js';
import { presentMasterKey } from '../database/master-key.js';
import { Sealer } from '../database/sealer.js';
import { backUp, restore } from '../database/sqlite-backup.js';
import { type Run, CommandError } from './command.js';

export const backup: Run = async ({ config, positionals: [file = ''], options, print }) => {
  const from = sqliteFile(config.database, (place) => `mysqldump --single-transaction ${place} > ${file}`);
  await backUp({ from, to: file, force: options['force'] === true });
  print(`Backed up to ${file}. Keep the master key too, in another place: without it the backup cannot be used.`);
};

export const restoreBackup: Run = async ({ config, positionals: [file = ''], options, print }) => {
  const to = sqliteFile(config.database, (place) => `mysql ${place} < ${file}`);
  await restore({ from: file, to, force: options['force'] === true }, new Sealer(presentMasterKey(config)));
  print(`Restored from ${file}. What was revoked or deleted after that backup is back: do it again before you start the server.`);
};

/** @throws {CommandError} with the command of the database's own tools, where it is on a server. */
function sqliteFile(database: DatabaseConfig, command: (place: string) => string): string {
  if (database.kind === 'sqlite') return database.file;
  const { hostname, port, username, pathname } = new URL(database.url);
  const place = `--host=${hostname} --port=${port || '3306'} --user=${decodeURIComponent(username)} --password ${pathname.slice(1)}`;
  throw new CommandError(`The database is on a server; use its own tools:\n  ${command(place)}`);
}
