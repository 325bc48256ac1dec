// npm run chaos: hurts a Gatehouse in every way that a machine can, and says what clients saw and which promises held.
//   npm run chaos              every scenario (about half an hour)
//   npm run chaos -- NAME…     some of them
//   npm run chaos -- --list    their names
// Everything runs in folders, on ports and on databases of its own. Exit code 1 where a promise was broken. Lengths: docs/chaos.md.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isInstalled } from './chaos/databases.mjs';
import { Report } from './chaos/report.mjs';
import { SCENARIOS } from './chaos/scenarios.mjs';

const names = process.argv.slice(2);

function stop(message) {
  console.error(`chaos: ${message}`);
  process.exit(2);
}

if (names.includes('--list')) {
  for (const { name, about } of SCENARIOS) console.log(`${name.padEnd(18)} ${about}`);
  process.exit(0);
}
const unknown = names.filter((name) => !SCENARIOS.some((scenario) => scenario.name === name));
if (unknown.length > 0) stop(`there is no scenario ${unknown.join(', ')}; see npm run chaos -- --list`);
const chosen = SCENARIOS.filter(({ name }) => names.length === 0 || names.includes(name));

execFileSync(process.execPath, ['tools/build-when-stale.mjs'], { stdio: 'inherit' });
const report = new Report();
const began = performance.now();
for (const { name, about, needs = [], run } of chosen) {
  report.begin(name, about);
  const missing = [];
  for (const program of needs) if (!(await isInstalled(program))) missing.push(program);
  if (missing.length > 0) report.skip(`not installed: ${missing.join(', ')}`);
  else await inFolder(report, run);
}
console.log(`\n${report.summary((performance.now() - began) / 1000)}`);
process.exit(report.broken.length > 0 ? 1 : 0);

/** Gives a scenario a folder, and ends what it has started, whatever happens. */
async function inFolder(report, run) {
  const dir = mkdtempSync(join(tmpdir(), 'gatehouse-chaos-'));
  const started = [];
  const own = (thing) => {
    started.unshift(thing);
    return thing;
  };
  const end = async () => {
    for (const thing of started) await thing.stop('SIGKILL').catch(() => undefined);
    rmSync(dir, { recursive: true, force: true });
  };
  const interrupted = () => void end().finally(() => process.exit(130));
  const failed = (error) => {
    console.error(error);
    void end().finally(() => process.exit(1));
  };
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, interrupted);
  process.on('uncaughtException', failed);
  try {
    await run({ report, dir, own });
  } catch (error) {
    report.promise('the scenario runs to its end', false, error.stack);
  }
  await end();
  for (const signal of ['SIGINT', 'SIGTERM']) process.off(signal, interrupted);
  process.off('uncaughtException', failed);
}
