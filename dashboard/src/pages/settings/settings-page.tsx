import { useQuery } from '@tanstack/react-query';
import { type ReactElement, useEffect } from 'react';
import { useLocation } from 'react-router';
import type { Schemas } from '../../api/client.js';
import { settingsQuery } from '../../api/settings.js';
import { useMe } from '../../api/session.js';
import { CodeLine } from '../../parts/code.js';
import { ErrorNote, Note } from '../../parts/notes.js';
import { Facts, Page, Section } from '../../parts/page.js';
import { Tags } from '../../parts/pill.js';
import { BlockSkeleton } from '../../parts/skeletons.js';
import { formatCount, formatDuration } from '../../parts/times.js';
import { toast } from '../../parts/toast.js';
import { PasswordForm } from './password-form.js';
import { SessionList } from './session-list.js';
import { SigningKeys } from './signing-keys.js';

type Settings = Schemas['SettingsDto'];

export default function SettingsPage(): ReactElement {
  const { data, error, isPending, refetch } = useQuery(settingsQuery);
  const { hash } = useLocation();
  useEffect(() => {
    if (hash) document.getElementById(hash.slice(1))?.scrollIntoView();
  }, [hash, data]);
  return (
    <Page title="Settings" lead="How this installation is set up. What the environment decides is shown here and changed there.">
      <SigningKeys />
      {isPending ? <BlockSkeleton height={300} /> : null}
      <ErrorNote error={error} retry={() => void refetch()} />
      {data ? <Installation settings={data} /> : null}
      <Account />
    </Page>
  );
}

function Installation({ settings }: { readonly settings: Settings }): ReactElement {
  return (
    <>
      <Served urls={settings.urls} />
      <div className="gh-halves">
        <Tokens tokens={settings.tokens} />
        <Limits limits={settings.limits} />
        <Surroundings settings={settings} />
        <div className="gh-column">
          <SignIns signIn={settings.signIn} />
          <Observability metrics={settings.metrics} tracing={settings.tracing} />
        </div>
      </div>
    </>
  );
}

const URLS: readonly (readonly [keyof Settings['urls'], string])[] = [
  ['protectedMcp', 'Default server, token required'],
  ['publicMcp', 'Default server, public face'],
  ['token', 'Token endpoint'],
  ['issuer', 'Issuer identifier'],
  ['authorizationServerMetadata', 'Authorization server metadata'],
  ['jwks', 'Signing keys (JWK Set)'],
  ['introspect', 'Introspection'],
  ['revoke', 'Revocation'],
  ['leaked', 'Leak reports'],
  ['adminApi', 'Admin API'],
  ['apiDocs', 'Admin API, described'],
  ['dashboard', 'This dashboard'],
];

function Served({ urls }: { readonly urls: Settings['urls'] }): ReactElement {
  return (
    <Section title="Where everything is served" lead="All of it follows PUBLIC_URL.">
      <dl className="gh-urls">
        {URLS.map(([name, label]) => (
          <div key={name}>
            <dt>{label}</dt>
            <dd>
              <CodeLine text={urls[name]} label={label} />
            </dd>
          </div>
        ))}
      </dl>
    </Section>
  );
}

const onOff = (isOn: boolean): string => (isOn ? 'on' : 'off');

function Tokens({ tokens }: { readonly tokens: Settings['tokens'] }): ReactElement {
  return (
    <Section title="Tokens">
      <Facts
        facts={[
          ['A token lives', formatDuration(tokens.ttlSeconds)],
          ['Signed with', tokens.signingAlg],
          ['Keys rotate', tokens.keyRotationDays === 0 ? 'by hand only' : `every ${tokens.keyRotationDays} days`],
          ['Refresh tokens', tokens.refreshTokens ? `on, for ${formatDuration(tokens.refreshTtlSeconds)}` : 'off'],
          ['Further grants', <Tags key="g" values={tokens.optionalGrants} />],
          ['DPoP nonces', onOff(tokens.dpopNonces)],
          ['Client certificates', onOff(tokens.clientCertificates)],
        ]}
      />
    </Section>
  );
}

const perHour = (limit: number | null): string => (limit === null ? 'no limit' : `${formatCount(limit)} an hour`);

