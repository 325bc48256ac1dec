import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import { Link, useSearchParams } from 'react-router';
import { ACCESS, KINDS, type Server, serversQuery } from '../../api/servers.js';
import { useMay } from '../../api/session.js';
import { columnsOf, DataTable } from '../../parts/data-table.js';
import { HealthPill } from '../../parts/health-pill.js';
import { NewButton } from '../../parts/new-button.js';
import { Empty, ErrorNote } from '../../parts/notes.js';
import { Page } from '../../parts/page.js';
import { Pill, Tags } from '../../parts/pill.js';
import { RowsSkeleton } from '../../parts/skeletons.js';
import { useParams } from '../../parts/use-params.js';
import { ServerDialog } from './server-dialog.js';

const REFRESH_MS = 20_000;

const column = columnsOf<Server>();
const COLUMNS = column.columns([
  column.accessor('name', {
    header: 'Name',
    sortFn: 'text',
    cell: ({ row: { original } }) => (
      <span className="gh-cell-main">
        <span className="gh-row">
          <Link to={`/servers/${original.slug}`}>{original.name}</Link>
          {original.isDefault ? <Pill tone="info">Default</Pill> : null}
        </span>
        <span className="gh-dim gh-mono">{new URL(original.resource).pathname}</span>
      </span>
    ),
  }),
  column.accessor((row) => row.health.status, {
    id: 'health',
    header: 'Health',
    sortFn: 'text',
    cell: ({ row }) => (
      <span className="gh-row">
        <HealthPill health={row.original.health} />
        {row.original.warnings.length > 0 ? <Pill tone="warn">Warnings</Pill> : null}
      </span>
    ),
  }),
  column.accessor((row) => KINDS[row.upstream.kind], { id: 'kind', header: 'Kind', sortFn: 'text' }),
  column.accessor((row) => ACCESS[row.access], { id: 'access', header: 'Access', sortFn: 'text' }),
  column.accessor((row) => row.scopes.map(({ name }) => name).join(' '), {
    id: 'scopes',
    header: 'Scopes',
    enableSorting: false,
    cell: ({ row }) => <Tags values={row.original.scopes.map(({ name }) => name)} />,
  }),
]);

export default function ServersPage(): ReactElement {
  const { data, error, isPending, refetch } = useQuery({ ...serversQuery, refetchInterval: REFRESH_MS });
  const [read, change] = useParams();
  const [params] = useSearchParams();
  const mayWrite = useMay('write');
  return (
    <Page title="Servers" lead="The MCP servers behind this door." actions={mayWrite ? <NewButton>New server</NewButton> : undefined}>
      <ErrorNote error={error} retry={() => void refetch()} />
      <div className="gh-card gh-table-card">
        {isPending ? <RowsSkeleton rows={4} /> : null}
        {data?.items.length === 0 ? (
          <Empty
            icon="server"
            title="No servers"
            action={
              mayWrite ? (
                <Button component={Link} to="?new">
                  Add the first
                </Button>
              ) : undefined
            }
          >
            Put an MCP server behind this door, and credentials can be given access to it.
          </Empty>
        ) : null}
        {data && data.items.length > 0 ? (
          <DataTable
            label="Servers"
            columns={COLUMNS}
            rows={data.items}
            rowId={({ slug }) => slug}
            sort={read('sort')}
            onSort={(sort) => change({ sort })}
            linkOf={({ slug }) => `/servers/${slug}`}
          />
        ) : null}
      </div>
      {mayWrite && params.has('new') ? <ServerDialog onClose={() => change({ new: null })} /> : null}
    </Page>
  );
}
