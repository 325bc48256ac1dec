import { useQuery } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import { sessionQuery } from '../api/session.js';
import { ErrorNote } from '../parts/notes.js';
import { NewPassword } from './new-password.js';
import { Shell } from './shell.js';
import { SignIn } from './sign-in.js';

/** Signed in: the pages. Not signed in: the sign-in, at the same address, so that a deep link leads where it says. */
export function Gate(): ReactElement {
  const { data, error, refetch, isPending } = useQuery(sessionQuery);
  if (isPending) return <div className="gh-door" role="status" aria-label="Loading" />;
  if (data === undefined) {
    return (
      <main className="gh-door">
        <div className="gh-door-card">
          <ErrorNote error={error} retry={() => void refetch()} />
        </div>
      </main>
    );
  }
  if (data === null) return <SignIn />;
  return data.mustChangePassword ? <NewPassword me={data} /> : <Shell />;
}
