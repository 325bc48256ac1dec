import type { ReactElement, ReactNode } from 'react';
import { Link } from 'react-router';
import type { Server } from '../../api/servers.js';
import { Facts, Section } from '../../parts/page.js';
import { Tags } from '../../parts/pill.js';

type Upstream = Server['upstream'];
type Auth = Extract<Upstream, { kind: 'http' }>['auth'];

const AUTHS: Readonly<Record<Auth['type'], string>> = {
  none: 'nothing',
  bearer: 'a bearer token',
  headers: 'headers',
  client_credentials: 'client credentials of its own',
  token_exchange: 'a token exchanged for it',
};

/** Where its messages go. Secrets are written, never read back: only that there is one is known here. */
export function UpstreamFacts({ server }: { readonly server: Server }): ReactElement {
  return (
    <Section title="Behind it">
      <Facts facts={factsOf(server.upstream)} />
    </Section>
  );
}

function factsOf(upstream: Upstream): readonly (readonly [string, ReactNode])[] {
  switch (upstream.kind) {
    case 'http':
      return [['URL', <code key="u">{upstream.url}</code>], ...authFacts(upstream.auth)];
    case 'stdio':
      return [
        ['Command', <code key="c">{upstream.command}</code>],
        ['Further arguments', <Tags key="a" values={upstream.args} />],
        ['Environment, sealed', <Tags key="e" values={upstream.envNames} />],
      ];
    case 'docs':
      return [['Folder', upstream.dir === null ? 'DOCS_DIR' : <code key="d">{upstream.dir}</code>]];
    case 'group':
      return upstream.members.map(({ server, prefix }) => [
        prefix === null ? 'Without a prefix' : `As ${prefix}…`,
        <Link key={server} to={`/servers/${server}`}>
          {server}
        </Link>,
      ]);
  }
}

function authFacts(auth: Auth): readonly (readonly [string, ReactNode])[] {
  const shown: readonly [string, ReactNode] = ['Gatehouse shows to it', AUTHS[auth.type]];
  if (auth.type === 'headers') return [shown, ['Headers, sealed', <Tags key="h" values={auth.headerNames} />]];
  if (auth.type !== 'client_credentials' && auth.type !== 'token_exchange') return [shown];
  return [
    shown,
    ['Token endpoint', <code key="t">{auth.tokenUrl}</code>],
    ['Client id', <code key="i">{auth.clientId}</code>],
    ['Scope', auth.scope ?? 'none'],
  ];
}