function Limits({ limits }: { readonly limits: Settings['limits'] }): ReactElement {
  return (
    <Section title="Limits">
      {limits.enabled ? null : (
        <Note tone="warn" title="Nothing is limited.">
          RATE_LIMITS is off, which is meant for measuring only.
        </Note>
      )}
      <Facts
        facts={[
          ['Tokens, per address', perHour(limits.tokenPerAddress)],
          ['Tokens, per credential', perHour(limits.tokenPerCredential)],
          ['Wrong secrets, per client and address', `${formatCount(limits.tokenFailures)} a minute`],
          ['Public messages, per address', perHour(limits.docsPerAddress)],
          ['Public calls, per tool', perHour(limits.docsPerTool)],
          ['Calls, per credential and tool', perHour(limits.docsPerCredential)],
          ['Wrong admin passwords', `${formatCount(limits.signInFailures)} in 15 minutes`],
          ['Leak reports, per address', perHour(limits.leakReports)],
        ]}
      />
    </Section>
  );
}

function Surroundings({ settings }: { readonly settings: Settings }): ReactElement {
  const { storage, network, docs } = settings;
  return (
    <Section title="Installation">
      <Facts
        facts={[
          ['Version', settings.version],
          ['Node', settings.node],
          ['Database', storage.database],
          ['Redis', storage.redis ? 'connected' : 'not used'],
          ['The audit trail is kept', storage.auditRetentionDays === null ? 'always' : formatDuration(storage.auditRetentionDays * 86_400)],
          ['Usage is kept', formatDuration(storage.usageRetentionDays * 86_400)],
          ['Without its database it goes on for', formatDuration(storage.stateMaxStalenessSeconds)],
          ['Documents', <code key="d">{docs.dir}</code>],
          ['Log level', settings.logLevel],
          ['Trusted proxies', <Tags key="p" values={network.trustProxy} />],
          ['Allowed origins', <Tags key="o" values={network.allowedOrigins} />],
          ['Private networks it may reach', <Tags key="e" values={network.egressAllow} />],
        ]}
      />
    </Section>
  );
}

const percent = (ratio: number): string => `${Math.round(ratio * 1000) / 10} %`;

function Observability({ metrics, tracing }: Pick<Settings, 'metrics' | 'tracing'>): ReactElement {
  return (
    <Section title="Observability" lead="What monitoring reads, and where traces go.">
      <Facts
        facts={[
          ['Metrics', metrics.enabled ? 'on, for the holder of METRICS_TOKEN' : 'off: set METRICS_TOKEN'],
          ...(metrics.enabled ? [['Read at', <CodeLine key="m" text={metrics.url} label="URL of the metrics" />] as const] : []),
          ['Traces', tracing ? 'on' : 'off: set OTEL_EXPORTER_OTLP_ENDPOINT'],
          ...(tracing
            ? [
                ['Sent to', <code key="t">{tracing.url}</code>] as const,
                ['As the service', tracing.serviceName] as const,
                ['Sampled by', `${tracing.sampler}${tracing.ratio === null ? '' : `, ${percent(tracing.ratio)}`}`] as const,
              ]
            : []),
        ]}
      />
    </Section>
  );
}

function SignIns({ signIn }: { readonly signIn: Settings['signIn'] }): ReactElement {
  const { oidc } = signIn;
  return (
    <Section title="Sign-in">
      <Facts
        facts={[
          ['A session ends', `after ${formatDuration(signIn.ttlSeconds)}, or ${formatDuration(signIn.idleSeconds)} unused`],
          ['Single sign-on', oidc ? oidc.issuer : 'not set up'],
          ...(oidc
            ? [
                ['Role comes from the claim', <code key="c">{oidc.roleClaim}</code>] as const,
                ['Roles', <Tags key="r" values={oidc.roles.map(({ value, role }) => `${value} → ${role}`)} />] as const,
                ['Redirect URI', <code key="u">{oidc.redirectUri}</code>] as const,
              ]
            : []),
        ]}
      />
    </Section>
  );
}

function Account(): ReactElement | null {
  const me = useMe();
  if (me.kind !== 'admin') return null;
  return (
    <div className="gh-halves" id="account">
      <Section title="Your sessions" flush>
        <SessionList />
      </Section>
      {me.session?.method === 'oidc' ? null : (
        <Section title="Your password">
          <PasswordForm act="Change password" onChanged={() => toast.done('Your password is changed.')} />
        </Section>
      )}
    </div>
  );
}
