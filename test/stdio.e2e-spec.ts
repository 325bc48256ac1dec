import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { hasEnded } from './support/eventually.js';
import { freePort } from './support/free-port.js';
import { type Answer, ask, basic, PASSWORD, startTestGatehouse, type TestGatehouse } from './support/gatehouse.js';

const MODERN = '2026-07-28';
const META = { 'io.modelcontextprotocol/protocolVersion': MODERN, 'io.modelcontextprotocol/clientCapabilities': {} };
const SCOPES = [
  { name: 'look', permissions: ['tools/call:look_around'], default: true },
  { name: 'all', permissions: ['*'] },
];
const FIXTURE = new URL('fixtures/rough-child.mjs', import.meta.url).pathname;

const dir = mkdtempSync(join(tmpdir(), 'gatehouse-stdio-e2e-'));
const commandsFile = join(dir, 'commands.yaml');
const ENV = { PATH: process.env['PATH'] ?? '', STDIO_COMMANDS_FILE: commandsFile };

beforeAll(() => {
  const entry = { command: process.execPath, args: [FIXTURE], extraArgs: ['[a-z]+'], serverEnv: ['API_KEY'], era: 'legacy' };
  writeFileSync(commandsFile, JSON.stringify({ rough: entry }));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const callTool = (url: string, token: string, name: string): Promise<Answer> =>
  ask(url, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': MODERN,
      'mcp-method': 'tools/call',
      'mcp-name': name,
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: {}, _meta: META } }),
  });

interface Seen {
  readonly pid: number;
  readonly env: Record<string, string>;
  readonly args: string[];
}

const seenIn = ({ json }: Answer): Seen =>
  JSON.parse((json as { result: { content: { text: string }[] } }).result.content[0]!.text) as Seen;

describe('a server of kind stdio', () => {
  let gatehouse: TestGatehouse;
  let url: string;
  let token: string;

  const look = async (): Promise<Seen> => seenIn(await callTool(url, token, 'look_around'));

  beforeAll(async () => {
    gatehouse = await startTestGatehouse({ env: ENV });
    const upstream = { kind: 'stdio', command: 'rough', args: ['first'], env: { API_KEY: 'sesame-open' } };
    const created = await gatehouse.admin('/servers', { body: { slug: 'rough', name: 'Rough', upstream, scopes: SCOPES } });
    expect([created.status, created.text]).toEqual([201, expect.not.stringContaining('sesame')]);
    url = `${gatehouse.url}/authed/mcp/rough`;
    token = await gatehouse.accessToken(await gatehouse.createCredential({ servers: ['rough'] }));
  });
  afterAll(() => gatehouse.remove());

  it('runs the command of the file, with the arguments and variables that the server adds', async () => {
    const seen = await look();
    expect(seen.args).toEqual(['first']);
    expect(seen.env).toMatchObject({ API_KEY: 'sesame-open' });
    expect(Object.keys(seen.env)).not.toContain('ADMIN_PASSWORD');
    expect((await look()).pid).toBe(seen.pid);
  });

  it('is as healthy as its calls came out, and its breaker is open while it waits to be started again', async () => {
    const healthOf = async (slug: string): Promise<unknown> => (await gatehouse.admin(`/servers/${slug}`)).json['health'];
    await look();
    expect(await healthOf('rough')).toMatchObject({ status: 'up', lastError: null, breaker: 'closed' });
    const upstream = { kind: 'stdio', command: 'rough', args: ['exit'] };
    await gatehouse.admin('/servers', { body: { slug: 'failing', name: 'Failing', upstream, scopes: SCOPES } });
    expect(await healthOf('failing')).toMatchObject({ status: 'unknown', breaker: null });
    const itsToken = await gatehouse.accessToken(await gatehouse.createCredential({ servers: ['failing'] }));
    const call = (): Promise<Answer> => callTool(`${gatehouse.url}/authed/mcp/failing`, itsToken, 'look_around');
    expect((await call()).status).toBe(502);
    expect((await call()).status).toBe(503);
    expect(await healthOf('failing')).toMatchObject({ status: 'down', lastError: expect.any(String), breaker: 'open' });
  });

  it('is refused what the command does not allow', async () => {
    const attempts = [
      { command: '/bin/sh' },
      { command: 'sh' },
      { command: 'rough', args: ['--eval'] },
      { command: 'rough', args: ['UPPER'] },
      { command: 'rough', env: { NODE_OPTIONS: '--inspect' } },
      { command: 'rough', env: { OTHER: 'x' } },
    ];
    for (const attempt of attempts) {
      const body = { slug: 'other', name: 'Other', upstream: { kind: 'stdio', ...attempt }, scopes: SCOPES };
      const { status, json } = await gatehouse.admin('/servers', { body });
      expect([attempt, status, json['code']]).toEqual([attempt, expect.any(Number), expect.any(String)]);
      expect(status).toBeGreaterThanOrEqual(400);
      expect(status).toBeLessThan(500);
    }
  });

  it('hides the tools that a credential may not call (R-GWC-13)', async () => {
    const answer = await callTool(url, token, 'grandchild');
    const scoped = answer.status === 403 ? answer.json : (answer.json['error'] as Record<string, unknown>);
    expect(JSON.stringify(scoped)).toMatch(/insufficient_scope|Unknown tool/);
  });

  it('is started anew with other settings, and the former child ends', async () => {
    const before = await look();
    const changed = await gatehouse.admin('/servers/rough', {
      method: 'PATCH',
      body: { upstream: { kind: 'stdio', args: ['second'] } },
    });
    expect([changed.status, changed.text]).toEqual([200, changed.text]);
    const after = await look();
    expect(after.args).toEqual(['second']);
    expect(after.pid).not.toBe(before.pid);
    await hasEnded(before.pid);
  });

  it('ends with its server', async () => {
    const { pid } = await look();
    expect((await gatehouse.admin('/servers/rough?detach=true', { method: 'DELETE' })).status).toBe(204);
    await hasEnded(pid);
  });
});

