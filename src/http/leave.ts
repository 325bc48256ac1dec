import { type Server as HttpServer } from 'node:http';
import { Server } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Drain } from '../common/drain.js';

const LOOKS = 100;
const CALM_MS = 0.2;
/** In which a proxy has as many connections again as it needs. */
const SETTLING_MS = 1000;
/** For requests whose connection was accepted just before, and for telling those that are kept. */
const LINGER_MS = 500;

/** For how long it goes on to serve while others take notice; not any more once `hurry` says so. */
interface Leave {
  readonly delayMs: number;
  readonly hurry: AbortSignal;
}

/**
 * Serves on for a while, then takes no more connections, and serves on those that there are for a moment.
 *
 * Answers say `Connection: close` at first, so that whoever watches no health goes elsewhere. A proxy that watches none and knows no better
 * connects here again for every request; and a connection that the system has made and we have not accepted is reset when the listener
 * closes, with the request in it, which a proxy repeats only if it is no `POST`. So connections are kept before that moment: then there are
 * next to no new ones in it. Afterwards those that are kept are told with their next answer: new ones are refused, before anything is sent.
 */
export async function leave(server: HttpServer, drain: Drain, { delayMs, hurry }: Leave): Promise<void> {
  const settlingMs = Math.min(SETTLING_MS, delayMs / 2);
  drain.leave();
  await pause(delayMs - settlingMs, hurry);
  drain.keepConnections();
  await pause(settlingMs, hurry);
  await calmMoment();
  // Not HTTP's own `close`, which also closes idle connections: a proxy that has just connected is about to send.
  Server.prototype.close.call(server);
  drain.leave();
  await pause(LINGER_MS, hurry);
}

/**
 * Until the event loop has nothing to do. What the system has connected and we have not accepted yet is reset when the
 * listener closes; right after a quick turn of the loop, which has accepted all there was, there is next to nothing of it.
 */
async function calmMoment(): Promise<void> {
  for (let look = 0; look < LOOKS; look++) {
    const began = performance.now();
    await new Promise((resolve) => setImmediate(resolve));
    if (performance.now() - began < CALM_MS) return;
  }
}

/** Waits, or does not any more once `signal` says so. */
async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await sleep(milliseconds, undefined, { signal }).catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
}
