// Builds the dashboard's pages into dist/dashboard, and beside each file that is worth it a copy for either content coding.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const CONFIG = 'dashboard/vite.config.ts';
const BUILT = 'dist/dashboard';
const WORTH_IT = /\.(html|js|css|svg|json|txt|webmanifest)$/;
const LEAST_BYTES = 1024;

if (!existsSync(CONFIG)) {
  console.error('There is no dashboard/ here: the server is built without its pages.');
  process.exit(0);
}
execFileSync('npx', ['--no-install', 'vite', 'build', '--config', CONFIG, '--logLevel', 'warn'], {
  stdio: 'inherit',
  // Under a test runner, React would come with its development half.
  env: { ...process.env, NODE_ENV: 'production' },
});

for (const entry of readdirSync(BUILT, { recursive: true, withFileTypes: true })) {
  const file = join(entry.parentPath, entry.name);
  if (!entry.isFile() || !WORTH_IT.test(entry.name)) continue;
  const content = readFileSync(file);
  if (content.length < LEAST_BYTES) continue;
  writeFileSync(`${file}.gz`, gzipSync(content, { level: 9 }));
  writeFileSync(`${file}.br`, brotliCompressSync(content, { params: { [constants.BROTLI_PARAM_SIZE_HINT]: content.length } }));
}
