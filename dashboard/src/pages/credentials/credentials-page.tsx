import { Button, SegmentedControl, Select } from '@mantine/core';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import { Link, useSearchParams } from 'react-router';
import {
  type Credential,
  type CredentialFilter,
  type CredentialSort,
  type CredentialStatus,
  credentialsQuery,
  METHODS,
} from '../../api/credentials.js';
import { serversQuery } from '../../api/servers.js';
import { useMay } from '../../api/session.js';
import { columnsOf, DataTable } from '../../parts/data-table.js';
import { NewButton } from '../../parts/new-button.js';
import { Empty, ErrorNote } from '../../parts/notes.js';
import { Page } from '../../parts/page.js';
import { Pill, Tags } from '../../parts/pill.js';
import { SearchField } from '../../parts/search-field.js';
import { RowsSkeleton } from '../../parts/skeletons.js';
import { useParams } from '../../parts/use-params.js';
import { When } from '../../parts/when.js';
import { CreateDialog } from './create-dialog.js';
import { attentionOf, StatusPill } from './states.js';

const column = columnsOf<Credential>();
const COLUMNS = column.columns([
  column.accessor('label', {
    header: 'Label',
    sortDescFirst: false,
    cell: ({ row: { original } }) => (
      <span className="gh-cell-main">
        <Link to={`/credentials/${original.id}`}>{original.label}</Link>
        <span className="gh-dim gh-mono gh-clip">{original.clientId}</span>
      </span>
    ),
  }),
  column.accessor('status', {
    header: 'State',
    enableSorting: false,
    cell: ({ row: { original } }) => (
      <span className="gh-row">
        <StatusPill status={original.status} />
        {attentionOf(original).map(({ short, tone }) => (
          <Pill key={short} tone={tone}>
            {short}
          </Pill>
        ))}
      </span>
    ),
  }),
  column.accessor((row) => row.servers.join(' '), {
    id: 'servers',
    header: 'Servers',
    enableSorting: false,
    cell: ({ row }) => <Tags values={row.original.servers} />,
  }),
  column.accessor((row) => METHODS[row.authMethod].label, { id: 'method', header: 'Proves itself by', enableSorting: false }),
  column.accessor('lastUsedAt', {
    header: 'Last used',
    sortDescFirst: true,
    cell: ({ row }) => <When at={row.original.lastUsedAt} />,
  }),
  column.accessor('expiresAt', { header: 'Ends', sortDescFirst: false, cell: ({ row }) => <When at={row.original.expiresAt} /> }),
  column.accessor('createdAt', {
    header: 'Created',
    sortDescFirst: true,
    cell: ({ row }) => <When at={row.original.createdAt} />,
  }),
]);

const SORTS: readonly string[] = ['label', 'createdAt', 'lastUsedAt', 'expiresAt'] satisfies CredentialSort[];
const asSort = (sort: string): CredentialSort | undefined =>
  SORTS.includes(sort.replace(/^-/, '')) ? (sort as CredentialSort) : undefined;

const STATES = [
  { value: '', label: 'All' },
  { value: 'enabled', label: 'Enabled' },
  { value: 'disabled', label: 'Disabled' },
  { value: 'expired', label: 'Expired' },
];

export default function CredentialsPage(): ReactElement {
  const [read, change] = useParams();
  const [params] = useSearchParams();
  const mayWrite = useMay('write');
  const isNew = mayWrite && params.has('new');
  const servers = useQuery(serversQuery).data?.items ?? [];
  return (
    <Page
      title="Credentials"
      lead="One for each machine: what it may reach, and how it proves itself."
      actions={mayWrite ? <NewButton>New credential</NewButton> : undefined}
    >
      <div className="gh-filters">
        <SearchField label="Search credentials" placeholder="Label or client id" value={read('q')} onChange={(q) => change({ q })} />
        <SegmentedControl aria-label="State" data={STATES} value={read('status')} onChange={(status) => change({ status })} />
        {servers.length > 1 ? (
          <Select
            className="gh-filter-field"
            aria-label="Server"
            data={[{ value: '', label: 'Any server' }, ...servers.map(({ slug, name }) => ({ value: slug, label: name }))]}
            value={read('server')}
            allowDeselect={false}
            onChange={(server) => change({ server })}
          />
        ) : null}
      </div>
      <CredentialList
        filter={{ search: read('q'), status: asStatus(read('status')), server: read('server'), sort: asSort(read('sort')) }}
        onSort={(sort) => change({ sort })}
        mayWrite={mayWrite}
      />
      {isNew ? <CreateDialog onClose={() => change({ new: null })} /> : null}
    </Page>
  );
}

interface ListProps {
  readonly filter: CredentialFilter;
  readonly onSort: (sort: string) => void;
  readonly mayWrite: boolean;
}

const asStatus = (status: string): CredentialStatus | undefined =>
  status === 'enabled' || status === 'disabled' || status === 'expired' ? status : undefined;

function CredentialList({ filter, onSort, mayWrite }: ListProps): ReactElement {
  const list = useInfiniteQuery(credentialsQuery(filter));
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = list;
  const { search, status, server, sort = '' } = filter;
  const rows = list.data?.pages.flatMap(({ items }) => items) ?? [];

  if (list.isPending)
    return (
      <Card>
        <RowsSkeleton />
      </Card>
    );
  if (rows.length === 0 && list.error) return <ErrorNote error={list.error} retry={() => void list.refetch()} />;
  if (rows.length === 0) return <Card>{search || status || server ? <NoMatch /> : <NoneYet mayWrite={mayWrite} />}</Card>;
  return (
    <Card>
      <DataTable
        label="Credentials"
        columns={COLUMNS}
        rows={rows}
        rowId={({ id }) => id}
        sort={sort}
        onSort={onSort}
        isSortedByServer
        linkOf={({ id }) => `/credentials/${id}`}
      />
      {hasNextPage ? (
        <div className="gh-more">
          <Button variant="default" size="xs" loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>
            Show more
          </Button>
        </div>
      ) : null}
    </Card>
  );
}

const Card = ({ children }: { readonly children: ReactElement | (ReactElement | null)[] }): ReactElement => (
  <div className="gh-card gh-table-card">{children}</div>
);

const NoMatch = (): ReactElement => (
  <Empty
    icon="search"
    title="No credential fits"
    action={
      <Button component={Link} to="/credentials" variant="default">
        Show all
      </Button>
    }
  >
    Search by a part of the label, or by the whole client id.
  </Empty>
);

const NoneYet = ({ mayWrite }: { readonly mayWrite: boolean }): ReactElement => (
  <Empty
    icon="key"
    title="No credentials yet"
    action={
      mayWrite ? (
        <Button component={Link} to="?new">
          Create the first
        </Button>
      ) : undefined
    }
  >
    A credential lets one machine, such as a CI job or an agent, call your MCP servers. It takes a minute.
  </Empty>
);
