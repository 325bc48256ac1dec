import type BetterSqlite3 from 'better-sqlite3';
import type { DataSource, QueryRunner } from 'typeorm';

interface SqliteDriver {
  readonly databaseConnection: BetterSqlite3.Database;
  queryRunner: QueryRunner | undefined;
}

/**
 * After a transaction that failed: makes sure that none is open, in SQLite and in TypeORM's books. Where the disk is full SQLite takes a
 * transaction back by itself, TypeORM's ROLLBACK then fails, and it would count one transaction too many for good: what follows would
 * be savepoints within a transaction that nobody ever commits.
 */
export function endTransaction(dataSource: DataSource): void {
  if (!dataSource.isInitialized) return;
  const driver = dataSource.driver as unknown as SqliteDriver;
  const { databaseConnection, queryRunner } = driver;
  if (queryRunner?.isTransactionActive) driver.queryRunner = undefined;
  if (!databaseConnection.inTransaction) return;
  try {
    databaseConnection.exec('ROLLBACK');
  } catch {
    // Then the next transaction cannot begin, fails as well, and this is tried again.
  }
}
