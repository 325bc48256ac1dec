import { type Server as HttpServer } from 'node:http';
import { Server } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const LOOKS = 100;
const CALM_MS = 0.2;
/** For requests whose connection was accepted just before. */
const LINGER_MS = 500;

/**
 * Takes no more connections, and serves on those that there are for a moment: a proxy that has just connected is about to send, and closing
 * that connection, which looks idle, would fail its request.
 */
export async function stopListening(server: HttpServer, signal: AbortSignal): Promise<void> {
  await calmMoment();
  // Not HTTP's own `close`, which also closes idle connections.
  Server.prototype.close.call(server);
  await pause(LINGER_MS, signal);
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
export async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await sleep(milliseconds, undefined, { signal }).catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
}
