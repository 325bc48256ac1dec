import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createConnection } from 'mysql2/promise';
import type { DataSource } from 'typeorm';
import { AuditChain } from '../../src/audit/audit-chain.service.js';
import { AuditService } from '../../src/audit/audit.service.js';
import type { Clock } from '../../src/common/clock.js';
import type { DatabaseConfig } from '../../src/config/config.js';
import { loadConfig } from '../../src/config/load-config.js';
import { ChangeFeed } from '../../src/database/change-feed.service.js';
import { openDatabase } from '../../src/database/data-source.js';
import { Digester } from '../../src/database/digester.js';
import { Sealer } from '../../src/database/sealer.js';
import { UnitOfWork } from '../../src/database/unit-of-work.service.js';
import { ENTITIES } from '../../src/entities.js';

/** A migrated database of one's own. */
export interface TestDatabase {
  readonly dataSource: DataSource;
  /** Closes it and removes it. */
  remove(): Promise<void>;
}

/** A clock that stands still until it is set. */
export interface SettableClock {
  readonly clock: Clock;
  set(time: number): void;
  advance(milliseconds: number): void;
}

export interface TestStorage extends TestDatabase, SettableClock {
  readonly sealer: Sealer;
  readonly digester: Digester;
  readonly feed: ChangeFeed;
  readonly unitOfWork: UnitOfWork;
  /** A writer of the trail, as another process would have one. */
  newAudit(unitOfWork?: UnitOfWork): AuditService;
}

/** A database without tables. */
export interface EmptyDatabase {
  readonly config: DatabaseConfig;
  remove(): Promise<void>;
}

/** A fresh SQLite file, or with `TEST_DATABASE_URL` (`mysql://root@127.0.0.1:3306/test`) a fresh database on that server. */
export async function withTestDatabase(): Promise<TestDatabase> {
  return migrated(await emptyDatabase());
}

/** The same before any migration. */
export async function emptyDatabase(): Promise<EmptyDatabase> {
  const url = process.env['TEST_DATABASE_URL'];
  return url ? onServer(url) : inFile();
}

/** A fresh database with what the modules build on it. The clock starts at a whole second in 2026. */
export async function testStorage(): Promise<TestStorage> {
  const database = await withTestDatabase();
  const time = settableClock();
  const feed = new ChangeFeed(database.dataSource, loadConfig({}), undefined, time.clock);
  const digester = new Digester(randomBytes(32));
  const unitOfWork = new UnitOfWork(database.dataSource, feed, time.clock);
  const newAudit = (through = unitOfWork) => new AuditService(through, time.clock, new AuditChain(through, digester, time.clock));
  return { ...database, ...time, feed, sealer: new Sealer(randomBytes(32)), digester, unitOfWork, newAudit };
}

export function settableClock(start = Date.parse('2026-11-22T10:00:00Z')): SettableClock {
  let now = start;
  return { clock: () => now, set: (time) => (now = time), advance: (milliseconds) => (now += milliseconds) };
}

async function migrated({ config, remove }: EmptyDatabase): Promise<TestDatabase> {
  const dataSource = await openDatabase(config, ENTITIES);
  return {
    dataSource,
    remove: async () => {
      await dataSource.destroy();
      await remove();
    },
  };
}

function inFile(): EmptyDatabase {
  const dir = mkdtempSync(join(tmpdir(), 'gatehouse-db-'));
  return {
    config: { kind: 'sqlite', file: join(dir, 'test.sqlite') },
    remove: () => Promise.resolve(rmSync(dir, { recursive: true, force: true })),
  };
}

async function onServer(url: string): Promise<EmptyDatabase> {
  const name = `gatehouse_test_${randomBytes(6).toString('hex')}`;
  await ask(url, `CREATE DATABASE ${name}`);
  const own = new URL(url);
  own.pathname = `/${name}`;
  return { config: { kind: 'mysql', url: own.href }, remove: () => ask(url, `DROP DATABASE ${name}`) };
}

async function ask(url: string, statement: string): Promise<void> {
  const connection = await createConnection({ uri: url });
  try {
    await connection.query(statement);
  } finally {
    await connection.end();
  }
}
