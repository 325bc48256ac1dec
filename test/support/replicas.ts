import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createConnection } from 'mysql2/promise';
import { freePort } from './free-port.js';
import { type Answer, ask, basic, type NewCredential, PASSWORD, writeDocs } from './gatehouse.js';

/** One process that runs what `npm start` runs. */
export interface Replica {
  readonly url: string;
  admin(path: string, init?: { method?: string; body?: unknown }): Promise<Answer>;
  createCredential(body?: Record<string, unknown>): Promise<NewCredential>;
}

/** Two processes that share one database: a SQLite file, or `TEST_DATABASE_URL` where that is set. */
export interface Replicas {
  readonly first: Replica;
  readonly second: Replica;
  /** Ends a process by SIGTERM, as an upgrade does, and starts it again on its port. Gives the code that it ended with. */
  restart(replica: Replica): Promise<number | null>;
  remove(): Promise<void>;
}

/** Builds what the processes run, where it is older than its source. */
export function build(): void {
  execFileSync(process.execPath, ['tools/build-when-stale.mjs'], { stdio: 'ignore' });
}

/** @throws with what a process wrote where it does not start. */
export async function startReplicas(variables: Record<string, string> = {}): Promise<Replicas> {
  const dir = mkdtempSync(join(tmpdir(), 'gatehouse-replicas-'));
  writeDocs(join(dir, 'docs'), { 'index.md': '---\ntitle: Welcome\n---\n\n# Welcome\n\nA handbook.\n' });
  const database = await createDatabase();
  const ports = [await freePort(), await freePort()];
  const children: ChildProcess[] = [];
  const env = {
    PATH: process.env['PATH'] ?? '',
    ...database.env,
    ADMIN_PASSWORD: PASSWORD,
    DATA_DIR: join(dir, 'data'),
    DOCS_DIR: join(dir, 'docs'),
    LOG_LEVEL: 'error',
    PUBLIC_URL: `http://localhost:${ports[0] ?? 0}`,
    RATE_LIMIT_TOKEN_PER_ADDRESS: '1000000',
    ...variables,
  };
  const remove = async (): Promise<void> => {
    await Promise.all(children.map(end));
    await database.drop();
    rmSync(dir, { recursive: true, force: true });
  };
  try {
    const urls: string[] = [];
    // One after the other: the first makes the SQLite file and its master key.
    for (const port of ports) urls.push(await start({ ...env, PORT: String(port) }, children));
    const restart = async ({ url }: Replica): Promise<number | null> => {
      const index = urls.indexOf(url);
      const child = children[index];
      if (!child) throw new Error(`No process serves ${url}`);
      const code = await new Promise<number | null>((resolve) => {
        child.once('exit', resolve);
        child.kill('SIGTERM');
      });
      const started: ChildProcess[] = [];
      await start({ ...env, PORT: String(ports[index]) }, started).finally(() => children.splice(index, 1, ...started));
      return code;
    };
    return { first: toReplica(urls[0] ?? ''), second: toReplica(urls[1] ?? ''), restart, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

function toReplica(url: string): Replica {
  const admin: Replica['admin'] = (path, { method, body } = {}) =>
    ask(`${url}/api/v1${path}`, {
      method: method ?? (body === undefined ? 'GET' : 'POST'),
      headers: { authorization: basic('admin', PASSWORD), ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  const createCredential: Replica['createCredential'] = async (body = {}) =>
    (await admin('/credentials', { body: { label: 'test', ...body } })).json as unknown as NewCredential;
  return { url, admin, createCredential };
}

function start(env: Record<string, string>, children: ChildProcess[]): Promise<string> {
  const child = spawn(process.execPath, ['dist/src/main.js'], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  children.push(child);
  return new Promise((resolve, reject) => {
    let output = '';
    const read = (data: Buffer): void => {
      output += data.toString();
      // The last of the lines that a start prints.
      if (output.includes('curl')) resolve(`http://127.0.0.1:${env['PORT'] ?? ''}`);
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    child.once('exit', () => reject(new Error(`The process did not start:\n${output}`)));
  });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await ended;
}

async function createDatabase(): Promise<{ env: Record<string, string>; drop: () => Promise<void> }> {
  const redis = process.env['TEST_REDIS_URL'];
  const redisEnv: Record<string, string> = redis ? { REDIS_URL: redis } : {};
  const url = process.env['TEST_DATABASE_URL'];
  if (!url) return { env: redisEnv, drop: () => Promise.resolve() };
  const name = `gatehouse_test_${randomBytes(6).toString('hex')}`;
  const run = async (statement: string): Promise<void> => {
    const connection = await createConnection({ uri: url });
    await connection.query(statement);
    await connection.end();
  };
  await run(`CREATE DATABASE ${name}`);
  const own = new URL(url);
  own.pathname = `/${name}`;
  const env = { ...redisEnv, DATABASE_URL: own.href, MASTER_KEY: randomBytes(32).toString('base64') };
  return { env, drop: () => run(`DROP DATABASE ${name}`) };
}
