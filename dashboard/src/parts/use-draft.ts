import { useCallback, useState } from 'react';

const PREFIX = 'gatehouse-draft:';

function readDraft(key: string): unknown {
  try {
    const stored = sessionStorage.getItem(PREFIX + key);
    return stored === null ? undefined : (JSON.parse(stored) as unknown);
  } catch {
    // A draft that cannot be read, or storage that is forbidden, costs the draft and nothing else.
    return undefined;
  }
}

function writeDraft(key: string, value: unknown): void {
  try {
    if (value === undefined) sessionStorage.removeItem(PREFIX + key);
    else sessionStorage.setItem(PREFIX + key, JSON.stringify(value));
  } catch {
    // As above: the form goes on to work, it only does not outlive a reload.
  }
}

/** Forgets every draft: what one person wrote is not for the next who signs in at this tab. */
export function forgetDrafts(): void {
  Object.keys(sessionStorage)
    .filter((key) => key.startsWith(PREFIX))
    .forEach((key) => sessionStorage.removeItem(key));
}

/**
 * State that survives a reload of this tab. Kept for the tab only, and never given a secret.
 * @returns the value, its setter, and what forgets it.
 */
export function useDraft<T extends object>(key: string, initial: T): [T, (change: Partial<T>) => void, () => void] {
  const [value, setValue] = useState<T>(() => ({ ...initial, ...(readDraft(key) as Partial<T> | undefined) }));
  const change = useCallback(
    (part: Partial<T>) =>
      setValue((before) => {
        const after = { ...before, ...part };
        writeDraft(key, after);
        return after;
      }),
    [key],
  );
  const forget = useCallback(() => writeDraft(key, undefined), [key]);
  return [value, change, forget];
}
