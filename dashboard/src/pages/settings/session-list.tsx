import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type ReactElement, useState } from 'react';
import { api, body } from '../../api/client.js';
import { useForgetSession } from '../../api/session.js';
import { Confirm } from '../../parts/confirm.js';
import { ErrorNote } from '../../parts/notes.js';
import { Pill } from '../../parts/pill.js';
import { RowsSkeleton } from '../../parts/skeletons.js';
import { forgetDrafts } from '../../parts/use-draft.js';
import { When } from '../../parts/when.js';

/** "Firefox on Linux", as well as a user agent tells it. */
function browserOf(userAgent: string): string {
  const browser = ['Edg', 'Firefox', 'Chrome', 'Safari'].find((name) => userAgent.includes(`${name}/`));
  const system = ['Android', 'iPhone', 'Windows', 'Mac OS', 'Linux'].find((name) => userAgent.includes(name));
  return browser ? `${browser === 'Edg' ? 'Edge' : browser}${system ? ` on ${system}` : ''}` : userAgent.slice(0, 60) || 'unknown browser';
}

export function SessionList(): ReactElement {
  const { data, error, isPending, refetch } = useQuery({
    queryKey: ['session', 'all'],
    queryFn: ({ signal }) => body(api.GET('/api/v1/session/all', { signal })),
  });
  const forget = useForgetSession();
  const [isAsked, setAsked] = useState(false);
  const signOut = async (): Promise<void> => {
    await api.DELETE('/api/v1/session/all');
    forgetDrafts();
    forget();
  };
  if (isPending) return <RowsSkeleton rows={2} />;
  return (
    <>
      <ErrorNote error={error} retry={() => void refetch()} />
      <ul className="gh-list gh-padded">
        {data?.items.map(({ id, userAgent, address, lastSeenAt, isCurrent }) => (
          <li key={id} className="gh-row-apart">
            <span className="gh-cell-main">
              <span>{browserOf(userAgent)}</span>
              <span className="gh-dim gh-small">
                {address} · seen <When at={lastSeenAt} />
              </span>
            </span>
            {isCurrent ? <Pill tone="good">This one</Pill> : null}
          </li>
        ))}
      </ul>
      <div className="gh-more">
        <Button variant="default" size="xs" onClick={() => setAsked(true)}>
          Sign out everywhere
        </Button>
      </div>
      {isAsked ? (
        <Confirm title="Sign out everywhere?" act="Sign out everywhere" onClose={() => setAsked(false)} onConfirm={signOut}>
          All of your sessions end now, this one too.
        </Confirm>
      ) : null}
    </>
  );
}
