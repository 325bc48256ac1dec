import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type ReactElement, useState } from 'react';
import { Link, useSearchParams } from 'react-router';
import { type AdminKey, adminKeysQuery, ROLES } from '../../api/admins.js';
import { api } from '../../api/client.js';
import { useMay } from '../../api/session.js';
import { Confirm } from '../../parts/confirm.js';
import { columnsOf, DataTable } from '../../parts/data-table.js';
import { Icon } from '../../parts/icon.js';
import { Empty, ErrorNote } from '../../parts/notes.js';
import { Section } from '../../parts/page.js';
import { RowsSkeleton } from '../../parts/skeletons.js';
import { toast } from '../../parts/toast.js';
import { useRefresh } from '../../parts/use-act.js';
import { useParams } from '../../parts/use-params.js';
import { When } from '../../parts/when.js';
import { KeyDialog } from './key-dialog.js';

const column = columnsOf<AdminKey>();
const BASE = column.columns([
  column.accessor('label', {
    header: 'Label',
    sortFn: 'text',
    cell: ({ row: { original } }) => (
      <span className="gh-cell-main">
        <strong className="gh-break">{original.label}</strong>
        <span className="gh-dim gh-mono">
          {original.id} · …{original.hint}
        </span>
      </span>
    ),
  }),
  column.accessor('role', {
    header: 'Role',
    sortFn: 'text',
    cell: ({ row }) => ROLES.find(({ value }) => value === row.original.role)?.label,
  }),
  column.accessor((row) => row.expiresAt ?? '', {
    id: 'ends',
    header: 'Ends',
    sortFn: 'basic',
    cell: ({ row }) => <When at={row.original.expiresAt} />,
  }),
  column.accessor((row) => row.lastUsedAt ?? '', {
    id: 'used',
    header: 'Last used',
    sortFn: 'basic',
    sortDescFirst: true,
    cell: ({ row }) => <When at={row.original.lastUsedAt} />,
  }),
  column.accessor('createdBy', { header: 'Made by', sortFn: 'text' }),
]);
const WITH_ACTS = [
  ...BASE,
  column.display({
    id: 'acts',
    header: () => <span className="gh-visually-hidden">Acts</span>,
    cell: ({ row }) => <DeleteKey adminKey={row.original} />,
  }),
];

export function KeyList(): ReactElement {
  const { data, error, isPending, refetch } = useQuery(adminKeysQuery);
  const [read, change] = useParams();
  const [params] = useSearchParams();
  const mayOwn = useMay('own');
  return (
    <Section
      title="Admin keys"
      lead="For scripts that use the admin API: Terraform, a pipeline, a backup."
      flush
      actions={
        mayOwn ? (
          <Button component={Link} to="?tab=keys&new" size="sm" leftSection={<Icon name="plus" size={16} />}>
            New key
          </Button>
        ) : undefined
      }
    >
      {isPending ? <RowsSkeleton rows={3} /> : null}
      <ErrorNote error={error} retry={() => void refetch()} />
      {data?.items.length === 0 ? (
        <Empty icon="key" title="No admin keys">
          Make one for a script, with the smallest role that does.
        </Empty>
      ) : null}
      {data && data.items.length > 0 ? (
        <DataTable
          label="Admin keys"
          columns={mayOwn ? WITH_ACTS : BASE}
          rows={data.items}
          rowId={({ id }) => id}
          sort={read('sort')}
          onSort={(sort) => change({ sort })}
        />
      ) : null}
      {mayOwn && params.has('new') ? <KeyDialog onClose={() => change({ new: null })} /> : null}
    </Section>
  );
}

function DeleteKey({ adminKey }: { readonly adminKey: AdminKey }): ReactElement {
  const [isAsked, setAsked] = useState(false);
  const refresh = useRefresh();
  const remove = async (): Promise<void> => {
    await api.DELETE('/api/v1/admin-keys/{id}', { params: { path: { id: adminKey.id } } });
    refresh(adminKeysQuery.queryKey);
    toast.done(`The key “${adminKey.label}” is deleted.`);
  };
  return (
    <>
      <Button size="compact-sm" variant="subtle" color="red" onClick={() => setAsked(true)} aria-label={`Delete key ${adminKey.label}`}>
        Delete
      </Button>
      {isAsked ? (
        <Confirm title="Delete this key?" act="Delete key" onClose={() => setAsked(false)} onConfirm={remove} typed={adminKey.label}>
          Whatever uses it is locked out at once, for good.
        </Confirm>
      ) : null}
    </>
  );
}
