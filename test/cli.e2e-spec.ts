import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import Database from 'better-sqlite3';
import { DataSource } from 'typeorm';
import { dataSourceOptions } from '../src/database/data-source.js';
import { loadConfig } from '../src/config/load-config.js';
import { DocsWebhooks } from '../src/docs-server/docs-webhooks.service.js';
import { ENTITIES } from '../src/entities.js';
import { ServerDirectory } from '../src/servers/server-directory.service.js';
import { cli } from './support/cli.js';
import { eventually } from './support/eventually.js';
import { PASSWORD, startTestGatehouse, type TestGatehouse } from './support/gatehouse.js';
import { TestBrowser } from './support/browser.js';
import { build } from './support/replicas.js';

const ON_SERVER = Boolean(process.env['TEST_DATABASE_URL']);
// Files are copied of SQLite alone, and only a server has other connections: each run does what its database has.
const onSqlite = ON_SERVER ? it.skip : it;
const onServer = ON_SERVER ? it : it.skip;

jest.setTimeout(120_000); // Every command is a process of its own.

let gatehouse: TestGatehouse;
let dir: string;
let cleanUp: (() => Promise<void>)[] = [];
beforeAll(build, 400_000);
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'gatehouse-cli-'));
});
afterEach(async () => {
  for (const remove of cleanUp.reverse()) await remove();
  cleanUp = [];
  rmSync(dir, { recursive: true, force: true });
});

async function start(): Promise<TestGatehouse> {
  gatehouse = await startTestGatehouse();
  cleanUp.push(gatehouse.remove);
  return gatehouse;
}

/** Starts it again on what is there, as after a stop. */
async function startAgain(env: Record<string, string> = {}): Promise<void> {
  gatehouse = await startTestGatehouse({ on: { dir: gatehouse.dir, env: { ...gatehouse.env, ...env } } });
  cleanUp.push(gatehouse.close);
}

const run = (args: string[], env: Record<string, string> = {}) => cli(args, { ...gatehouse.env, ...env });
const data = (name: string): string => join(gatehouse.env['DATA_DIR']!, name);

describe('the command line', () => {
  it('lists its commands, explains each, and exits with 2 for what it does not understand', async () => {
    const help = await cli(['--help'], {});
    expect(help).toMatchObject({ code: 0, stderr: '' });
    expect(help.stdout).toMatch(/backup FILE[\s\S]*restore FILE[\s\S]*master-key rotate[\s\S]*admin reset NAME/);
    await expect(cli(['backup', '--help'], {})).resolves.toMatchObject({ code: 0, stdout: expect.stringContaining('--force') });
    for (const args of [[], ['nothing'], ['backup'], ['backup', 'a', 'b'], ['backup', '--loud', 'a'], ['master-key']]) {
      const { code, stdout, stderr } = await cli(args, {});
      expect({ args, code, stdout }).toEqual({ args, code: 2, stdout: '' });
      expect(stderr).toMatch(/^gatehouse: .+\n$/);
    }
  });

  it('says in one line that there is no installation, and makes none', async () => {
    const env = { DATA_DIR: join(dir, 'data') };
    for (const args of [
      ['backup', join(dir, 'a')],
      ['admin', 'reset', 'admin'],
      ['master-key', 'rotate'],
    ]) {
      const { code, stderr } = await cli(args, env);
      expect({ code, lines: stderr.trim().split('\n').length }).toEqual({ code: 1, lines: 1 });
    }
    expect(readdirSync(dir)).toEqual([]);
  });
});

