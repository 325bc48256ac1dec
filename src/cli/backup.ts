import type { DatabaseConfig } from '../config/config.js';
import { presentMasterKey } from '../database/master-key.js';
import { Sealer } from '../database/sealer.js';
import { backUp, restore } from '../database/sqlite-backup.js';
import { type Command, CommandError } from './command.js';

const FORCE = { force: { type: 'boolean', help: 'replace what is there' } } as const;

export const backup: Command = {
  name: 'backup',
  operands: ['FILE'],
  options: FORCE,
  summary: 'copy the SQLite database into FILE, while the server runs',
  description:
    'Copies the SQLite database into FILE as of one moment, and checks the copy. The server may run.\nThe master key is not part of it.',
  async run({ config, positionals: [file = ''], options, print }) {
    const from = sqliteFile(config.database, (place) => `mysqldump --single-transaction --routines ${place} > ${file}`);
    await backUp({ from, to: file, force: options['force'] === true });
    print(`Backed up to ${file}. Keep the master key too, in another place: without it the backup cannot be used.`);
  },
};

export const restoreBackup: Command = {
  name: 'restore',
  operands: ['FILE'],
  options: FORCE,
  summary: 'put a backup in the place of the SQLite database',
  description:
    'Checks that FILE is whole, of this version or an older one, and sealed under the present master key, and puts it in the place of\n' +
    'the SQLite database. The server must be stopped. What happened after the backup is gone: what was revoked or deleted since is back.',
  async run({ config, positionals: [file = ''], options, print }) {
    const to = sqliteFile(config.database, (place) => `mysql ${place} < ${file}`);
    await restore({ from: file, to, force: options['force'] === true }, new Sealer(presentMasterKey(config)));
    print(`Restored from ${file}. What was revoked or deleted after that backup is back: do it again before you start the server.`);
  },
};

/** @throws {CommandError} with the command of the database's own tools, where it is on a server. */
function sqliteFile(database: DatabaseConfig, command: (place: string) => string): string {
  if (database.kind === 'sqlite') return database.file;
  const { hostname, port, username, pathname } = new URL(database.url);
  const place = `--host=${hostname} --port=${port || '3306'} --user=${decodeURIComponent(username)} --password ${pathname.slice(1)}`;
  throw new CommandError(`The database is on a server; use its own tools:\n  ${command(place)}`);
}
