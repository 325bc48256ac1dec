import { useCallback } from 'react';
import { useSearchParams } from 'react-router';

/** Filters that live in the address, so that a view can be sent to a colleague. Empty values leave it. */
export function useParams(): [(name: string) => string, (change: Readonly<Record<string, string | null>>) => void] {
  const [params, setParams] = useSearchParams();
  const change = useCallback(
    (values: Readonly<Record<string, string | null>>) =>
      setParams(
        () => {
          // The address itself: what another field wrote a moment ago may not have been drawn yet.
          const after = new URLSearchParams(window.location.search);
          for (const [name, value] of Object.entries(values)) {
            if (value === null || value === '') after.delete(name);
            else after.set(name, value);
          }
          return after;
        },
        { replace: true },
      ),
    [setParams],
  );
  return [(name) => params.get(name) ?? '', change];
}
