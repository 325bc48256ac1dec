import { Checkbox, NumberInput, SegmentedControl, Select, Textarea, TextInput } from '@mantine/core';
import type { ReactElement } from 'react';
import type { Server, ServerTool } from '../../api/servers.js';
import { Disclosure } from '../../parts/disclosure.js';
import { TtlField } from '../../parts/ttl-field.js';
import { EMPTY_SERVER, type Kind, type LimitName, type Secrets, type ServerDraft, type ServerFaults, slugify } from './draft.js';
import { ScopesEditor } from './scopes-editor.js';
import { UpstreamFields } from './upstream-fields.js';

export interface ServerFieldsProps {
  readonly draft: ServerDraft;
  readonly change: (part: Partial<ServerDraft>) => void;
  readonly secrets: Secrets;
  readonly onSecrets: (part: Partial<Secrets>) => void;
  readonly faults: ServerFaults;
  /** The other servers, for groups. */
  readonly servers: readonly Server[];
  /** What it is stored as, where it is. */
  readonly stored?: Server;
  readonly tools: readonly ServerTool[] | undefined;
}

const KINDS: readonly { readonly value: Kind; readonly label: string }[] = [
  { value: 'http', label: 'HTTP' },
  { value: 'stdio', label: 'Command' },
  { value: 'docs', label: 'Documentation' },
  { value: 'group', label: 'Group' },
];

const ABOUT: Readonly<Record<Kind, string>> = {
  http: 'An MCP server that speaks Streamable HTTP.',
  stdio: 'A program on this machine that speaks over its standard input and output. Only what the operator lists may run.',
  docs: 'A folder of Markdown, searched by Gatehouse itself.',
  group: 'Several servers as one.',
};

const ACCESS = [
  { value: 'authenticated', label: 'With a token only' },
  { value: 'public', label: 'Public, without a token' },
  { value: 'both', label: 'Both, each at its own URL' },
];

export function ServerFields(props: ServerFieldsProps): ReactElement {
  const { draft, change, faults, stored } = props;
  // The slug follows the name until somebody writes one.
  const rename = (name: string): void => change(stored || draft.slug !== slugify(draft.name) ? { name } : { name, slug: slugify(name) });
  return (
    <div className="gh-stack">
      <div className="gh-two">
        <TextInput
          label="Name"
          maxLength={120}
          autoFocus
          data-autofocus
          value={draft.name}
          onChange={(event) => rename(event.currentTarget.value)}
          error={faults.name}
        />
        <TextInput
          label="Slug"
          description={stored ? 'Its place in URLs, for good.' : undefined}
          disabled={stored !== undefined}
          maxLength={64}
          value={draft.slug}
          onChange={(event) => change({ slug: event.currentTarget.value })}
          error={faults.slug}
        />
      </div>
      <Textarea
        label="Description"
        autosize
        minRows={1}
        maxRows={4}
        maxLength={2000}
        value={draft.description}
        onChange={(event) => change({ description: event.currentTarget.value })}
        error={faults.description}
      />
      <div className="gh-stack-tight">
        <SegmentedControl
          aria-label="Kind"
          fullWidth
          data={KINDS.map((kind) => ({ ...kind }))}
          value={draft.kind}
          onChange={(kind) => change({ kind: kind })}
        />
        <p className="gh-dim gh-small">{ABOUT[draft.kind]}</p>
        {faults.kind === undefined ? null : <p className="gh-field-error">{faults.kind}</p>}
      </div>
      <UpstreamFields {...props} />
      <Select
        label="Who may come"
        data={ACCESS}
        value={draft.access}
        allowDeselect={false}
        onChange={(access) => change({ access: (access ?? EMPTY_SERVER.access) as ServerDraft['access'] })}
        error={faults.access}
      />
      <ScopesEditor {...props} />
      <MoreSettings {...props} />
    </div>
  );
}

const LIMIT_FIELDS: readonly (readonly [LimitName, string])[] = [
  ['perCredential', 'Messages an hour, per credential'],
  ['perTool', 'Calls an hour, per credential and tool'],
  ['perAddress', 'Messages an hour, per address (public face)'],
  ['concurrentCalls', 'Calls at the same time, per credential'],
  ['openStreams', 'Open streams, per credential'],
  ['timeoutSeconds', 'Seconds until it must answer'],
];

function MoreSettings({ draft, change, faults }: ServerFieldsProps): ReactElement {
  const isUsed = Object.keys(draft.limits).length > 0 || draft.tokenTtl !== null || draft.isDefault;
  const setLimit = (name: LimitName, value: number | string): void => {
    const others = Object.fromEntries(Object.entries(draft.limits).filter(([limit]) => limit !== name));
    change({ limits: typeof value === 'number' ? { ...others, [name]: value } : others });
  };
  return (
    <Disclosure label="Limits and lifetime" isUsed={isUsed} hasFault={(faults.limits ?? faults.tokenTtl) !== undefined}>
      <div className="gh-two">
        {LIMIT_FIELDS.map(([name, label]) => (
          <NumberInput
            key={name}
            label={label}
            placeholder="no limit of its own"
            min={1}
            allowDecimal={false}
            value={draft.limits[name] ?? ''}
            onChange={(value) => setLimit(name, value)}
          />
        ))}
      </div>
      {faults.limits === undefined ? null : <p className="gh-field-error">{faults.limits}</p>}
      <TtlField
        label="Its tokens live"
        unset="As the installation says"
        value={draft.tokenTtl}
        onChange={(tokenTtl) => change({ tokenTtl })}
        error={faults.tokenTtl}
      />
      <Checkbox
        label="It is the default server"
        description="Served at /authed/mcp and /mcp, and given to credentials that name no server."
        checked={draft.isDefault}
        onChange={(event) => change({ isDefault: event.currentTarget.checked })}
      />
    </Disclosure>
  );
}
