import { type MigrationInterface, type QueryRunner, Table, type TableColumnOptions } from 'typeorm';
import { id, long, optional, primary, text, time } from './columns.js';
import { addColumns, addIndex, createTable, isSqlite, quote } from './steps.js';

/** Each is optional or has a default, so that an older version goes on to work on the new schema. */
const CREDENTIAL_COLUMNS: readonly (readonly [name: string, type: string])[] = [
  ['grantTypes', 'text'],
  ['settings', 'text'],
  ['trustIssuer', 'varchar(255)'],
  ['tokensNotBefore', 'bigint'],
  ['overFetchCount', 'integer NOT NULL DEFAULT 0'],
  ['overFetchedAt', 'bigint'],
];

const digest = (name: string): TableColumnOptions => text(name, 64);

const TABLES = [
  new Table({
    name: 'revoked_tokens',
    columns: [primary(text('jti', 64)), id('credentialId'), time('expiresAt')],
    indices: [
      { name: 'revoked_tokens_by_credential', columnNames: ['credentialId'] },
      { name: 'revoked_tokens_by_age', columnNames: ['expiresAt'] },
    ],
  }),
  new Table({
    name: 'refresh_tokens',
    columns: [
      primary(id()),
      id('familyId'),
      id('credentialId'),
      digest('digest'),
      text('server', 64),
      long('scopes'),
      optional(long('confirmation')),
      time('createdAt'),
      time('expiresAt'),
      optional(time('usedAt')),
      text('accessJti', 64),
      time('accessExpiresAt'),
    ],
    indices: [
      { name: 'refresh_tokens_by_digest', columnNames: ['digest'], isUnique: true },
      { name: 'refresh_tokens_by_family', columnNames: ['familyId'] },
      { name: 'refresh_tokens_by_credential', columnNames: ['credentialId'] },
      { name: 'refresh_tokens_by_age', columnNames: ['expiresAt'] },
    ],
  }),
  new Table({
    name: 'used_assertions',
    columns: [primary(digest('id')), time('expiresAt')],
    indices: [{ name: 'used_assertions_by_age', columnNames: ['expiresAt'] }],
  }),
];

/** Keys, trust and certificates as proofs of identity; revoked tokens, refresh tokens and used assertions. */
export class MachineProofs1732500000000 implements MigrationInterface {
  readonly name = 'MachineProofs1732500000000';

  async up(runner: QueryRunner): Promise<void> {
    await addColumns(runner, 'credentials', CREDENTIAL_COLUMNS);
    await addIndex(runner, 'credentials_by_trust_issuer', { table: 'credentials', columns: ['trustIssuer'] });
    await addIndex(runner, 'client_secrets_by_digest', { table: 'client_secrets', columns: ['digest'] });
    for (const table of TABLES) await createTable(runner, table.clone());
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of [...TABLES].reverse()) await runner.dropTable(table.name);
    const on = (table: string): string => (isSqlite(runner) ? '' : ` ON ${table}`);
    await runner.query(`DROP INDEX client_secrets_by_digest${on('client_secrets')}`);
    await runner.query(`DROP INDEX credentials_by_trust_issuer${on('credentials')}`);
    for (const [name] of CREDENTIAL_COLUMNS) await runner.query(`ALTER TABLE credentials DROP COLUMN ${quote(runner, name)}`);
  }
}
