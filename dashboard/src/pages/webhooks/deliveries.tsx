import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type ReactElement, useState } from 'react';
import { type Delivery, deliveriesQuery, eventLabel } from '../../api/webhooks.js';
import { Code } from '../../parts/code.js';
import { ErrorNote, Note } from '../../parts/notes.js';
import { Pill, type Tone } from '../../parts/pill.js';
import { BlockSkeleton } from '../../parts/skeletons.js';
import { When } from '../../parts/when.js';

const STATUSES: Readonly<Record<Delivery['status'], readonly [Tone, string]>> = {
  pending: ['warn', 'Waiting'],
  delivered: ['good', 'Delivered'],
  failed: ['bad', 'Given up'],
  dropped: ['quiet', 'Dropped'],
};

/** What a webhook was told lately, and what it is still to be told. */
export function Deliveries({ id, label }: { readonly id: string; readonly label: string }): ReactElement {
  const { data, error, isPending, refetch } = useQuery(deliveriesQuery(id));
  if (isPending) return <BlockSkeleton />;
  return (
    <>
      <ErrorNote error={error} retry={() => void refetch()} />
      {data?.items.length === 0 ? <p className="gh-dim">Nothing yet. Send a test to see whether it works.</p> : null}
      <ul className="gh-list" aria-label={`Deliveries of ${label}`}>
        {data?.items.map((delivery) => (
          <li key={delivery.id}>
            <OneDelivery delivery={delivery} />
          </li>
        ))}
      </ul>
      {data?.nextCursor ? <p className="gh-dim gh-small">The newest {data.items.length}. The admin API lists the rest.</p> : null}
    </>
  );
}

function OneDelivery({ delivery }: { readonly delivery: Delivery }): ReactElement {
  const [isOpen, setOpen] = useState(false);
  const { id, type, status, attempts, createdAt, nextAttemptAt, error, body } = delivery;
  const [tone, word] = STATUSES[status];
  return (
    <div className="gh-stack-tight">
      <div className="gh-row-apart">
        <span>
          <strong>{eventLabel(type)}</strong>{' '}
          <span className="gh-dim gh-small">
            <When at={createdAt} />
          </span>
        </span>
        <span className="gh-row">
          <Pill tone={tone}>{word}</Pill>
          <Button size="compact-xs" variant="subtle" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)} aria-label={`Message ${id}`}>
            Message
          </Button>
        </span>
      </div>
      <p className="gh-dim gh-small">
        {attempts === 1 ? 'One attempt.' : `${attempts} attempts.`} {error ?? ''}{' '}
        {nextAttemptAt === null || attempts === 0 ? null : (
          <>
            Again <When at={nextAttemptAt} />.
          </>
        )}
      </p>
      {isOpen ? <Code label={`Message ${id}`} text={JSON.stringify(body, null, 2)} /> : null}
    </div>
  );
}

/** What came of a test. */
export function TestOutcome({ delivery: { status, responseStatus, error } }: { readonly delivery: Delivery }): ReactElement {
  return status === 'delivered' ? (
    <Note tone="good" role="status" title="It took the message.">
      It answered with status {responseStatus}.
    </Note>
  ) : (
    <Note tone="bad" role="alert" title="It did not take the message.">
      {error} A test is sent once; messages are sent again.
    </Note>
  );
}
