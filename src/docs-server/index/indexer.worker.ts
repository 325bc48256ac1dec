import { setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { Indexer } from './indexer.js';
import type { FromIndexer, IndexerData, ToIndexer } from './indexer-thread.js';

const { dir, file, tooSlow } = workerData as IndexerData;
/** As `nice` has it: a third of what the others get, where there is not enough for all. */
const BEHIND = 5;

const post = (message: FromIndexer): void => parentPort?.postMessage(message);

// Whoever asks goes first. Of this thread alone, which only Linux can do: elsewhere it would be the whole process.
if (process.platform === 'linux') setPriority(BEHIND);

const indexer = new Indexer({
  dir,
  file,
  tooSlow: new Map(tooSlow),
  events: {
    reading: (name, version) => post({ kind: 'reading', file: name, version }),
    committed: (commit) => post({ kind: 'committed', commit }),
    checked: () => post({ kind: 'checked' }),
    warned: (warning) => post({ kind: 'warned', warning }),
  },
});

parentPort?.on('message', ({ now }: ToIndexer) => {
  indexer.look(now);
  post({ kind: 'looked' });
});
