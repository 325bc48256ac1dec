// npm run bench: what a token and a call cost here, beside the least that Node could do, in one run.
// Server on core 0, load on core 1 (where there is taskset). Read the CPU column: requests per second move with the machine.
// Assertions and proofs are signed before each round, so that only their verification counts; each is new, as it has to be.
// The second table: GOOD_RATE good requests a second, alone and beside GUESSES wrong secrets a second; the ratio of the p99 is what counts.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import autocannon from 'autocannon';
import { basic, median, moveTo, startOn, until, usage } from './processes.mjs';
import { assertionForm, dpopProof, newKey } from './signed.mjs';

const SECONDS = Number(process.env.BENCH_SECONDS ?? 5);
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 3);
const CONNECTIONS = Number(process.env.BENCH_CONNECTIONS ?? 32);
const CREDENTIALS = Number(process.env.BENCH_CREDENTIALS ?? 200_000);
const GOOD_RATE = Number(process.env.BENCH_GOOD_RATE ?? 300);
const GUESSES = Number(process.env.BENCH_GUESSES ?? 1000);
const PASSWORD = 'bench-only-password';
/** Requests a second of a round whose own speed is not known yet. */
const FIRST_GUESS = 500;
const dir = mkdtempSync(join(tmpdir(), 'gatehouse-bench-'));
const children = [];
let port = 21_400;

function start(script, env) {
  const child = startOn(0, script, env);
  children.push(child);
  return child;
}

const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
const CC = 'grant_type=client_credentials';

async function startLimit() {
  const my = ++port;
  const child = start('bench/limit.mjs', { PORT: String(my), CLIENT_ID: 'bench', CLIENT_SECRET: 'bench' });
  const request = {
    url: `http://127.0.0.1:${my}/token`,
    method: 'POST',
    headers: { ...FORM, authorization: basic('bench', 'bench') },
    body: CC,
  };
  await until(request.url, request);
  return { child, request };
}

