// npm run bench: tokens. npm run bench -- gateway: calls through the gateway. -- idle: start and memory. -- quality, -- scale: the search of the documentation server.
// -- growth: as credentials and servers grow. -- replicas: how soon a credential that is disabled at one replica is refused at the others.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const RUNS = {
  tokens: './run.mjs',
  gateway: './gateway/run.mjs',
  quality: './search/quality.ts',
  scale: './search/scale.mjs',
  replicas: './replicas.mjs',
  idle: './idle.mjs',
  growth: './growth.mjs',
};
const name = process.argv[2] ?? 'tokens';
if (!Object.hasOwn(RUNS, name)) {
  console.error(`bench: name one of ${Object.keys(RUNS).join(', ')}`);
  process.exit(2);
}
if (RUNS[name].endsWith('.ts')) {
  // Its threads are TypeScript too.
  const file = fileURLToPath(new URL(RUNS[name], import.meta.url));
  process.exitCode = spawnSync(process.execPath, ['--import', 'tsx', file, ...process.argv.slice(3)], { stdio: 'inherit' }).status ?? 1;
} else await import(RUNS[name]);
