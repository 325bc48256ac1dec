import { Radio, TextInput } from '@mantine/core';
import type { ReactElement, SyntheticEvent } from 'react';
import { type AdminKey, adminKeysQuery, ROLES } from '../../api/admins.js';
import { api, body } from '../../api/client.js';
import { faultOf } from '../../api/problem.js';
import { Code } from '../../parts/code.js';
import { FormEnd } from '../../parts/form-end.js';
import { SecretModal, SecretOnce } from '../../parts/secret-once.js';
import { fromLocalField } from '../../parts/times.js';
import { useCreation } from '../../parts/use-creation.js';

interface Draft {
  readonly label: string;
  readonly role: AdminKey['role'];
  readonly expiresAt: string;
}

const EMPTY: Draft = { label: '', role: 'viewer', expiresAt: '' };

function send({ label, role, expiresAt: field }: Draft, idempotencyKey: string) {
  const expiresAt = fromLocalField(field);
  const params = { header: { 'Idempotency-Key': idempotencyKey } };
  const wanted = { label: label.trim(), role, ...(expiresAt === undefined ? {} : { expiresAt }) };
  return body(api.POST('/api/v1/admin-keys', { params, body: wanted }));
}

export function KeyDialog({ onClose }: { readonly onClose: () => void }): ReactElement {
  const { draft, change, made, error, isBusy, create } = useCreation({
    name: 'new-admin-key',
    empty: EMPTY,
    list: adminKeysQuery.queryKey,
    send,
  });
  const submit = (event: SyntheticEvent): void => {
    event.preventDefault();
    void create();
  };
  return (
    <SecretModal title={made ? made.label : 'New admin key'} isShown={made !== null} onClose={onClose}>
      {made ? (
        <MadeKey secret={made.secret} onClose={onClose} />
      ) : (
        <form className="gh-stack" onSubmit={submit} noValidate>
          <TextInput
            label="Label"
            placeholder="terraform"
            maxLength={120}
            data-autofocus
            value={draft.label}
            onChange={(event) => change({ label: event.currentTarget.value })}
            error={faultOf(error, 'label')}
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
            error={faultOf(error, 'expiresAt')}
          />
          <FormEnd error={error} isBusy={isBusy} act="Create key" onCancel={onClose} />
        </form>
      )}
    </SecretModal>
  );
}

function MadeKey({ secret, onClose }: { readonly secret: string; readonly onClose: () => void }): ReactElement {
  return (
    <SecretOnce what="key" lines={[{ title: 'Admin key', text: secret, label: 'admin key' }]} onClose={onClose}>
      <Code label="curl snippet" text={`curl -sS ${location.origin}/api/v1/credentials -H "Authorization: Bearer ${secret}"`} />
    </SecretOnce>
  );
}