async function startGatehouse(name, credentials) {
  const my = ++port;
  const url = `http://localhost:${my}`;
  const env = {
    PORT: String(my),
    DATA_DIR: join(dir, name),
    DOCS_DIR: 'docs',
    ADMIN_PASSWORD: PASSWORD,
    LOG_LEVEL: 'error',
    RATE_LIMIT_TOKEN_PER_ADDRESS: '1000000000',
    RATE_LIMIT_DOCS_PER_CREDENTIAL: '1000000000',
  };
  let child = start('dist/src/main.js', env);
  await until(`${url}/health/ready`);
  const admin = { authorization: basic('admin', PASSWORD), 'content-type': 'application/json' };
  const created = await (await fetch(`${url}/api/v1/credentials`, { method: 'POST', headers: admin, body: '{"label":"bench"}' })).json();
  if (credentials > 0) {
    child.kill('SIGTERM');
    await new Promise((resolve) => child.once('exit', resolve));
    execFileSync(process.execPath, ['bench/fill.mjs', join(dir, name, 'gatehouse.sqlite'), String(credentials)], { stdio: 'inherit' });
    child = start('dist/src/main.js', env);
    await until(`${url}/health/ready`);
  }
  const token = {
    url: `${url}/authed/mcp/oauth/token`,
    method: 'POST',
    headers: { ...FORM, authorization: basic(created.clientId, created.clientSecret) },
    body: CC,
  };
  const { access_token } = await (await fetch(token.url, token)).json();
  const call = {
    url: `${url}/authed/mcp`,
    method: 'POST',
    headers: {
      authorization: `Bearer ${access_token}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': 'tools/list',
    },
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/list',
      params: { _meta: { 'io.modelcontextprotocol/protocolVersion': '2026-07-28', 'io.modelcontextprotocol/clientCapabilities': {} } },
    }),
  };
  return { child, url, admin, token, call };
}

async function create({ url, admin }, body) {
  const answer = await fetch(`${url}/api/v1/credentials`, {
    method: 'POST',
    headers: admin,
    body: JSON.stringify({ label: 'bench', ...body }),
  });
  if (!answer.ok) throw new Error(`No credential: ${answer.status} ${await answer.text()}`);
  return answer.json();
}

/** The ways to ask that the token endpoint has beside a secret, and introspection. `sign` makes what is new in every request. */
async function prepareSigned(server) {
  const { url, token } = server;
  const key = newKey();
  const issuer = `${url}/authed/mcp`;
  const { clientId } = await create(server, { authMethod: 'private_key_jwt', jwks: { keys: [key.jwk] } });
  const resourceServer = await create(server, { introspects: ['docs'] });
  const { access_token } = await (await fetch(token.url, token)).json();
  return {
    privateKeyJwt: { url: token.url, method: 'POST', headers: FORM, sign: () => ({ body: assertionForm(key, { clientId, issuer }) }) },
    dpop: { ...token, sign: () => ({ headers: { ...token.headers, dpop: dpopProof(key, token.url) } }) },
    introspection: {
      url: `${url}/authed/mcp/oauth/introspect`,
      method: 'POST',
      headers: { ...FORM, authorization: basic(resourceServer.clientId, resourceServer.clientSecret) },
      body: `token=${access_token}`,
    },
  };
}

/** For so many seconds; what is signed must be there before, so that there are as many requests as fitted into the time before. */
async function load({ child }, { sign, ...request }, { seconds, perSecond = FIRST_GUESS }) {
  const amount = Math.ceil(perSecond * seconds);
  const signed = sign && Array.from({ length: amount + 4 * CONNECTIONS }, sign);
  const limit = sign ? { amount, requests: [{ setupRequest: (parts) => ({ ...parts, ...signed.pop() }) }] } : { duration: seconds };
  const before = usage(child);
  const result = await autocannon({ ...request, connections: CONNECTIONS, ...limit });
  const after = usage(child);
  const requests = result.requests.total;
  if (result.non2xx + result.errors > 0) throw new Error(`${request.url}: ${result.non2xx} refused, ${result.errors} failed`);
  return {
    perSecond: requests / result.duration,
    cpu10k: ((after.cpu - before.cpu) / requests) * 1e4,
    p50: result.latency.p50,
    p99: result.latency.p99,
    rss: after.rss / 1000,
  };
}

/** Good requests at their rate, beside so many wrong ones a second; both from processes of their own on the load's core. */
async function measureBesideGuesses({ token }, guesses) {
  // Begins before and ends after: how long a process takes to start on the core of the other is not what is asked.
  const bad = guesses > 0 ? runRate({ URL: token.url, SECONDS: String(SECONDS + 2), RATE: String(guesses), GUESSING: '1' }) : undefined;
  await sleep(1000);
  const good = runRate({ URL: token.url, SECONDS: String(SECONDS), RATE: String(GOOD_RATE), AUTHORIZATION: token.headers.authorization });
  const [measured, refused] = [await good, await bad];
  if (Object.keys(measured.statuses).join() !== '200') throw new Error(`good requests: ${JSON.stringify(measured.statuses)}`);
  if (refused && Object.keys(refused.statuses).some((status) => status !== '401')) {
    throw new Error(`wrong secrets: ${JSON.stringify(refused.statuses)}`);
  }
  return measured;
}

async function runRate(env) {
  const child = spawn(process.execPath, ['bench/rate.mjs'], {
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  const parts = [];
  for await (const part of child.stdout) parts.push(part);
  return JSON.parse(Buffer.concat(parts).toString());
}

function printRows(rows) {
  const figure = (row, key) => median(row.results.map((result) => result[key]));
  console.log(`\n${CONNECTIONS} connections, ${ROUNDS} rounds of ${SECONDS} s, medians\n`);
  console.log('| what | req/s | CPU s / 10k | per CPU ÷ bare | p50 ms | p99 ms | RSS MB |\n|---|---:|---:|---:|---:|---:|---:|');
  for (const row of rows) {
    const share = row.name.startsWith('token') ? (figure(rows[0], 'cpu10k') / figure(row, 'cpu10k')).toFixed(2) : '–';
    console.log(
      `| ${row.name} | ${Math.round(figure(row, 'perSecond')).toLocaleString('en')} | ${figure(row, 'cpu10k').toFixed(2)} | ${share} | ${figure(row, 'p50')} | ${figure(row, 'p99')} | ${Math.round(figure(row, 'rss'))} |`,
    );
  }
}

async function printGuessing(server) {
  const loads = [0, GUESSES].map((guesses) => ({ guesses, results: [] }));
  for (let round = 0; round < ROUNDS; round++) {
    for (const { guesses, results } of loads) results.push(await measureBesideGuesses(server, guesses));
  }
  const [alone, beside] = loads.map(({ results }) => median(results.map(({ p99 }) => p99)));
  console.log(`\n${GOOD_RATE} good token requests a second, ${ROUNDS} rounds of ${SECONDS} s, medians\n`);
  console.log('| beside them | p50 ms | p99 ms |\n|---|---:|---:|');
  for (const { guesses, results } of loads) {
    const [p50, p99] = ['p50', 'p99'].map((key) => median(results.map((result) => result[key])).toFixed(2));
    console.log(`| ${guesses.toLocaleString('en')} wrong secrets a second | ${p50} | ${p99} |`);
  }
  console.log(`\np99 ÷ p99 alone: ${(beside / alone).toFixed(2)}`);
}

try {
  moveTo(1);
  if (!readdirSync('.').includes('dist')) throw new Error('Build first: npm run build');
  const limit = await startLimit();
  const few = await startGatehouse('few', 0);
  const many = await startGatehouse('many', CREDENTIALS);
  // Apart, so that what it stores does not weigh on the rows above.
  const signing = await startGatehouse('signing', 0);
  const { privateKeyJwt, dpop, introspection } = await prepareSigned(signing);
  const rows = [
    ['token: bare node:http, same signature, no database', limit, limit.request],
    ['token: Gatehouse', few, few.token],
    [`token: Gatehouse, ${CREDENTIALS.toLocaleString('en')} credentials`, many, many.token],
    ['token: Gatehouse, private_key_jwt', signing, privateKeyJwt],
    ['token: Gatehouse, DPoP', signing, dpop],
    ['introspection: Gatehouse', signing, introspection],
    ['call: Gatehouse, tools/list, 2026-07-28', few, few.call],
  ].map(([name, server, request]) => ({ name, server, request, results: [] }));
  for (const row of rows) row.perSecond = (await load(row.server, row.request, { seconds: 3 })).perSecond;
  for (let round = 0; round < ROUNDS; round++) {
    for (const row of rows) row.results.push(await load(row.server, row.request, { seconds: SECONDS, perSecond: row.perSecond }));
  }
  printRows(rows);
  // What they do after their load, as collecting what is left of it, would be on the same core.
  for (const { child } of [limit, many, signing]) child.kill('SIGSTOP');
  await printGuessing(few);
} finally {
  for (const child of children) child.kill('SIGKILL');
  rmSync(dir, { recursive: true, force: true });
}
