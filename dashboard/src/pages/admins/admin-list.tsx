import { ActionIcon, Menu } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type ReactElement, useState } from 'react';
import { useSearchParams } from 'react-router';
import { type Admin, adminsQuery, readAdmin, ROLES } from '../../api/admins.js';
import { api } from '../../api/client.js';
import { useMay, useMe } from '../../api/session.js';
import { Confirm } from '../../parts/confirm.js';
import { columnsOf, DataTable } from '../../parts/data-table.js';
import { Icon } from '../../parts/icon.js';
import { NewButton } from '../../parts/new-button.js';
import { ErrorNote } from '../../parts/notes.js';
import { Section } from '../../parts/page.js';
import { Pill } from '../../parts/pill.js';
import { RowsSkeleton } from '../../parts/skeletons.js';
import { toast } from '../../parts/toast.js';
import { useRefresh } from '../../parts/use-act.js';
import { useParams } from '../../parts/use-params.js';
import { When } from '../../parts/when.js';
import { AdminDialog } from './admin-dialog.js';

const column = columnsOf<Admin>();
const BASE = column.columns([
  column.accessor('username', {
    header: 'Name',
    sortFn: 'text',
    cell: ({ row: { original } }) => (
      <span className="gh-row">
        <strong className="gh-break">{original.username}</strong>
        {original.signsInBy === 'oidc' ? <Pill tone="info">Single sign-on</Pill> : null}
        {original.mustChangePassword ? <Pill tone="warn">Generated password</Pill> : null}
      </span>
    ),
  }),
  column.accessor('role', { header: 'Role', sortFn: 'text', cell: ({ row }) => labelOf(row.original.role) }),
  column.accessor('status', {
    header: 'State',
    sortFn: 'text',
    cell: ({ row: { original } }) =>
      original.status === 'enabled' ? <Pill tone="good">Enabled</Pill> : <Pill tone="quiet">Disabled</Pill>,
  }),
  column.accessor((row) => row.lastSignInAt ?? '', {
    id: 'seen',
    header: 'Last sign-in',
    sortFn: 'basic',
    sortDescFirst: true,
    cell: ({ row }) => <When at={row.original.lastSignInAt} />,
  }),
  column.accessor('createdAt', {
    id: 'created',
    header: 'Created',
    sortFn: 'basic',
    sortDescFirst: true,
    cell: ({ row }) => <When at={row.original.createdAt} />,
  }),
]);
const WITH_ACTS = [
  ...BASE,
  column.display({
    id: 'acts',
    header: () => <span className="gh-visually-hidden">Acts</span>,
    cell: ({ row }) => <Acts admin={row.original} />,
  }),
];

const labelOf = (role: Admin['role']): string => ROLES.find(({ value }) => value === role)?.label ?? role;

export function AdminList(): ReactElement {
  const { data, error, isPending, refetch } = useQuery(adminsQuery);
  const [read, change] = useParams();
  const [params] = useSearchParams();
  const mayOwn = useMay('own');
  const edited = data?.items.find(({ id }) => id === read('edit'));
  return (
    <Section title="Admins" flush actions={mayOwn ? <NewButton size="sm">New admin</NewButton> : undefined}>
      {isPending ? <RowsSkeleton rows={3} /> : null}
      <ErrorNote error={error} retry={() => void refetch()} />
      {data ? (
        <DataTable
          label="Admins"
          columns={mayOwn ? WITH_ACTS : BASE}
          rows={data.items}
          rowId={({ id }) => id}
          sort={read('sort')}
          onSort={(sort) => change({ sort })}
        />
      ) : null}
      {mayOwn && params.has('new') ? <AdminDialog onClose={() => change({ new: null })} /> : null}
      {mayOwn && edited ? <AdminDialog admin={edited} onClose={() => change({ edit: null })} /> : null}
    </Section>
  );
}

type Asked = 'disable' | 'delete' | 'sign-out';

function Acts({ admin }: { readonly admin: Admin }): ReactElement {
  const me = useMe();
  const refresh = useRefresh();
  const [asked, setAsked] = useState<Asked | null>(null);
  const [, change] = useParams();
  const close = (): void => setAsked(null);
  const path = { path: { id: admin.id } };
  const enable = async (): Promise<void> => {
    try {
      await api.POST('/api/v1/admins/{id}/enable', { params: path });
      refresh(adminsQuery.queryKey);
      toast.done(`${admin.username} may sign in again.`);
    } catch (error) {
      toast.failed(error);
    }
  };
  return (
    <>
      <Menu position="bottom-end" shadow="md" width={190}>
        <Menu.Target>
          <ActionIcon variant="subtle" color="gray" aria-label={`Acts on ${admin.username}`}>
            <Icon name="more" />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item onClick={() => change({ edit: admin.id })}>Role and password</Menu.Item>
          <Menu.Item onClick={() => setAsked('sign-out')}>Sign out everywhere</Menu.Item>
          {admin.status === 'disabled' ? <Menu.Item onClick={() => void enable()}>Enable</Menu.Item> : null}
          {admin.status === 'enabled' && admin.id !== me.id ? <Menu.Item onClick={() => setAsked('disable')}>Disable</Menu.Item> : null}
          {admin.id === me.id ? null : (
            <Menu.Item color="red" onClick={() => setAsked('delete')}>
              Delete
            </Menu.Item>
          )}
        </Menu.Dropdown>
      </Menu>
      {asked ? <AskedAct asked={asked} admin={admin} onClose={close} /> : null}
    </>
  );
}

function AskedAct({ asked, admin, onClose }: { readonly asked: Asked; readonly admin: Admin; readonly onClose: () => void }): ReactElement {
  const refresh = useRefresh();
  const { id, username } = admin;
  const done = (said: string): void => {
    refresh(adminsQuery.queryKey);
    toast.done(said);
  };
  if (asked === 'sign-out') {
    const signOut = async (): Promise<void> => {
      await api.POST('/api/v1/admins/{id}/sign-out', { params: { path: { id } } });
      done(`${username} is signed out everywhere.`);
    };
    return (
      <Confirm title={`Sign ${username} out everywhere?`} act="Sign out" onClose={onClose} onConfirm={signOut} isDangerous={false}>
        Every session of theirs ends now. They can sign in again.
      </Confirm>
    );
  }
  const withEtag = async (): Promise<{ path: { id: string }; header: { 'If-Match': string } }> => ({
    path: { id },
    header: { 'If-Match': (await readAdmin(id)).etag },
  });
  if (asked === 'disable') {
    const disable = async (): Promise<void> => {
      await api.POST('/api/v1/admins/{id}/disable', { params: await withEtag() });
      done(`${username} is disabled.`);
    };
    return (
      <Confirm title={`Disable ${username}?`} act="Disable" onClose={onClose} onConfirm={disable}>
        They are signed out at once and cannot sign in until somebody enables them. Keys that they made go on to work.
      </Confirm>
    );
  }
  const remove = async (): Promise<void> => {
    await api.DELETE('/api/v1/admins/{id}', { params: await withEtag() });
    done(`${username} is deleted.`);
  };
  return (
    <Confirm title={`Delete ${username}?`} act="Delete admin" onClose={onClose} onConfirm={remove} typed={username}>
      They are signed out at once, for good. What they did stays in the audit trail.
    </Confirm>
  );
}
