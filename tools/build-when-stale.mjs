// Builds before a start, but only when a source is newer than what was built of it. Of several at a time one builds, the others wait.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const SERVER_SOURCES = ['src', 'ormconfig.ts', 'tsconfig.json', 'tsconfig.build.json', 'nest-cli.json', 'package-lock.json'];
const PAGES = 'dashboard';
/** What is built last of each half, newer than all its sources where nothing is missing. */
const HALVES = [
  { built: 'dist/src/main.js', sources: SERVER_SOURCES },
  ...(existsSync(PAGES) ? [{ built: 'dist/dashboard/index.html', sources: [PAGES, 'tools/build-pages.mjs', 'package-lock.json'] }] : []),
];
const LOCK = 'node_modules/.gatehouse-build';
/** Nobody builds that long. */
const LOCK_MS = 300_000;

const newest = (path) => {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(0, ...readdirSync(path).map((name) => newest(join(path, name))));
};
const isStale = () => {
  try {
    return HALVES.some(({ built, sources }) => sources.some((source) => newest(source) > statSync(built).mtimeMs));
  } catch {
    return true;
  }
};

/** The lock is a file that holds the process id of whoever builds. */
function takeLock() {
  try {
    writeFileSync(LOCK, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
    if (isLeftBehind()) rmSync(LOCK, { force: true });
    return false;
  }
}

/** Whoever took it was killed, or has built for longer than anybody does. */
function isLeftBehind() {
  try {
    if (Date.now() - statSync(LOCK).mtimeMs > LOCK_MS) return true;
    const pid = Number(readFileSync(LOCK, 'utf8'));
    if (pid > 0) process.kill(pid, 0);
    return false;
  } catch (error) {
    return error.code === 'ESRCH';
  }
}

const pause = (milliseconds) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);

function build() {
  while (!takeLock()) pause(200);
  try {
    if (!isStale()) return;
    console.error('Building (once, about 20 s) …');
    execFileSync('npm', ['run', '--silent', 'build'], { stdio: 'inherit' });
  } finally {
    rmSync(LOCK, { force: true });
  }
}

try {
  // While somebody builds, what is there may be new in part.
  if (isStale() || existsSync(LOCK)) build();
} catch {
  console.error('The build failed; see above.');
  process.exit(1);
}
