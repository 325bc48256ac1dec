// npm run bench -- gateway: what a call through the gateway costs, beside the least that Node and its framework could do, in one run.
// Every row forwards the same call to the same upstream: bare node:http and undici; bare NestJS on Fastify and undici; Gatehouse with
// its policy, limits and events on. Server on core 0, load and upstream on core 1 (where there is taskset). Rounds are interleaved.
// Read CPU seconds per 10,000 calls: requests per second move with the machine. BENCH_STREAMS: idle streams (10,000).
import { generateKeyPairSync, sign } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import autocannon from 'autocannon';
import { basic, median, moveTo, startOn, until, usage } from '../processes.mjs';

const CALLS = Number(process.env.BENCH_CALLS ?? 20_000);
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 3);
const CONNECTIONS = Number(process.env.BENCH_CONNECTIONS ?? 32);
const STREAMS = Number(process.env.BENCH_STREAMS ?? 10_000);
const ONLY = process.env.BENCH_ONLY?.split(',');
const PASSWORD = 'bench-only-password';
const VERSION = '2026-07-28';
const META = { 'io.modelcontextprotocol/protocolVersion': VERSION, 'io.modelcontextprotocol/clientCapabilities': {} };
const WARM_UP = 30_000;
const LARGE_CONNECTIONS = 8;
const LATENCY_CALLS = 2000;
const FIRST_EVENTS = 50;

const dir = mkdtempSync(join(tmpdir(), 'gatehouse-bench-'));
const children = [];
let port = 21_500;

function start(core, script, env, flags) {
  const child = startOn(core, script, env, flags);
  children.push(child);
  return child;
}

const call = (name, args = {}) => ({
  headers: {
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    'mcp-protocol-version': VERSION,
    'mcp-method': 'tools/call',
    'mcp-name': name,
  },
  body: JSON.stringify({ jsonrpc: '2.0', id: 1_000_001, method: 'tools/call', params: { name, arguments: args, _meta: META } }),
});

async function startUpstream() {
  const my = ++port;
  const child = start(1, 'bench/gateway/upstream.mjs', { PORT: String(my) });
  const url = `http://127.0.0.1:${my}/mcp`;
  await until(url, { method: 'POST', ...call('echo') });
  return { name: 'the upstream itself', child, url, authorization: '' };
}

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });

function peerToken() {
  const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const input = `${encode({ alg: 'ES256', typ: 'at+jwt' })}.${encode({ aud: 'urn:bench', exp: Math.floor(Date.now() / 1000) + 86_400 })}`;
  return `${input}.${sign('sha256', Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
}

async function startPeer(name, script, upstream) {
  const my = ++port;
  const child = start(0, script, {
    PORT: String(my),
    UPSTREAM: upstream.url,
    JWK: JSON.stringify(publicKey.export({ format: 'jwk' })),
  });
  const url = `http://127.0.0.1:${my}/mcp`;
  const server = { name, child, url, authorization: `Bearer ${peerToken()}` };
  await until(url, requestOf(server, call('echo')));
  return server;
}

