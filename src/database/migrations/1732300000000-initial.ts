import { type MigrationInterface, type QueryRunner, Table } from 'typeorm';
import { bool, id, int, long, optional, primary, text, time } from './columns.js';
import { createTable } from './steps.js';

const TABLES = [
  new Table({ name: 'installation', columns: [primary(text('name', 64)), long('sealed')] }),
  new Table({
    name: 'changes',
    columns: [
      { name: 'id', type: 'integer', isPrimary: true, isGenerated: true, generationStrategy: 'increment' },
      text('topic', 32),
      text('subject', 64),
      time('at'),
    ],
  }),
  new Table({
    name: 'signing_keys',
    columns: [
      primary(text('kid', 64)),
      text('alg', 8),
      long('publicJwk'),
      long('sealedPrivateKey'),
      time('createdAt'),
      time('signsFrom'),
      optional(time('retiresAt')),
    ],
  }),
  new Table({
    name: 'events',
    columns: [
      primary(id()),
      time('at'),
      text('kind', 48),
      optional(id('credentialId')),
      optional(text('clientId', 64)),
      optional(text('server', 64)),
      optional(text('actor', 80)),
      optional(text('address', 45)),
      optional(long('detail')),
    ],
    indices: [
      { name: 'events_by_credential', columnNames: ['credentialId', 'id'] },
      { name: 'events_by_kind', columnNames: ['kind', 'id'] },
    ],
  }),
  new Table({
    name: 'admins',
    columns: [
      primary(id()),
      text('username', 64),
      text('passwordHash', 255),
      text('role', 16),
      time('createdAt'),
      text('createdBy', 80),
      optional(time('lastSignInAt')),
      int('version'),
    ],
    indices: [{ name: 'admins_by_username', columnNames: ['username'], isUnique: true }],
  }),
  new Table({
    name: 'admin_keys',
    columns: [
      primary(id()),
      text('label', 120),
      text('role', 16),
      text('digest', 64),
      text('hint', 8),
      time('createdAt'),
      text('createdBy', 80),
      optional(time('expiresAt')),
      optional(time('lastUsedAt')),
    ],
  }),
  new Table({
    name: 'idempotency_keys',
    columns: [primary(text('id', 64)), text('requestDigest', 64), long('sealedAnswer'), time('createdAt')],
    indices: [{ name: 'idempotency_keys_by_age', columnNames: ['createdAt'] }],
  }),
  new Table({
    name: 'servers',
    columns: [
      primary(id()),
      text('slug', 64),
      text('name', 120),
      optional(long('description')),
      text('access', 16),
      long('upstream'),
      long('scopes'),
      optional(int('tokenTtl')),
      bool('isDefault'),
      time('createdAt'),
      time('updatedAt'),
      int('version'),
    ],
    indices: [{ name: 'servers_by_slug', columnNames: ['slug'], isUnique: true }],
  }),
  new Table({
    name: 'credentials',
    columns: [
      primary(id()),
      text('clientId', 64),
      text('label', 120),
      text('authMethod', 32),
      bool('isEnabled'),
      long('servers'),
      optional(long('scopes')),
      optional(int('tokenTtl')),
      optional(long('allowedIps')),
      optional(time('expiresAt')),
      time('createdAt'),
      text('createdBy', 80),
      time('updatedAt'),
      optional(time('lastUsedAt')),
      int('version'),
    ],
    indices: [{ name: 'credentials_by_client_id', columnNames: ['clientId'], isUnique: true }],
  }),
  new Table({
    name: 'client_secrets',
    columns: [
      primary(id()),
      id('credentialId'),
      text('digest', 64),
      text('hint', 8),
      time('createdAt'),
      optional(time('expiresAt')),
      optional(time('lastUsedAt')),
      optional(text('lastUsedIp', 45)),
    ],
    indices: [{ name: 'client_secrets_by_credential', columnNames: ['credentialId'] }],
    foreignKeys: [
      {
        name: 'client_secrets_credential',
        columnNames: ['credentialId'],
        referencedTableName: 'credentials',
        referencedColumnNames: ['id'],
        onDelete: 'CASCADE',
        onUpdate: 'NO ACTION',
      },
    ],
  }),
];

/** The first schema. On MySQL and MariaDB every table compares text byte by byte, as SQLite does. */
export class Initial1732300000000 implements MigrationInterface {
  readonly name = 'Initial1732300000000';

  async up(runner: QueryRunner): Promise<void> {
    for (const table of TABLES) await createTable(runner, table.clone());
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of [...TABLES].reverse()) await runner.dropTable(table.name);
  }
}
