import { type MigrationInterface, type QueryRunner, Table } from 'typeorm';
import { id, int, primary, text, time } from './columns.js';
import { addColumns, addIndex, createTable, hasColumn, hasIndex, isSqlite, quote } from './steps.js';

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
    await (isSqlite(runner) ? this.extendOneByOne(runner) : this.extendAtOnce(runner));
    for (const table of TABLES) await createTable(runner, table.clone());
  }

  private async extendOneByOne(runner: QueryRunner): Promise<void> {
    await addColumns(runner, 'admins', ADMIN_COLUMNS);
    await addIndex(runner, 'admins_by_external_id', { table: 'admins', columns: ['externalId'], isUnique: true });
    for (const [name, column] of EVENT_INDEXES) await addIndex(runner, name, { table: 'events', columns: [column, 'id'] });
  }

  /** The trail may be large, and is then gone through once. A statement is done as a whole or not at all. */
  private async extendAtOnce(runner: QueryRunner): Promise<void> {
    const q = (name: string): string => quote(runner, name);
    if (!(await hasColumn(runner, 'admins', 'externalId'))) {
      const columns = ADMIN_COLUMNS.map(([name, type]) => `ADD COLUMN ${q(name)} ${type}`);
      await runner.query(`ALTER TABLE admins ${columns.join(', ')}, ADD UNIQUE INDEX admins_by_external_id (${q('externalId')})`);
    }
    if (await hasIndex(runner, 'events', 'events_by_server')) return;
    const indexes = EVENT_INDEXES.map(([name, column]) => `ADD INDEX ${name} (${q(column)}, ${q('id')})`);
    await runner.query(`ALTER TABLE events ${indexes.join(', ')}`);
  }

  async down(runner: QueryRunner): Promise<void> {
    const on = (table: string): string => (isSqlite(runner) ? '' : ` ON ${table}`);
    for (const table of [...TABLES].reverse()) await runner.dropTable(table.name);
    for (const [name] of EVENT_INDEXES) await runner.query(`DROP INDEX ${name}${on('events')}`);
    await runner.query(`DROP INDEX admins_by_external_id${on('admins')}`);
    for (const [name] of ADMIN_COLUMNS) await runner.query(`ALTER TABLE admins DROP COLUMN ${quote(runner, name)}`);
  }
}