async function startGatehouse(upstream) {
  const my = ++port;
  const origin = `http://localhost:${my}`;
  const flags = process.env.BENCH_PROFILE ? ['--cpu-prof', `--cpu-prof-dir=${process.env.BENCH_PROFILE}`] : [];
  const env = { PORT: String(my), DATA_DIR: join(dir, 'data'), DOCS_DIR: 'docs', ADMIN_PASSWORD: PASSWORD, LOG_LEVEL: 'error' };
  const child = start(0, 'dist/src/main.js', env, flags);
  await until(`${origin}/health/ready`);
  const admin = {
    authorization: basic('admin', PASSWORD),
    'content-type': 'application/json',
  };
  // It listens before the first admin is made.
  await until(`${origin}/api/v1/servers`, { headers: admin });
  const create = async (path, body) => {
    const answer = await fetch(`${origin}/api/v1${path}`, { method: 'POST', headers: admin, body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  };
  await create('/servers', {
    slug: 'bench',
    name: 'Bench',
    access: 'authenticated',
    upstream: { kind: 'http', url: upstream.url, auth: { type: 'none' } },
    scopes: [{ name: 'bench:call', permissions: ['tools/call:echo', 'tools/call:stream', 'tools/call:first'], default: true }],
    limits: { perCredential: 1_000_000_000, perTool: 1_000_000_000, concurrentCalls: 1000, openStreams: 10_000 },
  });
  const { clientId, clientSecret } = await create('/credentials', { label: 'bench', servers: ['bench'] });
  const url = `http://127.0.0.1:${my}/authed/mcp/bench`;
  const token = await fetch(`${origin}/authed/mcp/oauth/token`, {
    method: 'POST',
    headers: {
      authorization: basic(clientId, clientSecret),
      'content-type': 'application/x-www-form-urlencoded',
    },
    body: new URLSearchParams({ grant_type: 'client_credentials', resource: `${origin}/authed/mcp/bench` }),
  });
  const { access_token } = await token.json();
  const server = { name: 'Gatehouse', child, url, authorization: `Bearer ${access_token}` };
  await until(url, requestOf(server, call('echo')));
  return server;
}

function requestOf({ url, authorization }, { headers, body }) {
  return { url, method: 'POST', headers: authorization === '' ? headers : { ...headers, authorization }, body };
}

/** So many calls: a time would give whoever gets less of a shared machine less time to warm up, too. */
async function load(server, what, connections, amount) {
  const before = usage(server.child);
  const result = await autocannon({ ...requestOf(server, what), connections, amount });
  const after = usage(server.child);
  const requests = result.requests.total;
  if (result.non2xx + result.errors > 0) throw new Error(`${server.name}: ${result.non2xx} refused, ${result.errors} failed`);
  return { perSecond: requests / result.duration, cpu10k: ((after.cpu - before.cpu) / requests) * 1e4, rss: after.rss / 1000 };
}

/** Milliseconds of calls one after the other, on one connection. */
async function latencies(server) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const { url, ...options } = requestOf(server, call('echo'));
  const times = [];
  for (let i = 0; i < LATENCY_CALLS; i++) {
    const began = performance.now();
    await new Promise((resolve, reject) => {
      const sent = request(url, { ...options, agent }, (response) => response.resume().once('end', resolve));
      sent.once('error', reject);
      sent.end(options.body);
    });
    times.push(performance.now() - began);
  }
  agent.destroy();
  return { p50: median(times) };
}

/** Milliseconds from the upstream's sending of an event until it is here. */
async function firstEvents(server) {
  const { url, ...options } = requestOf(server, call('first'));
  const times = [];
  for (let i = 0; i < FIRST_EVENTS; i++) {
    const text = await new Promise((resolve, reject) => {
      const sent = request(url, options, (response) =>
        response.once('data', (chunk) => {
          resolve([chunk.toString(), performance.timeOrigin + performance.now()]);
          sent.destroy();
        }),
      );
      sent.on('error', reject);
      sent.end(options.body);
    });
    times.push(text[1] - Number(/"message":"([\d.]+)"/.exec(text[0])[1]));
  }
  return { firstEvent: median(times) };
}

/** Streams that are open and silent: what each holds, and what is left when they are gone. */
async function idleStreams(server) {
  const { hostname, port: to, pathname } = new URL(server.url);
  const head = `GET ${pathname} HTTP/1.1\r\nhost: ${hostname}:${to}\r\naccept: text/event-stream\r\nauthorization: ${server.authorization}\r\n\r\n`;
  await load(server, call('echo'), CONNECTIONS, 1000);
  const before = usage(server.child).rss;
  const sockets = [];
  for (let i = 0; i < STREAMS; i += 100) {
    const some = await Promise.all(Array.from({ length: Math.min(100, STREAMS - i) }, () => openStream(Number(to), hostname, head)));
    sockets.push(...some);
  }
  await sleep(2000);
  const held = usage(server.child);
  await sleep(5000);
  const idle = (usage(server.child).cpu - held.cpu) / 5;
  for (const socket of sockets) socket.destroy();
  await sleep(4000);
  await load(server, call('echo'), CONNECTIONS, 1000);
  return { kilobytes: (held.rss - before) / STREAMS, idle, left: (usage(server.child).rss - before) / STREAMS };
}

function openStream(to, host, head) {
  return new Promise((resolve, reject) => {
    const socket = connect({ port: to, host }, () => socket.write(head));
    let text = '';
    socket.once('error', reject);
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      if (text.includes(': open')) resolve(socket);
      else if (text.startsWith('HTTP/1.1') && !text.startsWith('HTTP/1.1 200')) reject(new Error(text));
    });
  });
}

