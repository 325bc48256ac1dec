import { Button, PasswordInput } from '@mantine/core';
import { type SyntheticEvent, type ReactElement, useState } from 'react';
import { api } from '../../api/client.js';
import { ApiProblem } from '../../api/problem.js';
import { ErrorNote } from '../../parts/notes.js';

const MIN_LENGTH = 12;

interface Fields {
  readonly current: string;
  readonly next: string;
  readonly again: string;
}

const EMPTY: Fields = { current: '', next: '', again: '' };

function faultsOf({ next, again }: Fields): { next?: string; again?: string } {
  if (next.length < MIN_LENGTH) return { next: `At least ${MIN_LENGTH} characters; a few words are easiest to keep.` };
  if (next.startsWith(':')) return { next: 'It must not begin with a colon.' };
  return next === again ? {} : { again: 'The two are not the same.' };
}

/** Changes one's own password. */
export function PasswordForm({ act, onChanged }: { readonly act: string; readonly onChanged: () => void }): ReactElement {
  const [fields, setFields] = useState(EMPTY);
  const [isTried, setTried] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const faults = isTried ? faultsOf(fields) : {};
  const set = (name: keyof Fields) => (event: { currentTarget: { value: string } }) => {
    const { value } = event.currentTarget;
    setFields((before) => ({ ...before, [name]: value }));
  };

  const submit = async (event: SyntheticEvent): Promise<void> => {
    event.preventDefault();
    setTried(true);
    if (Object.keys(faultsOf(fields)).length > 0) return;
    setBusy(true);
    setError(null);
    try {
      await api.POST('/api/v1/admins/me/password', { body: { currentPassword: fields.current, newPassword: fields.next } });
      setFields(EMPTY);
      setTried(false);
      onChanged();
    } catch (failure) {
      setError(failure);
    }
    setBusy(false);
  };

  const isWrong = error instanceof ApiProblem && error.faults.some(({ field }) => field === 'currentPassword');
  return (
    <form className="gh-stack" onSubmit={(event) => void submit(event)} noValidate>
      <PasswordInput
        label="Present password"
        autoComplete="current-password"
        value={fields.current}
        onChange={set('current')}
        error={isWrong ? 'This is not your present password.' : undefined}
      />
      <PasswordInput
        label="New password"
        description={`At least ${MIN_LENGTH} characters.`}
        autoComplete="new-password"
        value={fields.next}
        onChange={set('next')}
        error={faults.next}
      />
      <PasswordInput
        label="New password again"
        autoComplete="new-password"
        value={fields.again}
        onChange={set('again')}
        error={faults.again}
      />
      {isWrong ? null : <ErrorNote error={error} />}
      <div>
        <Button type="submit" loading={isBusy}>
          {act}
        </Button>
      </div>
    </form>
  );
}
