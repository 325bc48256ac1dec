import { Checkbox, Modal, Radio, Switch, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type ReactElement, type SyntheticEvent, useState } from 'react';
import { api, body, type Versioned } from '../../api/client.js';
import { ApiProblem, changedMeanwhile, faultOf } from '../../api/problem.js';
import { EVENTS, type NewWebhook, readWebhook, type Webhook, type WebhookEvent, webhookQuery, webhooksQuery } from '../../api/webhooks.js';
import { clashesOf, Conflict, resolve } from '../../parts/conflict.js';
import { FormEnd } from '../../parts/form-end.js';
import { ErrorNote } from '../../parts/notes.js';
import { SecretModal } from '../../parts/secret-once.js';
import { BlockSkeleton } from '../../parts/skeletons.js';
import { toast } from '../../parts/toast.js';
import { useRefresh } from '../../parts/use-act.js';
import { useCreation } from '../../parts/use-creation.js';
import { useDraft } from '../../parts/use-draft.js';
import { WebhookSecret } from './webhook-secret.js';

interface Draft {
  readonly label: string;
  readonly url: string;
  readonly wantsAll: boolean;
  readonly events: WebhookEvent[];
  readonly enabled: boolean;
}

const EMPTY: Draft = { label: '', url: '', wantsAll: true, events: [], enabled: true };
const LABELS: Readonly<Record<keyof Draft, string>> = {
  label: 'Label',
  url: 'URL',
  wantsAll: 'Everything',
  events: 'Events',
  enabled: 'Enabled',
};

const draftOf = ({ label, url, events, enabled }: Webhook): Draft => ({
  label,
  url,
  wantsAll: events === null,
  events: events ?? [],
  enabled,
});
const fieldsOf = ({ label, url, wantsAll, events, enabled }: Draft) => ({
  label: label.trim(),
  url: url.trim(),
  events: wantsAll ? null : events,
  enabled,
});

const send = (draft: Draft, idempotencyKey: string): Promise<NewWebhook> =>
  body(api.POST('/api/v1/webhooks', { params: { header: { 'Idempotency-Key': idempotencyKey } }, body: fieldsOf(draft) }));

/** Makes a webhook, then shows what it signs with. */
export function NewWebhookDialog({ onClose }: { readonly onClose: () => void }): ReactElement {
  const { draft, change, made, error, isBusy, create } = useCreation({
    name: 'new-webhook',
    empty: EMPTY,
    list: webhooksQuery.queryKey,
    send,
  });
  return (
    <SecretModal title={made ? made.label : 'New webhook'} isShown={made !== null} onClose={onClose}>
      {made ? (
        <WebhookSecret webhook={made} onClose={onClose} />
      ) : (
        <WebhookForm draft={draft} change={change} error={error} isBusy={isBusy} act="Create webhook" onSubmit={create} onClose={onClose} />
      )}
    </SecretModal>
  );
}

interface EditProps {
  readonly id: string;
  readonly label: string;
  readonly onClose: () => void;
}

export function EditWebhook({ id, label, onClose }: EditProps): ReactElement {
  const { data, error, refetch } = useQuery(webhookQuery(id));
  return (
    <Modal
      opened
      onClose={onClose}
      title={`Edit ${label}`}
      size="lg"
      closeOnClickOutside={false}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      {!data && !error ? <BlockSkeleton height={240} /> : null}
      <ErrorNote error={error} retry={() => void refetch()} />
      {data ? <EditForm read={data} onClose={onClose} /> : null}
    </Modal>
  );
}

interface Edit {
  readonly mine: Draft;
  readonly base: Draft;
  readonly etag: string;
}