const wants = (name) => !ONLY || ONLY.includes(name);

async function compare(title, rows, measure, columns) {
  const results = new Map(rows.map((row) => [row, []]));
  for (let round = 0; round < ROUNDS; round++) for (const row of rows) results.get(row).push(await measure(row));
  console.log(`\n${title}\n\n| what | ${columns.map(([, name]) => name).join(' | ')} |\n|---|${columns.map(() => '---:').join('|')}|`);
  const figure = (row, key) => median(results.get(row).map((result) => result[key]));
  for (const row of rows) {
    console.log(`| ${row.name} | ${columns.map(([key, , digits]) => figure(row, key).toFixed(digits)).join(' | ')} |`);
  }
  return figure;
}

try {
  moveTo(1);
  const upstream = await startUpstream();
  const raw = await startPeer('bare node:http + undici', 'bench/gateway/raw.mjs', upstream);
  const nest = await startPeer('bare NestJS on Fastify + undici', 'bench/gateway/nest.mjs', upstream);
  const ours = await startGatehouse(upstream);
  const rows = [raw, nest, ours];
  const RATES = [
    ['perSecond', 'calls/s', 0],
    ['cpu10k', 'CPU s / 10k', 3],
    ['rss', 'RSS MB', 0],
  ];
  for (const row of rows) await load(row, call('echo'), CONNECTIONS, WARM_UP);
  if (wants('1k')) {
    const figure = await compare(
      `1 KB, ${CONNECTIONS} connections, ${ROUNDS} rounds of ${CALLS.toLocaleString('en')} calls, medians`,
      rows,
      (row) => load(row, call('echo'), CONNECTIONS, CALLS),
      RATES,
    );
    console.log(`\nCPU ÷ bare NestJS: ${(figure(ours, 'cpu10k') / figure(nest, 'cpu10k')).toFixed(2)} (at most 1.5)`);
    console.log(`calls/s ÷ bare NestJS: ${(figure(ours, 'perSecond') / figure(nest, 'perSecond')).toFixed(2)} (at least 0.65)`);
  }
  if (wants('1m')) {
    const figure = await compare(
      `1 MB, ${LARGE_CONNECTIONS} connections`,
      rows,
      (row) => load(row, call('echo', { size: '1m' }), LARGE_CONNECTIONS, CALLS / 20),
      RATES,
    );
    console.log(`\ncalls per CPU ÷ bare node:http: ${(figure(raw, 'cpu10k') / figure(ours, 'cpu10k')).toFixed(2)} (at least 0.9)`);
  }
  if (wants('sse')) {
    await compare(
      `Streams of 100 events, ${CONNECTIONS} connections`,
      rows,
      (row) => load(row, call('stream'), CONNECTIONS, CALLS / 20),
      RATES,
    );
  }
  if (wants('latency')) {
    const figure = await compare('One call after the other', [upstream, ...rows], latencies, [['p50', 'p50 ms', 3]]);
    console.log(`\nadded p50: ${(figure(ours, 'p50') - figure(upstream, 'p50')).toFixed(3)} ms (at most 0.5)`);
    await compare('The first event of a stream', rows, firstEvents, [['firstEvent', 'ms', 2]]);
  }
  if (wants('idle')) {
    console.log(
      `\n${STREAMS.toLocaleString('en')} silent streams (a stream is two sockets)\n\n| what | KB each | CPU while idle | KB each, left |\n|---|---:|---:|---:|`,
    );
    for (const row of [nest, ours]) {
      const { kilobytes, idle, left } = await idleStreams(row);
      console.log(`| ${row.name} | ${kilobytes.toFixed(1)} | ${(idle * 100).toFixed(1)}% | ${left.toFixed(1)} |`);
    }
  }
} finally {
  const isProfiling = process.env.BENCH_PROFILE !== undefined;
  for (const child of children) child.kill(isProfiling ? 'SIGTERM' : 'SIGKILL');
  if (isProfiling) await sleep(3000);
  rmSync(dir, { recursive: true, force: true });
}
