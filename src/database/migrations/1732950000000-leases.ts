import { type MigrationInterface, type QueryRunner, Table } from 'typeorm';
import { id, primary, text, time } from './columns.js';
import { createTable } from './steps.js';

const LEASES = new Table({ name: 'leases', columns: [primary(text('name', 64)), id('owner'), time('expiresAt')] });

/** Which replica does what one does for all. */
export class Leases1732950000000 implements MigrationInterface {
  readonly name = 'Leases1732950000000';

  async up(runner: QueryRunner): Promise<void> {
    await createTable(runner, LEASES.clone());
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable(LEASES.name);
  }
}
