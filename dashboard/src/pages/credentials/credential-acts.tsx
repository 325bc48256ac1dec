import { ActionIcon, Menu } from '@mantine/core';
import { type ReactElement, useState } from 'react';
import { useNavigate } from 'react-router';
import { api, type Versioned } from '../../api/client.js';
import type { Credential } from '../../api/credentials.js';
import { Confirm } from '../../parts/confirm.js';
import { Icon } from '../../parts/icon.js';
import { toast } from '../../parts/toast.js';
import { useRefresh } from '../../parts/use-act.js';
import { When } from '../../parts/when.js';

type Asked = 'disable' | 'revoke' | 'delete' | null;

/** What can be done to a credential as a whole. */
export function CredentialActs({ read }: { readonly read: Versioned<Credential> }): ReactElement {
  const { id, label, status } = read.value;
  const [asked, setAsked] = useState<Asked>(null);
  const refresh = useRefresh();
  const params = { path: { id }, header: { 'If-Match': read.etag } };
  const enable = async (): Promise<void> => {
    try {
      await api.POST('/api/v1/credentials/{id}/enable', { params });
      toast.done(`“${label}” may get tokens again.`);
    } catch (error) {
      toast.failed(error);
    }
    refresh(['credentials']);
  };
  return (
    <>
      <Menu position="bottom-end" shadow="md" width={200}>
        <Menu.Target>
          <ActionIcon variant="default" size={36} aria-label="More acts">
            <Icon name="more" />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          {status === 'disabled' ? (
            <Menu.Item leftSection={<Icon name="play" size={16} />} onClick={() => void enable()}>
              Enable
            </Menu.Item>
          ) : (
            <Menu.Item leftSection={<Icon name="pause" size={16} />} onClick={() => setAsked('disable')}>
              Disable
            </Menu.Item>
          )}
          <Menu.Item leftSection={<Icon name="clock" size={16} />} onClick={() => setAsked('revoke')}>
            End all its tokens
          </Menu.Item>
          <Menu.Divider />
          <Menu.Item color="red" leftSection={<Icon name="trash" size={16} />} onClick={() => setAsked('delete')}>
            Delete
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {asked ? <AskedAct asked={asked} read={read} onClose={() => setAsked(null)} /> : null}
    </>
  );
}

interface AskedProps {
  readonly asked: Exclude<Asked, null>;
  readonly read: Versioned<Credential>;
  readonly onClose: () => void;
}

function AskedAct({ asked, read, onClose }: AskedProps): ReactElement {
  const { id, label, lastUsedAt } = read.value;
  const navigate = useNavigate();
  const refresh = useRefresh();
  const params = { path: { id }, header: { 'If-Match': read.etag } };
  const done = (said: string): void => {
    refresh(['credentials']);
    toast.done(said);
  };
  const lastUse = (
    <>
      {' '}
      Last used: <When at={lastUsedAt} />.
    </>
  );
  if (asked === 'disable') {
    const disable = async (): Promise<void> => {
      await api.POST('/api/v1/credentials/{id}/disable', { params });
      done(`“${label}” is disabled.`);
    };
    return (
      <Confirm title={`Disable ${label}?`} act="Disable" onClose={onClose} onConfirm={disable}>
        It gets no new tokens, and its live tokens stop working at once. You can enable it again.{lastUse}
      </Confirm>
    );
  }
  if (asked === 'revoke') {
    const revoke = async (): Promise<void> => {
      await api.POST('/api/v1/credentials/{id}/revoke-tokens', { params });
      done(`All tokens of “${label}” have ended.`);
    };
    return (
      <Confirm title={`End all tokens of ${label}?`} act="End tokens" onClose={onClose} onConfirm={revoke}>
        Its live tokens stop working now. It may get new ones at once.
      </Confirm>
    );
  }
  const remove = async (): Promise<void> => {
    await api.DELETE('/api/v1/credentials/{id}', { params });
    done(`“${label}” is deleted.`);
    await navigate('/credentials');
  };
  return (
    <Confirm title={`Delete ${label}?`} act="Delete credential" onClose={onClose} onConfirm={remove} typed={label}>
      It is gone for good, with its secrets and tokens. What it did stays in the audit trail.{lastUse}
    </Confirm>
  );
}
