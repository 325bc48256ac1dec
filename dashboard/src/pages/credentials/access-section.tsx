import { Tabs } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import { Link } from 'react-router';
import { accessQuery, type ServerAccess } from '../../api/access.js';
import type { Versioned } from '../../api/client.js';
import type { Credential } from '../../api/credentials.js';
import { Icon } from '../../parts/icon.js';
import { ErrorNote, Note } from '../../parts/notes.js';
import { Section } from '../../parts/page.js';
import { Tags } from '../../parts/pill.js';
import { BlockSkeleton } from '../../parts/skeletons.js';
import { formatCount } from '../../parts/times.js';
import { useParams } from '../../parts/use-params.js';
import { describeOwn } from '../../access/tool-choice.js';
import { writePermission } from '../../access/permissions.js';
import { ReallyUses } from './really-uses.js';
import { Simulator } from './simulator.js';

/** What it may do, whether it may do this one thing, and what it has really done. */
export function AccessSection({ read }: { readonly read: Versioned<Credential> }): ReactElement {
  const [param, change] = useParams();
  const credential = read.value;
  const tab = ['simulate', 'used'].includes(param('access')) ? param('access') : 'may';
  return (
    <Section title="Access">
      <Tabs value={tab} onChange={(value) => change({ access: value === 'may' ? null : value })} keepMounted={false}>
        <Tabs.List mb="sm">
          <Tabs.Tab value="may">What it may do</Tabs.Tab>
          <Tabs.Tab value="simulate">Simulate a call</Tabs.Tab>
          <Tabs.Tab value="used">What it really uses</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="may">
          <MayDo id={credential.id} />
        </Tabs.Panel>
        <Tabs.Panel value="simulate">
          <Simulator credential={credential} />
        </Tabs.Panel>
        <Tabs.Panel value="used">
          <ReallyUses read={read} />
        </Tabs.Panel>
      </Tabs>
    </Section>
  );
}

function MayDo({ id }: { readonly id: string }): ReactElement {
  const { data, error, isPending, refetch } = useQuery(accessQuery(id));
  if (isPending) return <BlockSkeleton />;
  return (
    <div className="gh-stack">
      <ErrorNote error={error} retry={() => void refetch()} />
      {data?.warnings.map((warning) => (
        <Note key={warning} tone="warn">
          {warning}
        </Note>
      ))}
      {data?.servers.map((server) => (
        <OnServer key={server.server} access={server} />
      ))}
    </div>
  );
}

function OnServer({ access }: { readonly access: ServerAccess }): ReactElement {
  const { server, name, defaultScopes, tools, prompts, resources, resourceTemplates, hidden, problems, permissions } = access;
  const others = [
    [prompts.length, 'prompt'],
    [resources.length + resourceTemplates.length, 'resource'],
  ] as const;
  const further = others.flatMap(([count, what]) => (count > 0 ? [`${formatCount(count)} ${what}${count === 1 ? '' : 's'}`] : []));
  return (
    <div className="gh-stack-tight">
      <div className="gh-row-apart">
        <Link className="gh-strong-link" to={`/servers/${server}`}>
          {name}
        </Link>
        <Tags values={defaultScopes} none="no scope" />
      </div>
      {problems.map(({ code, message }) => (
        <Note key={code} tone="warn" title="Its lists could not be read.">
          {message}
        </Note>
      ))}
      {permissions === null ? null : (
        <p className="gh-dim gh-small">Its own permissions narrow what its scopes give: {describeOwn(permissions)}.</p>
      )}
      {tools.length === 0 && problems.length === 0 ? <p className="gh-dim gh-small">It may call no tool here.</p> : null}
      <ul className="gh-tools">
        {tools.map((tool) => (
          <li key={tool.name} data-may="true">
            <Icon name="check" size={14} />
            <span className="gh-break">{tool.name}</span>
            <span className="gh-dim gh-small" title={writePermission(tool.permission)}>
              by {tool.scope}
              {tool.byDefault ? '' : ', if asked for'}
            </span>
          </li>
        ))}
      </ul>
      <p className="gh-dim gh-small">
        {further.length > 0 ? `And ${further.join(' and ')}. ` : ''}
        {hidden === 0
          ? 'Nothing of this server is hidden from it.'
          : `${formatCount(hidden)} more ${hidden === 1 ? 'thing looks' : 'things look'} to it as if ${hidden === 1 ? 'it' : 'they'} did not exist.`}
      </p>
    </div>
  );
}
