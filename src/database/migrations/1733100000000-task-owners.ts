import { type MigrationInterface, type QueryRunner, Table } from 'typeorm';
import { id, optional, primary, text, time } from './columns.js';
import { createTable } from './steps.js';

const TASK_OWNERS = new Table({
  name: 'task_owners',
  columns: [primary(text('id', 64)), id('owner'), optional(text('tool', 255)), time('expiresAt')],
  indices: [{ name: 'task_owners_by_age', columnNames: ['expiresAt'] }],
});

/** Whose the tasks of upstreams are. */
export class TaskOwners1733100000000 implements MigrationInterface {
  readonly name = 'TaskOwners1733100000000';

  async up(runner: QueryRunner): Promise<void> {
    await createTable(runner, TASK_OWNERS.clone());
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable(TASK_OWNERS.name);
  }
}
