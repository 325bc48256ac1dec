import { ActionIcon, Button, Checkbox, PasswordInput, Select, TagsInput, TextInput } from '@mantine/core';
import type { ReactElement } from 'react';
import type { Server } from '../../api/servers.js';
import { Icon } from '../../parts/icon.js';
import { Note } from '../../parts/notes.js';
import { DocsFields } from './docs-fields.js';
import type { AuthType, Named, ServerDraft } from './draft.js';
import { DraftText } from './draft-text.js';
import type { ServerFieldsProps } from './server-fields.js';
import { STAYS } from './stored-secret.js';

/** Where its messages go, by kind. */
export function UpstreamFields(props: ServerFieldsProps): ReactElement {
  const { draft } = props;
  switch (draft.kind) {
    case 'http':
      return (
        <div className="gh-stack">
          <DraftText
            form={props}
            name="url"
            label="URL"
            placeholder="https://mcp.example.com/mcp"
            description="https; plain http only to private networks that EGRESS_ALLOW names."
          />
          <AuthFields {...props} />
        </div>
      );
    case 'stdio':
      return <StdioFields {...props} />;
    case 'docs':
      return <DocsFields {...props} />;
    case 'group':
      return <MemberFields {...props} />;
  }
}

const AUTHS: readonly { readonly value: AuthType; readonly label: string }[] = [
  { value: 'none', label: 'Nothing' },
  { value: 'bearer', label: 'A bearer token' },
  { value: 'headers', label: 'Headers' },
  { value: 'client_credentials', label: 'Client credentials of its own' },
  { value: 'token_exchange', label: 'Token exchange' },
];

/** What a stored server already has, so that an empty field means "as before". */
function storedAuth(stored: Server | undefined, type: AuthType) {
  const upstream = stored?.upstream;
  return upstream?.kind === 'http' && upstream.auth.type === type ? upstream.auth : undefined;
}

function AuthFields({ draft, change, secrets, onSecrets, faults, stored }: ServerFieldsProps): ReactElement {
  const before = storedAuth(stored, draft.authType);
  const hasToken = before?.type === 'bearer' && before.hasToken;
  return (
    <div className="gh-stack">
      <Select
        label="What Gatehouse shows to it"
        description="A caller’s token never goes there."
        data={AUTHS.map((auth) => ({ ...auth }))}
        value={draft.authType}
        allowDeselect={false}
        onChange={(type) => change({ authType: type ?? 'none' })}
        error={faults.authType}
      />
      {draft.authType === 'bearer' ? (
        <PasswordInput
          label="Token"
          description={hasToken ? STAYS : 'Stored sealed, and never shown again.'}
          autoComplete="off"
          value={secrets.token}
          onChange={(event) => onSecrets({ token: event.currentTarget.value })}
        />
      ) : null}
      {draft.authType === 'headers' ? (
        <NamedSecrets
          label="header"
          stored={before?.type === 'headers' ? before.headerNames : []}
          values={secrets.headers}
          onChange={(headers) => onSecrets({ headers })}
        />
      ) : null}
      {draft.authType === 'client_credentials' || draft.authType === 'token_exchange' ? (
        <TokenEndpointFields
          draft={draft}
          change={change}
          hasSecret={before !== undefined}
          secret={secrets.clientSecret}
          onSecret={(clientSecret) => onSecrets({ clientSecret })}
        />
      ) : null}
    </div>
  );
}

interface TokenEndpointProps {
  readonly draft: ServerDraft;
  readonly change: (part: Partial<ServerDraft>) => void;
  readonly hasSecret: boolean;
  readonly secret: string;
  readonly onSecret: (secret: string) => void;
}

function TokenEndpointFields({ draft, change, hasSecret, secret, onSecret }: TokenEndpointProps): ReactElement {
  const field = (name: 'tokenUrl' | 'clientId' | 'scope' | 'resource' | 'audience', label: string): ReactElement => (
    <TextInput label={label} value={draft[name]} onChange={(event) => change({ [name]: event.currentTarget.value })} />
  );
  return (
    <div className="gh-two">
      {field('tokenUrl', 'Token endpoint')}
      {field('clientId', 'Client id')}
      <PasswordInput
        label="Client secret"
        description={hasSecret ? STAYS : undefined}
        autoComplete="off"
        value={secret}
        onChange={(event) => onSecret(event.currentTarget.value)}
      />
      {field('scope', 'Scope (optional)')}
      {field('resource', 'Resource (optional)')}
      {draft.authType === 'token_exchange' ? field('audience', 'Audience (optional)') : null}
    </div>
  );
}

interface NamedSecretsProps {
  readonly label: string;
  /** Names of which the values are stored. */
  readonly stored: readonly string[];
  readonly values: readonly Named[];
  readonly onChange: (values: readonly Named[]) => void;
}

