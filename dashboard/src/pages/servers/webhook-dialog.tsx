import { Button } from '@mantine/core';
import { type ReactElement, useState } from 'react';
import { api, body } from '../../api/client.js';
import { type DocsWebhook, docsQuery } from '../../api/docs.js';
import { Confirm } from '../../parts/confirm.js';
import { ErrorNote, Note } from '../../parts/notes.js';
import { SecretModal, SecretOnce } from '../../parts/secret-once.js';
import { toast } from '../../parts/toast.js';
import { useAct, useRefresh } from '../../parts/use-act.js';

interface WebhookProps {
  readonly slug: string;
  readonly hasWebhook: boolean;
  readonly onClose: () => void;
}

type Asked = 'renew' | 'remove' | null;

/** Lets a Git host say that there is something new: makes its secret, shows it once, replaces or ends it. */
export function WebhookDialog({ slug, hasWebhook, onClose }: WebhookProps): ReactElement {
  const [made, setMade] = useState<DocsWebhook | null>(null);
  const [asked, setAsked] = useState<Asked>(null);
  const refresh = useRefresh();
  const params = { path: { slug } };
  const make = async (): Promise<void> => {
    setMade(await body(api.POST('/api/v1/servers/{slug}/docs/webhook', { params })));
    refresh(docsQuery(slug).queryKey);
  };
  const remove = async (): Promise<void> => {
    await api.DELETE('/api/v1/servers/{slug}/docs/webhook', { params });
    refresh(docsQuery(slug).queryKey);
    toast.done('The webhook has ended.');
    onClose();
  };
  if (asked === 'renew') {
    return (
      <Confirm title="Make a new secret?" act="Make a new secret" onClose={() => setAsked(null)} onConfirm={make}>
        The present one ends at once. Until the Git host has the new one, its pages are pulled at their interval only.
      </Confirm>
    );
  }
  if (asked === 'remove') {
    return (
      <Confirm title="Remove the webhook?" act="Remove webhook" onClose={() => setAsked(null)} onConfirm={remove}>
        Its secret ends at once, and the Git host is refused. The repository is still pulled at its interval.
      </Confirm>
    );
  }
  return (
    <SecretModal title="Webhook" isShown={made !== null} onClose={onClose}>
      {made ? <Made webhook={made} onClose={onClose} /> : <Offer hasWebhook={hasWebhook} make={make} ask={setAsked} />}
    </SecretModal>
  );
}

interface OfferProps {
  readonly hasWebhook: boolean;
  readonly make: () => Promise<void>;
  readonly ask: (act: Asked) => void;
}

function Offer({ hasWebhook, make, ask }: OfferProps): ReactElement {
  const { run, isBusy, error } = useAct(make);
  return (
    <div className="gh-stack">
      <p>
        With a webhook the Git host says when there is something new, and it is pulled at once. The host signs what it sends with a secret
        that is shown to you this once.
      </p>
      {hasWebhook ? <Note tone="info">There is one. Its secret is stored sealed and cannot be shown again.</Note> : null}
      <ErrorNote error={error} />
      <div className="gh-dialog-actions">
        {hasWebhook ? (
          <>
            <Button variant="default" color="red" onClick={() => ask('remove')}>
              Remove
            </Button>
            <Button onClick={() => ask('renew')}>New secret</Button>
          </>
        ) : (
          <Button loading={isBusy} onClick={() => void run()} data-autofocus>
            Make a secret
          </Button>
        )}
      </div>
    </div>
  );
}

function Made({ webhook: { url, secret }, onClose }: { readonly webhook: DocsWebhook; readonly onClose: () => void }): ReactElement {
  return (
    <SecretOnce
      what="secret"
      lines={[
        { title: 'URL', text: url, label: 'webhook URL' },
        { title: 'Secret', text: secret, label: 'webhook secret' },
      ]}
      about="Enter both at the Git host."
      onClose={onClose}
    >
      <ul className="gh-list">
        <li>
          <strong>GitHub, Gitea, Forgejo:</strong> Settings, Webhooks, Add webhook. Content type application/json, the secret as Secret,
          push events only.
        </li>
        <li>
          <strong>GitLab:</strong> Settings, Webhooks. The secret as Secret token, push events only.
        </li>
      </ul>
    </SecretOnce>
  );
}
