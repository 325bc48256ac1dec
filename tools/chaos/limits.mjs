import { execFileSync } from 'node:child_process';

/** For databases, logs, and the tool's own. */
const SPARE = 500;

/** How many connections this process, and one that it starts, may have. */
export function mayOpen() {
  const limit = execFileSync('sh', ['-c', 'ulimit -n'], { encoding: 'utf8' }).trim();
  return limit === 'unlimited' ? Infinity : Number(limit) - SPARE;
}
