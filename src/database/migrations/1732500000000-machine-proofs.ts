import { type MigrationInterface, type QueryRunner, Table, type TableColumnOptions } from 'typeorm';
import { alter, createTable, id, long, optional, primary, quote, text, time } from './columns.js';

/**
 * Added in plain SQL: TypeORM would copy the table on SQLite, and dropping the old one would take the secrets along. Each is
 * optional or has a default, so that an older version goes on to work on the new schema.
 */
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
    for (const [name, type] of CREDENTIAL_COLUMNS) await alter(runner, `ALTER TABLE credentials ADD COLUMN ${quote(runner, name)} ${type}`);
    await alter(runner, `CREATE INDEX credentials_by_trust_issuer ON credentials (${quote(runner, 'trustIssuer')})`);
    await alter(runner, `CREATE INDEX client_secrets_by_digest ON client_secrets (${quote(runner, 'digest')})`);
    for (const table of TABLES) await createTable(runner, table.clone());
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of [...TABLES].reverse()) await runner.dropTable(table.name);
    const isSqlite = runner.dataSource.options.type === 'better-sqlite3';
    await runner.query(`DROP INDEX client_secrets_by_digest${isSqlite ? '' : ' ON client_secrets'}`);
    await runner.query(`DROP INDEX credentials_by_trust_issuer${isSqlite ? '' : ' ON credentials'}`);
    for (const [name] of CREDENTIAL_COLUMNS) await runner.query(`ALTER TABLE credentials DROP COLUMN ${quote(runner, name)}`);
  }
}
