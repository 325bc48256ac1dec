import 'reflect-metadata';
import { existsSync } from 'node:fs';
import { loadEnvFile } from 'node:process';
import { setFlagsFromString } from 'node:v8';
import { StartupError } from './common/startup-error.js';
import { loadConfig } from './config/load-config.js';
import { environment } from './config/process-environment.js';
import { banner } from './http/banner.js';
import { releaseStartMemory } from './http/release-start-memory.js';
import { startGatehouse } from './http/create-app.js';

const SHUTDOWN_MS = 9500;

/**
 * V8 makes objects old from birth where others of the same line of code have lived long. Where that meets what a call is made of, a dead
 * call holds what is young of it until a full collection, and collecting young objects, mostly free, takes a good part of the CPU time.
 */
const KEEP_YOUNG = '--no-allocation-site-pretenuring';

async function main(): Promise<void> {
  setFlagsFromString(KEEP_YOUNG);
  if (existsSync('.env')) loadEnvFile('.env');
  const config = loadConfig(environment(), process.stdout.isTTY);
  const gatehouse = await startGatehouse(config);
  // Before anything says that it runs: who reads that may stop it at once.
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void stop(gatehouse.close));
  process.stdout.write(`${banner(config, gatehouse.firstOwner)}\n`);
  releaseStartMemory();
  if (!config.rateLimits.enabled) process.stderr.write('gatehouse: RATE_LIMITS is off: nothing slows down guessing. For a bench only.\n');
}

/** Ends in time whatever happens: an orchestrator kills after ten seconds, and then nothing would be flushed. */
async function stop(close: () => Promise<void>): Promise<void> {
  setTimeout(() => process.exit(1), SHUTDOWN_MS).unref();
  await close();
  process.exit(0);
}

/** One clear line for a fault of the surroundings; everything else is ours and comes with its stack. */
function fail(error: unknown): never {
  const text = error instanceof StartupError ? error.message.replaceAll(/^/gm, 'gatehouse: ') : String((error as Error).stack ?? error);
  process.stderr.write(`${text}\n`);
  process.exit(1);
}

main().catch(fail);
