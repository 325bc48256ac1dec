import { Button } from '@mantine/core';
import { type ReactElement, useState } from 'react';
import type { Schemas, Versioned } from '../../api/client.js';
import { api } from '../../api/client.js';
import type { Credential } from '../../api/credentials.js';
import { useMay } from '../../api/session.js';
import { Confirm } from '../../parts/confirm.js';
import { Icon } from '../../parts/icon.js';
import { Note } from '../../parts/notes.js';
import { Section } from '../../parts/page.js';
import { Pill } from '../../parts/pill.js';
import { toast } from '../../parts/toast.js';
import { useRefresh } from '../../parts/use-act.js';
import { When } from '../../parts/when.js';
import { RotateDialog } from './rotate-dialog.js';

type Secret = Schemas['SecretDto'];

/** The live secrets, where each was last used from, and their replacement without downtime. */
export function SecretsSection({ read }: { readonly read: Versioned<Credential> }): ReactElement {
  const [isRotating, setRotating] = useState(false);
  const mayWrite = useMay('write');
  const secrets = [...read.value.secrets].sort((a, b) => b.createdAt.localeCompare(a.createdAt));
  const [newest, old] = secrets;
  return (
    <Section
      title="Secrets"
      lead="At most two are live, so that a change needs no downtime."
      flush
      actions={
        mayWrite ? (
          <Button size="sm" variant="default" leftSection={<Icon name="refresh" size={16} />} onClick={() => setRotating(true)}>
            Rotate
          </Button>
        ) : undefined
      }
    >
      {newest && old ? <Handover newest={newest} old={old} tokenTtl={read.value.tokenTtl} /> : null}
      {secrets.length === 0 ? (
        <Note tone="bad" title="No secret is live.">
          It cannot get a token. Rotate to make one.
        </Note>
      ) : null}
      {secrets.length > 0 ? <SecretTable secrets={secrets} read={read} mayEnd={mayWrite} /> : null}
      {isRotating ? <RotateDialog read={read} onClose={() => setRotating(false)} /> : null}
    </Section>
  );
}

const QUIET_MS = 7 * 86_400_000;

/** As the overview sees it: a client comes once in the lifetime of a token, so that two of them without it are a sign. */
const hasGoneQuiet = ({ lastUsedAt }: Secret, tokenTtl: number | null): boolean =>
  lastUsedAt !== null && Date.now() - Date.parse(lastUsedAt) > Math.max(QUIET_MS, 2000 * (tokenTtl ?? 0));

interface HandoverProps {
  readonly newest: Secret;
  readonly old: Secret;
  readonly tokenTtl: number | null;
}

/** Whether the old secret has gone quiet, which is what one waits for before it may end. */
function Handover({ newest, old, tokenTtl }: HandoverProps): ReactElement {
  const wasUsedSince = old.lastUsedAt !== null && old.lastUsedAt > newest.createdAt;
  const isQuiet = wasUsedSince && hasGoneQuiet(old, tokenTtl);
  const isTaken = newest.lastUsedAt !== null;
  if (wasUsedSince && !isQuiet) {
    return (
      <div className="gh-handover">
        <Note tone="warn" role="status" title={`The old secret …${old.hint} is still in use.`}>
          Last <When at={old.lastUsedAt} /> from {old.lastUsedIp ?? 'an unknown address'}, after the new one was made. Find what runs there
          and give it the new secret
          {old.expiresAt === null ? (
            ''
          ) : (
            <>
              {' '}
              before the old one ends <When at={old.expiresAt} />
            </>
          )}
          .
        </Note>
      </div>
    );
  }
  return (
    <div className="gh-handover">
      {isTaken ? (
        <Note tone="good" role="status" title={`The old secret …${old.hint} has gone quiet.`}>
          {isQuiet ? (
            <>
              It was last used <When at={old.lastUsedAt} />.
            </>
          ) : (
            <>
              It was not used since the new one was made <When at={newest.createdAt} />.
            </>
          )}{' '}
          The new one is in use, last <When at={newest.lastUsedAt} />. You can end the old one.
        </Note>
      ) : (
        <Note tone="info" role="status" title="Nothing uses the new secret yet.">
          Give it to what uses the old one, …{old.hint}. That one was not used since <When at={newest.createdAt} /> either, which proves
          nothing before the new one is in use.
        </Note>
      )}
    </div>
  );
}

interface TableProps {
  readonly secrets: readonly Secret[];
  readonly read: Versioned<Credential>;
  readonly mayEnd: boolean;
}

function SecretTable({ secrets, read, mayEnd }: TableProps): ReactElement {
  return (
    <table className="gh-table" role="table" aria-label="Secrets">
      <thead role="rowgroup">
        <tr role="row">
          {['Secret', 'Made', 'Last used', 'Ends'].map((name) => (
            <th key={name} scope="col" role="columnheader">
              {name}
            </th>
          ))}
          {mayEnd ? (
            <th scope="col" role="columnheader">
              <span className="gh-visually-hidden">Acts</span>
            </th>
          ) : null}
        </tr>
      </thead>
      <tbody role="rowgroup">
        {secrets.map((secret, index) => (
          <tr key={secret.id} role="row">
            <td role="cell">
              <span className="gh-row">
                <code>…{secret.hint}</code>
                {secrets.length > 1 ? <Pill tone={index === 0 ? 'good' : 'quiet'}>{index === 0 ? 'New' : 'Old'}</Pill> : null}
              </span>
            </td>
            <td role="cell" data-label="Made">
              <When at={secret.createdAt} />
            </td>
            <td role="cell" data-label="Last used">
              <span className="gh-cell-main">
                <When at={secret.lastUsedAt} />
                {secret.lastUsedIp === null ? null : <span className="gh-dim gh-small">from {secret.lastUsedIp}</span>}
              </span>
            </td>
            <td role="cell" data-label="Ends">
              <When at={secret.expiresAt} />
            </td>
            {mayEnd ? (
              <td role="cell">
                <EndSecret secret={secret} read={read} isLast={secrets.length === 1} />
              </td>
            ) : null}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function EndSecret({
  secret,
  read,
  isLast,
}: {
  readonly secret: Secret;
  readonly read: Versioned<Credential>;
  readonly isLast: boolean;
}): ReactElement {
  const [isAsked, setAsked] = useState(false);
  const refresh = useRefresh();
  const end = async (): Promise<void> => {
    const params = { path: { id: read.value.id, secretId: secret.id }, header: { 'If-Match': read.etag } };
    await api.DELETE('/api/v1/credentials/{id}/secrets/{secretId}', { params });
    refresh(['credentials']);
    toast.done(`The secret …${secret.hint} has ended.`);
  };
  return (
    <>
      <Button size="compact-sm" variant="subtle" color="red" aria-label={`End now: secret ${secret.hint}`} onClick={() => setAsked(true)}>
        End now
      </Button>
      {isAsked ? (
        <Confirm title={`End the secret …${secret.hint} now?`} act="End secret" onClose={() => setAsked(false)} onConfirm={end}>
          It stops working at once, and so do the tokens made with it.{' '}
          {isLast ? 'It is the only one: the credential can get no token until you rotate.' : null}
          {secret.lastUsedAt === null ? (
            'It was never used.'
          ) : (
            <>
              It was last used <When at={secret.lastUsedAt} /> from {secret.lastUsedIp ?? 'an unknown address'}.
            </>
          )}
        </Confirm>
      ) : null}
    </>
  );
}
