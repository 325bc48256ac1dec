import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type ReactElement, useState } from 'react';
import { useSearchParams } from 'react-router';
import { api } from '../../api/client.js';
import { useMay } from '../../api/session.js';
import { eventLabel, testWebhook, type Webhook, webhooksQuery } from '../../api/webhooks.js';
import { Confirm } from '../../parts/confirm.js';
import { Disclosure } from '../../parts/disclosure.js';
import { NewButton } from '../../parts/new-button.js';
import { Empty, ErrorNote } from '../../parts/notes.js';
import { Page, Section } from '../../parts/page.js';
import { Pill, Tags } from '../../parts/pill.js';
import { BlockSkeleton } from '../../parts/skeletons.js';
import { toast } from '../../parts/toast.js';
import { useAct, useRefresh } from '../../parts/use-act.js';
import { useParams } from '../../parts/use-params.js';
import { When } from '../../parts/when.js';
import { Deliveries, TestOutcome } from './deliveries.js';
import { EditWebhook, NewWebhookDialog } from './webhook-dialog.js';
import { RotateWebhook } from './webhook-secret.js';

/** Who is told of what happens here. */
export default function WebhooksPage(): ReactElement {
  const { data, error, isPending, refetch } = useQuery(webhooksQuery);
  const [read, change] = useParams();
  const [params] = useSearchParams();
  const mayWrite = useMay('write');
  const edited = data?.items.find(({ id }) => id === read('edit'));
  return (
    <Page
      title="Webhooks"
      lead="Other systems that are told when somebody should know: signed, and again until they take it."
      actions={mayWrite ? <NewButton>New webhook</NewButton> : undefined}
    >
      {isPending ? <BlockSkeleton height={200} /> : null}
      <ErrorNote error={error} retry={() => void refetch()} />
      {data?.items.length === 0 ? (
        <Empty icon="link" title="No webhooks">
          Have your chat, pager or ticket system told of credentials that end, leaked secrets and servers that are down.
        </Empty>
      ) : null}
      {data?.items.map((webhook) => (
        <WebhookSection key={webhook.id} webhook={webhook} mayWrite={mayWrite} onEdit={() => change({ edit: webhook.id })} />
      ))}
      {mayWrite && params.has('new') ? <NewWebhookDialog onClose={() => change({ new: null })} /> : null}
      {mayWrite && edited ? <EditWebhook id={edited.id} label={edited.label} onClose={() => change({ edit: null })} /> : null}
    </Page>
  );
}

type Asked = 'rotate' | 'delete' | null;

interface WebhookProps {
  readonly webhook: Webhook;
  readonly mayWrite: boolean;
  readonly onEdit: () => void;
}

function WebhookSection({ webhook, mayWrite, onEdit }: WebhookProps): ReactElement {
  const { id, label, url, events, enabled, previousSecretEndsAt } = webhook;
  const [asked, setAsked] = useState<Asked>(null);
  const test = useAct(testWebhook, ['webhooks', id, 'deliveries']);
  const [outcome, setOutcome] = useState<Awaited<ReturnType<typeof testWebhook>>>();
  const send = async (): Promise<void> => setOutcome(await test.run(id));
  return (
    <Section
      title={label}
      actions={
        mayWrite ? (
          <div className="gh-row gh-wrap">
            <Button size="xs" variant="default" loading={test.isBusy} onClick={() => void send()} aria-label={`Send a test to ${label}`}>
              Send a test
            </Button>
            <Button size="xs" variant="default" onClick={onEdit} aria-label={`Edit ${label}`}>
              Edit
            </Button>
            <Button size="xs" variant="default" onClick={() => setAsked('rotate')} aria-label={`New secret for ${label}`}>
              New secret
            </Button>
            <Button size="xs" variant="subtle" color="red" onClick={() => setAsked('delete')} aria-label={`Delete ${label}`}>
              Delete
            </Button>
          </div>
        ) : undefined
      }
    >
      <div className="gh-stack">
        <div className="gh-stack-tight">
          <div className="gh-row gh-wrap">
            <Pill tone={enabled ? 'good' : 'quiet'}>{enabled ? 'Enabled' : 'Disabled'}</Pill>
            <code className="gh-break">{url}</code>
          </div>
          <Tags values={events?.map(eventLabel) ?? ['Everything']} />
          {previousSecretEndsAt === null ? null : (
            <p className="gh-dim gh-small">
              Messages are signed with the old secret too, which ends <When at={previousSecretEndsAt} />.
            </p>
          )}
        </div>
        <ErrorNote error={test.error} />
        {outcome ? <TestOutcome delivery={outcome} /> : null}
        <Disclosure label={`Deliveries of ${label}`} isUsed={false}>
          <Deliveries id={id} label={label} />
        </Disclosure>
      </div>
      {asked === 'rotate' ? <RotateWebhook webhook={webhook} onClose={() => setAsked(null)} /> : null}
      {asked === 'delete' ? <DeleteWebhook webhook={webhook} onClose={() => setAsked(null)} /> : null}
    </Section>
  );
}

function DeleteWebhook({ webhook: { id, label }, onClose }: { readonly webhook: Webhook; readonly onClose: () => void }): ReactElement {
  const refresh = useRefresh();
  const remove = async (): Promise<void> => {
    await api.DELETE('/api/v1/webhooks/{id}', { params: { path: { id } } });
    refresh(webhooksQuery.queryKey);
    toast.done(`“${label}” is told nothing any more.`);
  };
  return (
    <Confirm title="Delete this webhook?" act="Delete webhook" onClose={onClose} onConfirm={remove} typed={label}>
      What it was still to be told is not sent, and its deliveries are forgotten. To stop it for a while, disable it instead.
    </Confirm>
  );
}