describe('backup and restore', () => {
  onSqlite('brings back what was there, though the server ran and wrote meanwhile', async () => {
    const { createCredential, admin } = await start();
    const credential = await createCredential();
    const file = join(dir, 'copy.sqlite');
    await expect(run(['backup', file])).resolves.toMatchObject({ code: 0, stderr: '' });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(dir)).toEqual(['copy.sqlite']);
    const later = await createCredential();
    await admin(`/credentials/${credential.id}`, { method: 'DELETE' });

    const whileRunning = await run(['restore', '--force', file]);
    expect(whileRunning).toMatchObject({ code: 1, stderr: expect.stringContaining('Stop Gatehouse first') });
    await gatehouse.close();
    await expect(run(['restore', file])).resolves.toMatchObject({ code: 1, stderr: expect.stringContaining('--force') });
    await expect(run(['restore', '--force', file])).resolves.toMatchObject({ code: 0, stderr: '' });
    expect(readdirSync(gatehouse.env['DATA_DIR']!).filter((name) => name.includes('partial'))).toEqual([]);
    await startAgain();
    expect((await gatehouse.token(credential)).status).toBe(200);
    expect((await gatehouse.token(later)).status).toBe(401);
  });

  onSqlite('does not replace a file unless told to', async () => {
    await start();
    const file = join(dir, 'copy.sqlite');
    writeFileSync(file, 'dear');
    await expect(run(['backup', file])).resolves.toMatchObject({ code: 1, stderr: expect.stringContaining('--force') });
    expect(readFileSync(file, 'utf8')).toBe('dear');
    await expect(run(['backup', file, '--force'])).resolves.toMatchObject({ code: 0 });
    await expect(run(['backup', data('gatehouse.sqlite'), '--force'])).resolves.toMatchObject({ code: 1 });
    await expect(run(['backup', join(dir, 'none', 'copy.sqlite')])).resolves.toMatchObject({ code: 1 });
  });

  onSqlite('refuses what is damaged, foreign, newer or sealed under another key, and leaves the database alone', async () => {
    const { createCredential } = await start();
    const credential = await createCredential();
    const good = join(dir, 'good.sqlite');
    await run(['backup', good]);
    await gatehouse.close();
    const cases: [string, (file: string) => void, Record<string, string>, RegExp][] = [
      [
        'text',
        (file) => writeFileSync(file, 'not a database, but long enough to be read as one'.repeat(50)),
        {},
        /cannot be read as a SQLite/,
      ],
      ['damaged', damage, {}, /damaged|cannot be read/],
      ['foreign', (file) => change(file, 'DROP TABLE migrations'), {}, /no backup of Gatehouse/],
      [
        'newer',
        (file) => change(file, "INSERT INTO migrations (timestamp, name) VALUES (9999999999999, 'Later9999999999999')"),
        {},
        /newer version/,
      ],
      ['sealed', () => undefined, { MASTER_KEY: randomBytes(32).toString('base64') }, /another master key/],
    ];
    for (const [name, spoil, env, message] of cases) {
      const file = join(dir, `${name}.sqlite`);
      writeFileSync(file, readFileSync(good));
      spoil(file);
      const { code, stderr } = await run(['restore', '--force', file], env);
      expect({ name, code, lines: stderr.trim().split('\n').length }).toEqual({ name, code: 1, lines: 1 });
      expect(stderr).toMatch(message);
    }
    await startAgain();
    expect((await gatehouse.token(credential)).status).toBe(200);
  });

  onServer('names the commands of the database itself, and exits with 1, since nothing was copied', async () => {
    await start();
    const { code, stderr } = await run(['backup', 'copy.sql']);
    expect(code).toBe(1);
    expect(stderr).toMatch(/mysqldump --single-transaction .*--host=127\.0\.0\.1 .*gatehouse_test_\w+ > copy\.sql/);
    expect((await run(['restore', 'copy.sql'])).stderr).toMatch(/mysql --host.* < copy\.sql/);
  });
});

const damage = (file: string): void => {
  const bytes = readFileSync(file);
  bytes.fill(0x5a, 4096 * 3, 4096 * 6);
  writeFileSync(file, bytes);
};

function change(file: string, sql: string): void {
  const db = new Database(file);
  db.exec(sql);
  db.close();
}

const SEALED = /^v1\.[\w-]{38,}$/;

/** Every value of every table that looks sealed, by where it is. */
async function sealedValues(): Promise<Map<string, string>> {
  const { database } = loadConfig(gatehouse.env);
  const source = await new DataSource(await dataSourceOptions(database, ENTITIES)).initialize();
  const found = new Map<string, string>();
  for (const { tableName, columns } of source.entityMetadatas) {
    const rows: Record<string, unknown>[] = await source.query(`SELECT * FROM ${tableName}`);
    for (const [i, row] of rows.entries()) {
      for (const { databaseName } of columns) {
        const value = row[databaseName];
        if (typeof value === 'string' && SEALED.test(value)) found.set(`${tableName}.${databaseName} ${i}`, value);
      }
    }
  }
  await source.destroy();
  return found;
}

