import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { dataSourceOptions } from '../src/database/data-source.js';
import { MIGRATIONS } from '../src/database/migrations/index.js';
import { ask, basic, PASSWORD } from './support/ask.js';
import { type EmptyDatabase, emptyDatabase } from './support/database.js';
import type { NewCredential } from './support/gatehouse.js';
import { freePort } from './support/free-port.js';
import { postForm, statusOfCall } from './support/oauth.js';
import { build } from './support/replicas.js';

const children: ChildProcess[] = [];
const NAMES = MIGRATIONS.map((migration) => new migration().name);

beforeAll(build, 400_000);
afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
});

interface Started {
  readonly url: string;
  readonly child: ChildProcess;
  /** When it serves. @throws with what it wrote where it ends before. */
  readonly ready: Promise<void>;
}

function start(env: Record<string, string>, port: number): Started {
  const child = spawn(process.execPath, ['dist/src/main.js'], { env: { ...env, PORT: String(port) }, stdio: ['ignore', 'pipe', 'pipe'] });
  children.push(child);
  const ready = new Promise<void>((resolve, reject) => {
    let output = '';
    const read = (data: Buffer): void => {
      output += data.toString();
      if (output.includes('curl')) resolve();
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    child.once('exit', (code) => reject(new Error(`It ended with ${String(code)}:\n${output}`)));
  });
  ready.catch(() => undefined);
  return { url: `http://127.0.0.1:${port}`, child, ready };
}

interface Scene {
  readonly database: EmptyDatabase;
  readonly env: Record<string, string>;
  remove(): Promise<void>;
}

async function empty(): Promise<Scene> {
  const dir = mkdtempSync(join(tmpdir(), 'gatehouse-together-'));
  const database = await emptyDatabase();
  const { config } = database;
  // With a file the master key is made by one of them as well.
  const storage: Record<string, string> =
    config.kind === 'mysql'
      ? { DATABASE_URL: config.url, MASTER_KEY: randomBytes(32).toString('base64') }
      : { DATABASE_URL: `sqlite://${config.file}` };
  const env = {
    PATH: process.env['PATH'] ?? '',
    ...storage,
    PUBLIC_URL: 'http://localhost:3999',
    ADMIN_PASSWORD: PASSWORD,
    DATA_DIR: join(dir, 'data'),
    DOCS_DIR: 'examples',
    LOG_LEVEL: 'error',
  };
  const remove = async (): Promise<void> => {
    await database.remove();
    rmSync(dir, { recursive: true, force: true });
  };
  return { database, env, remove };
}

async function look<T>({ config }: EmptyDatabase, sql: string): Promise<T[]> {
  const dataSource = await new DataSource(await dataSourceOptions(config, [])).initialize();
  try {
    return await dataSource.query<T[]>(sql);
  } finally {
    await dataSource.destroy();
  }
}

const ports = (count: number): Promise<number[]> => Promise.all(Array.from({ length: count }, freePort));
const end = (child: ChildProcess): Promise<unknown> =>
  child.exitCode !== null || child.signalCode !== null
    ? Promise.resolve()
    : new Promise((resolve) => {
        child.once('exit', resolve);
        child.kill('SIGKILL');
      });

/** One of everything, and what one of them made is good at all. */
async function expectOneInstallation(database: EmptyDatabase, started: readonly Started[]): Promise<void> {
  const names = await look<{ name: string }>(database, 'SELECT name FROM migrations');
  expect(names.map(({ name }) => name).sort()).toEqual([...NAMES].sort());
  for (const table of ['admins', 'servers', 'signing_keys', 'installation'])
    expect([table, (await look(database, `SELECT * FROM ${table}`)).length]).toEqual([table, 1]);
  const [first] = started as [Started];
  const headers = { authorization: basic('admin', PASSWORD), 'content-type': 'application/json' };
  const { json } = await ask(`${first.url}/api/v1/credentials`, { method: 'POST', headers, body: '{"label":"together"}' });
  const client = json as unknown as NewCredential;
  for (const minting of started) {
    const token = (await postForm(minting, 'token', { client, form: { grant_type: 'client_credentials' } })).json['access_token'] as string;
    for (const serving of started) expect(await statusOfCall(serving, token)).toBe(200);
  }
}

it('three processes that start at the same moment on an empty database migrate and seed it once', async () => {
  const { database, env, remove } = await empty();
  const started = (await ports(3)).map((port) => start(env, port));
  await Promise.all(started.map(({ ready }) => ready));
  await expectOneInstallation(database, started);
  await Promise.all(started.map(({ child }) => end(child)));
  await remove();
});

it('one that is killed while it migrates holds up nobody: the others go on where it was', async () => {
  const { database, env, remove } = await empty();
  const [first = 0, ...others] = await ports(3);
  const killed = start(env, first);
  let migrated: string[] = [];
  // As soon as there is something: it may be through with some of it, or in the middle of the first.
  while (migrated.length === 0 && killed.child.exitCode === null) {
    migrated = await look<{ name: string }>(database, 'SELECT name FROM migrations').then(
      (rows) => rows.map(({ name }) => name),
      () => [],
    );
  }
  await end(killed.child);
  const started = others.map((port) => start(env, port));
  await Promise.all(started.map(({ ready }) => ready));
  await expectOneInstallation(database, started);
  await Promise.all(started.map(({ child }) => end(child)));
  await remove();
});
