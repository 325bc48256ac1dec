import 'reflect-metadata';
import { existsSync } from 'node:fs';
import { loadEnvFile } from 'node:process';
import { setFlagsFromString } from 'node:v8';
import { StartupError } from './common/startup-error.js';
import type { ShutdownConfig } from './config/config.js';
import { loadConfig } from './config/load-config.js';
import { environment } from './config/process-environment.js';
import { banner } from './http/banner.js';
import { type Gatehouse, startGatehouse } from './http/create-app.js';
import { releaseStartMemory } from './http/release-start-memory.js';

/** For what comes after calls have ended: what is buffered is written, and everything closed. */
const CLOSING_MS = 2500;
const LEAST_SHUTDOWN_MS = 9500;

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
  listenForEnd(gatehouse, config.shutdown);
  process.stdout.write(`${banner(config, gatehouse.firstOwner)}\n`);
  releaseStartMemory();
  if (!config.rateLimits.enabled) process.stderr.write('gatehouse: RATE_LIMITS is off: nothing slows down guessing. For a bench only.\n');
}

/**
 * `SIGTERM` comes from who replaces processes behind a balancer; Ctrl-C, and any second signal, from who does not want to wait for that.
 * A third one ends the process as it stands.
 */
function listenForEnd(gatehouse: Gatehouse, limits: ShutdownConfig): void {
  const hurry = new AbortController();
  let isEnding = false;
  const end = (signal: NodeJS.Signals): void => {
    if (isEnding || signal === 'SIGINT' || limits.delayMs === 0) hurry.abort();
    if (isEnding) process.off('SIGTERM', end).off('SIGINT', end);
    else void stop(gatehouse, limits, hurry.signal);
    isEnding = true;
  };
  process.on('SIGTERM', end).on('SIGINT', end);
}

/** Ends in time whatever happens: an orchestrator kills after a while (Docker after ten seconds), and then nothing would be flushed. */
async function stop(gatehouse: Gatehouse, { delayMs, drainMs }: ShutdownConfig, hurry: AbortSignal): Promise<void> {
  setTimeout(() => process.exit(1), Math.max(LEAST_SHUTDOWN_MS, delayMs + drainMs + CLOSING_MS)).unref();
  await gatehouse.leave(hurry);
  await gatehouse.close();
  process.exit(0);
}

/** One clear line for a fault of the surroundings; everything else is ours and comes with its stack. */
function fail(error: unknown): never {
  const text = error instanceof StartupError ? error.message.replaceAll(/^/gm, 'gatehouse: ') : String((error as Error).stack ?? error);
  process.stderr.write(`${text}\n`);
  process.exit(1);
}

main().catch(fail);
