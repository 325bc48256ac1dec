import { type MigrationInterface, type QueryRunner, Table } from 'typeorm';
import { id, int, long, primary, text, time } from './columns.js';
import { createTable } from './steps.js';

const TABLES = [
  new Table({
    name: 'audit_chains',
    columns: [
      primary(int('number')),
      time('startedAt'),
      int('sequence'),
      text('hash', 43),
      text('mark', 43),
      int('cutSequence'),
      text('cutHash', 43),
      text('cutMark', 43),
    ],
  }),
  new Table({
    name: 'audit_batches',
    columns: [primary(int('chain')), primary(int('sequence')), id('firstId'), long('entries'), text('previous', 43), text('hash', 43)],
    indices: [{ name: 'audit_batches_by_first_event', columnNames: ['firstId'] }],
  }),
  new Table({ name: 'audit_unchained', columns: [primary(id()), text('mark', 43)] }),
];

/** The hash chain over the audit trail, in tables of its own: the trail itself stays as it is. */
export class AuditChain1732900000000 implements MigrationInterface {
  readonly name = 'AuditChain1732900000000';

  async up(runner: QueryRunner): Promise<void> {
    for (const table of TABLES) await createTable(runner, table.clone());
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of [...TABLES].reverse()) await runner.dropTable(table.name);
  }
}
