import { setTimeout as sleep } from 'node:timers/promises';
import { Load } from './load.mjs';

const SHOWN = 10;

/** Replaces every process of a cluster, one after the other, while clients are at work. Prints what became of them; true where none failed. */
export async function rollUnderLoad(cluster, times) {
  const load = new Load(cluster);
  const exits = [];
  try {
    await load.start();
    await sleep(2000);
    for (let round = 0; round < times; round++) {
      await cluster.roll((exit) => {
        exits.push(exit);
        console.log(
          `  ${exit.pid} ended with ${exit.exitCode} after ${exit.seconds.toFixed(1)} s; ${load.total} requests, ${load.failures.length} failed`,
        );
      });
    }
    await sleep(2000);
  } finally {
    await load.stop();
  }
  const kinds = Object.entries(load.counts).map(([kind, count]) => `${kind} ${count}`);
  for (const failure of load.failures.slice(0, SHOWN)) console.log(`  ${failure}`);
  if (load.failures.length > 0) for (const line of cluster.complaints.slice(-SHOWN)) console.log(`  the proxy: ${line}`);
  console.log(
    `Replaced ${exits.length} processes. ${load.total} requests (${kinds.join(', ')}), ${load.failures.length} failed, slowest ${load.slowestMs.toFixed(0)} ms.`,
  );
  return load.failures.length === 0 && exits.every(({ exitCode }) => exitCode === 0);
}
