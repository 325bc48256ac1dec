import { type ResourceLimits, Worker } from 'node:worker_threads';

/**
 * Starts a module of this folder as a thread.
 * @param name from this folder, without extension
 */
export function startWorker(name: string, workerData: unknown, resourceLimits: ResourceLimits): Worker {
  const isSource = import.meta.url.endsWith('.ts');
  const url = new URL(`${name}.${isSource ? 'ts' : 'js'}`, import.meta.url);
  // It needs nothing of the environment, which holds secrets.
  const options = { workerData, resourceLimits, execArgv: [], env: {}, name: name.split('/').at(-1) ?? name };
  // Where the source itself runs, as in tests, a thread has to be told how.
  const source = `import('tsx/esm/api').then(({ register }) => (register(), import(${JSON.stringify(url.href)})))`;
  return isSource ? new Worker(source, { ...options, eval: true }) : new Worker(url, options);
}
