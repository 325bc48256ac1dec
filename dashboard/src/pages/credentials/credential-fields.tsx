import { Alert, Checkbox, NumberInput, Radio, Select, TagsInput, TextInput } from '@mantine/core';
import type { ReactElement } from 'react';
import { METHODS, type AuthMethod } from '../../api/credentials.js';
import type { Server } from '../../api/servers.js';
import { Disclosure } from '../../parts/disclosure.js';
import { AdvancedFields } from './advanced-fields.js';
import type { CredentialDraft, DraftFaults } from './draft.js';
import { MethodFields } from './method-fields.js';
import { ToolChoice } from './tool-choice.js';
import { type Catalog, useCatalogs } from './use-catalogs.js';
import { type Change, withScopes } from '../../access/tool-choice.js';
import { describePermission } from '../../access/permissions.js';
import { TtlField } from '../../parts/ttl-field.js';

export interface FieldsProps {
  readonly draft: CredentialDraft;
  readonly change: (part: Partial<CredentialDraft>) => void;
  readonly faults: DraftFaults;
  readonly servers: readonly Server[];
  /** A method is for life: another one is another credential. */
  readonly isMethodFixed?: boolean;
}

export function CredentialFields(props: FieldsProps): ReactElement {
  const { draft, change, faults, isMethodFixed = false } = props;
  return (
    <div className="gh-stack">
      <TextInput
        label="Label"
        description="What you will know it by, e.g. the machine and its task."
        placeholder="nightly build"
        maxLength={120}
        autoFocus
        data-autofocus
        value={draft.label}
        onChange={(event) => change({ label: event.currentTarget.value })}
        error={faults.label}
      />
      <ServerChoice {...props} />
      <Permissions {...props} />
      {isMethodFixed ? null : (
        <Select
          label="How it proves itself"
          description={METHODS[draft.authMethod].about}
          data={Object.entries(METHODS).map(([value, { label }]) => ({ value, label }))}
          value={draft.authMethod}
          allowDeselect={false}
          onChange={(value) => change({ authMethod: (value ?? 'client_secret') as AuthMethod })}
        />
      )}
      <MethodFields {...props} />
      <Limits {...props} />
      <AdvancedFields {...props} />
    </div>
  );
}

function ServerChoice({ draft, change, faults, servers }: FieldsProps): ReactElement {
  return (
    <Checkbox.Group
      label="Servers"
      description="What it may reach."
      value={draft.servers}
      onChange={(chosen) => change({ servers: chosen })}
      error={faults.servers}
    >
      <div className="gh-choices">
        {servers.map(({ slug, name, description }) => (
          <Checkbox key={slug} value={slug} label={name === slug ? name : `${name} (${slug})`} description={description ?? undefined} />
        ))}
      </div>
    </Checkbox.Group>
  );
}

/** By scope, and down to single tools. */
function Permissions({ draft, change, faults, servers }: FieldsProps): ReactElement {
  const catalogs = useCatalogs(servers.filter(({ slug }) => draft.servers.includes(slug)));
  const changeChoice = (part: Change): void => change(part as Partial<CredentialDraft>);
  return (
    <>
      <ScopeChoice draft={draft} change={changeChoice} fault={faults.scopes} catalogs={catalogs} />
      <ToolChoice choice={draft} change={changeChoice} catalogs={catalogs} fault={faults.permissions} />
    </>
  );
}

interface ScopeChoiceProps {
  readonly draft: CredentialDraft;
  readonly change: (part: Change) => void;
  readonly fault: string | undefined;
  readonly catalogs: readonly Catalog[];
}

function ScopeChoice({ draft, change, fault, catalogs }: ScopeChoiceProps): ReactElement {
  const chosen = catalogs.map(({ server }) => server);
  const choose = (hasDefaultScopes: boolean, names: string[]): void =>
    change(
      withScopes(
        draft,
        { hasDefaultScopes, scopes: names },
        catalogs.map(({ offer }) => offer),
      ),
    );
  const scopes = [...new Map(chosen.flatMap((server) => server.scopes).map((scope) => [scope.name, scope])).values()];
  const pick = (value: string): void =>
    choose(
      value === 'default',
      value === 'default' || draft.scopes.length > 0 ? draft.scopes : scopes.filter((scope) => scope.default).map(({ name }) => name),
    );
  return (
    <Radio.Group
      label="Permissions"
      description="The most that its tokens may hold."
      value={draft.hasDefaultScopes ? 'default' : 'chosen'}
      onChange={pick}
    >
      <div className="gh-choices">
        <Radio value="default" label="The servers’ default scopes" />
        <Radio value="chosen" label="Only these scopes" />
      </div>
      {draft.hasDefaultScopes ? null : (
        <Checkbox.Group
          aria-label="Scopes"
          className="gh-nested"
          value={draft.scopes}
          onChange={(names) => choose(false, names)}
          error={fault}
        >
          <div className="gh-choices">
            {scopes.map(({ name, description, permissions }) => (
              <Checkbox key={name} value={name} label={name} description={description ?? permissions.map(describePermission).join(', ')} />
            ))}
          </div>
        </Checkbox.Group>
      )}
      {!draft.hasDefaultScopes && scopes.length === 0 ? <Alert variant="light">Choose a server first.</Alert> : null}
    </Radio.Group>
  );
}

function Limits({ draft, change, faults }: FieldsProps): ReactElement {
  const { tokenTtl, expiresAt, allowedIps, tokensPerHour } = draft;
  const isUsed = expiresAt !== '' || allowedIps.length > 0 || tokensPerHour !== null || tokenTtl !== null;
  const isWrong = [faults.tokenTtl, faults.expiresAt, faults.allowedIps, faults.tokensPerHour].some((fault) => fault !== undefined);
  return (
    <Disclosure label="Lifetime and limits" isUsed={isUsed} hasFault={isWrong}>
      <div className="gh-two">
        <TtlField value={tokenTtl} onChange={(value) => change({ tokenTtl: value })} error={faults.tokenTtl} />
        <TextInput
          type="datetime-local"
          label="The credential ends"
          description="Empty: never. Its tokens end with it."
          value={expiresAt}
          onChange={(event) => change({ expiresAt: event.currentTarget.value })}
          error={faults.expiresAt}
        />
      </div>
      <TagsInput
        label="Allowed addresses"
        description="Addresses or networks that it may come from, e.g. 10.0.0.0/8. Empty: any."
        placeholder="Type one and press Enter"
        value={allowedIps}
        onChange={(value) => change({ allowedIps: value })}
        error={faults.allowedIps}
      />
      <NumberInput
        label="Token requests an hour"
        description="Empty: the installation’s limit."
        min={1}
        max={1_000_000_000}
        allowDecimal={false}
        value={tokensPerHour ?? ''}
        onChange={(value) => change({ tokensPerHour: typeof value === 'number' ? value : null })}
        error={faults.tokensPerHour}
      />
    </Disclosure>
  );
}
