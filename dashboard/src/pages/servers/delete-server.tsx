import { Checkbox } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { type ReactElement, useState } from 'react';
import { useNavigate } from 'react-router';
import { api, type Versioned } from '../../api/client.js';
import { credentialsQuery } from '../../api/credentials.js';
import type { Server } from '../../api/servers.js';
import { Confirm } from '../../parts/confirm.js';
import { toast } from '../../parts/toast.js';
import { useRefresh } from '../../parts/use-act.js';

export function DeleteServer({ read, onClose }: { readonly read: Versioned<Server>; readonly onClose: () => void }): ReactElement {
  const { slug, name } = read.value;
  const navigate = useNavigate();
  const refresh = useRefresh();
  const [isDetached, setDetached] = useState(false);
  const { data, hasNextPage } = useInfiniteQuery(credentialsQuery({ server: slug }));
  const users = data?.pages.flatMap(({ items }) => items) ?? [];
  const remove = async (): Promise<void> => {
    const params = { path: { slug }, header: { 'If-Match': read.etag }, query: isDetached ? { detach: 'true' as const } : {} };
    await api.DELETE('/api/v1/servers/{slug}', { params });
    toast.done(`${name} is deleted.`);
    await navigate('/servers');
    refresh(['servers'], ['credentials'], ['overview']);
  };
  return (
    <Confirm title={`Delete ${name}?`} act="Delete server" onClose={onClose} onConfirm={remove} typed={slug}>
      <div className="gh-stack-tight">
        <p>It is gone for good, and the tokens for it end at once. The MCP server behind it is not touched.</p>
        {users.length > 0 ? (
          <p>
            Credentials that name it: {users.map(({ label }) => label).join(', ')}
            {hasNextPage ? ' and more' : ''}.
          </p>
        ) : null}
        <Checkbox
          label="Take it out of the credentials and groups that name it"
          description="Otherwise they keep it from being deleted."
          checked={isDetached}
          onChange={(event) => setDetached(event.currentTarget.checked)}
        />
      </div>
    </Confirm>
  );
}
