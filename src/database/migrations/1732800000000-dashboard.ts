import { type MigrationInterface, type QueryRunner, Table } from 'typeorm';
import { alter, createTable, id, int, primary, text, time } from './columns.js';

/** In plain SQL and with defaults, so that an older version goes on to work on the new schema. */
const ADMIN_COLUMNS: readonly (readonly [name: string, type: string])[] = [
  ['isEnabled', 'boolean NOT NULL DEFAULT 1'],
  ['mustChangePassword', 'boolean NOT NULL DEFAULT 0'],
  ['externalId', 'varchar(64)'],
];

const EVENT_INDEXES: readonly (readonly [name: string, column: string])[] = [
  ['events_by_server', 'server'],
  ['events_by_actor', 'actor'],
  ['events_by_client', 'clientId'],
];

const TABLES = [
  new Table({
    name: 'admin_sessions',
    columns: [
      primary(id()),
      text('digest', 64),
      id('adminId'),
      text('method', 16),
      time('createdAt'),
      time('lastSeenAt'),
      time('expiresAt'),
      text('address', 45),
      text('userAgent', 200),
    ],
    indices: [
      { name: 'admin_sessions_by_digest', columnNames: ['digest'], isUnique: true },
      { name: 'admin_sessions_by_admin', columnNames: ['adminId'] },
      { name: 'admin_sessions_by_age', columnNames: ['expiresAt'] },
    ],
  }),
  new Table({
    name: 'usage_hours',
    columns: [
      primary(time('hour')),
      primary(text('kind', 8)),
      primary(id('credentialId')),
      primary(text('server', 64)),
      primary(text('tool', 128)),
      primary(text('outcome', 16)),
      int('count'),
    ],
    indices: [{ name: 'usage_hours_by_credential', columnNames: ['credentialId', 'hour'] }],
  }),
];

/** Sign-in sessions, admins of a provider, hourly counters of use, and indexes for the filters of the audit trail. */
export class Dashboard1732800000000 implements MigrationInterface {
  readonly name = 'Dashboard1732800000000';

  async up(runner: QueryRunner): Promise<void> {
    const quote = (name: string): string => runner.dataSource.driver.escape(name);
    const columns = ADMIN_COLUMNS.map(([name, type]) => `ADD COLUMN ${quote(name)} ${type}`);
    if (isSqlite(runner)) {
      for (const column of columns) await runner.query(`ALTER TABLE admins ${column}`);
      await runner.query(`CREATE UNIQUE INDEX admins_by_external_id ON admins (${quote('externalId')})`);
      for (const [name, column] of EVENT_INDEXES) await runner.query(`CREATE INDEX ${name} ON events (${quote(column)}, ${quote('id')})`);
    } else {
      // All at once: the trail may be large, and is then gone through once.
      await alter(runner, `ALTER TABLE admins ${columns.join(', ')}, ADD UNIQUE INDEX admins_by_external_id (${quote('externalId')})`);
      const indexes = EVENT_INDEXES.map(([name, column]) => `ADD INDEX ${name} (${quote(column)}, ${quote('id')})`);
      await alter(runner, `ALTER TABLE events ${indexes.join(', ')}`);
    }
    for (const table of TABLES) await createTable(runner, table.clone());
  }

  async down(runner: QueryRunner): Promise<void> {
    const on = (table: string): string => (isSqlite(runner) ? '' : ` ON ${table}`);
    for (const table of [...TABLES].reverse()) await runner.dropTable(table.name);
    for (const [name] of EVENT_INDEXES) await runner.query(`DROP INDEX ${name}${on('events')}`);
    await runner.query(`DROP INDEX admins_by_external_id${on('admins')}`);
    for (const [name] of ADMIN_COLUMNS) await runner.query(`ALTER TABLE admins DROP COLUMN ${runner.dataSource.driver.escape(name)}`);
  }
}

const isSqlite = (runner: QueryRunner): boolean => runner.dataSource.options.type === 'better-sqlite3';