describe('rotation of the master key', () => {
  const rotate = ON_SERVER ? () => ['master-key', 'rotate', '--new-key-file', join(dir, 'new.key')] : () => ['master-key', 'rotate'];
  const withNewKey = (): Record<string, string> => (ON_SERVER ? { MASTER_KEY: readFileSync(join(dir, 'new.key'), 'utf8') } : {});

  async function fill() {
    const { createCredential, admin } = await start();
    const credential = await createCredential();
    const upstream = { kind: 'http', url: 'http://127.0.0.1:9/mcp', auth: { type: 'bearer', token: 'the-upstream-token' } };
    const server = await admin('/servers', {
      body: { slug: 'up', name: 'Up', access: 'authenticated', upstream },
      headers: { 'idempotency-key': 'once' },
    });
    expect(server.status).toBe(201);
    const other = await admin('/credentials', { body: { label: 'kept' }, headers: { 'idempotency-key': 'kept' } });
    const serverId = gatehouse.app.get(ServerDirectory, { strict: false }).find('up')!.id;
    const { secret } = await gatehouse.app.get(DocsWebhooks, { strict: false }).make({ id: serverId, slug: 'up' }, 'test');
    return { credential, other, webhook: { serverId, secret } };
  }

  it('seals everything anew, and everything goes on under the new key only', async () => {
    const { credential, other, webhook } = await fill();
    const running = await run(rotate());
    expect(running).toMatchObject({ code: 1, stdout: '' });
    await gatehouse.close();
    const before = await sealedValues();
    expect([...new Set([...before.keys()].map((where) => where.split(' ')[0]))].sort()).toEqual([
      'docs_webhooks.secret',
      'idempotency_keys.sealedAnswer',
      'installation.sealed',
      'servers.upstreamSecrets',
      'signing_keys.sealedPrivateKey',
    ]);
    const rotated = await run(rotate());
    expect(rotated).toMatchObject({ code: 0, stderr: '', stdout: expect.stringContaining(`${before.size} values`) });
    const after = await sealedValues();
    expect([...after.keys()]).toEqual([...before.keys()]);
    for (const [where, value] of after) expect({ where, isNew: value !== before.get(where) }).toEqual({ where, isNew: true });
    await startAgain(withNewKey());
    expect((await gatehouse.token(credential)).status).toBe(200);
    const webhooks = gatehouse.app.get(DocsWebhooks, { strict: false });
    expect(await webhooks.isGenuine(webhook.serverId, Buffer.from(''), { token: webhook.secret })).toBe(true);
    expect(gatehouse.app.get(ServerDirectory, { strict: false }).find('up')?.openSecrets()).toEqual({ token: 'the-upstream-token' });
    const again = await gatehouse.admin('/credentials', { body: { label: 'kept' }, headers: { 'idempotency-key': 'kept' } });
    expect(again.json['clientSecret']).toBe(other.json['clientSecret']);
    await expect(
      startTestGatehouse({ on: { dir: gatehouse.dir, env: { ...gatehouse.env, MASTER_KEY: randomBytes(32).toString('base64') } } }),
    ).rejects.toThrow('master key is not the one');
  });

  it('keeps the old key where something does not open under it', async () => {
    const { credential } = await fill();
    await gatehouse.app
      .get(DataSource)
      .query(`UPDATE servers SET ${ON_SERVER ? '`upstreamSecrets`' : '"upstreamSecrets"'} = 'v1.AAAA' WHERE slug = 'up'`);
    await gatehouse.close();
    const before = await sealedValues();
    const { code, stderr } = await run(rotate());
    expect(code).toBe(1);
    expect(stderr).toMatch(/does not open what is sealed in servers/);
    expect(await sealedValues()).toEqual(before);
    await startAgain();
    expect((await gatehouse.token(credential)).status).toBe(200);
  });

  onSqlite('goes on by itself after a crash between the database and the key file', async () => {
    const { credential } = await fill();
    await gatehouse.close();
    const oldKey = readFileSync(data('master.key'));
    await run(rotate());
    renameSync(data('master.key'), data('master.key.next'));
    writeFileSync(data('master.key'), oldKey);
    await startAgain();
    expect((await gatehouse.token(credential)).status).toBe(200);
    expect(existsSync(data('master.key.next'))).toBe(false);
    expect(readFileSync(data('master.key'))).not.toEqual(oldKey);
  });

  onSqlite('takes no notice of a key that was made before a crash, until the next rotation uses it', async () => {
    const { credential } = await fill();
    const waiting = `${randomBytes(32).toString('base64')}\n`;
    await gatehouse.close();
    writeFileSync(data('master.key.next'), waiting);
    await startAgain();
    expect((await gatehouse.token(credential)).status).toBe(200);
    await gatehouse.close();
    await expect(run(rotate())).resolves.toMatchObject({ code: 0 });
    expect(readFileSync(data('master.key'), 'utf8')).toBe(waiting);
    await startAgain();
    expect((await gatehouse.token(credential)).status).toBe(200);
  });

  onServer('asks for a file with MASTER_KEY, and says that it is done already', async () => {
    await fill();
    await gatehouse.close();
    await expect(run(['master-key', 'rotate'])).resolves.toMatchObject({ code: 2, stderr: expect.stringContaining('--new-key-file') });
    await expect(run(rotate())).resolves.toMatchObject({ code: 0 });
    await expect(run(rotate())).resolves.toMatchObject({ code: 0, stdout: expect.stringContaining('already') });
  });
});