function EditForm({ read, onClose }: { readonly read: Versioned<Webhook>; readonly onClose: () => void }): ReactElement {
  const { id } = read.value;
  const present = draftOf(read.value);
  const [edit, change, forget] = useDraft<Edit>(`webhook-${id}`, { mine: present, base: present, etag: read.etag });
  const [theirs, setTheirs] = useState<Versioned<Webhook> | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [isBusy, setBusy] = useState(false);
  const refresh = useRefresh();
  const close = (): void => {
    forget();
    onClose();
  };
  const save = async ({ mine, base, etag }: Edit): Promise<void> => {
    setBusy(true);
    setError(null);
    setTheirs(null);
    try {
      const before = fieldsOf(base);
      const entries = Object.entries(fieldsOf(mine));
      const changed = entries.filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(before[name as keyof typeof before]));
      const params = { path: { id }, header: { 'If-Match': etag } };
      await api.PATCH('/api/v1/webhooks/{id}', { params, body: Object.fromEntries(changed) });
      refresh(webhooksQuery.queryKey);
      toast.done('Saved.');
      close();
    } catch (failure) {
      const isStale = failure instanceof ApiProblem && failure.code === 'precondition_failed';
      const newer = isStale ? await readWebhook(id).catch(() => null) : null;
      setTheirs(newer);
      setError(newer ? changedMeanwhile() : failure);
      setBusy(false);
    }
  };
  const takeOver = (kept: ReadonlySet<keyof Draft>): void => {
    if (!theirs) return;
    const base = draftOf(theirs.value);
    const next = { mine: resolve(edit.mine, base, kept), base, etag: theirs.etag };
    change(next);
    void save(next);
  };
  return (
    <>
      <WebhookForm
        draft={edit.mine}
        change={(part) => change({ mine: { ...edit.mine, ...part } })}
        error={error}
        isBusy={isBusy}
        act="Save"
        onSubmit={() => save(edit)}
        onClose={close}
      />
      {theirs ? (
        <Conflict
          clashes={clashesOf({ base: edit.base, mine: edit.mine, theirs: draftOf(theirs.value) }, LABELS)}
          onClose={() => setTheirs(null)}
          onResolve={takeOver}
        />
      ) : null}
    </>
  );
}

interface FormProps {
  readonly draft: Draft;
  readonly change: (part: Partial<Draft>) => void;
  readonly error: unknown;
  readonly isBusy: boolean;
  readonly act: string;
  readonly onSubmit: () => Promise<void>;
  readonly onClose: () => void;
}

function WebhookForm({ draft, change, error, isBusy, act, onSubmit, onClose }: FormProps): ReactElement {
  const submit = (event: SyntheticEvent): void => {
    event.preventDefault();
    void onSubmit();
  };
  return (
    <form className="gh-stack" onSubmit={submit} noValidate>
      <TextInput
        label="Label"
        placeholder="on-call channel"
        maxLength={120}
        data-autofocus
        value={draft.label}
        onChange={(event) => change({ label: event.currentTarget.value })}
        error={faultOf(error, 'label')}
      />
      <TextInput
        label="URL"
        description="Where messages are posted. Every admin can read it: a key in it is no secret from them."
        placeholder="https://alerts.example.com/gatehouse"
        type="url"
        maxLength={2048}
        value={draft.url}
        onChange={(event) => change({ url: event.currentTarget.value })}
        error={faultOf(error, 'url')}
      />
      <Radio.Group
        label="It is told of"
        value={draft.wantsAll ? 'all' : 'some'}
        onChange={(value) => change({ wantsAll: value === 'all' })}
        error={faultOf(error, 'events')}
      >
        <div className="gh-choices">
          <Radio value="all" label="Everything" description="Also what later versions add." />
          <Radio value="some" label="Only this" />
        </div>
        {draft.wantsAll ? null : (
          <Checkbox.Group aria-label="Events" className="gh-nested" value={draft.events} onChange={(events) => change({ events: events })}>
            <div className="gh-choices">
              {EVENTS.map(({ value, label, about }) => (
                <Checkbox key={value} value={value} label={label} description={about} />
              ))}
            </div>
          </Checkbox.Group>
        )}
      </Radio.Group>
      <Switch
        label="Enabled"
        description="While it is not, nothing is sent, and nothing is kept for later."
        checked={draft.enabled}
        onChange={(event) => change({ enabled: event.currentTarget.checked })}
      />
      <FormEnd error={error} isBusy={isBusy} act={act} onCancel={onClose} />
    </form>
  );
}
