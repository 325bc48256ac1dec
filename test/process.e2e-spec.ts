import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { ask, basic, PASSWORD } from './support/ask.js';
import { freePort } from './support/free-port.js';
import { startOtlpReceiver } from './support/otlp-receiver.js';

const dir = mkdtempSync(join(tmpdir(), 'gatehouse-process-'));
const children: ChildProcess[] = [];

beforeAll(() => {
  execFileSync(process.execPath, ['tools/build-when-stale.mjs'], { stdio: 'ignore' });
}, 400_000);
afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(dir, { recursive: true, force: true });
});

/** Runs what `npm start` runs. */
function run(variables: Record<string, string>) {
  const env = { PATH: process.env['PATH'] ?? '', DATA_DIR: join(dir, 'data'), ...variables };
  const child = spawn(process.execPath, ['dist/src/main.js'], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  children.push(child);
  const output = { stdout: '', stderr: '' };
  child.stdout.on('data', (data: Buffer) => (output.stdout += data.toString()));
  child.stderr.on('data', (data: Buffer) => (output.stderr += data.toString()));
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  return { child, output, ended };
}

async function until(isTrue: () => boolean): Promise<void> {
  for (let i = 0; i < 500 && !isTrue(); i++) await new Promise((resolve) => setTimeout(resolve, 50));
}

jest.setTimeout(90_000); // Each starts the application twice, on a machine that may be busy.

describe('the process', () => {
  it('says where everything is in five lines, and the generated password once', async () => {
    const port = await freePort();
    const { child, output, ended } = run({ PORT: String(port), LOG_LEVEL: 'warn', DOCS_DIR: 'docs' });
    await until(() => output.stdout.includes('Password'));
    const lines = output.stdout
      .slice(output.stdout.indexOf('Gatehouse is ready'))
      .split('\n')
      .filter((line) => line !== '');
    expect(lines.slice(0, 5).join('\n')).toMatch(/authed\/mcp[\s\S]*oauth\/token[\s\S]*api\/docs[\s\S]*dashboard[\s\S]*curl/);
    expect(lines).toHaveLength(7);
    child.kill('SIGTERM');
    await expect(ended).resolves.toBe(0);
    const again = run({ PORT: String(port), LOG_LEVEL: 'warn', DOCS_DIR: 'docs' });
    await until(() => again.output.stdout.includes('curl'));
    expect(again.output.stdout).not.toContain('Password');
    again.child.kill('SIGTERM');
    await expect(again.ended).resolves.toBe(0);
  });

  it('starts after a first start that could not write to its disk', async () => {
    const data = { DATA_DIR: join(dir, 'no-room'), DOCS_DIR: 'docs', PORT: String(await freePort()) };
    const env = { PATH: process.env['PATH'] ?? '', ...data };
    execFileSync('sh', ['-c', `ulimit -f 0; ! "${process.execPath}" dist/src/main.js`], { env, stdio: 'ignore' });
    expect(readdirSync(data.DATA_DIR)).not.toContain('master.key');
    const { child, output, ended } = run(data);
    await until(() => output.stdout.includes('curl') || child.exitCode !== null);
    expect(output.stderr).toBe('');
    child.kill('SIGTERM');
    await expect(ended).resolves.toBe(0);
  });

  it('lets the first owner in from the first answer on', async () => {
    const port = await freePort();
    const { child, output, ended } = run({ PORT: String(port), DATA_DIR: join(dir, 'owner'), ADMIN_PASSWORD: PASSWORD, DOCS_DIR: 'docs' });
    const headers = { authorization: basic('admin', PASSWORD) };
    let status = 0;
    while (status === 0) {
      status = await ask(`http://127.0.0.1:${port}/api/v1/admins/me`, { headers }).then(
        (answer) => answer.status,
        () => 0,
      );
    }
    expect(status).toBe(200);
    // Not even a deprecation: it would come with every start.
    expect(output.stderr).toBe('');
    child.kill('SIGTERM');
    await expect(ended).resolves.toBe(0);
  });

  it.each([
    [{ PORT: 'x' }, /^gatehouse: PORT must be a whole number/],
    [{ PUBLIC_URL: 'http://docs.example.com' }, /^gatehouse: PUBLIC_URL must be https/],
    [{ DATA_DIR: '/etc/hostname/data' }, /^gatehouse: The folder \/etc\/hostname\/data cannot be used \(ENOTDIR\)/],
    [{ DATA_DIR: '/proc/none/data' }, /^gatehouse: The folder \/proc\/none\/data cannot be used \(ENOENT\)/],
    [
      { DATABASE_URL: 'mysql://root@127.0.0.1:1/x', MASTER_KEY: Buffer.alloc(32).toString('base64') },
      /^gatehouse: The database 127\.0\.0\.1:1\/x/,
    ],
  ])('ends with 1 and one clear line for %j', async (variables, message) => {
    const { output, ended } = run(variables);
    await expect(ended).resolves.toBe(1);
    expect(output.stderr).toMatch(message);
    expect(output.stderr.trim().split('\n')).toHaveLength(1);
  });

  it('ends with 1 and one clear line where the port is taken, and keeps the generated password for the next start', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const data = { DATA_DIR: join(dir, 'taken'), LOG_LEVEL: 'warn', DOCS_DIR: 'docs' };
    const { output, ended } = run({ ...data, PORT: String((taken.address() as AddressInfo).port) });
    await expect(ended).resolves.toBe(1);
    taken.close();
    expect(output.stdout).toBe('');
    expect(output.stderr).toMatch(/^gatehouse: Cannot serve at 127\.0\.0\.1:\d+: port \d+ is taken\. Set PORT to another one\.\n$/);
    const again = run({ ...data, PORT: String(await freePort()) });
    await until(() => again.output.stdout.includes('Password'));
    expect(again.output.stdout).toMatch(/Password {9}\S{20,}/);
    again.child.kill('SIGTERM');
    await expect(again.ended).resolves.toBe(0);
  });

  it('answers what is under way, writes what is buffered, and ends with 0 on SIGTERM', async () => {
    const port = await freePort();
    const data = {
      DATA_DIR: join(dir, 'drain'),
      PORT: String(port),
      ADMIN_PASSWORD: PASSWORD,
      LOG_LEVEL: 'warn',
      RATE_LIMIT_TOKEN_PER_ADDRESS: '100000',
    };
    const first = run(data);
    await until(() => first.output.stdout.includes('curl'));
    const url = `http://localhost:${port}`;
    const admin = { authorization: basic('admin', PASSWORD), 'content-type': 'application/json' };
    const { json } = await ask(`${url}/api/v1/credentials`, { method: 'POST', headers: admin, body: '{"label":"drain"}' });
    const mint = () =>
      ask(`${url}/authed/mcp/oauth/token`, {
        method: 'POST',
        headers: { authorization: basic(json['clientId'] as string, json['clientSecret'] as string) },
        body: new URLSearchParams({ grant_type: 'client_credentials' }),
      }).then(
        ({ status }) => status,
        () => 0,
      );
    const before = await Promise.all(Array.from({ length: 100 }, mint));
    expect(new Set(before)).toEqual(new Set([200]));
    const during = Array.from({ length: 200 }, mint);
    first.child.kill('SIGTERM');
    const issued = [...before, ...(await Promise.all(during))].filter((status) => status === 200).length;
    const began = Date.now();
    await expect(first.ended).resolves.toBe(0);
    expect(Date.now() - began).toBeLessThan(10_000);
    expect(issued).toBeGreaterThanOrEqual(before.length);
    const second = run(data);
    await until(() => second.output.stdout.includes('curl'));
    const events = await ask(`${url}/api/v1/events?kind=token.issued`, { headers: { ...admin, accept: 'application/x-ndjson' } });
    expect(events.text.trim().split('\n')).toHaveLength(issued);
    second.child.kill('SIGTERM');
    await expect(second.ended).resolves.toBe(0);
  });

  it('writes no secret and no token into its log, at any level, and finds a request again by its id (R-ADM-06)', async () => {
    const port = await freePort();
    const receiver = await startOtlpReceiver();
    const metricsToken = 'metrics-canary-0123456789abcdef0123456789';
    const { child, output, ended } = run({
      PORT: String(port),
      DATA_DIR: join(dir, 'canary'),
      ADMIN_PASSWORD: PASSWORD,
      LOG_LEVEL: 'trace',
      METRICS_TOKEN: metricsToken,
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
      OTEL_EXPORTER_OTLP_HEADERS: 'x-api-key=receiver-canary-0123456789',
    });
    await until(() => output.stdout.includes('curl'));
    const url = `http://localhost:${port}`;
    const admin = { authorization: basic('admin', PASSWORD), 'content-type': 'application/json' };
    const { json } = await ask(`${url}/api/v1/credentials`, { method: 'POST', headers: admin, body: '{"label":"canary"}' });
    const [clientId, secret] = [json['clientId'] as string, json['clientSecret'] as string];
    const form = (members: Record<string, string>) => new URLSearchParams({ grant_type: 'client_credentials', ...members });
    const post = (path: string, init: RequestInit) => ask(url + path, { method: 'POST', ...init });
    const token = (await post('/authed/mcp/oauth/token', { headers: { authorization: basic(clientId, secret) }, body: form({}) })).json[
      'access_token'
    ] as string;
    const session = await post('/api/v1/session', {
      headers: { 'content-type': 'application/json', 'gatehouse-csrf': '1' },
      body: JSON.stringify({ username: 'admin', password: PASSWORD }),
    });
    const cookie = (session.headers.get('set-cookie') ?? '').split(';')[0]!;
    const mcp = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
    const answers = [
      session,
      await post(`/authed/mcp/oauth/token?client_secret=${secret}`, {
        body: form({ client_id: secret, client_secret: secret, scope: secret }),
      }),
      await post('/authed/mcp/oauth/token', { body: form({ grant_type: token, client_assertion: token, assertion: token }) }),
      await post(`/authed/mcp?access_token=${token}`, { headers: { ...mcp, authorization: `Bearer ${token}x`, dpop: token }, body: token }),
      await post('/authed/mcp', {
        headers: {
          ...mcp,
          authorization: `Bearer ${token}`,
          cookie,
          traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
        },
        body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: secret, params: { name: token } }),
      }),
      await ask(`${url}/api/v1/credentials/${secret}`, { headers: { ...admin, cookie, 'x-request-id': secret } }),
      await ask(`${url}/nowhere/${token}?${secret}`, { headers: { cookie } }),
      await ask(`${url}/metrics?token=${metricsToken}`, { headers: { authorization: `Bearer ${metricsToken}` } }),
    ];
    child.kill('SIGTERM');
    await expect(ended).resolves.toBe(0);
    await receiver.close();
    const lines = output.stdout.split('\n').filter((line) => line.startsWith('{'));
    const logged = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    for (const { status, headers } of answers) {
      const line = logged.find(({ requestId }) => requestId === headers.get('gatehouse-request-id'));
      if (status !== 404 || line) expect(line).toMatchObject({ context: 'Http', status });
    }
    expect(logged).toContainEqual(expect.objectContaining({ credentialId: json['id'], traceId: '4bf92f3577b34da6a3ce929d0e0e4736' }));
    const written = [output.stdout, output.stderr, ...answers.map(({ text }) => text), ...receiver.requests.map(({ text }) => text)].join(
      '\n',
    );
    const secrets = [secret, token, token.split('.')[2]!, cookie.split('=')[1]!, PASSWORD, metricsToken, 'receiver-canary-0123456789'];
    for (const one of secrets) {
      expect(one.length).toBeGreaterThan(11);
      for (const text of [one, Buffer.from(one).toString('base64').replace(/=+$/, ''), encodeURIComponent(one)])
        expect(written).not.toContain(text);
    }
    expect(receiver.spans.length).toBeGreaterThan(2);
  });
});
