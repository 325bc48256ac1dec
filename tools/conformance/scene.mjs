import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { startForwarder } from './forwarder.mjs';
import { freePort } from '../free-port.mjs';
import { start, stopAll, until } from './processes.mjs';

const PASSWORD = 'conformance only';
const FIXTURE = resolve('test/fixtures/everything/server.mjs');
const ALL = [{ name: 'all', permissions: ['*'], default: true }];
const ADMIN = { authorization: `Basic ${Buffer.from(`admin:${PASSWORD}`).toString('base64')}`, 'content-type': 'application/json' };

/** The fixtures, a Gatehouse in front of them, and the forwarder in front of that. */
export async function startScene() {
  execFileSync(process.execPath, ['tools/build-when-stale.mjs'], { stdio: 'inherit' });
  const dir = mkdtempSync(join(tmpdir(), 'gatehouse-conformance-'));
  const [port, forwarderPort] = [await freePort(), await freePort()];
  const fixtures = await startFixtures();
  const gatehouse = await startGatehouse({ dir, port, forwarderPort });
  const slugs = await createServers(gatehouse, fixtures);
  const tokens = await tokensOf(gatehouse, slugs);
  const forwarder = await startForwarder(forwarderPort, { target: gatehouse.url, tokenFor: tokens });
  return {
    direct: (era) => fixtures[era],
    through: (slug) => `http://127.0.0.1:${forwarderPort}/${slug}`,
    issuer: `${gatehouse.url}/authed/mcp`,
    clientEnv: { GATEHOUSE_URL: gatehouse.url, GATEHOUSE_ADMIN: ADMIN.authorization },
    async close() {
      await forwarder.close();
      await stopAll();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

async function startFixtures() {
  const kinds = { both: ['both'], legacy: ['legacy'], modern: ['modern'], lax: ['both', '--lax'] };
  const entries = Object.entries(kinds).map(async ([name, [era, ...flags]]) => {
    const started = start(process.execPath, [FIXTURE, '--transport', 'http', '--era', era, ...flags]);
    return [name, (await until(started, /^(http:\S+)\n/))[1]];
  });
  return Object.fromEntries(await Promise.all(entries));
}

async function startGatehouse({ dir, port, forwarderPort }) {
  const child = (era) => ({ command: process.execPath, args: [FIXTURE, '--transport', 'stdio', '--era', era] });
  const commands = join(dir, 'commands.json');
  writeFileSync(commands, JSON.stringify({ 'everything-modern': child('modern'), 'everything-legacy': child('legacy') }));
  const url = `http://127.0.0.1:${port}`;
  const { PATH, HOME } = process.env;
  const env = {
    PATH,
    HOME,
    PORT: String(port),
    PUBLIC_URL: url,
    ALLOWED_ORIGINS: `http://127.0.0.1:${forwarderPort}`,
    ADMIN_PASSWORD: PASSWORD,
    DATA_DIR: join(dir, 'data'),
    STDIO_COMMANDS_FILE: commands,
    LOG_LEVEL: 'warn',
    RATE_LIMIT_DOCS_PER_CREDENTIAL: '1000000',
  };
  const started = start(process.execPath, ['dist/src/main.js'], { env });
  await until(started, /dashboard|listening|Gatehouse/i);
  return { url, started, api: (path, body) => api(`${url}/api/v1${path}`, body) };
}

async function api(url, body) {
  const response = await fetch(url, { headers: ADMIN, ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }) });
  const answer = await response.json();
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${JSON.stringify(answer)}`);
  return answer;
}

async function createServers(gatehouse, fixtures) {
  const upstreams = {
    ...Object.fromEntries(Object.entries(fixtures).map(([name, url]) => [`http-${name}`, { kind: 'http', url }])),
    'stdio-modern': { kind: 'stdio', command: 'everything-modern' },
    'stdio-legacy': { kind: 'stdio', command: 'everything-legacy' },
  };
  for (const [slug, upstream] of Object.entries(upstreams)) await gatehouse.api('/servers', { slug, name: slug, upstream, scopes: ALL });
  return Object.keys(upstreams);
}

/** A function that gives a fresh token for a server. */
async function tokensOf({ url, api: call }, slugs) {
  const { clientId, clientSecret } = await call('/credentials', { label: 'conformance', servers: ['docs', ...slugs] });
  const authorization = `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}`;
  const tokens = new Map();
  const ask = async (slug) => {
    const resource = `${url}/authed/mcp${slug === 'docs' ? '' : `/${slug}`}`;
    const body = new URLSearchParams({ grant_type: 'client_credentials', resource });
    const response = await fetch(`${url}/authed/mcp/oauth/token`, { method: 'POST', headers: { authorization }, body });
    const answer = await response.json();
    if (!response.ok) throw new Error(`No token for ${slug}: ${JSON.stringify(answer)}`);
    return { token: answer.access_token, until: Date.now() + 60_000 };
  };
  return async (slug) => {
    if (!((await tokens.get(slug))?.until > Date.now())) tokens.set(slug, ask(slug));
    return (await tokens.get(slug)).token;
  };
}
