/**
 * How search bears 20,000 pages, made of the sections of real ones: how long indexing takes and how much memory, how fast answers
 * come while it goes on and after it, how soon a change is found, and how soon a restart serves.
 * `taskset -c 0 npm run bench -- scale [pages]`: on one core, as the figures in the documentation. BENCH_SEARCHES: at most so many searches
 * a second meanwhile (100).
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DocsLibrary } from '../../dist/src/docs-server/docs-library.js';

const PAGES = Number(process.argv[3] ?? 20_000);
/** From the end of a search to the next. */
const SEARCH_EVERY_MS = 1000 / Number(process.env.BENCH_SEARCHES ?? 100);
const SOURCES = ['pino', 'fastify', 'undici'].map((name) => join('node_modules', name, 'docs'));
const READER = { audience: 'public', groups: [] };
const QUERIES = [
  'how do I redact passwords',
  'request lifecycle hooks',
  'register a plugin',
  'addContentTypeParser',
  'trustProxy',
  'connection timeout',
  'child logger bindings',
  'proxy agent',
  'serialize response with schema',
  'transport worker thread',
  'reply.hijack',
  'typescript generics',
  'mock agent intercept',
  'retry handler',
  'custom error handler',
  'encapsulaton',
  'log level per route',
  'stream response body',
  'http2',
  'benchmark results',
];

let state = 12345;
const random = (below) => ((state = (state * 1103515245 + 12345) % 2147483648) / 2147483648) * below;
const pick = (list) => list[Math.floor(random(list.length))];

function* filesIn(dir) {
  for (const entry of readdirSync(dir, { withFileTypes: true })) {
    const path = join(dir, entry.name);
    if (entry.isDirectory()) yield* filesIn(path);
    else if (/\.md$/.test(entry.name)) yield path;
  }
}

/** Sections of real pages in new company, with some words changed, so that the vocabulary grows as that of real pages does. */
function writePages(dir) {
  const sections = SOURCES.flatMap((source) => [...filesIn(source)]).flatMap((file) => readFileSync(file, 'utf8').split(/\n(?=#{2,4} )/));
  const useful = sections.filter((section) => section.length > 80 && section.length < 6000);
  let bytes = 0;
  for (let i = 0; i < PAGES; i++) {
    const parts = Array.from({ length: 3 + Math.floor(random(6)) }, () =>
      pick(useful).replace(/\b[a-z]{7,}\b/g, (word) => (random(1) < 0.01 ? `${word}${Math.floor(random(5000))}` : word)),
    );
    const text = `---\ntitle: Page ${i} on ${pick(['hooks', 'logging', 'requests', 'plugins', 'agents'])}\n---\n\n${parts.join('\n\n')}\n`;
    const file = join(dir, `area-${i % 40}`, `part-${i % 7}`, `page-${i}.md`);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    bytes += text.length;
  }
  return bytes;
}

const quantile = (times, share) => [...times].sort((a, b) => a - b)[Math.min(times.length - 1, Math.floor(share * times.length))] ?? 0;
const show = (name, value) => process.stdout.write(`${name.padEnd(44)} ${value}\n`);
const ms = (value) => `${value.toFixed(1)} ms`;

function ask(library, times, i) {
  const start = performance.now();
  library.search({ query: QUERIES[i % QUERIES.length], limit: 10 }, READER);
  times.push(performance.now() - start);
}

/** Asks again and again, as clients would, until something has happened. Lateness of the timer is time that requests wait. */
async function askUntil(library, done) {
  const times = [];
  const delays = [];
  let isDone = false;
  void done.then(() => (isDone = true));
  for (let i = 0; !isDone; i++) {
    const due = performance.now() + SEARCH_EVERY_MS;
    await sleep(SEARCH_EVERY_MS);
    delays.push(performance.now() - due);
    ask(library, times, i);
  }
  return { times, delays };
}

const dir = mkdtempSync(join(tmpdir(), 'gatehouse-scale-'));
const docs = join(dir, 'docs');
const options = { dir: docs, indexFile: join(dir, 'index.sqlite'), allPublic: true, warn: (text) => process.stderr.write(`${text}\n`) };
let peak = 0;
const watch = setInterval(() => (peak = Math.max(peak, process.memoryUsage.rss())), 50);
try {
  show('pages', `${PAGES}, ${(writePages(docs) / 1e6).toFixed(1)} MB`);
  let start = performance.now();
  let library = new DocsLibrary(options);
  const used = process.cpuUsage();
  const opened = library.open();
  const during = await askUntil(library, opened);
  const { user, system } = process.cpuUsage(used);
  show('indexed in', `${((performance.now() - start) / 1000).toFixed(1)} s (${library.status().sections} sections)`);
  show('of processor time, searches included', `${((user + system) / 1e6).toFixed(1)} s`);
  show(
    'search while indexing, p50 / p99',
    `${ms(quantile(during.times, 0.5))} / ${ms(quantile(during.times, 0.99))} (${during.times.length} searches)`,
  );
  show('event loop late while indexing, p99 / max', `${ms(quantile(during.delays, 0.99))} / ${ms(Math.max(...during.delays))}`);
  show('memory at its peak', `${(peak / 1e6).toFixed(0)} MB`);
  show('index on disk', `${(statSync(options.indexFile).size / 1e6).toFixed(0)} MB`);

  const after = [];
  for (let i = 0; i < 2000; i++) ask(library, after, i);
  show('search at rest, p50 / p99', `${ms(quantile(after, 0.5))} / ${ms(quantile(after, 0.99))}`);

  await sleep(3000);
  start = performance.now();
  writeFileSync(join(docs, 'area-3/part-3/page-3.md'), '# Changed\n\nxylophonequartz\n');
  while (library.search({ query: 'xylophonequartz', limit: 1 }, READER).length === 0 && performance.now() - start < 20_000) await sleep(10);
  show('a changed page is found after', ms(performance.now() - start));

  start = performance.now();
  await library.close();
  show('closed in', ms(performance.now() - start));
  start = performance.now();
  library = new DocsLibrary(options);
  void library.open();
  await library.ready;
  const found = library.search({ query: 'xylophonequartz', limit: 1 }, READER).length;
  show('a restart serves after', `${ms(performance.now() - start)} (${found} found, ${library.status().pages} pages)`);
  await library.close();
} finally {
  clearInterval(watch);
  rmSync(dir, { recursive: true, force: true });
}
