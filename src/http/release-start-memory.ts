import { performance } from 'node:perf_hooks';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** When what a start sets off, as the first index, is through on most machines. */
const LOOK_MS = 10_000;
/** A process that is busier than that collects by itself, and a pause of some 40 ms would be felt. */
const IDLE_UTILIZATION = 0.1;

/**
 * A start leaves tens of megabytes of garbage, which V8 lets lie until there is work enough for a collection: on an idle machine, for
 * long. So one is asked for, once, as soon as the process has nothing to do.
 */
export function releaseStartMemory(): void {
  const before = performance.eventLoopUtilization();
  setTimeout(() => {
    const { utilization } = performance.eventLoopUtilization(before);
    if (utilization < IDLE_UTILIZATION) collect();
    else releaseStartMemory();
  }, LOOK_MS).unref();
}

function collect(): void {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  setFlagsFromString('--no-expose-gc');
  gc();
}
