import type { ReactElement } from 'react';
import type { ServerTest } from '../../api/servers.js';
import { Note } from '../../parts/notes.js';
import { formatCount } from '../../parts/times.js';

const ADVICE: Readonly<Record<string, string>> = {
  dns: 'Check the host name.',
  egress_refused: 'Private networks, and plain http, are reached only where EGRESS_ALLOW names them.',
  unreachable: 'Check the address and port, that it runs, and the network between here and there.',
  redirect: 'Enter the URL that it leads to.',
  tls: 'Check its certificate: name, chain and date.',
  unauthorized: 'Check what Gatehouse shows to it.',
  not_mcp: 'Check the path of the URL: what answers there is no MCP server.',
  timeout: 'It takes too long. Raise its limit of seconds, or look why it is slow.',
  source: 'Check where its pages come from: folder or URL, branch, folder in it, and token.',
  token_endpoint: 'Check token endpoint, client id and client secret.',
};

const counted = (count: number | undefined, what: string): string | undefined =>
  count === undefined || count === 0 ? undefined : `${formatCount(count)} ${what}${count === 1 ? '' : 's'}`;

/** What came of connecting: what it is and has, or what is wrong and what to do. */
export function TestResult({ test }: { readonly test: ServerTest }): ReactElement {
  const { ok, serverInfo, versions, durationMs, tools, prompts, resources, resourceTemplates, problems } = test;
  const found = [
    counted(tools?.count, 'tool'),
    counted(prompts?.count, 'prompt'),
    counted(resources?.count, 'resource'),
    counted(resourceTemplates?.count, 'resource template'),
  ].filter((text) => text !== undefined);
  return (
    <div className="gh-stack-tight" role="status">
      {ok ? (
        <Note tone="good" title={`${serverInfo?.title ?? serverInfo?.name ?? 'It'} answers.`}>
          {found.length > 0 ? `It has ${found.join(', ')}.` : 'It has nothing to offer yet.'}{' '}
          {versions.length > 0 ? `It speaks ${versions.join(', ')}.` : ''} {formatCount(durationMs)} ms.
        </Note>
      ) : null}
      {problems.map(({ code, message }) => (
        <Note key={`${code} ${message}`} tone={ok ? 'warn' : 'bad'} title={message}>
          {ADVICE[code]}
        </Note>
      ))}
    </div>
  );
}
