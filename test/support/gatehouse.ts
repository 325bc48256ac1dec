import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { mkdirSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { createConnection } from 'mysql2/promise';
import { DataSource } from 'typeorm';
import { AuditService } from '../../src/audit/audit.service.js';
import type { Clock } from '../../src/common/clock.js';
import { Change } from '../../src/database/change.entity.js';
import { ChangeFeed } from '../../src/database/change-feed.service.js';
import { loadConfig } from '../../src/config/load-config.js';
import { type Gatehouse, startGatehouse } from '../../src/http/create-app.js';
import { type Answer, ask, basic, PASSWORD } from './ask.js';
import { freePort } from './free-port.js';

export { type Answer, ask, basic, PASSWORD } from './ask.js';

const DOCS: Readonly<Record<string, string>> = {
  'index.md': '---\ntitle: Welcome\npublic: true\n---\n\n# Welcome\n\nA handbook for testing.\n',
  'guides/install.md':
    '---\ntitle: Install\npublic: true\n---\n\n# Install\n\nRun the installer.\n\n## Requirements\n\nA computer with a keyboard.\n',
  'guides/secrets.md':
    '---\ntitle: Rotating secrets\n---\n\n# Rotating secrets\n\nThe zebra protocol rotates every secret with an overlap.\n',
};

export interface Options {
  readonly env?: Record<string, string>;
  readonly docs?: Readonly<Record<string, string>>;
  readonly clock?: Clock;
  /** Where others must know the URL before it starts; by default any free one. */
  readonly port?: number;
  /** Start again on what an earlier run left behind. */
  readonly on?: Pick<TestGatehouse, 'dir' | 'env'>;
}

/** A started application with its own folder, database and port. */
export interface TestGatehouse extends Gatehouse {
  readonly dir: string;
  readonly env: Record<string, string>;
  /** Calls the admin API as the first owner. */
  admin(path: string, init?: AdminInit): Promise<Answer>;
  createCredential(body?: Record<string, unknown>): Promise<NewCredential>;
  /** Asks the token endpoint with Basic. */
  token(credential: Pick<NewCredential, 'clientId' | 'clientSecret'>, form?: Record<string, string>): Promise<Answer>;
  /** Writes the events and uses that were noted so far, which otherwise takes half a second. */
  flush(): Promise<void>;
  accessToken(credential: Pick<NewCredential, 'clientId' | 'clientSecret'>): Promise<string>;
  /** Stops it and removes what it made. */
  remove(): Promise<void>;
}

export interface AdminInit {
  readonly method?: string;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
  readonly user?: string;
  readonly password?: string;
}

export interface NewCredential {
  readonly id: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly secrets: { readonly id: string }[];
}

/** Starts the same application as `main`, on SQLite, or on `TEST_DATABASE_URL` and `TEST_REDIS_URL` where they are set. */
export async function startTestGatehouse(options: Options = {}): Promise<TestGatehouse> {
  const dir = options.on?.dir ?? mkdtempSync(join(tmpdir(), 'gatehouse-'));
  const database = options.on ? undefined : await createDatabase();
  const port = options.port ?? (await freePort());
  if (!options.on) writeDocs(join(dir, 'docs'), options.docs ?? DOCS);
  const env: Record<string, string> = {
    ...(options.on?.env ?? {
      ...database?.env,
      ADMIN_PASSWORD: PASSWORD,
      DATA_DIR: join(dir, 'data'),
      DOCS_DIR: join(dir, 'docs'),
      LOG_LEVEL: 'fatal',
      RATE_LIMIT_TOKEN_PER_ADDRESS: '1000000',
    }),
    ...options.env,
    PORT: String(port),
  };
  const gatehouse = await startGatehouse(loadConfig(env), options.clock);
  const admin = (path: string, init: AdminInit = {}) =>
    ask(`${gatehouse.url}/api/v1${path}`, {
      method: init.method ?? (init.body === undefined ? 'GET' : 'POST'),
      headers: {
        authorization: basic(init.user ?? 'admin', init.password ?? PASSWORD),
        ...(init.body === undefined ? {} : { 'content-type': 'application/json' }),
        ...init.headers,
      },
      ...(init.body === undefined ? {} : { body: JSON.stringify(init.body) }),
    });
  const token: TestGatehouse['token'] = ({ clientId, clientSecret }, form = {}) =>
    ask(`${gatehouse.url}/authed/mcp/oauth/token`, {
      method: 'POST',
      headers: { authorization: basic(clientId, clientSecret) },
      body: new URLSearchParams({ grant_type: 'client_credentials', ...form }),
    });
  return {
    ...gatehouse,
    url: env['PUBLIC_URL'] ?? `http://localhost:${port}`,
    dir,
    env,
    admin,
    token,
    createCredential: async (body = {}) =>
      (await admin('/credentials', { body: { label: 'test', ...body } })).json as unknown as NewCredential,
    flush: () => gatehouse.app.get(AuditService, { strict: false }).flush(),
    accessToken: async (credential) => (await token(credential)).json['access_token'] as string,
    remove: async () => {
      await gatehouse.close();
      await database?.drop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** Waits until the change feed has told again all that was changed so far, so that what is read now stays warm. */
export async function changesToldTwice({ app }: Pick<Gatehouse, 'app'>): Promise<void> {
  const marker = randomBytes(8).toString('hex');
  const told = new Promise<void>((resolve) => {
    app.get(ChangeFeed).on('marker', (subject) => subject === marker && resolve());
  });
  await app.get(DataSource).getRepository(Change).insert({ topic: 'marker', subject: marker, at: Date.now() });
  await told;
}

export function writeDocs(dir: string, docs: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(docs)) {
    mkdirSync(dirname(join(dir, name)), { recursive: true });
    writeFileSync(join(dir, name), text);
  }
}

interface TestDatabase {
  readonly env: Record<string, string>;
  drop(): Promise<void>;
}

async function createDatabase(): Promise<TestDatabase> {
  const redis = process.env['TEST_REDIS_URL'];
  const redisEnv: Record<string, string> = redis ? { REDIS_URL: redis } : {};
  const url = process.env['TEST_DATABASE_URL'];
  if (!url) return { env: redisEnv, drop: () => Promise.resolve() };
  const name = `gatehouse_test_${randomBytes(6).toString('hex')}`;
  await onServer(url, `CREATE DATABASE ${name}`);
  const own = new URL(url);
  own.pathname = `/${name}`;
  const env = { ...redisEnv, DATABASE_URL: own.href, MASTER_KEY: randomBytes(32).toString('base64') };
  return { env, drop: () => onServer(url, `DROP DATABASE ${name}`) };
}

async function onServer(url: string, statement: string): Promise<void> {
  const connection = await createConnection({ uri: url });
  await connection.query(statement);
  await connection.end();
}