describe('children of a process that ends', () => {
  const processes: ChildProcess[] = [];

  beforeAll(() => {
    execFileSync(process.execPath, ['tools/build-when-stale.mjs'], { stdio: 'ignore' });
  }, 300_000);
  afterAll(() => {
    for (const child of processes) child.kill('SIGKILL');
  });

  /** A Gatehouse in a process of its own, and the children that it has started. */
  async function startProcess(): Promise<{ gatehouse: ChildProcess; pids: number[] }> {
    const port = await freePort();
    const env = { ...ENV, PORT: String(port), DATA_DIR: join(dir, `data-${port}`), ADMIN_PASSWORD: PASSWORD, LOG_LEVEL: 'warn' };
    const gatehouse = spawn(process.execPath, ['dist/src/main.js'], { env, stdio: ['ignore', 'pipe', 'inherit'] });
    processes.push(gatehouse);
    await new Promise<void>((resolve) => gatehouse.stdout.on('data', (chunk: Buffer) => String(chunk).includes('ready') && resolve()));
    const origin = `http://localhost:${port}`;
    const admin = async (path: string, body: unknown) => {
      const headers = { authorization: basic('admin', PASSWORD), 'content-type': 'application/json' };
      return (await ask(`${origin}/api/v1${path}`, { method: 'POST', headers, body: JSON.stringify(body) })).json;
    };
    const upstream = { kind: 'stdio', command: 'rough', args: ['stubborn'] };
    await admin('/servers', { slug: 'rough', name: 'Rough', upstream, scopes: SCOPES });
    const credential = await admin('/credentials', { label: 'test', servers: ['rough'], scopes: ['all'] });
    const authorization = basic(credential['clientId'] as string, credential['clientSecret'] as string);
    const form = new URLSearchParams({ grant_type: 'client_credentials' });
    const { json } = await ask(`${origin}/authed/mcp/oauth/token`, { method: 'POST', headers: { authorization }, body: form });
    const call = async (name: string) => seenIn(await callTool(`${origin}/authed/mcp/rough`, json['access_token'] as string, name)).pid;
    return { gatehouse, pids: [await call('look_around'), await call('grandchild')] };
  }

  it.each(['SIGTERM', 'SIGKILL'] as const)(
    'end with it, and what they have started too, though they ignore signals: %s',
    async (signal) => {
      const { gatehouse, pids } = await startProcess();
      for (const pid of pids) process.kill(pid, 0);
      gatehouse.kill(signal);
      await Promise.all(pids.map(hasEnded));
    },
  );
});
