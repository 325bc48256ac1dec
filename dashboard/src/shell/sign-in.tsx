import { Button, PasswordInput, TextInput } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { type SyntheticEvent, type ReactElement, useState } from 'react';
import { useLocation, useSearchParams } from 'react-router';
import { api, body } from '../api/client.js';
import { ApiProblem } from '../api/problem.js';
import { sessionQuery } from '../api/session.js';
import { ErrorNote, Note } from '../parts/notes.js';
import { Door } from './door.js';

/** Where a failed sign-in at the provider leads back to. */
const SIGN_IN = '/sign-in';

export function SignIn(): ReactElement {
  const client = useQueryClient();
  const [username, setUsername] = useState('');
  const [password, setPassword] = useState('');
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);

  const submit = async (event: SyntheticEvent): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      const me = await body(api.POST('/api/v1/session', { body: { username, password } }));
      client.setQueryData(sessionQuery.queryKey, me);
    } catch (failure) {
      setError(failure);
      setBusy(false);
    }
  };

  return (
    <Door title="Sign in" lead="Machine access to MCP servers">
      <form className="gh-stack" onSubmit={(event) => void submit(event)}>
        <ProviderAnswer />
        <TextInput
          label="Name"
          name="username"
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
          required
          autoFocus
          withAsterisk={false}
          value={username}
          onChange={(event) => setUsername(event.currentTarget.value)}
        />
        <PasswordInput
          label="Password"
          name="password"
          autoComplete="current-password"
          required
          withAsterisk={false}
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
        />
        <SignInError error={error} />
        <Button type="submit" loading={isBusy} fullWidth mt={4}>
          Sign in
        </Button>
        <ProviderButton />
      </form>
    </Door>
  );
}

function SignInError({ error }: { readonly error: unknown }): ReactElement | null {
  if (!(error instanceof ApiProblem) || error.status !== 401) return <ErrorNote error={error} />;
  return (
    <Note tone="bad" role="alert" title="This name and password do not fit.">
      The first owner’s password was printed once, when the server first started. Another owner can set a new one.
    </Note>
  );
}

const useSignInOptions = () =>
  useQuery({ queryKey: ['session', 'options'], queryFn: ({ signal }) => body(api.GET('/api/v1/session/options', { signal })) });

/** Sign-in through the organisation's own provider, where one is configured. Leads back to the page that was asked for. */
function ProviderButton(): ReactElement | null {
  const { data } = useSignInOptions();
  const { pathname, search } = useLocation();
  if (!data?.oidc) return null;
  const wanted = pathname === SIGN_IN ? '/' : `${pathname}${search}`;
  const returnTo = new URLSearchParams({ returnTo: `/dashboard${wanted}` });
  return (
    <>
      <div className="gh-or">or</div>
      <Button component="a" href={`${data.oidc.url}?${returnTo.toString()}`} variant="default" fullWidth>
        {data.oidc.label}
      </Button>
    </>
  );
}

const PROVIDER_FAULTS: Readonly<Record<string, readonly [string, string]>> = {
  oidc_no_role: ['You have no role here.', 'Your provider knows you, but none of your groups has a role. Ask an owner for one.'],
  oidc_disabled: ['Your account here is disabled.', 'An owner can enable it again.'],
  oidc_last_owner: ['Your role would change, and you are the last owner.', 'Sign in by password and make somebody else an owner first.'],
  oidc_name: ['Your name is taken by another account.', 'An owner can delete that account, if it was yours.'],
  oidc_denied: ['Your provider did not let you through.', 'Try again and agree there, or sign in with name and password.'],
  oidc_expired: ['That took too long.', 'Begin again.'],
  oidc_failed: ['The sign-in through your provider failed.', 'Try again. An owner finds the reason in the audit trail and in the log.'],
};

/** What the provider's sign-in came back with when it failed. */
function ProviderAnswer(): ReactElement | null {
  const [params] = useSearchParams();
  const { pathname } = useLocation();
  const code = params.get('error');
  if (pathname !== SIGN_IN || code === null) return null;
  const [what, then] = PROVIDER_FAULTS[code] ?? ['The sign-in through your provider failed.', 'Try again.'];
  return (
    <Note tone="bad" role="alert" title={what}>
      {then}
    </Note>
  );
}
