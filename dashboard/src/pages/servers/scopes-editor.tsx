import { ActionIcon, Button, Checkbox, Textarea, TextInput } from '@mantine/core';
import type { ReactElement } from 'react';
import { readPermission, scopesCoverTool } from '../../access/permissions.js';
import { Icon } from '../../parts/icon.js';
import type { ScopeDraft } from './draft.js';
import type { ServerFieldsProps } from './server-fields.js';

/** Named sets of permissions. Where the real tools are known, each scope says which of them it covers. */
export function ScopesEditor({ draft, change, faults, tools }: ServerFieldsProps): ReactElement {
  const set = (at: number, part: Partial<ScopeDraft>): void =>
    change({ scopes: draft.scopes.map((scope, index) => (index === at ? { ...scope, ...part } : scope)) });
  const remove = (at: number): void => change({ scopes: draft.scopes.filter((_, index) => index !== at) });
  const add = (): void => change({ scopes: [...draft.scopes, { name: '', description: '', permissions: '', isDefault: false }] });
  return (
    <div className="gh-stack-tight" role="group" aria-label="Scopes">
      <div>
        <strong className="gh-small">Scopes</strong>
        <p className="gh-dim gh-small">
          What credentials can be given. One permission a line, such as <code>tools/call:search_*</code>,{' '}
          <code>resources/read:docs://*</code> or <code>*</code>.
        </p>
      </div>
      {draft.scopes.map((scope, index) => (
        <div key={index} className="gh-scope">
          <div className="gh-scope-head">
            <TextInput
              aria-label={`Name of scope ${index + 1}`}
              placeholder="mcp:read"
              value={scope.name}
              onChange={(event) => set(index, { name: event.currentTarget.value })}
            />
            <TextInput
              aria-label={`Description of scope ${index + 1}`}
              placeholder="What it is for"
              value={scope.description}
              onChange={(event) => set(index, { description: event.currentTarget.value })}
            />
            <ActionIcon
              variant="subtle"
              color="gray"
              size="lg"
              aria-label={`Remove scope ${scope.name || index + 1}`}
              onClick={() => remove(index)}
            >
              <Icon name="trash" size={16} />
            </ActionIcon>
          </div>
          <Textarea
            aria-label={`Permissions of scope ${scope.name || index + 1}`}
            placeholder="tools/call:*"
            autosize
            minRows={1}
            maxRows={8}
            classNames={{ input: 'gh-mono' }}
            value={scope.permissions}
            onChange={(event) => set(index, { permissions: event.currentTarget.value })}
          />
          <div className="gh-row-apart">
            <Checkbox
              size="xs"
              label="Given to credentials that name no scopes"
              checked={scope.isDefault}
              onChange={(event) => set(index, { isDefault: event.currentTarget.checked })}
            />
            {tools ? <Covered scope={scope} tools={tools.map(({ name }) => name)} /> : null}
          </div>
        </div>
      ))}
      {faults.scopes === undefined ? null : <p className="gh-field-error">{faults.scopes}</p>}
      <div>
        <Button size="compact-sm" variant="default" leftSection={<Icon name="plus" size={14} />} onClick={add}>
          Add a scope
        </Button>
      </div>
    </div>
  );
}

function Covered({ scope, tools }: { readonly scope: ScopeDraft; readonly tools: readonly string[] }): ReactElement {
  const permissions = scope.permissions.split('\n').flatMap((line) => (line.trim() === '' ? [] : (readPermission(line.trim()) ?? [])));
  const covered = tools.filter((tool) => scopesCoverTool([{ permissions }], tool));
  return (
    <span className="gh-dim gh-small" title={covered.join(', ')}>
      {covered.length} of {tools.length} {tools.length === 1 ? 'tool' : 'tools'}
    </span>
  );
}
