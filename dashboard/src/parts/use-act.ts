import { type QueryKey, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';

/** Whatever is done is also an event: every list of them is out of date after it. */
const EVENTS: QueryKey = ['events'];

interface Act<Args extends readonly unknown[], T> {
  readonly run: (...args: Args) => Promise<T | undefined>;
  readonly isBusy: boolean;
  readonly error: unknown;
  readonly clear: () => void;
}

/** One act against the server: whether it is under way, why it failed, and which lists are out of date after it. */
export function useAct<Args extends readonly unknown[], T>(
  act: (...args: Args) => Promise<T>,
  ...stale: readonly QueryKey[]
): Act<Args, T> {
  const client = useQueryClient();
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const run = async (...args: Args): Promise<T | undefined> => {
    setBusy(true);
    setError(null);
    try {
      const result = await act(...args);
      [...stale, EVENTS].forEach((queryKey) => void client.invalidateQueries({ queryKey }));
      return result;
    } catch (failure) {
      setError(failure ?? new Error('It failed'));
      return undefined;
    } finally {
      setBusy(false);
    }
  };
  return { run, isBusy, error, clear: () => setError(null) };
}

/** Marks lists as out of date. */
export function useRefresh(): (...stale: readonly QueryKey[]) => void {
  const client = useQueryClient();
  return (...stale) => [...stale, EVENTS].forEach((queryKey) => void client.invalidateQueries({ queryKey }));
}
