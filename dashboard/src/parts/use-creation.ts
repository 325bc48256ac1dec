import type { QueryKey } from '@tanstack/react-query';
import { useState } from 'react';
import { NoAnswer } from '../api/problem.js';
import { useRefresh } from './use-act.js';
import { useDraft } from './use-draft.js';

interface Wanted<T, Made> {
  /** Of the draft. */
  readonly name: string;
  readonly empty: T;
  /** The list that it joins. */
  readonly list: QueryKey;
  readonly send: (draft: T, idempotencyKey: string) => Promise<Made>;
}

interface Creation<T, Made> {
  readonly draft: T;
  readonly change: (part: Partial<T>) => void;
  readonly made: Made | null;
  readonly error: unknown;
  readonly isBusy: boolean;
  readonly create: () => Promise<void>;
}

/** Makes one thing, however often it is sent: where the answer was lost, it is sent again as the same creation, after a reload too. */
export function useCreation<T extends object, Made>({ name, empty, list, send }: Wanted<T, Made>): Creation<T, Made> {
  const [draft, change, forget] = useDraft<T>(name, empty);
  const [{ key }, changeKey, forgetKey] = useDraft(`${name}-key`, { key: '' });
  const [made, setMade] = useState<Made | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [isBusy, setBusy] = useState(false);
  const refresh = useRefresh();
  const create = async (): Promise<void> => {
    const idempotencyKey = key || crypto.randomUUID();
    changeKey({ key: idempotencyKey });
    setBusy(true);
    setError(null);
    try {
      setMade(await send(draft, idempotencyKey));
      forget();
      forgetKey();
      refresh(list);
    } catch (failure) {
      // A refusal made nothing: the next attempt is another creation.
      if (!(failure instanceof NoAnswer)) changeKey({ key: '' });
      setError(failure);
    }
    setBusy(false);
  };
  return { draft, change, made, error, isBusy, create };
}
