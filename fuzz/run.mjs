// npm run fuzz -- TARGET: sends a Gatehouse requests that nobody should send, and looks for answers that nobody should get.
//   FUZZ_REQUESTS  how many (1,000,000)          FUZZ_SECONDS  at most so long (600)
//   FUZZ_SEED      to repeat a run               FUZZ_FROM     the index of its first request (0)
//   FUZZ_WORKERS   processes that share the requests, each with installations of its own (one for each core)
// Every fault is printed with its first request; seed and index make that again. Status 1 where there was a fault: a crash and a
// hang are faults, too.
import { execFileSync, fork } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { availableParallelism } from 'node:os';

const TARGETS = ['token', 'mcp'];
/** A worker that says nothing for so long hangs in one piece of work. */
const STALL_MS = 60_000;
const MAX_TEXT = 4000;

const integer = (name, fallback) => {
  const text = process.env[name];
  if (text === undefined || text === '') return fallback;
  if (!/^\d{1,15}$/.test(text)) stop(`${name} must be a whole number`);
  return Number(text);
};

function stop(message) {
  console.error(`fuzz: ${message}`);
  process.exit(2);
}

const target = process.argv[2];
if (!TARGETS.includes(target)) stop(`name a target: ${TARGETS.join(', ')}`);
const seed = integer('FUZZ_SEED', randomInt(2 ** 32));
const from = integer('FUZZ_FROM', 0);
const requests = integer('FUZZ_REQUESTS', 1_000_000);
const seconds = integer('FUZZ_SECONDS', 600);
const workers = Math.max(1, Math.min(integer('FUZZ_WORKERS', availableParallelism()), requests));
execFileSync(process.execPath, ['tools/build-when-stale.mjs'], { stdio: 'inherit' });
console.log(`fuzz ${target}: FUZZ_SEED=${seed}, ${requests.toLocaleString('en')} requests or ${seconds} s, ${workers} workers`);

let faults = 0;
const progress = new Array(workers).fill(0);
const share = Math.ceil(requests / workers);
const results = await Promise.all(
  Array.from({ length: workers }, (_, worker) =>
    runWorker(worker, { seed, from: from + worker * share, requests: Math.min(share, requests - worker * share), seconds }),
  ),
);
if (results.every((result) => result !== undefined)) summarize(results);
process.exit(faults > 0 ? 1 : 0);

/** What the worker found in its share; undefined where it did not get to the end of it. */
async function runWorker(worker, settings) {
  const env = { PATH: process.env.PATH, NODE_ENV: 'production', TMPDIR: process.env.TMPDIR ?? '/tmp' };
  const child = fork('fuzz/worker.mjs', [target, JSON.stringify(settings)], { env });
  let index = settings.from;
  let result;
  let stall;
  const breakdown = (fault) => report({ fault, repro: { seed, index, note: 'it came within a second or two after this index' } });
  const expectSignOfLife = () => {
    clearTimeout(stall);
    stall = setTimeout(() => {
      breakdown(`no sign of life for ${STALL_MS / 1000} s`);
      child.kill('SIGKILL');
    }, STALL_MS);
  };
  expectSignOfLife();
  child.on('message', (message) => {
    expectSignOfLife();
    if (message.kind === 'fault') report(message.entry);
    if (message.kind === 'end') result = message.result;
    if (message.kind !== 'progress') return;
    index = message.index;
    progress[worker] = index - settings.from;
    if (process.stdout.isTTY) process.stdout.write(`\r${progress.reduce((sum, done) => sum + done)} requests `);
  });
  const [code, signal] = await new Promise((resolve) => child.once('exit', (...ending) => resolve(ending)));
  clearTimeout(stall);
  if (!result || code !== 0) breakdown(`the process ended with ${signal ?? code}`);
  return result;
}

function report({ fault, repro }) {
  faults++;
  console.log(`\nFAULT ${fault}\n${JSON.stringify(repro, shorten)}`);
}

function shorten(_key, value) {
  return typeof value === 'string' && value.length > MAX_TEXT ? `${value.slice(0, MAX_TEXT)}… (${value.length})` : value;
}

function summarize(all) {
  const done = all.reduce((sum, result) => sum + result.requests, 0);
  const took = Math.max(...all.map((result) => result.seconds));
  console.log(`\n| answer | count |\n|---|---:|`);
  for (const [row, count] of add(all.map(({ rows }) => Object.entries(rows)))) console.log(`| ${row} | ${count.toLocaleString('en')} |`);
  const perSecond = Math.round(done / took).toLocaleString('en');
  const peakMb = Math.round(Math.max(...all.map((result) => result.peakMb)));
  console.log(`\n${done.toLocaleString('en')} requests in ${Math.round(took)} s (${perSecond}/s), at most ${peakMb} MB in a worker`);
  const kinds = add(all.map((result) => result.faults.map(({ fault, count }) => [fault, count])));
  console.log(`FUZZ_SEED=${seed}: ${kinds.length === 0 ? 'no fault' : `${kinds.length} kinds of fault`}`);
  for (const [fault, count] of kinds) console.log(`  ${count} × ${fault}`);
}

/** Sums of numbers by name, in the order of the names. */
function add(lists) {
  const sums = new Map();
  for (const [name, count] of lists.flat()) sums.set(name, (sums.get(name) ?? 0) + count);
  return [...sums].sort(([a], [b]) => (a < b ? -1 : 1));
}
