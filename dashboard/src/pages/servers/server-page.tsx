import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type ReactElement, type ReactNode, useState } from 'react';
import { Link, useParams as useRouteParams, useSearchParams } from 'react-router';
import { describePermission, writePermission } from '../../access/permissions.js';
import type { Versioned } from '../../api/client.js';
import { ApiProblem } from '../../api/problem.js';
import { ACCESS, type Health, KINDS, type Server, serverQuery } from '../../api/servers.js';
import { useMay } from '../../api/session.js';
import { RecentEvents } from '../../events/recent-events.js';
import { UsageSection } from '../../events/usage-section.js';
import { CodeLine } from '../../parts/code.js';
import { HealthPill } from '../../parts/health-pill.js';
import { Icon } from '../../parts/icon.js';
import { Empty, ErrorNote, Note } from '../../parts/notes.js';
import { Facts, Page, Section } from '../../parts/page.js';
import { Pill, Tag } from '../../parts/pill.js';
import { PageSkeleton } from '../../parts/skeletons.js';
import { formatCount, formatDuration } from '../../parts/times.js';
import { useParams } from '../../parts/use-params.js';
import { When } from '../../parts/when.js';
import { DeleteServer } from './delete-server.js';
import { DocsSection } from './docs-section.js';
import { DocsSource } from './docs-source.js';
import { ServerDialog } from './server-dialog.js';
import { ToolsSection } from './tools-section.js';
import { UpstreamFacts } from './upstream-facts.js';

const BACK = { to: '/servers', label: 'Servers' };
const REFRESH_MS = 20_000;

export default function ServerPage(): ReactElement {
  const { slug = '' } = useRouteParams();
  const { data, error, isPending, refetch } = useQuery({ ...serverQuery(slug), refetchInterval: REFRESH_MS });
  if (isPending) return <PageSkeleton />;
  if (data) return <Content read={data} />;
  const isGone = error instanceof ApiProblem && error.status === 404;
  return (
    <Page title="Server" back={BACK}>
      {isGone ? (
        <div className="gh-card">
          <Empty icon="server" title="There is no such server">
            It was deleted, or the address is wrong.
          </Empty>
        </div>
      ) : (
        <ErrorNote error={error} retry={() => void refetch()} />
      )}
    </Page>
  );
}

function Content({ read }: { readonly read: Versioned<Server> }): ReactElement {
  const server = read.value;
  const mayWrite = useMay('write');
  const [params] = useSearchParams();
  const [, change] = useParams();
  const [isDeleting, setDeleting] = useState(false);
  return (
    <Page
      title={server.name}
      lead={server.description ?? undefined}
      back={BACK}
      mark={
        <>
          <HealthPill health={server.health} />
          {server.isDefault ? <Pill tone="info">Default</Pill> : null}
        </>
      }
      actions={
        mayWrite ? (
          <>
            <Button component={Link} to="?edit" variant="default" leftSection={<Icon name="pen" size={16} />}>
              Edit
            </Button>
            <Button variant="default" color="red" leftSection={<Icon name="trash" size={16} />} onClick={() => setDeleting(true)}>
              Delete
            </Button>
          </>
        ) : undefined
      }
    >
      {server.warnings.map((warning) => (
        <Note key={warning} tone="warn">
          {warning}
        </Note>
      ))}
      {server.health.status === 'down' ? (
        <Note tone="bad" title="It does not answer as it should.">
          {server.health.lastError ?? 'No reason is known.'} Since <When at={server.health.since} />. Calls to it fail until it is back.
        </Note>
      ) : null}
      <div className="gh-columns">
        <div className="gh-column">
          {server.upstream.kind === 'docs' ? <DocsSection slug={server.slug} /> : null}
          <ToolsSection server={server} startsAtOnce={params.has('test')} />
          <Scopes server={server} />
          <UsageSection of={{ server: server.slug }} />
          <RecentEvents of={{ server: server.slug }} query={`server=${server.slug}`} />
        </div>
        <div className="gh-column">
          <ServerFacts server={server} />
          {server.upstream.kind === 'docs' ? <DocsSource slug={server.slug} /> : <UpstreamFacts server={server} />}
          <Limits server={server} />
        </div>
      </div>
      {mayWrite && params.has('edit') ? <ServerDialog read={read} onClose={() => change({ edit: null })} /> : null}
      {isDeleting ? <DeleteServer read={read} onClose={() => setDeleting(false)} /> : null}
    </Page>
  );
}

