// What the benches share: processes pinned to a core (where there is taskset), what they cost, and a figure of several rounds.
import { execFileSync, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const hasTaskset = (() => {
  try {
    execFileSync('taskset', ['-V'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

/** The load runs beside what it measures, not in its way. */
export function moveTo(core) {
  if (hasTaskset) execFileSync('taskset', ['-a', '-p', '-c', String(core), String(process.pid)], { stdio: 'ignore' });
}

/** A Node process with nothing of this one's environment. Whoever starts it ends it. */
export function startOn(core, script, env, flags = []) {
  const argv = [process.execPath, ...flags, script];
  const [command, ...args] = hasTaskset ? ['taskset', '-c', String(core), ...argv] : argv;
  return spawn(command, args, { env: { PATH: process.env.PATH, NODE_ENV: 'production', ...env }, stdio: ['ignore', 'ignore', 'inherit'] });
}

/** CPU seconds and resident kilobytes of a process and its threads, from /proc. */
export function usage({ pid }) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return { cpu: (Number(fields[11]) + Number(fields[12])) / 100, rss: Number(fields[21]) * 4 };
}

/** Asks until the answer is a good one. */
export async function until(url, init) {
  for (let i = 0; i < 200; i++) {
    const answer = await fetch(url, init).catch(() => undefined);
    if (answer?.ok) return answer;
    await sleep(100);
  }
  throw new Error(`${url} did not answer`);
}

export const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

export const basic = (id, secret) => `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`;
