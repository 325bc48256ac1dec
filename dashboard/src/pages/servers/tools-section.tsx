import { Button } from '@mantine/core';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { type ReactElement, useState } from 'react';
import { Link } from 'react-router';
import { mayCall } from '../../access/tool-choice.js';
import { type Credential, credentialsQuery } from '../../api/credentials.js';
import { type Server, serverTestQuery, type ServerTool } from '../../api/servers.js';
import { useMay } from '../../api/session.js';
import { Icon } from '../../parts/icon.js';
import { ErrorNote } from '../../parts/notes.js';
import { Section } from '../../parts/page.js';
import { BlockSkeleton } from '../../parts/skeletons.js';
import { TestResult } from './test-result.js';

const NAMED = 3;

/** What the server really has, and who may call it. */
export function ToolsSection({ server, startsAtOnce }: { readonly server: Server; readonly startsAtOnce: boolean }): ReactElement {
  const mayWrite = useMay('write');
  // A documentation server is in this process: asking it costs nothing. Others are asked when somebody wants to know.
  const [isWanted, setWanted] = useState(startsAtOnce || server.upstream.kind === 'docs');
  const { data, error, isFetching, refetch } = useQuery({ ...serverTestQuery(server.slug), enabled: mayWrite && isWanted });
  const test = (): void => {
    setWanted(true);
    if (isWanted) void refetch();
  };
  return (
    <Section
      title="Tools"
      lead="What it has, and which credentials may call it."
      actions={
        mayWrite ? (
          <Button size="sm" variant="default" loading={isFetching} onClick={test} leftSection={<Icon name="refresh" size={16} />}>
            Test connection
          </Button>
        ) : undefined
      }
    >
      <div className="gh-stack">
        {isFetching && !data ? <BlockSkeleton /> : null}
        {isFetching ? null : <ErrorNote error={error} retry={() => void refetch()} />}
        {data ? <TestResult test={data} /> : null}
        {data?.tools ? <ToolList server={server} tools={data.tools.items} /> : null}
        {!data && !isFetching && !error ? (
          <p className="gh-dim">{mayWrite ? 'Test the connection to see its tools.' : 'An operator can look at its tools.'}</p>
        ) : null}
      </div>
    </Section>
  );
}

function ToolList({ server, tools }: { readonly server: Server; readonly tools: readonly ServerTool[] }): ReactElement {
  const { data } = useInfiniteQuery(credentialsQuery({ status: 'enabled', server: server.slug }));
  const holders = data?.pages.flatMap(({ items }) => items) ?? [];
  return (
    <ul className="gh-list">
      {tools.map((tool) => (
        <li key={tool.name}>
          <code className="gh-break">{tool.name}</code>
          {tool.description === null ? null : <p className="gh-dim gh-small gh-tool-about">{tool.description}</p>}
          <Callers credentials={holders.filter((credential) => mayBeCalledBy(credential, server, tool.name))} />
        </li>
      ))}
    </ul>
  );
}

const mayBeCalledBy = ({ servers, scopes, permissions }: Credential, server: Server, tool: string): boolean =>
  mayCall({ servers, hasDefaultScopes: scopes === null, scopes: scopes ?? [], permissions: permissions ?? {} }, server, tool);

function Callers({ credentials }: { readonly credentials: readonly Credential[] }): ReactElement {
  if (credentials.length === 0) return <p className="gh-small gh-dim">No credential may call it.</p>;
  return (
    <p className="gh-small">
      <span className="gh-dim">May be called by </span>
      {credentials.slice(0, NAMED).map(({ id, label }, index) => (
        <span key={id}>
          {index > 0 ? ', ' : ''}
          <Link to={`/credentials/${id}`}>{label}</Link>
        </span>
      ))}
      {credentials.length > NAMED ? <span className="gh-dim"> and {credentials.length - NAMED} more</span> : null}
    </p>
  );
}
