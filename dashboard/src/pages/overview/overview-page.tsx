import { Button, SegmentedControl } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { lazy, type ReactElement, Suspense } from 'react';
import { Link } from 'react-router';
import { type Overview, overviewQuery, type Window, WINDOWS } from '../../api/overview.js';
import { useMay } from '../../api/session.js';
import { HealthPill } from '../../parts/health-pill.js';
import { Empty, ErrorNote } from '../../parts/notes.js';
import { Page, Section } from '../../parts/page.js';
import { BlockSkeleton } from '../../parts/skeletons.js';
import { formatCount } from '../../parts/times.js';
import { useParams } from '../../parts/use-params.js';
import { AttentionList } from './attention-list.js';
import { Figures } from './figures.js';

const Traffic = lazy(() => import('./traffic-chart.js'));

const LABELS: Readonly<Record<Window, string>> = { '24h': '24 hours', '7d': '7 days', '30d': '30 days' };
const asWindow = (text: string): Window => WINDOWS.find((window) => window === text) ?? '24h';

export default function OverviewPage(): ReactElement {
  const [read, change] = useParams();
  const window = asWindow(read('window'));
  const { data, error, refetch } = useQuery(overviewQuery(window));
  return (
    <Page
      title="Overview"
      lead="Who calls, how it goes, and what wants a look."
      actions={
        <SegmentedControl
          aria-label="Window"
          data={WINDOWS.map((value) => ({ value, label: LABELS[value] }))}
          value={window}
          onChange={(value) => change({ window: value === '24h' ? null : value })}
        />
      }
    >
      {error && !data ? <ErrorNote error={error} retry={() => void refetch()} /> : null}
      {data ? <Content overview={data} window={window} /> : error ? null : <OverviewSkeleton />}
    </Page>
  );
}

function Content({ overview, window }: { readonly overview: Overview; readonly window: Window }): ReactElement {
  const { totals, previous, credentials } = overview;
  if (credentials.total === 0) return <Welcome servers={overview.servers} />;
  return (
    <>
      <Figures totals={totals} previous={previous} span={LABELS[window]} credentials={credentials} />
      <Section title="Calls, refusals and tokens" lead={`Per ${overview.step}, over ${LABELS[window]}.`}>
        <Suspense fallback={<BlockSkeleton height={260} />}>
          <Traffic series={overview.series} step={overview.step} />
        </Suspense>
      </Section>
      <div className="gh-columns">
        <div className="gh-column">
          <AttentionList attention={overview.attention} total={overview.attentionTotal} />
          <ServerHealth servers={overview.servers} />
        </div>
        <div className="gh-column">
          <Top
            title="Busiest credentials"
            empty="No calls yet in this time."
            rows={overview.topCredentials.map((top) => ({ ...top, to: `/credentials/${top.id}` }))}
          />
          <Top
            title="Busiest tools"
            empty="No tool was called in this time."
            rows={overview.topTools.map((top) => ({ ...top, to: top.server === null ? undefined : `/servers/${top.server}` }))}
          />
        </div>
      </div>
    </>
  );
}

function OverviewSkeleton(): ReactElement {
  return (
    <>
      <BlockSkeleton height={104} />
      <BlockSkeleton height={330} />
      <BlockSkeleton height={180} />
    </>
  );
}

/** What a fresh installation shows instead of a row of noughts. */
function Welcome({ servers }: { readonly servers: Overview['servers'] }): ReactElement {
  const mayWrite = useMay('write');
  return (
    <>
      <div className="gh-card">
        <Empty
          icon="key"
          title="Everything is ready for the first machine"
          action={
            mayWrite ? (
              <Button component={Link} to="/credentials?new">
                Create the first credential
              </Button>
            ) : undefined
          }
        >
          Give it a credential, and it can call {servers.length === 1 ? (servers[0]?.name ?? 'your server') : 'your servers'}. You get the
          secret, ready-made snippets, and a button that tries it.
        </Empty>
      </div>
      <ServerHealth servers={servers} />
    </>
  );
}

function ServerHealth({ servers }: { readonly servers: Overview['servers'] }): ReactElement {
  return (
    <Section title="Servers" actions={<Link to="/servers">All servers</Link>}>
      <ul className="gh-list">
        {servers.map(({ slug, name, health, calls, errors }) => (
          <li key={slug} className="gh-row-apart">
            <Link to={`/servers/${slug}`} className="gh-break gh-strong-link">
              {name}
            </Link>
            <span className="gh-row">
              <span className="gh-dim gh-small gh-number">
                {formatCount(calls)} {calls === 1 ? 'call' : 'calls'}
                {errors > 0 ? `, ${formatCount(errors)} failed` : ''}
              </span>
              <HealthPill health={health} />
            </span>
          </li>
        ))}
      </ul>
    </Section>
  );
}

interface TopProps {
  readonly title: string;
  readonly empty: string;
  readonly rows: readonly {
    readonly id: string;
    readonly label: string;
    readonly server: string | null;
    readonly calls: number;
    readonly to: string | undefined;
  }[];
}

function Top({ title, empty, rows }: TopProps): ReactElement {
  const most = Math.max(1, ...rows.map(({ calls }) => calls));
  return (
    <Section title={title}>
      {rows.length === 0 ? <p className="gh-dim">{empty}</p> : null}
      <ol className="gh-top-list">
        {rows.map(({ id, label, server, calls, to }) => (
          <li key={`${server ?? ''} ${id}`}>
            <span className="gh-row-apart">
              {to === undefined ? (
                <span className="gh-break">{label}</span>
              ) : (
                <Link className="gh-break gh-strong-link" to={to}>
                  {label}
                </Link>
              )}
              <span className="gh-number gh-dim">{formatCount(calls)}</span>
            </span>
            <meter className="gh-meter" min={0} max={most} value={calls} aria-label={`${label}: ${formatCount(calls)} calls`} />
          </li>
        ))}
      </ol>
    </Section>
  );
}
