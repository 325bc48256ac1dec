import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type ReactElement, useState } from 'react';
import { Link } from 'react-router';
import { type Suggestion, suggestionQuery } from '../../api/access.js';
import { api, type Versioned } from '../../api/client.js';
import type { Credential } from '../../api/credentials.js';
import { useMay } from '../../api/session.js';
import { Confirm } from '../../parts/confirm.js';
import { ErrorNote, Note } from '../../parts/notes.js';
import { Tag, Tags } from '../../parts/pill.js';
import { BlockSkeleton } from '../../parts/skeletons.js';
import { formatCount } from '../../parts/times.js';
import { toast } from '../../parts/toast.js';
import { useRefresh } from '../../parts/use-act.js';
import { When } from '../../parts/when.js';
import { applyFit, type Fit, fitOf } from './fitting.js';

type Asked = 'observe' | 'end' | 'fit' | null;

/** What it has done, whether it is observed, and the smallest permissions that would have done. */
export function ReallyUses({ read }: { readonly read: Versioned<Credential> }): ReactElement {
  const credential = read.value;
  const { data, error, isPending, refetch } = useQuery(suggestionQuery(credential.id));
  const mayWrite = useMay('write');
  const [asked, setAsked] = useState<Asked>(null);
  const fit = data && fitOf(credential, data.servers);
  return (
    <div className="gh-stack">
      <Observing credential={credential} ask={mayWrite ? setAsked : undefined} />
      {isPending ? <BlockSkeleton /> : null}
      <ErrorNote error={error} retry={() => void refetch()} />
      {data?.servers.length === 0 ? <p className="gh-dim">It has called nothing in 30 days, so there is nothing to go by yet.</p> : null}
      {data?.servers.map((server) => (
        <UsedOn key={server.server} credential={credential} used={server} />
      ))}
      {data && data.servers.length > 0 ? <Suggested fit={fit} ask={mayWrite ? setAsked : undefined} /> : null}
      <AskedAct asked={asked} read={read} fit={fit} onClose={() => setAsked(null)} />
    </div>
  );
}

type Ask = ((asked: Asked) => void) | undefined;

function Observing({ credential, ask }: { readonly credential: Credential; readonly ask: Ask }): ReactElement {
  const act = (asked: Asked, label: string): ReactElement | undefined =>
    ask ? (
      <Button size="xs" variant="default" onClick={() => ask(asked)}>
        {label}
      </Button>
    ) : undefined;
  return credential.observe ? (
    <Note tone="warn" title="Observe mode is on." action={act('end', 'End it')}>
      It may do everything on its servers. This ends <When at={credential.observeUntil} />.
    </Note>
  ) : (
    <Note tone="quiet" action={act('observe', 'Observe it')}>
      Observe mode finds out what a machine needs: for a week it may do everything, and what its scopes would have refused is recorded.
    </Note>
  );
}

const calls = (count: number): string => `${formatCount(count)} ${count === 1 ? 'call' : 'calls'}`;

function UsedOn({ credential, used }: { readonly credential: Credential; readonly used: Suggestion['servers'][number] }): ReactElement {
  const { server, permissions, observed } = used;
  return (
    <div className="gh-stack-tight">
      <div className="gh-row-apart">
        <strong>{server}</strong>
        <span className="gh-dim gh-small">
          {calls(used.calls)}
          {observed > 0 ? (
            <>
              ,{' '}
              <Link to={`/audit?kind=call.observed&credential=${credential.id}&server=${server}`}>
                {formatCount(observed)} by observe mode only
              </Link>
            </>
          ) : null}
        </span>
      </div>
      <ul className="gh-list">
        {permissions.map(({ permission, coveredBy, calls: count }) => (
          <li key={permission} className="gh-row-apart">
            <span>
              <Tag>{permission}</Tag>{' '}
              <span className="gh-dim gh-small">{coveredBy.length > 0 ? `in ${coveredBy.join(', ')}` : 'in no scope of the server'}</span>
            </span>
            <span className="gh-number gh-dim gh-small">{calls(count)}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}

function Suggested({ fit, ask }: { readonly fit: Fit | undefined; readonly ask: Ask }): ReactElement {
  if (!fit) return <Note tone="good">Its permissions fit: fewer would not have done for what it did in 30 days.</Note>;
  return (
    <Note
      tone="info"
      title={`${fit.scopes.join(' and ')} would do.`}
      action={
        ask ? (
          <Button size="xs" onClick={() => ask('fit')}>
            Give it just this
          </Button>
        ) : undefined
      }
    >
      The smallest permissions for what it did in 30 days.
      {fit.missing.length > 0 ? ' A scope for it is made where no scope of the server covers it.' : ''}
    </Note>
  );
}

interface AskedProps {
  readonly asked: Asked;
  readonly read: Versioned<Credential>;
  readonly fit: Fit | undefined;
  readonly onClose: () => void;
}

function AskedAct({ asked, read, fit, onClose }: AskedProps): ReactElement | null {
  const { id, label } = read.value;
  const refresh = useRefresh();
  const act = async (change: Promise<unknown>, said: string): Promise<void> => {
    await change;
    refresh(['credentials'], ['servers']);
    toast.done(said);
  };
  const observe = (isOn: boolean): Promise<unknown> =>
    api.PATCH('/api/v1/credentials/{id}', { params: { path: { id }, header: { 'If-Match': read.etag } }, body: { observe: isOn } });
  if (asked === 'observe') {
    return (
      <Confirm
        title={`Observe “${label}”?`}
        act="Observe it for a week"
        onClose={onClose}
        onConfirm={() => act(observe(true), `“${label}” is observed.`)}
        isDangerous={false}
      >
        Until it ends, it may do everything on its servers: {read.value.servers.join(', ')}. Limits go on to count.
      </Confirm>
    );
  }
  if (asked === 'end') {
    return (
      <Confirm
        title="End observe mode?"
        act="End observe mode"
        onClose={onClose}
        onConfirm={() => act(observe(false), 'Observe mode has ended.')}
      >
        From now on it may do again what its scopes give, and nothing else. What was found stays.
      </Confirm>
    );
  }
  if (asked !== 'fit' || !fit) return null;
  return (
    <Confirm
      title={`Give “${label}” just this?`}
      act="Give it just this"
      onClose={onClose}
      onConfirm={() => act(applyFit(read, fit), `“${label}” may do what it needs, and nothing else.`)}
    >
      <Consequences fit={fit} credential={read.value} />
    </Confirm>
  );
}

function Consequences({ fit, credential }: { readonly fit: Fit; readonly credential: Credential }): ReactElement {
  return (
    <div className="gh-stack-tight">
      <p>
        Its scopes will be <Tags values={fit.scopes} />, instead of{' '}
        {credential.scopes === null ? 'its servers’ defaults' : <Tags values={credential.scopes} />}.
        {credential.observe ? ' Observe mode ends.' : ''}
      </p>
      {fit.missing.map(({ server, name, permissions }) => (
        <p key={name}>
          The scope <Tag>{name}</Tag> is made on {server}, with <Tags values={permissions} />.
        </p>
      ))}
      {fit.idle.length > 0 ? <p>On {fit.idle.join(', ')} it called nothing in 30 days, and will be able to do nothing.</p> : null}
    </div>
  );
}
