// Runs the official conformance suite against the fixture of our own, directly and through Gatehouse, and compares check by check.
//
//   npm run conformance                      everything, with a table; exit code 1 on a difference without a reason
//   npm run conformance -- --only http-both  one subject
//   npm run conformance -- --write           also writes the table into docs/conformance.md
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { compare, count, readExpected } from './conformance/compare.mjs';
import { checkAuthorization, checkClients, checkDocs, checkHeaders } from './conformance/extras.mjs';
import { stopAll } from './conformance/processes.mjs';
import { describe, table } from './conformance/report.mjs';
import { startScene } from './conformance/scene.mjs';
import { nodeForSuite } from './conformance/new-node.mjs';
import { runSet } from './conformance/suite.mjs';

const EXPECTED = 'test/conformance/expected-differences.yaml';
const DOCUMENT = 'docs/conformance.md';
const REVISIONS = ['2025-11-25', '2026-07-28'];
const SUBJECTS = ['http-both', 'http-legacy', 'http-modern', 'stdio-legacy', 'stdio-modern'];
const AT_ONCE = 2;

const { values } = parseArgs({
  options: {
    only: { type: 'string', multiple: true },
    write: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    outputFile: { type: 'string' },
    silent: { type: 'boolean', default: false },
  },
});
const wants = (subject) => !values.only || values.only.includes(subject);

/** Runs jobs, a few at a time, and keeps the order of their results. */
async function inTurn(jobs) {
  const results = [];
  const queue = jobs.map((job, i) => async () => void (results[i] = await job()));
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (let next = queue.shift(); next; next = queue.shift()) await next();
    }),
  );
  return results;
}

async function compareSubjects(scene, folder, expected) {
  const subjects = SUBJECTS.filter(wants);
  if (subjects.length === 0) return [];
  const baselines = await inTurn(REVISIONS.map((revision) => () => runSet(revision, scene.direct('both'), folder)));
  const pairs = subjects.flatMap((subject) => REVISIONS.map((revision, i) => ({ subject, revision, direct: baselines[i] })));
  const rows = await inTurn(
    pairs.map(({ subject, revision, direct }) => async () => {
      const through = await runSet(revision, scene.through(subject), folder);
      return { subject, revision, ...count(through), differences: compare({ subject, revision, direct, through, expected }) };
    }),
  );
  return [
    ...REVISIONS.map((revision, i) => ({ subject: 'fixture, directly', revision, ...count(baselines[i]), differences: [] })),
    ...rows,
  ];
}

async function run() {
  nodeForSuite();
  const expected = readExpected(EXPECTED);
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-suite-'));
  const scene = await startScene();
  try {
    const context = { scene, folder, expected };
    const rows = await compareSubjects(scene, folder, expected);
    if (wants('headers')) rows.push(...(await checkHeaders(context)));
    if (wants('docs')) rows.push(...(await checkDocs(context)));
    if (wants('authorization')) rows.push(...(await checkAuthorization(context)));
    if (wants('clients')) rows.push(...(await checkClients(context)));
    const stale = values.only ? [] : expected.filter(({ uses }) => uses === 0);
    return { rows, stale };
  } finally {
    await scene.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

function writeDocument(rows) {
  const text = readFileSync(DOCUMENT, 'utf8');
  const [before, after] = [text.indexOf('<!-- results -->'), text.indexOf('<!-- end of results -->')];
  writeFileSync(DOCUMENT, `${text.slice(0, before)}<!-- results -->\n\n${table(rows)}\n\n${text.slice(after)}`);
}

const startedAt = Date.now();
try {
  const { rows, stale } = await run();
  const unexplained = rows.flatMap(({ differences }) => differences.filter(({ reason }) => reason === undefined));
  if (!values.silent) process.stdout.write(`${table(rows)}\n`);
  for (const row of rows) for (const line of describe(row, values.silent)) process.stdout.write(`${line}\n`);
  for (const entry of stale) process.stdout.write(`${EXPECTED} expects a difference that is not there: ${JSON.stringify(entry)}\n`);
  process.stdout.write(
    `${Math.round((Date.now() - startedAt) / 1000)} s, ${unexplained.length} unexplained differences, ${stale.length} stale entries\n`,
  );
  if (values.outputFile) {
    const bad = new Set(
      rows.flatMap(({ subject, revision, differences }) =>
        differences.filter(({ reason }) => !reason).map(({ key }) => `${subject} ${revision} ${key.split(' / ')[0]}`),
      ),
    );
    const all = rows.reduce((sum, { scenarios }) => sum + scenarios, 0);
    writeFileSync(
      values.outputFile,
      JSON.stringify({ numPassedTests: all - bad.size, numFailedTests: bad.size + stale.length, numRuntimeErrorTestSuites: 0 }),
    );
  }
  if (values.write) writeDocument(rows);
  process.exitCode = unexplained.length + stale.length > 0 ? 1 : 0;
} catch (error) {
  await stopAll();
  process.stderr.write(`${error.stack ?? error}\n`);
  process.exitCode = 1;
}