describe('an admin who is lost', () => {
  const signIn = (user: string, password: string) => gatehouse.admin('/admins/me', { user, password });
  const reset = async (args: string[]) => {
    const answer = await run(['admin', 'reset', ...args]);
    return { ...answer, password: /^Password {2}(\S+)$/m.exec(answer.stdout)?.[1] ?? '' };
  };

  it('gets a new password while the server runs: the old one and the sessions end, and the trail says who did it', async () => {
    const { admin, url } = await start();
    await admin('/admins', { body: { username: 'grace', password: PASSWORD, role: 'operator' } });
    const browser = new TestBrowser();
    const visit = await browser.ask(`${url}/api/v1/session`, { body: { username: 'grace', password: PASSWORD } });
    expect(visit.status).toBe(201);
    const { code, password } = await reset(['Grace', '--owner']);
    expect(code).toBe(0);

    await eventually(async () => expect((await signIn('grace', PASSWORD)).status).toBe(401));
    const me = await signIn('grace', password);
    expect(me).toMatchObject({ status: 200, json: { role: 'owner' } });
    await eventually(async () => expect((await browser.ask(`${url}/api/v1/session`)).status).toBe(401));
    const { json } = await admin('/events?actor=cli');
    expect(json['items']).toMatchObject([
      { kind: 'admin.changed', actor: 'cli', detail: { username: 'grace', fields: ['password', 'role'], role: 'owner' } },
    ]);
    expect(JSON.stringify(json)).not.toContain(password);
  });

  it('can be let in again where disabled, made anew where nobody can sign in, and is named where there is none', async () => {
    const { admin } = await start();
    const grace = await admin('/admins', { body: { username: 'grace', password: PASSWORD, role: 'operator' } });
    await admin(`/admins/${String(grace.json['id'])}/disable`, {
      method: 'POST',
    });
    const again = await reset(['grace']);
    expect(await signIn('grace', again.password)).toMatchObject({ status: 200, json: { role: 'operator' } });
    await expect(reset(['nobody'])).resolves.toMatchObject({ code: 1, stderr: expect.stringMatching(/no admin nobody.*admin, grace/) });
    await expect(reset(['../x'])).resolves.toMatchObject({ code: 2 });
    const made = await reset(['rescue', '--create']);
    expect(await signIn('rescue', made.password)).toMatchObject({ status: 200, json: { role: 'owner' } });
    await expect(reset(['rescue', '--create'])).resolves.toMatchObject({ code: 1 });
  });
});

describe('verification of the audit trail', () => {
  it('finds nothing while the server runs and writes, and names a line that somebody has changed', async () => {
    const { createCredential, token, flush, app } = await start();
    const credential = await createCredential();
    for (let i = 0; i < 5; i++) await token(credential);
    await flush();
    await token(credential);
    await expect(run(['audit', 'verify'])).resolves.toMatchObject({ code: 0, stdout: expect.stringContaining('Nothing was removed') });
    await app.get(DataSource).query(`UPDATE events SET address = '10.9.9.9' WHERE kind = 'credential.created'`);
    const { code, stderr } = await run(['audit', 'verify']);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^gatehouse: changed {3}Event \w{26} of \S+Z \(credential\.created\) was changed\.\n/);
    await expect(run(['audit', 'verify', '--since', '2099-01-01'])).resolves.toMatchObject({ code: 0 });
    await expect(run(['audit', 'verify', '--since', 'yesterday'])).resolves.toMatchObject({ code: 2 });
  });
});
