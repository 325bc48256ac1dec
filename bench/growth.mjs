// npm run bench -- growth: what a token and a call cost as credentials and servers grow, and how far the slowest fall behind with many connections.
// Each installation is of its own; all run, and rounds are interleaved. Server on core 0, load and upstream on core 1 (where there is taskset).
// BENCH_CREDENTIALS (10,1000,1000000) and BENCH_SERVERS (1,10,100,1000): the sizes. Read the CPU column, and the ratio to the first row.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import autocannon from 'autocannon';
import { basic, median, moveTo, startOn, until, usage } from './processes.mjs';

const sizes = (name, fallback) => (process.env[name] ?? fallback).split(',').map(Number);
const CREDENTIALS = sizes('BENCH_CREDENTIALS', '10,1000,1000000');
const SERVERS = sizes('BENCH_SERVERS', '1,10,100,1000');
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 5);
const REQUESTS = Number(process.env.BENCH_CALLS ?? 20_000);
const CONNECTIONS = 32;
const MANY_CONNECTIONS = 128;
const PASSWORD = 'bench-only-password';
const ADMIN = { authorization: basic('admin', PASSWORD), 'content-type': 'application/json' };
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
const META = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28', 'io.modelcontextprotocol/clientCapabilities': {} };
const NO_LIMITS = { perCredential: 1_000_000_000, perTool: 1_000_000_000, concurrentCalls: 1000 };

const dir = mkdtempSync(join(tmpdir(), 'gatehouse-bench-'));
const children = [];
let port = 21_700;

function start(core, script, env) {
  const child = startOn(core, script, env);
  children.push(child);
  return child;
}

async function startUpstream() {
  const url = `http://127.0.0.1:${++port}/mcp`;
  start(1, 'bench/gateway/upstream.mjs', { PORT: String(port) });
  await until(url, { method: 'POST', ...CALL });
  return url;
}

const CALL = {
  headers: {
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    'mcp-protocol-version': '2026-07-28',
    'mcp-method': 'tools/call',
    'mcp-name': 'echo',
  },
  body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'echo', arguments: {}, _meta: META } }),
};

async function create(url, path, body) {
  const answer = await fetch(`${url}/api/v1${path}`, { method: 'POST', headers: ADMIN, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}

/** An installation with so many credentials and servers; the last of the servers is called. */
async function startGatehouse(upstream, { credentials, servers }) {
  const name = `${credentials}-${servers}`;
  const url = `http://localhost:${++port}`;
  const env = {
    PORT: String(port),
    DATA_DIR: join(dir, name),
    ADMIN_PASSWORD: PASSWORD,
    LOG_LEVEL: 'error',
    RATE_LIMIT_TOKEN_PER_ADDRESS: '1000000000',
  };
  let child = start(0, 'dist/src/main.js', env);
  await until(`${url}/api/v1/servers`, { headers: ADMIN });
  for (let i = 1; i <= servers; i++) {
    await create(url, '/servers', {
      slug: `bench-${i}`,
      name: `Bench ${i}`,
      access: 'authenticated',
      upstream: { kind: 'http', url: upstream, auth: { type: 'none' } },
      scopes: [{ name: `bench-${i}:call`, permissions: ['tools/call:echo'], default: true }],
      limits: NO_LIMITS,
    });
  }
  const { clientId, clientSecret } = await create(url, '/credentials', { label: 'bench', servers: [`bench-${servers}`] });
  if (credentials > 1) {
    child.kill('SIGTERM');
    await new Promise((resolve) => child.once('exit', resolve));
    execFileSync(process.execPath, ['bench/fill.mjs', join(dir, name, 'gatehouse.sqlite'), String(credentials - 1)], { stdio: 'inherit' });
    child = start(0, 'dist/src/main.js', env);
    await until(`${url}/health/ready`);
  }
  const token = {
    url: `${url}/authed/mcp/oauth/token`,
    method: 'POST',
    headers: { ...FORM, authorization: basic(clientId, clientSecret) },
    body: 'grant_type=client_credentials',
  };
  const { access_token } = await (await fetch(token.url, token)).json();
  const headers = { ...CALL.headers, authorization: `Bearer ${access_token}` };
  return {
    credentials,
    servers,
    child,
    token,
    call: { url: `${url}/authed/mcp/bench-${servers}`, method: 'POST', headers, body: CALL.body },
  };
}

async function load({ child }, request, connections) {
  const before = usage(child);
  const { requests, latency, non2xx, errors } = await autocannon({ ...request, connections, amount: REQUESTS });
  const after = usage(child);
  if (non2xx + errors > 0) throw new Error(`${request.url}: ${non2xx} refused, ${errors} failed`);
  return { cpu10k: ((after.cpu - before.cpu) / requests.total) * 1e4, p50: latency.p50, p99: latency.p99, rss: after.rss / 1000 };
}

/** Rounds over all installations, so that what the machine does beside is shared. */
async function measure(installations, what, connections) {
  const results = new Map(installations.map((installation) => [installation, []]));
  for (const installation of installations) await load(installation, installation[what], connections);
  for (let round = 0; round < ROUNDS; round++) {
    for (const installation of installations) results.get(installation).push(await load(installation, installation[what], connections));
  }
  return (installation, key) => median(results.get(installation).map((result) => result[key]));
}

async function printGrowth(installations, key) {
  const [first] = installations;
  const tokens = await measure(installations, 'token', CONNECTIONS);
  const calls = await measure(installations, 'call', CONNECTIONS);
  console.log(`\n| ${key} | token, CPU s / 10k | ÷ first | call, CPU s / 10k | ÷ first | RSS MB |\n|---:|---:|---:|---:|---:|---:|`);
  for (const installation of installations) {
    const [token, call] = [tokens, calls].map((figure) => figure(installation, 'cpu10k'));
    const shares = [token / tokens(first, 'cpu10k'), call / calls(first, 'cpu10k')].map((share) => share.toFixed(2));
    console.log(
      `| ${installation[key].toLocaleString('en')} | ${token.toFixed(2)} | ${shares[0]} | ${call.toFixed(2)} | ${shares[1]} | ${calls(installation, 'rss').toFixed(0)} |`,
    );
  }
}

async function printTails(installation) {
  console.log(`\n| ${MANY_CONNECTIONS} connections | p50 ms | p99 ms | p99 ÷ p50 (under 3) |\n|---|---:|---:|---:|`);
  for (const what of ['token', 'call']) {
    const figure = await measure([installation], what, MANY_CONNECTIONS);
    const [p50, p99] = [figure(installation, 'p50'), figure(installation, 'p99')];
    console.log(`| ${what} | ${p50} | ${p99} | ${(p99 / p50).toFixed(2)} |`);
  }
}

try {
  moveTo(1);
  const upstream = await startUpstream();
  const byCredentials = [];
  for (const credentials of CREDENTIALS) byCredentials.push(await startGatehouse(upstream, { credentials, servers: 1 }));
  await printTails(byCredentials[0]);
  await printGrowth(byCredentials, 'credentials');
  for (const { child } of byCredentials) child.kill('SIGKILL');
  const byServers = [];
  for (const servers of SERVERS) byServers.push(await startGatehouse(upstream, { credentials: 1, servers }));
  await printGrowth(byServers, 'servers');
} finally {
  for (const child of children) child.kill('SIGKILL');
  rmSync(dir, { recursive: true, force: true });
}
