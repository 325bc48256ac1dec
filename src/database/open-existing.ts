import { existsSync } from 'node:fs';
import type BetterSqlite3 from 'better-sqlite3';
import { DataSource, type DataSourceOptions } from 'typeorm';
import { StartupError } from '../common/startup-error.js';
import type { DatabaseConfig } from '../config/config.js';
import { dataSourceOptions, describeFault, type Entities, prepareDatabase } from './data-source.js';
import { judgeSchema } from './schema-version.js';

/**
 * Opens the database of an installation as it is: nothing is made and nothing is migrated.
 * `alone`: on SQLite no other process can open it until this one has closed it.
 * @throws {StartupError} when there is none, or it is of another version.
 */
export async function openExisting(database: DatabaseConfig, entities: Entities, { alone = false } = {}): Promise<DataSource> {
  if (database.kind === 'sqlite' && !existsSync(database.file)) {
    throw new StartupError(`There is no database ${database.file}. Set DATA_DIR to that of the installation, or start Gatehouse first.`);
  }
  const dataSource = await open(database, entities, alone);
  try {
    await requirePresentSchema(dataSource);
    return dataSource;
  } catch (error) {
    await dataSource.destroy();
    throw error;
  }
}

async function open(database: DatabaseConfig, entities: Entities, alone: boolean): Promise<DataSource> {
  try {
    const options = await dataSourceOptions(database, entities);
    return await new DataSource(alone ? lockedOptions(options) : options).initialize();
  } catch (error) {
    throw new StartupError(describeFault(database, error), { cause: error });
  }
}

/** Set before the first access, so that the lock is on the file from the first access on. */
function lockedOptions(options: DataSourceOptions): DataSourceOptions {
  if (options.type !== 'better-sqlite3') return options;
  return {
    ...options,
    prepareDatabase: (db: BetterSqlite3.Database) => {
      db.pragma('locking_mode = EXCLUSIVE');
      prepareDatabase(db);
    },
  };
}

async function requirePresentSchema(dataSource: DataSource): Promise<void> {
  const judgement = judgeSchema(await migrationsOf(dataSource));
  if (judgement === 'older') {
    throw new StartupError('The database is of an older version. Start Gatehouse once, which brings it up to date, then run this again.');
  }
  if (judgement === 'newer')
    throw new StartupError('The database is of a newer version. Run this with the version of Gatehouse that uses it.');
}

async function migrationsOf(dataSource: DataSource): Promise<string[]> {
  try {
    const rows: { name: string }[] = await dataSource.query('SELECT name FROM migrations');
    return rows.map(({ name }) => name);
  } catch (error) {
    throw new StartupError('The database is not one of Gatehouse: it has no table of migrations.', { cause: error });
  }
}
