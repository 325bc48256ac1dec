import type { MigrationInterface, QueryRunner } from 'typeorm';
import { alter, quote } from './columns.js';

/** Optional, so that an older version goes on to work on the new schema. */
const COLUMNS: readonly (readonly [name: string, type: string])[] = [
  ['upstreamSecrets', 'text'],
  ['limits', 'text'],
];

/** What an upstream needs of the gateway, sealed; limits of a server. */
export class Servers1732700000000 implements MigrationInterface {
  readonly name = 'Servers1732700000000';

  async up(runner: QueryRunner): Promise<void> {
    for (const [name, type] of COLUMNS) await alter(runner, `ALTER TABLE servers ADD COLUMN ${quote(runner, name)} ${type}`);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const [name] of COLUMNS) await runner.query(`ALTER TABLE servers DROP COLUMN ${quote(runner, name)}`);
  }
}
