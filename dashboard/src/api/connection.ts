/** Whether the server answers. Every request reports here; while none is answered, a probe asks until it is back. */
export type Connection = 'up' | 'down';

const PROBE = '/health/live';
const PROBE_MS = 2000;
const PROBE_TIMEOUT_MS = 5000;

let state: Connection = 'up';
let timer: number | undefined;
const listeners = new Set<() => void>();

export const connection = (): Connection => state;

export function onConnection(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function set(next: Connection): void {
  if (next === state) return;
  state = next;
  listeners.forEach((listener) => listener());
}

export function reportAnswer(): void {
  window.clearTimeout(timer);
  timer = undefined;
  set('up');
}

export function reportSilence(): void {
  set('down');
  timer ??= window.setTimeout(() => void probe(), PROBE_MS);
}

async function probe(): Promise<void> {
  timer = undefined;
  try {
    const response = await fetch(PROBE, { cache: 'no-store', signal: AbortSignal.timeout(PROBE_TIMEOUT_MS) });
    if (response.ok) reportAnswer();
    else reportSilence();
  } catch {
    // Still away: that is what a probe is for.
    reportSilence();
  }
}
