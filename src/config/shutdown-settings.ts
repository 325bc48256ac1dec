import type { ShutdownConfig } from './config.js';
import type { Environment } from './environment.js';

/** Docker kills after ten seconds where nobody says otherwise: with these, everything has ended by then. */
const DELAY_SECONDS = 2;
const DRAIN_SECONDS = 5;

/** How the process goes. On a loopback there is no balancer that has to be waited for. */
export function readShutdown(env: Environment, isOnLoopback: boolean): ShutdownConfig {
  const delay = { fallback: isOnLoopback ? 0 : DELAY_SECONDS, min: 0, max: 600, example: '10' };
  return {
    delayMs: 1000 * env.integer('SHUTDOWN_DELAY', delay),
    drainMs: 1000 * env.integer('SHUTDOWN_DRAIN', { fallback: DRAIN_SECONDS, min: 1, max: 3600, example: '30' }),
  };
}
