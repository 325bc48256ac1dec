// npm run bench -- idle: from start to ready on a fresh DATA_DIR, and resident memory idle after 20 s, under 32 connections, and 20 s after those.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import autocannon from 'autocannon';
import { freePort } from '../tools/free-port.mjs';

const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 3);
const SECONDS = Number(process.env.BENCH_SECONDS ?? 10);
const PASSWORD = 'bench-only-password';
const { scripts } = JSON.parse(readFileSync('package.json', 'utf8'));
/** The environment that `npm start` gives. */
const MALLOC = Object.fromEntries(scripts.start.match(/MALLOC_\w+=\d+/g).map((pair) => pair.split('=')));

const residentMB = (pid) => (Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) * 1024) / 2 ** 20;

async function measure() {
  const dir = mkdtempSync(join(tmpdir(), 'gatehouse-idle-'));
  const port = await freePort();
  const url = `http://localhost:${port}`;
  const env = {
    PATH: process.env.PATH,
    ...MALLOC,
    PORT: String(port),
    DATA_DIR: dir,
    ADMIN_PASSWORD: PASSWORD,
    LOG_LEVEL: 'error',
    RATE_LIMITS: 'off',
  };
  const begin = performance.now();
  const child = spawn(process.execPath, ['dist/src/main.js'], { env, stdio: 'ignore' });
  try {
    while (!(await fetch(`${url}/health/ready`).catch(() => undefined))?.ok) await sleep(10);
    const ready = performance.now() - begin;
    await sleep(20_000);
    const idle = residentMB(child.pid);
    const authorization = `Basic ${Buffer.from(`admin:${PASSWORD}`).toString('base64')}`;
    const init = { method: 'POST', headers: { authorization, 'content-type': 'application/json' }, body: '{"label":"bench"}' };
    const { clientId, clientSecret } = await (await fetch(`${url}/api/v1/credentials`, init)).json();
    await autocannon({
      url: `${url}/authed/mcp/oauth/token`,
      method: 'POST',
      connections: 32,
      duration: SECONDS,
      headers: {
        authorization: `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}`,
        'content-type': 'application/x-www-form-urlencoded',
      },
      body: 'grant_type=client_credentials',
    });
    const loaded = residentMB(child.pid);
    await sleep(20_000);
    return { ready, idle, loaded, after: residentMB(child.pid) };
  } finally {
    child.kill('SIGTERM');
    await new Promise((resolve) => child.once('exit', resolve));
    rmSync(dir, { recursive: true, force: true });
  }
}

const results = [];
for (let round = 0; round < ROUNDS; round++) results.push(await measure());
const median = (key) => Math.round(results.map((one) => one[key]).sort((a, b) => a - b)[Math.floor(ROUNDS / 2)]);
console.log('| ms to ready | idle, MB | 32 connections, MB | 20 s later, MB |\n| ---: | ---: | ---: | ---: |');
console.log(`| ${median('ready')} | ${median('idle')} | ${median('loaded')} | ${median('after')} |`);
