import { parentPort, workerData } from 'node:worker_threads';
import Database from 'better-sqlite3';
import type { CheckpointFile } from './checkpoints.service.js';

const { file } = workerData as CheckpointFile;
const database = new Database(file, { fileMustExist: true });
// As the server has it: the log is on the disk before the file is changed, and the file before the log is used again.
database.pragma('synchronous = NORMAL');

parentPort?.on('message', () => {
  try {
    // Keeps nobody waiting: what others still read or write stays in the log until the next time.
    database.pragma('wal_checkpoint(PASSIVE)');
  } catch {
    // A full disk, say: the log keeps everything.
  }
  parentPort?.postMessage('done');
});