function ServerFacts({ server }: { readonly server: Server }): ReactElement {
  const { resource, access, tokenTtl, health, createdAt, updatedAt } = server;
  const publicUrl = access === 'authenticated' ? undefined : resource.replace('/authed/mcp', '/mcp');
  return (
    <Section title="Where it is">
      <Facts
        facts={[
          ['Kind', KINDS[server.upstream.kind]],
          ['Access', ACCESS[access]],
          ...(access === 'public' ? [] : [['With a token', <CodeLine key="r" text={resource} label="URL" />] as const]),
          ...(publicUrl === undefined ? [] : [['Public', <CodeLine key="p" text={publicUrl} label="public URL" />] as const]),
          ['Its tokens live', tokenTtl === null ? 'as the installation says' : formatDuration(tokenTtl)],
          ['Checked', <When key="h" at={health.checkedAt} />],
          ...healthFacts(health),
          ['Created', <When key="c" at={createdAt} />],
          ['Changed', <When key="u" at={updatedAt} />],
        ]}
      />
    </Section>
  );
}

const BREAKERS = {
  closed: 'closed: calls go through',
  open: 'open: nothing is sent to it for a while',
  'half-open': 'half-open: one call finds out whether it is back',
} as const;

/** What is not known of every server: its breaker, and what went wrong last. */
const healthFacts = ({ status, since, lastError, breaker }: Health): readonly (readonly [string, ReactNode])[] => [
  ...(since === null ? [] : [[status === 'down' ? 'Down since' : 'Up since', <When key="s" at={since} />] as const]),
  ...(breaker === null ? [] : [['Circuit breaker', BREAKERS[breaker]] as const]),
  ...(lastError === null ? [] : [['Last error', lastError] as const]),
];

function Scopes({ server }: { readonly server: Server }): ReactElement {
  return (
    <Section title="Scopes" lead="What credentials can be given on this server.">
      {server.scopes.length === 0 ? <Note tone="warn">Without a scope nobody gets a token for it. Edit it to add one.</Note> : null}
      <ul className="gh-list">
        {server.scopes.map((scope) => (
          <li key={scope.name}>
            <div className="gh-row-apart">
              <span className="gh-row">
                <Tag>{scope.name}</Tag>
                <span>{scope.description}</span>
              </span>
              {scope.default ? <Pill tone="quiet">By default</Pill> : null}
            </div>
            <p className="gh-dim gh-small gh-break">
              {scope.permissions.map((permission) => (
                <span key={writePermission(permission)} className="gh-permission" title={writePermission(permission)}>
                  {describePermission(permission)}
                </span>
              ))}
            </p>
          </li>
        ))}
      </ul>
    </Section>
  );
}

const LIMITS: readonly (readonly [keyof Server['limits'], string, string])[] = [
  ['perCredential', 'Messages, per credential', 'an hour'],
  ['perTool', 'Calls, per credential and tool', 'an hour'],
  ['perAddress', 'Public messages, per address', 'an hour'],
  ['concurrentCalls', 'Calls at the same time', 'per credential'],
  ['openStreams', 'Open streams', 'per credential'],
  ['timeoutSeconds', 'It must answer within', 'seconds'],
];

function Limits({ server }: { readonly server: Server }): ReactElement {
  const set = LIMITS.flatMap(([name, label, unit]): (readonly [string, ReactNode])[] => {
    const limit = server.limits[name];
    return limit === null || limit === undefined ? [] : [[label, `${formatCount(limit)} ${unit}`]];
  });
  return (
    <Section title="Limits">
      {set.length === 0 ? <p className="gh-dim">None of its own; those of the installation count.</p> : <Facts facts={set} />}
    </Section>
  );
}
