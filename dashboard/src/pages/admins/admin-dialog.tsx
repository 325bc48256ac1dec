import { Button, Modal, PasswordInput, Radio, TextInput } from '@mantine/core';
import { type SyntheticEvent, type ReactElement, useState } from 'react';
import { type Admin, adminsQuery, readAdmin, ROLES } from '../../api/admins.js';
import { api, body } from '../../api/client.js';
import { faultOf } from '../../api/problem.js';
import { CodeLine } from '../../parts/code.js';
import { FormEnd } from '../../parts/form-end.js';
import { Note } from '../../parts/notes.js';
import { toast } from '../../parts/toast.js';
import { useRefresh } from '../../parts/use-act.js';
import { useDraft } from '../../parts/use-draft.js';

interface Draft {
  readonly username: string;
  readonly role: Admin['role'];
}

/** Makes an admin, or changes one's role or password. */
export function AdminDialog({ admin, onClose }: { readonly admin?: Admin; readonly onClose: () => void }): ReactElement {
  const [made, setMade] = useState<{ readonly username: string; readonly password: string } | null>(null);
  return (
    <Modal
      opened
      onClose={onClose}
      title={admin ? admin.username : 'New admin'}
      closeOnClickOutside={false}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      {made ? <Made {...made} onClose={onClose} /> : <AdminForm admin={admin} onClose={onClose} onMade={setMade} />}
    </Modal>
  );
}

interface FormProps {
  readonly admin: Admin | undefined;
  readonly onClose: () => void;
  readonly onMade: (made: { username: string; password: string }) => void;
}

function AdminForm({ admin, onClose, onMade }: FormProps): ReactElement {
  const initial: Draft = admin ?? { username: '', role: 'viewer' };
  const [draft, change, forget] = useDraft<Draft>(admin ? `admin-${admin.id}` : 'new-admin', initial);
  // A password is a secret: it does not wait in storage.
  const [password, setPassword] = useState('');
  const [error, setError] = useState<unknown>(null);
  const [isBusy, setBusy] = useState(false);
  const refresh = useRefresh();

  const save = async (): Promise<void> => {
    if (admin) {
      await changeAdmin(admin, draft.role, password);
      toast.done(`${admin.username} was changed.`);
      return onClose();
    }
    const made = await body(
      api.POST('/api/v1/admins', {
        params: { header: { 'Idempotency-Key': crypto.randomUUID() } },
        body: { username: draft.username.trim(), role: draft.role, ...(password ? { password } : {}) },
      }),
    );
    if (made.password === undefined) return onClose();
    onMade({ username: made.username, password: made.password });
  };
  const submit = async (event: SyntheticEvent): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      await save();
      forget();
      refresh(adminsQuery.queryKey);
    } catch (failure) {
      setError(failure);
      setBusy(false);
    }
  };
  const isSso = admin?.signsInBy === 'oidc';

  return (
    <form className="gh-stack" onSubmit={(event) => void submit(event)} noValidate>
      {admin ? null : (
        <TextInput
          label="Name"
          description="Letters, digits, dots, hyphens, underscores and @."
          data-autofocus
          autoComplete="off"
          value={draft.username}
          onChange={(event) => change({ username: event.currentTarget.value })}
          error={faultOf(error, 'username')}
        />
      )}
      {isSso ? <Note tone="info">The role comes from the identity provider with the next sign-in.</Note> : null}
      <Radio.Group label="Role" value={draft.role} onChange={(role) => change({ role: role })}>
        <div className="gh-choices">
          {ROLES.map(({ value, label, about }) => (
            <Radio key={value} value={value} label={label} description={about} />
          ))}
        </div>
      </Radio.Group>
      {isSso ? null : (
        <PasswordInput
          label={admin ? 'New password' : 'Password'}
          description={admin ? 'Empty: the present one stays.' : 'Empty: one is generated and shown once.'}
          autoComplete="new-password"
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
          error={faultOf(error, 'password')}
        />
      )}
      <FormEnd error={error} isBusy={isBusy} act={admin ? 'Save' : 'Create admin'} onCancel={onClose} />
    </form>
  );
}

async function changeAdmin({ id, role: before }: Admin, role: Admin['role'], password: string): Promise<void> {
  const { etag } = await readAdmin(id);
  const change = { ...(role === before ? {} : { role }), ...(password ? { password } : {}) };
  await api.PATCH('/api/v1/admins/{id}', { params: { path: { id }, header: { 'If-Match': etag } }, body: change });
}

function Made({
  username,
  password,
  onClose,
}: {
  readonly username: string;
  readonly password: string;
  readonly onClose: () => void;
}): ReactElement {
  return (
    <div className="gh-stack">
      <Note tone="warn" title="Hand this password over now.">
        It is shown this once. {username} is asked to choose another with the first sign-in.
      </Note>
      <div className="gh-secret">
        <div>
          <span className="gh-dim gh-small">Password of {username}</span>
          <CodeLine text={password} label="password" />
        </div>
      </div>
      <div className="gh-dialog-actions">
        <Button onClick={onClose}>Done</Button>
      </div>
    </div>
  );
}
