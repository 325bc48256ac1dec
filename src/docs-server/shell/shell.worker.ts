import { parentPort } from 'node:worker_threads';
import { Shell, type ShellJob } from './run-shell.js';

const shell = new Shell();

parentPort?.on('message', (job: ShellJob) => {
  shell.run(job).then(
    (result) => parentPort?.postMessage({ result }),
    (error: unknown) => parentPort?.postMessage({ error: (error as Error).message }),
  );
});
