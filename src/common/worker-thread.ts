import { type ResourceLimits, Worker } from 'node:worker_threads';

/**
 * Starts a module as a thread.
 * @param module beside the one that starts it, and as a file of its own beside the built server; without extension
 */
export function startWorker(module: URL, workerData: unknown, resourceLimits: ResourceLimits): Worker {
  const isSource = import.meta.url.endsWith('.ts');
  const url = `${module.href}.${isSource ? 'ts' : 'js'}`;
  // It needs nothing of the environment, which holds secrets.
  const options = { workerData, resourceLimits, execArgv: [], env: {}, name: module.pathname.split('/').at(-1) ?? '' };
  // Where the source itself runs, as in tests, a thread has to be told how.
  const source = `import('tsx/esm/api').then(({ register }) => (register(), import(${JSON.stringify(url)})))`;
  return isSource ? new Worker(source, { ...options, eval: true }) : new Worker(new URL(url), options);
}
