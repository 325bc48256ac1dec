import { Tabs } from '@mantine/core';
import type { ReactElement } from 'react';
import { Page } from '../../parts/page.js';
import { useParams } from '../../parts/use-params.js';
import { AdminList } from './admin-list.js';
import { KeyList } from './key-list.js';

export default function AdminsPage(): ReactElement {
  const [read, change] = useParams();
  const tab = read('tab') === 'keys' ? 'keys' : 'admins';
  return (
    <Page title="Admins and keys" lead="People sign in with a name; scripts with a key. Both have a role.">
      <Tabs value={tab} onChange={(value) => change({ tab: value === 'keys' ? 'keys' : null })} keepMounted={false}>
        <Tabs.List mb="md">
          <Tabs.Tab value="admins">Admins</Tabs.Tab>
          <Tabs.Tab value="keys">Admin keys</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="admins">
          <AdminList />
        </Tabs.Panel>
        <Tabs.Panel value="keys">
          <KeyList />
        </Tabs.Panel>
      </Tabs>
    </Page>
  );
}
