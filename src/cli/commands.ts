import type { Command } from './command.js';

const FORCE = { force: { type: 'boolean', help: 'replace what is there' } } as const;

/** Every command, in the order of the help. */
export const COMMANDS: readonly Command[] = [
  {
    name: 'backup',
    operands: ['FILE'],
    options: FORCE,
    summary: 'copy the SQLite database into FILE, while the server runs',
    description:
      'Copies the SQLite database into FILE as of one moment, and checks the copy. The server may run.\nThe master key is not part of it.',
    load: async () => (await import('./backup.js')).backup,
  },
  {
    name: 'restore',
    operands: ['FILE'],
    options: FORCE,
    summary: 'put a backup in the place of the SQLite database',
    description:
      'Checks that FILE is whole, of this version or an older one, and sealed under the present master key, and puts it in the place of\n' +
      'the SQLite database. The server must be stopped. What happened after the backup is gone: what was revoked or deleted since is back.',
    load: async () => (await import('./backup.js')).restoreBackup,
  },
  {
    name: 'master-key rotate',
    operands: [],
    options: { 'new-key-file': { type: 'string', value: 'FILE', help: 'where the new key is, or is put; asked for with MASTER_KEY only' } },
    summary: 'seal everything that is sealed under a new master key',
    description:
      'Makes a new master key and seals everything under it in one transaction. The server must be stopped.\n' +
      'Where the key is a file in DATA_DIR, the new one takes its place and the old one is kept beside it, since earlier backups need it.\n' +
      'With MASTER_KEY, name a file for the new key, and give its content to every replica as MASTER_KEY afterwards.\n' +
      'Cut off at any moment, either the old key or the new one opens everything; the same command again brings it to its end.',
    load: async () => (await import('./master-key.js')).rotateMasterKey,
  },
  {
    name: 'admin reset',
    operands: ['NAME'],
    options: {
      owner: { type: 'boolean', help: 'make them an owner too' },
      create: { type: 'boolean', help: 'make a new owner of this name, where no admin can sign in any more' },
    },
    summary: 'give an admin a new password, when nobody can sign in',
    description:
      'Gives an admin a new password, which is printed once, ends their sessions, and lets them in again where they were disabled.\n' +
      'Servers may run; they follow within a second. The audit trail names `cli` as the actor.',
    load: async () => (await import('./admin-reset.js')).adminReset,
  },
  {
    name: 'audit verify',
    operands: [],
    options: { since: { type: 'string', value: 'TIME', help: 'report only what is not older, e.g. 2026-11-26T10:00:00Z' } },
    summary: 'look for lines of the audit trail that were removed, changed or inserted',
    description:
      'Checks every line of the audit trail against the hash chain, and names those that were removed, changed or inserted: exit code 1.\n' +
      'Servers may run. What AUDIT_RETENTION_DAYS removed is no finding.',
    load: async () => (await import('./audit-verify.js')).auditVerify,
  },
];
