// Sends requests of a target until there were enough of them, or time is over, and counts what came back.
import { performance } from 'node:perf_hooks';
import { Random } from './random.mjs';

/** Requests under way at once, as clients come: what one of them does may be in the way of another. */
const LANES = 16;
const MEMORY_EVERY = 1000;
/** Far more than a busy machine needs for an answer. */
const HANG_MS = 20_000;
const WARM_UP = 20_000;
const MAX_GROWTH_MB = 512;
const MAX_KINDS_OF_FAULT = 50;
const PROGRESS_MS = 1000;

const rssMb = () => process.memoryUsage.rss() / 2 ** 20;

/**
 * Runs a target.
 * @param target what a target's `open` gives
 * @param {{ seed: number, from?: number, requests: number, seconds: number, onFault?: Function, onProgress?: Function }} settings
 * @returns the number of requests, the seconds, the answers by row, and the kinds of fault with the first request of each
 */
export async function fuzz(target, { seed, from = 0, requests, seconds, onFault = () => {}, onProgress = () => {} }) {
  const start = performance.now();
  const run = { seed, index: from, rows: new Map(), faults: new Map(), start, reportedAt: start, peakMb: 0, baseMb: undefined };
  const note = (fault, request, answer) => noteFault(run, target, { fault, request, answer, onFault });
  const onRejection = (reason) => note(`unhandled rejection: ${reason?.stack ?? reason}`);
  process.on('unhandledRejection', onRejection);
  try {
    const isOver = () => run.index - from >= requests || performance.now() - run.start >= seconds * 1000;
    await Promise.all(Array.from({ length: LANES }, () => runLane(run, target, { note, isOver, onProgress, from })));
  } finally {
    process.off('unhandledRejection', onRejection);
  }
  // What is written in the background has been by then.
  await new Promise((resolve) => setTimeout(resolve, 1500));
  for (const fault of await target.finalFaults()) note(fault);
  return {
    requests: run.index - from,
    seconds: (performance.now() - run.start) / 1000,
    peakMb: run.peakMb,
    rows: Object.fromEntries([...run.rows].sort()),
    faults: [...run.faults.values()],
  };
}

async function runLane(run, target, { note, isOver, onProgress, from }) {
  while (!isOver()) {
    const index = run.index++;
    await sendOne(run, target, index, note);
    if (index % MEMORY_EVERY === 0) watchMemory(run, index - from, note);
    if (performance.now() - run.reportedAt < PROGRESS_MS) continue;
    run.reportedAt = performance.now();
    onProgress({ index: run.index, rss: rssMb() });
    // Answers that are there at once would never let a timer have its turn.
    await new Promise((resolve) => setImmediate(resolve));
  }
}

async function sendOne(run, target, index, note) {
  const request = { index, ...target.make(new Random(run.seed, index)) };
  const start = performance.now();
  const answer = await within(HANG_MS, target.send(request)).catch((error) => ({ error }));
  if (answer.error) return note(`no answer: ${answer.error.message}`, request);
  if (performance.now() - start > HANG_MS) note('hangs for more than 20 s', request, answer);
  // Bytes that are no HTTP may be answered with the end of the connection.
  if (answer.status === 0 && request.kind === 'mutated') return count(run.rows, 'connection closed');
  count(run.rows, target.rowOf(request, answer));
  for (const fault of target.faultsOf(request, answer)) note(fault, request, answer);
  if (request.kind !== 'mutated') target.observe(request, answer);
}

function within(ms, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`none within ${ms} ms`)), ms);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

const count = (map, key) => map.set(key, (map.get(key) ?? 0) + 1);

/** The first of each kind is kept, with what it takes to make it again. */
function noteFault(run, target, { fault, request, answer, onFault }) {
  const key = fault.replaceAll(/\d+/g, '#').slice(0, 300);
  const known = run.faults.get(key);
  if (known) known.count++;
  if (known || run.faults.size >= MAX_KINDS_OF_FAULT) return;
  const repro = { seed: run.seed, index: request?.index ?? run.index, request: request && target.describe(request), answer };
  const entry = { fault, count: 1, repro };
  run.faults.set(key, entry);
  onFault(entry);
}

function watchMemory(run, done, note) {
  const rss = rssMb();
  run.peakMb = Math.max(run.peakMb, rss);
  if (done < WARM_UP) return;
  run.baseMb ??= rss;
  if (rss > run.baseMb + MAX_GROWTH_MB) note(`memory has grown from ${Math.round(run.baseMb)} MB by more than ${MAX_GROWTH_MB} MB`);
}
