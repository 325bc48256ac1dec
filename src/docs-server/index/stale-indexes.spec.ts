import { fork } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import Database from 'better-sqlite3';
import { claimIndex } from './claim-index.js';
import { removeStaleIndexes } from './stale-indexes.js';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'stale-indexes-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const fileOf = (number: number): string => join(dir, `01KAX2V7Q5R1D7X0C3G8M6Y9T${number}-00112233445566aa.sqlite`);

/** An index that was used, with a checkout beside it. */
function leave(number: number): string {
  const file = fileOf(number);
  claimIndex(file).release();
  const checkout = file.replace('.sqlite', '.checkout');
  mkdirSync(join(checkout, '.git'), { recursive: true });
  writeFileSync(join(checkout, 'index.md'), '# x\n');
  return file;
}

describe('removeStaleIndexes', () => {
  it('removes what is not wanted, with its checkout and lock, and leaves what is', async () => {
    const [wanted, stale] = [leave(1), leave(2)];
    expect(await removeStaleIndexes(dir, new Set([wanted]))).toEqual([stale]);
    expect(readdirSync(dir).filter((name) => name.includes('T2'))).toEqual([]);
    expect(existsSync(wanted) && existsSync(wanted.replace('.sqlite', '.checkout'))).toBe(true);
    expect(await removeStaleIndexes(dir, new Set([wanted]))).toEqual([]);
  });

  it('leaves what somebody uses, until they are done', async () => {
    const file = leave(1);
    const claim = claimIndex(file);
    expect(claim.reason).toBeUndefined();
    expect(await removeStaleIndexes(dir, new Set())).toEqual([]);
    claim.release();
    expect(await removeStaleIndexes(dir, new Set())).toEqual([file]);
  });

  it('leaves what another process uses, until it ends, however it does', async () => {
    const file = leave(1);
    const script = join(dir, 'hold.cjs');
    const module = join(process.cwd(), 'node_modules/better-sqlite3');
    writeFileSync(
      script,
      `const db = new (require(${JSON.stringify(module)}))(${JSON.stringify(`${file}.lock`)});
       db.pragma('locking_mode = EXCLUSIVE'); db.exec('BEGIN EXCLUSIVE'); process.send('held'); setInterval(() => {}, 1000);`,
    );
    const other = fork(script);
    await new Promise((resolve) => other.once('message', resolve));
    expect(await removeStaleIndexes(dir, new Set())).toEqual([]);
    const gone = new Promise((resolve) => other.once('exit', resolve));
    other.kill('SIGKILL');
    await gone;
    expect(await removeStaleIndexes(dir, new Set())).toEqual([file]);
  });

  it('touches nothing else, and minds no folder that is not there', async () => {
    for (const name of ['notes.sqlite', 'index.md', 'my.checkout', '01KAX2V7Q5R1D7X0C3G8M6Y9T1.sqlite']) writeFileSync(join(dir, name), '');
    expect(await removeStaleIndexes(dir, new Set())).toEqual([]);
    expect(readdirSync(dir)).toHaveLength(4);
    expect(await removeStaleIndexes(join(dir, 'absent'), new Set())).toEqual([]);
  });
});

describe('claimIndex', () => {
  it('takes no lock on a file that was exchanged while it was being opened', () => {
    const file = fileOf(1);
    claimIndex(file).release();
    const lock = `${file}.lock`;
    const exec = Database.prototype.exec;
    // What another process may do between the opening of the file and the lock.
    Database.prototype.exec = function (this: Database.Database, source: string) {
      if (source === 'BEGIN EXCLUSIVE') {
        rmSync(lock);
        writeFileSync(lock, '');
      }
      return exec.call(this, source);
    };
    try {
      const claim = claimIndex(file);
      expect(claim.reason).toBe('it was removed a moment ago');
      claim.release();
    } finally {
      Database.prototype.exec = exec;
    }
  });
});
