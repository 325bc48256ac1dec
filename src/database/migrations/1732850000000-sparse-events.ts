import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Few events have an actor, and the index of the others' nothing costs every call. MySQL and MariaDB have no partial indexes. */
export class SparseEvents1732850000000 implements MigrationInterface {
  readonly name = 'SparseEvents1732850000000';

  up(runner: QueryRunner): Promise<void> {
    return indexActors(runner, ' WHERE "actor" IS NOT NULL');
  }

  down(runner: QueryRunner): Promise<void> {
    return indexActors(runner, '');
  }
}

async function indexActors(runner: QueryRunner, where: string): Promise<void> {
  if (runner.dataSource.options.type !== 'better-sqlite3') return;
  await runner.query('DROP INDEX events_by_actor');
  await runner.query(`CREATE INDEX events_by_actor ON events ("actor", "id")${where}`);
}
