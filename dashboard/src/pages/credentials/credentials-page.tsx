import { Button, SegmentedControl } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { type ReactElement, useEffect } from 'react';
import { Link, useSearchParams } from 'react-router';
import { type Credential, type CredentialStatus, credentialsQuery, METHODS } from '../../api/credentials.js';
import { useMay } from '../../api/session.js';
import { columnsOf, DataTable } from '../../parts/data-table.js';
import { Icon } from '../../parts/icon.js';
import { Empty, ErrorNote } from '../../parts/notes.js';
import { Page } from '../../parts/page.js';
import { Pill, Tags } from '../../parts/pill.js';
import { SearchField } from '../../parts/search-field.js';
import { RowsSkeleton } from '../../parts/skeletons.js';
import { useParams } from '../../parts/use-params.js';
import { When } from '../../parts/when.js';
import { CreateDialog } from './create-dialog.js';
import { attentionOf, StatusPill } from './states.js';

/** An order other than the server's needs all rows; beyond this many they are fetched by hand. */
const SORTED_AT_MOST = 2000;

const column = columnsOf<Credential>();
const COLUMNS = column.columns([
  column.accessor('label', {
    header: 'Label',
    sortFn: 'text',
    cell: ({ row: { original } }) => (
      <span className="gh-cell-main">
        <Link to={`/credentials/${original.id}`}>{original.label}</Link>
        <span className="gh-dim gh-mono gh-clip">{original.clientId}</span>
      </span>
    ),
  }),
  column.accessor('status', {
    header: 'State',
    sortFn: 'basic',
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
    sortFn: 'text',
    cell: ({ row }) => <Tags values={row.original.servers} />,
  }),
  column.accessor((row) => METHODS[row.authMethod].label, { id: 'method', header: 'Proves itself by', sortFn: 'text' }),
  column.accessor((row) => row.lastUsedAt ?? '', {
    id: 'used',
    header: 'Last used',
    sortFn: 'basic',
    sortDescFirst: true,
    cell: ({ row }) => <When at={row.original.lastUsedAt} />,
  }),
  column.accessor('createdAt', {
    id: 'created',
    header: 'Created',
    sortFn: 'basic',
    sortDescFirst: true,
    cell: ({ row }) => <When at={row.original.createdAt} />,
  }),
]);

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
  return (
    <Page
      title="Credentials"
      lead="One for each machine: what it may reach, and how it proves itself."
      actions={
        mayWrite ? (
          <Button component={Link} to="?new" leftSection={<Icon name="plus" size={16} />}>
            New credential
          </Button>
        ) : undefined
      }
    >
      <div className="gh-filters">
        <SearchField label="Search credentials" placeholder="Label or client id" value={read('q')} onChange={(q) => change({ q })} />
        <SegmentedControl aria-label="State" data={STATES} value={read('status')} onChange={(status) => change({ status })} />
      </div>
      <CredentialList
        search={read('q')}
        status={read('status')}
        sort={read('sort')}
        onSort={(sort) => change({ sort })}
        mayWrite={mayWrite}
      />
      {isNew ? <CreateDialog onClose={() => change({ new: null })} /> : null}
    </Page>
  );
}

interface ListProps {
  readonly search: string;
  readonly status: string;
  readonly sort: string;
  readonly onSort: (sort: string) => void;
  readonly mayWrite: boolean;
}

const asStatus = (status: string): CredentialStatus | undefined =>
  status === 'enabled' || status === 'disabled' || status === 'expired' ? status : undefined;

function CredentialList({ search, status, sort, onSort, mayWrite }: ListProps): ReactElement {
  const list = useInfiniteQuery(credentialsQuery(search, asStatus(status)));
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = list;
  const rows = list.data?.pages.flatMap(({ items }) => items) ?? [];
  const wantsAll = sort !== '' && rows.length < SORTED_AT_MOST;
  useEffect(() => {
    if (wantsAll && hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [wantsAll, hasNextPage, isFetchingNextPage, fetchNextPage]);

  if (list.isPending)
    return (
      <Card>
        <RowsSkeleton />
      </Card>
    );
  if (rows.length === 0 && list.error) return <ErrorNote error={list.error} retry={() => void list.refetch()} />;
  if (rows.length === 0) return <Card>{search || status ? <NoMatch /> : <NoneYet mayWrite={mayWrite} />}</Card>;
  return (
    <Card>
      <DataTable
        label="Credentials"
        columns={COLUMNS}
        rows={rows}
        rowId={({ id }) => id}
        sort={sort}
        onSort={onSort}
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
