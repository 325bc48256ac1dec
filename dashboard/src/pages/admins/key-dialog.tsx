import { Button, Modal, Radio, TextInput } from '@mantine/core';
import { type SyntheticEvent, type ReactElement, useState } from 'react';
import { type AdminKey, adminKeysQuery, ROLES } from '../../api/admins.js';
import { api, body, type Schemas } from '../../api/client.js';
import { ApiProblem, NoAnswer } from '../../api/problem.js';
import { Code, CodeLine } from '../../parts/code.js';
import { CopyButton } from '../../parts/copy-button.js';
import { ErrorNote, Note } from '../../parts/notes.js';
import { fromLocalField } from '../../parts/times.js';
import { useRefresh } from '../../parts/use-act.js';
import { useDraft } from '../../parts/use-draft.js';

interface Draft {
  readonly label: string;
  readonly role: AdminKey['role'];
  readonly expiresAt: string;
  /** Repeats the same creation where the answer to it was lost. */
  readonly key: string;
}

export function KeyDialog({ onClose }: { readonly onClose: () => void }): ReactElement {
  const [draft, change, forget] = useDraft<Draft>('new-admin-key', { label: '', role: 'viewer', expiresAt: '', key: '' });
  const [made, setMade] = useState<Schemas['NewAdminKeyDto'] | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [isBusy, setBusy] = useState(false);
  const refresh = useRefresh();
  const fault = (name: string): string | undefined =>
    error instanceof ApiProblem ? error.faults.find(({ field }) => field === name)?.message : undefined;

  const submit = async (event: SyntheticEvent): Promise<void> => {
    event.preventDefault();
    const key = draft.key || crypto.randomUUID();
    change({ key });
    setBusy(true);
    setError(null);
    const expiresAt = fromLocalField(draft.expiresAt);
    try {
      const params = { header: { 'Idempotency-Key': key } };
      const wanted = { label: draft.label.trim(), role: draft.role, ...(expiresAt === undefined ? {} : { expiresAt }) };
      setMade(await body(api.POST('/api/v1/admin-keys', { params, body: wanted })));
      forget();
      refresh(adminKeysQuery.queryKey);
    } catch (failure) {
      if (!(failure instanceof NoAnswer)) change({ key: '' });
      setError(failure);
    }
    setBusy(false);
  };

  return (
    <Modal
      opened
      onClose={onClose}
      title={made ? made.label : 'New admin key'}
      size="lg"
      closeOnClickOutside={false}
      closeOnEscape={!made}
      withCloseButton={!made}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      {made ? (
        <MadeKey made={made} onClose={onClose} />
      ) : (
        <form className="gh-stack" onSubmit={(event) => void submit(event)} noValidate>
          <TextInput
            label="Label"
            placeholder="terraform"
            maxLength={120}
            data-autofocus
            value={draft.label}
            onChange={(event) => change({ label: event.currentTarget.value })}
            error={fault('label')}
          />
          <Radio.Group label="Role" value={draft.role} onChange={(role) => change({ role: role })}>
            <div className="gh-choices">
              {ROLES.map(({ value, label, about }) => (
                <Radio key={value} value={value} label={label} description={about} />
              ))}
            </div>
          </Radio.Group>
          <TextInput
            type="datetime-local"
            label="Ends"
            description="Empty: never."
            value={draft.expiresAt}
            onChange={(event) => change({ expiresAt: event.currentTarget.value })}
            error={fault('expiresAt')}
          />
          {error instanceof ApiProblem && error.faults.length > 0 ? null : <ErrorNote error={error} />}
          <div className="gh-dialog-actions">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={isBusy}>
              Create key
            </Button>
          </div>
        </form>
      )}
    </Modal>
  );
}

function MadeKey({ made, onClose }: { readonly made: Schemas['NewAdminKeyDto']; readonly onClose: () => void }): ReactElement {
  return (
    <div className="gh-stack">
      <Note tone="warn" title="Keep the key now.">
        It is shown this once.
      </Note>
      <div className="gh-secret">
        <div>
          <span className="gh-dim gh-small">Admin key</span>
          <CodeLine text={made.secret} label="admin key" />
        </div>
        <div className="gh-row">
          <CopyButton text={made.secret} what="key" />
        </div>
      </div>
      <Code label="curl snippet" text={`curl -sS ${location.origin}/api/v1/credentials -H "Authorization: Bearer ${made.secret}"`} />
      <div className="gh-dialog-actions">
        <Button onClick={onClose}>I have kept the key</Button>
      </div>
    </div>
  );
}
