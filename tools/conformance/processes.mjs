import { spawn } from 'node:child_process';

const STOP_MS = 10_000;
const running = new Set();

/** A process that ends with this one; what it writes is kept to be shown where it fails. */
export function start(program, args, options = {}) {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
  const started = { child, output: '' };
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => (started.output = (started.output + chunk).slice(-100_000)));
  running.add(child);
  child.once('exit', () => running.delete(child));
  return started;
}

/** The exit code, once it has ended by itself. */
export const finished = ({ child }) =>
  new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve(code));
  });

/** Waits until the output shows `pattern`. */
export async function until(started, pattern, milliseconds = 60_000) {
  const deadline = Date.now() + milliseconds;
  while (Date.now() < deadline) {
    const match = pattern.exec(started.output);
    if (match) return match;
    if (started.child.exitCode !== null) break;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`${started.child.spawnargs.join(' ')} did not start:\n${started.output}`);
}

export async function stopAll() {
  await Promise.all(
    [...running].map(
      (child) =>
        new Promise((resolve) => {
          const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
          child.once('exit', () => {
            clearTimeout(timer);
            resolve();
          });
          child.kill('SIGTERM');
        }),
    ),
  );
}
