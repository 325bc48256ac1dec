import { parentPort, workerData } from 'node:worker_threads';
import Database from 'better-sqlite3';
import type { CheckpointFile } from './checkpoints.service.js';

const { file } = workerData as CheckpointFile;
const database = new Database(file, { fileMustExist: true });
// As the server has it: the log is on the disk before the file is changed, and the file before the log is used again.
database.pragma('synchronous = NORMAL');

/** Pages after which the log should begin anew. Not sooner: whoever writes its first page waits for the disk. */
const LONG = 4000;
/** What is written meanwhile is taken over in the next round, which takes far less time than the first. */
const ROUNDS = 5;

/** Keeps nobody waiting: what others still read or write stays in the log until the next time. */
function takeOver(): void {
  let before = -1;
  for (let i = 0; i < ROUNDS; i++) {
    const [{ log }] = database.pragma('wal_checkpoint(PASSIVE)') as [{ log: number }];
    if (log < LONG || log === before) return;
    before = log;
  }
}

parentPort?.on('message', () => {
  try {
    takeOver();
  } catch {
    // A full disk, say: the log keeps everything.
  }
  parentPort?.postMessage('done');
});
