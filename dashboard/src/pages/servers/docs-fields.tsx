import { Checkbox, NumberInput, PasswordInput, SegmentedControl } from '@mantine/core';
import type { ReactElement } from 'react';
import type { Server } from '../../api/servers.js';
import type { PagesFrom } from './draft.js';
import { DraftText } from './draft-text.js';
import type { ServerFieldsProps } from './server-fields.js';
import { STAYS } from './stored-secret.js';

const SOURCES: readonly { readonly value: PagesFrom; readonly label: string }[] = [
  { value: 'folder', label: 'A folder' },
  { value: 'git', label: 'A Git repository' },
];

/** Where the pages of a documentation server come from. */
export function DocsFields(props: ServerFieldsProps): ReactElement {
  const { draft, change, faults } = props;
  return (
    <div className="gh-stack">
      <SegmentedControl
        aria-label="Where its pages come from"
        data={SOURCES.map((source) => ({ ...source }))}
        value={draft.pagesFrom}
        onChange={(pagesFrom) => change({ pagesFrom })}
      />
      {faults.pagesFrom === undefined ? null : <p className="gh-field-error">{faults.pagesFrom}</p>}
      {draft.pagesFrom === 'git' ? (
        <RepositoryFields {...props} />
      ) : (
        <DraftText
          form={props}
          name="dir"
          label="Folder"
          description="Within DOCS_DIR, or one of DOCS_ROOTS. Empty: DOCS_DIR itself."
          placeholder="handbook"
        />
      )}
    </div>
  );
}

function RepositoryFields(props: ServerFieldsProps): ReactElement {
  const { draft, change, faults } = props;
  return (
    <>
      <DraftText
        form={props}
        name="gitUrl"
        label="Repository"
        placeholder="https://git.example.com/docs.git"
        description="https; plain http only to private networks that EGRESS_ALLOW names. Without a user or token in it."
      />
      <div className="gh-two">
        <DraftText form={props} name="gitBranch" label="Branch or tag" placeholder="the default branch" maxLength={200} />
        <DraftText form={props} name="gitPath" label="Folder in it" placeholder="all of it" maxLength={500} />
        <NumberInput
          label="Seconds between pulls"
          placeholder="300"
          min={30}
          max={86_400}
          allowDecimal={false}
          value={draft.gitInterval ?? ''}
          onChange={(value) => change({ gitInterval: typeof value === 'number' ? value : null })}
          error={faults.gitInterval}
        />
      </div>
      <Checkbox
        label="It asks who reads it"
        description="With an access or deploy token that may read."
        checked={draft.gitSignsIn}
        onChange={(event) => change({ gitSignsIn: event.currentTarget.checked })}
      />
      {draft.gitSignsIn ? <SignInFields {...props} /> : null}
    </>
  );
}

/** Whether a token is stored that the repository of the form would still be read with: it does not follow to another host. */
function hasTokenFor(url: string, stored: Server | undefined): boolean {
  const upstream = stored?.upstream;
  if (upstream?.kind !== 'docs' || !upstream.git?.auth?.hasToken) return false;
  return URL.canParse(url.trim()) && new URL(url.trim()).origin === new URL(upstream.git.url).origin;
}

function SignInFields(props: ServerFieldsProps): ReactElement {
  const { draft, secrets, onSecrets, faults, stored } = props;
  return (
    <div className="gh-two">
      <DraftText form={props} name="gitUsername" label="User at the Git host" placeholder="git" maxLength={255} autoComplete="off" />
      <PasswordInput
        label="Token"
        description={hasTokenFor(draft.gitUrl, stored) ? STAYS : 'Stored sealed, and never shown again.'}
        autoComplete="off"
        value={secrets.gitToken}
        onChange={(event) => onSecrets({ gitToken: event.currentTarget.value })}
        error={faults.gitSignsIn}
      />
    </div>
  );
}
