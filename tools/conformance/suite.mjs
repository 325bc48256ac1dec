import { createRequire } from 'node:module';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { nodeForSuite } from './new-node.mjs';
import { finished, start } from './processes.mjs';

const CLI = join(dirname(createRequire(import.meta.url).resolve('@modelcontextprotocol/conformance/package.json')), 'dist/index.js');
/** The suite's account of what it sends and receives, which is no check of anything. */
const ACCOUNTS = new Set(['outgoing-request', 'incoming-response', 'incoming-sse-event', 'stream-closed']);
const SEVERITY = ['SUCCESS', 'INFO', 'SKIPPED', 'WARNING', 'FAILURE'];

let runs = 0;

/** Runs the suite's CLI and reads what it found: check by check, under `scenario / check id / check name`. */
export async function runSuite(args, { folder, env = {} }) {
  const output = join(folder, `run-${++runs}`);
  mkdirSync(output, { recursive: true });
  const started = start(nodeForSuite(), [CLI, ...args, '-o', output], { env: { ...process.env, ...env } });
  await finished(started);
  const checks = new Map();
  for (const entry of readdirSync(output, { recursive: true }))
    if (entry.endsWith('checks.json')) readChecks(output, dirname(entry), checks);
  return { checks, output: started.output };
}

/** A frozen set of requirements of a revision, with what is run beside it. */
export async function runSet(revision, url, folder) {
  const { checks, output } = await runSuite(['server', '--requirements', revision, '--url', url], { folder });
  if (checks.size === 0) throw new Error(`The suite found nothing at ${url}:\n${output}`);
  return checks;
}

/** The folder is named for the scenario and the time; names of scenarios may have slashes. */
function readChecks(output, folder, checks) {
  const scenario = /^(?:authorization-server-|server-)?(.+)-\d{4}-\d{2}-\d{2}T[\d-]+Z$/.exec(folder)?.[1];
  if (scenario === undefined) throw new Error(`The suite wrote results into ${folder}`);
  for (const { id, name, status, errorMessage } of JSON.parse(readFileSync(join(output, folder, 'checks.json'), 'utf8'))) {
    if (ACCOUNTS.has(id)) continue;
    const key = `${scenario} / ${id} / ${name}`;
    const known = checks.get(key);
    // Of several with one name the worst counts.
    if (!known || SEVERITY.indexOf(status) > SEVERITY.indexOf(known.status)) checks.set(key, { status, message: errorMessage ?? '' });
  }
}
