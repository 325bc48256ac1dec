import type { ReactElement, ReactNode } from 'react';
import { Link } from 'react-router';
import { type Credential, METHODS } from '../../api/credentials.js';
import { writePermission } from '../../access/permissions.js';
import { CodeLine } from '../../parts/code.js';
import { Facts, Section } from '../../parts/page.js';
import { Tags } from '../../parts/pill.js';
import { formatCount, formatDuration } from '../../parts/times.js';
import { GRANTS } from './draft.js';
import { When } from '../../parts/when.js';

type Fact = readonly [string, ReactNode];

const when = (isTrue: boolean, ...facts: Fact[]): readonly Fact[] => (isTrue ? facts : []);

function proofFacts({ trust, jwks, jwksUri, tlsSubject }: Credential): readonly Fact[] {
  return [
    ...(trust ? [['Issuer', trust.issuer] as const, ['Subject', <code key="s">{trust.subject}</code>] as const] : []),
    ...when(Boolean(trust?.claims), ['Further claims', <code key="c">{JSON.stringify(trust?.claims)}</code>]),
    ...when(jwks !== null, ['Public keys', `${Array.isArray(jwks?.['keys']) ? jwks['keys'].length : 0} registered`]),
    ...when(jwksUri !== null, ['Its JWK Set', jwksUri]),
    ...(tlsSubject ? [['Certificate', Object.values(tlsSubject).join(', ')] as const] : []),
  ];
}

/** What is not as it comes. */
function advancedFacts(credential: Credential): readonly Fact[] {
  const { docsGroups, grantTypes, introspects } = credential;
  return [
    ...when(docsGroups.length > 0, ['Reader groups', <Tags key="g" values={docsGroups} />]),
    ...when(grantTypes.includes(GRANTS.exchange), [
      'Acts for others',
      grantTypes.includes(GRANTS.own) ? 'by token exchange, besides for itself' : 'only, by token exchange',
    ]),
    ...when(introspects.length > 0, ['May introspect tokens of', <Tags key="i" values={introspects} />]),
    ...when(credential.strictScope, ['Scopes that it cannot have', 'are refused']),
    ...when(credential.dpopRequired, ['DPoP', 'required']),
    ...when(credential.certificateBound, ['Its tokens', 'are bound to its client certificate']),
    ...when(!credential.issueRefreshToken, ['Refresh tokens', 'none']),
    ...when(credential.acceptTokenEndpointAudience, ['Audience of assertions', 'the token endpoint will do']),
    ...when(credential.allowAssertionReuse, ['Assertions', 'may be used again']),
    ...when(credential.singleUseAssertion, ['A token of its platform', 'counts once']),
  ];
}

/** What it may do less of than its scopes give. */
const narrowingFacts = ({ permissions }: Credential): readonly Fact[] =>
  Object.entries(permissions ?? {}).map(([slug, own]) => [`Only this on ${slug}`, <Tags key={slug} values={own.map(writePermission)} />]);

export function CredentialFacts({ credential }: { readonly credential: Credential }): ReactElement {
  const { clientId, authMethod, servers, scopes, tokenTtl, expiresAt, allowedIps, tokensPerHour } = credential;
  const serverLinks = servers.map((slug) => (
    <Link key={slug} className="gh-tag" to={`/servers/${slug}`}>
      {slug}
    </Link>
  ));
  return (
    <Section title="Settings">
      <Facts
        facts={[
          ['Client id', <CodeLine key="id" text={clientId} label="client id" />],
          ['Proves itself by', METHODS[authMethod].label],
          ...proofFacts(credential),
          [
            'Servers',
            <span key="s" className="gh-tags">
              {serverLinks}
            </span>,
          ],
          ['Scopes', scopes === null ? 'the servers’ defaults' : <Tags key="sc" values={scopes} />],
          ...narrowingFacts(credential),
          ['A token lives', tokenTtl === null ? 'as the server says' : formatDuration(tokenTtl)],
          ['Ends', <When key="e" at={expiresAt} />],
          ...when(allowedIps !== null, ['Allowed addresses', <Tags key="a" values={allowedIps ?? []} />]),
          ...when(tokensPerHour !== null, ['Token requests an hour', formatCount(tokensPerHour ?? 0)]),
          ...advancedFacts(credential),
          ['Last used', <When key="u" at={credential.lastUsedAt} />],
          [
            'Created',
            <span key="c">
              <When at={credential.createdAt} /> by {credential.createdBy}
            </span>,
          ],
          ['Changed', <When key="ch" at={credential.updatedAt} />],
        ]}
      />
    </Section>
  );
}
