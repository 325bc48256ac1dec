import { useQueryClient } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import { type Session, sessionQuery } from '../api/session.js';
import { PasswordForm } from '../pages/settings/password-form.js';
import { Door } from './door.js';

/** The first password was printed in a log. Whoever signs in with it first chooses one that nobody else has seen. */
export function NewPassword({ me }: { readonly me: Session }): ReactElement {
  const client = useQueryClient();
  const changed = (): void => void client.invalidateQueries({ queryKey: sessionQuery.queryKey });
  return (
    <Door title="Choose your password" lead={`Welcome, ${me.name}. Your present one was generated; replace it before you go on.`}>
      <PasswordForm act="Save and go on" onChanged={changed} />
    </Door>
  );
}
