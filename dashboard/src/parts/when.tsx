import { type ReactElement, useSyncExternalStore } from 'react';
import { formatInstant, formatRelative } from './times.js';

const TICK_MS = 15_000;

/** One timer for all times on a page. */
let now = Date.now();
const listeners = new Set<() => void>();
let timer: number | undefined;

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  now = Date.now();
  timer ??= window.setInterval(() => {
    now = Date.now();
    listeners.forEach((notify) => notify());
  }, TICK_MS);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    window.clearInterval(timer);
    timer = undefined;
  };
}

/** The time, as often as it is worth drawing again. */
export const useNow = (): number => useSyncExternalStore(subscribe, () => now);

/** A time as people say it; the exact one on hover and for machines. */
export function When({ at, never = 'never' }: { readonly at: string | null | undefined; readonly never?: string }): ReactElement {
  const current = useNow();
  if (!at) return <span className="gh-dim">{never}</span>;
  return (
    <time dateTime={at} title={formatInstant(at)}>
      {formatRelative(at, current)}
    </time>
  );
}
