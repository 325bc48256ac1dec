import { type MigrationInterface, type QueryRunner, Table } from 'typeorm';
import { bool, id, int, long, optional, primary, text, time } from './columns.js';
import { createTable } from './steps.js';

const TABLES = [
  new Table({
    name: 'webhooks',
    columns: [
      primary(id()),
      text('label', 120),
      long('url'),
      optional(long('events')),
      bool('isEnabled'),
      long('secret'),
      optional(long('previousSecret')),
      optional(time('previousSecretEndsAt')),
      time('createdAt'),
      text('createdBy', 80),
      time('updatedAt'),
      int('version'),
    ],
  }),
  new Table({
    name: 'webhook_messages',
    columns: [
      primary(id()),
      id('webhookId'),
      text('type', 40),
      long('body'),
      text('status', 12),
      int('attempts'),
      time('createdAt'),
      time('nextAttemptAt'),
      optional(time('lastAttemptAt')),
      optional(int('responseStatus')),
      optional(text('error', 255)),
    ],
    indices: [
      { name: 'webhook_messages_due', columnNames: ['status', 'nextAttemptAt'] },
      { name: 'webhook_messages_by_webhook', columnNames: ['webhookId', 'id'] },
    ],
  }),
  new Table({
    name: 'webhook_notices',
    columns: [primary(id('webhookId')), primary(text('cause', 160)), time('until')],
    indices: [{ name: 'webhook_notices_by_end', columnNames: ['until'] }],
  }),
];

/** Webhooks, what they are to be told, and what they were told of. */
export class Webhooks1733000000000 implements MigrationInterface {
  readonly name = 'Webhooks1733000000000';

  async up(runner: QueryRunner): Promise<void> {
    for (const table of TABLES) await createTable(runner, table.clone());
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of [...TABLES].reverse()) await runner.dropTable(table.name);
  }
}