/** Names with secret values. A stored one stays, is replaced, or is taken away. */
function NamedSecrets({ label, stored, values, onChange }: NamedSecretsProps): ReactElement {
  const set = (at: number, part: Partial<Named>): void => onChange(values.map((one, index) => (index === at ? { ...one, ...part } : one)));
  const removed = new Set(values.filter(({ value }) => value === '').map(({ name }) => name));
  const toggle = (name: string): void =>
    onChange(removed.has(name) ? values.filter((one) => one.name !== name) : [...values, { name, value: '' }]);
  return (
    <div className="gh-stack-tight" role="group" aria-label={`${label} values`}>
      {stored.map((name) => (
        <div key={name} className="gh-row-apart">
          <code className={removed.has(name) ? 'gh-struck' : undefined}>{name}</code>
          <Button size="compact-sm" variant="subtle" color={removed.has(name) ? 'gray' : 'red'} onClick={() => toggle(name)}>
            {removed.has(name) ? 'Keep' : 'Take away'}
          </Button>
        </div>
      ))}
      {values.map(({ name, value }, index) =>
        stored.includes(name) && value === '' ? null : (
          <div key={index} className="gh-named">
            <TextInput
              aria-label={`Name of ${label} ${index + 1}`}
              placeholder={label === 'header' ? 'x-api-key' : 'API_KEY'}
              value={name}
              onChange={(event) => set(index, { name: event.currentTarget.value })}
            />
            <PasswordInput
              aria-label={`Value of ${label} ${index + 1}`}
              autoComplete="off"
              value={value}
              onChange={(event) => set(index, { value: event.currentTarget.value })}
            />
            <ActionIcon
              variant="subtle"
              color="gray"
              size="lg"
              aria-label={`Remove ${label} ${index + 1}`}
              onClick={() => onChange(values.filter((_, at) => at !== index))}
            >
              <Icon name="close" size={16} />
            </ActionIcon>
          </div>
        ),
      )}
      <div>
        <Button
          size="compact-sm"
          variant="default"
          leftSection={<Icon name="plus" size={14} />}
          onClick={() => onChange([...values, { name: '', value: '' }])}
        >
          {stored.length > 0 ? `Add or replace a ${label}` : `Add a ${label}`}
        </Button>
      </div>
    </div>
  );
}

function StdioFields(props: ServerFieldsProps): ReactElement {
  const { draft, change, secrets, onSecrets, faults, stored } = props;
  const envNames = stored?.upstream.kind === 'stdio' ? stored.upstream.envNames : [];
  return (
    <div className="gh-stack">
      <DraftText form={props} name="command" label="Command" description="A name from the operator’s list, STDIO_COMMANDS_FILE." />
      <TagsInput
        label="Further arguments"
        description="Added to those that the list gives it."
        value={draft.args}
        onChange={(args) => change({ args })}
        allowDuplicates
        error={faults.args}
      />
      <NamedSecrets label="variable" stored={envNames} values={secrets.env} onChange={(env) => onSecrets({ env })} />
    </div>
  );
}

function MemberFields({ draft, change, faults, servers, stored }: ServerFieldsProps): ReactElement {
  const candidates = servers.filter(({ slug, upstream }) => upstream.kind !== 'group' && slug !== stored?.slug);
  const prefixOf = (slug: string): string | undefined => draft.members.find(({ server }) => server === slug)?.prefix;
  const toggle = (slug: string, isIn: boolean): void =>
    change({
      members: isIn ? [...draft.members, { server: slug, prefix: `${slug}_` }] : draft.members.filter(({ server }) => server !== slug),
    });
  const prefix = (slug: string, value: string): void =>
    change({ members: draft.members.map((member) => (member.server === slug ? { ...member, prefix: value } : member)) });
  return (
    <div className="gh-stack-tight" role="group" aria-label="Members">
      <strong className="gh-small">Members, and what is put before the names of their tools</strong>
      {candidates.map(({ slug, name }) => (
        <div key={slug} className="gh-row-apart">
          <Checkbox label={name} checked={prefixOf(slug) !== undefined} onChange={(event) => toggle(slug, event.currentTarget.checked)} />
          {prefixOf(slug) === undefined ? null : (
            <TextInput
              size="xs"
              aria-label={`Prefix of ${name}`}
              placeholder="no prefix"
              value={prefixOf(slug)}
              onChange={(event) => prefix(slug, event.currentTarget.value)}
            />
          )}
        </div>
      ))}
      {candidates.length === 0 ? <Note tone="quiet">There is no server yet that a group could hold.</Note> : null}
      {faults.members === undefined ? null : <p className="gh-field-error">{faults.members}</p>}
    </div>
  );
}
