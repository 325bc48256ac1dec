import { Button, Select } from '@mantine/core';
import { type ReactElement, useState } from 'react';
import { api, body } from '../../api/client.js';
import { type NewWebhook, type Webhook, webhooksQuery } from '../../api/webhooks.js';
import { ErrorNote } from '../../parts/notes.js';
import { SecretModal, SecretOnce } from '../../parts/secret-once.js';
import { useAct } from '../../parts/use-act.js';

/** What a webhook signs with, this once. */
export function WebhookSecret({
  webhook: { secret },
  onClose,
}: {
  readonly webhook: NewWebhook;
  readonly onClose: () => void;
}): ReactElement {
  return (
    <SecretOnce
      what="secret"
      lines={[{ title: 'Signing secret', text: secret, label: 'signing secret' }]}
      about="With it the receiver tells our messages from others: give it to a Standard Webhooks library as it is."
      onClose={onClose}
    />
  );
}

const OVERLAPS = [
  { value: '86400', label: 'a day' },
  { value: '604800', label: 'a week' },
  { value: '0', label: 'not at all' },
];

/** Replaces the secret; for a while messages are signed with both. */
export function RotateWebhook({
  webhook: { id, label },
  onClose,
}: {
  readonly webhook: Webhook;
  readonly onClose: () => void;
}): ReactElement {
  const [overlap, setOverlap] = useState('86400');
  const [made, setMade] = useState<NewWebhook>();
  const rotate = useAct(
    () => body(api.POST('/api/v1/webhooks/{id}/rotate', { params: { path: { id } }, body: { overlapSeconds: Number(overlap) } })),
    webhooksQuery.queryKey,
  );
  return (
    <SecretModal title={`A new secret for ${label}`} isShown={made !== undefined} onClose={onClose}>
      {made ? (
        <WebhookSecret webhook={made} onClose={onClose} />
      ) : (
        <div className="gh-stack">
          <Select
            label="Sign with the old secret too for"
            description="So long its receiver has to take the new one."
            data={OVERLAPS}
            value={overlap}
            allowDeselect={false}
            onChange={(value) => setOverlap(value ?? overlap)}
          />
          <ErrorNote error={rotate.error} />
          <div className="gh-dialog-actions">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button loading={rotate.isBusy} onClick={() => void rotate.run().then(setMade)}>
              Make a new secret
            </Button>
          </div>
        </div>
      )}
    </SecretModal>
  );
}
