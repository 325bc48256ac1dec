import { Collapse, UnstyledButton } from '@mantine/core';
import { type ReactElement, useId, useState } from 'react';
import { Link } from 'react-router';
import type { AuditEvent } from '../api/events.js';
import { useCredentialLabels } from '../api/credentials.js';
import { Icon } from '../parts/icon.js';
import { Facts } from '../parts/page.js';
import { Pill } from '../parts/pill.js';
import { formatInstant } from '../parts/times.js';
import { When } from '../parts/when.js';
import { sentenceOf, toneOf, whoOf } from './event-text.js';

/** Events, newest first; each opens to all that is known of it. */
export function EventList({ events, opened }: { readonly events: readonly AuditEvent[]; readonly opened?: string }): ReactElement {
  const labels = useCredentialLabels();
  return (
    <ul className="gh-events" aria-label="Events">
      {events.map((event) => (
        <EventRow key={event.id} event={event} labels={labels} isOpenAtFirst={event.id === opened} />
      ))}
    </ul>
  );
}

interface RowProps {
  readonly event: AuditEvent;
  readonly labels: ReadonlyMap<string, string>;
  readonly isOpenAtFirst: boolean;
}

function EventRow({ event, labels, isOpenAtFirst }: RowProps): ReactElement {
  const [isOpen, setOpen] = useState(isOpenAtFirst);
  const id = useId();
  return (
    <li>
      <UnstyledButton className="gh-event" aria-expanded={isOpen} aria-controls={id} onClick={() => setOpen(!isOpen)}>
        <Pill tone={toneOf(event)}>{event.kind}</Pill>
        <span className="gh-event-text gh-break">{sentenceOf(event)}</span>
        <span className="gh-event-who gh-dim gh-small gh-clip">{whoOf(event, labels)}</span>
        <span className="gh-event-when gh-dim gh-small">
          <When at={event.at} />
        </span>
        <Icon name={isOpen ? 'down' : 'right'} size={15} />
      </UnstyledButton>
      <Collapse expanded={isOpen} id={id}>
        {isOpen ? <Details event={event} /> : null}
      </Collapse>
    </li>
  );
}

function Details({ event }: { readonly event: AuditEvent }): ReactElement {
  const { id, at, credentialId, clientId, server, actor, address, detail } = event;
  const facts: (readonly [string, ReactElement | string])[] = [
    ['When', formatInstant(at)],
    ...(actor === null ? [] : [['Admin', actor] as const]),
    ...(credentialId === null
      ? []
      : [
          [
            'Credential',
            <Link key="c" to={`/credentials/${credentialId}`}>
              {clientId ?? credentialId}
            </Link>,
          ] as const,
        ]),
    ...(credentialId === null && clientId !== null ? [['Client id', clientId] as const] : []),
    ...(server === null
      ? []
      : [
          [
            'Server',
            <Link key="s" to={`/servers/${server}`}>
              {server}
            </Link>,
          ] as const,
        ]),
    ...(address === null ? [] : [['Address', address] as const]),
    ['Event', <code key="i">{id}</code>],
  ];
  return (
    <div className="gh-event-details">
      <Facts facts={facts} />
      {Object.keys(detail).length === 0 ? null : (
        <pre className="gh-event-json" tabIndex={0} role="region" aria-label="Detail">
          <code>{JSON.stringify(detail, null, 2)}</code>
        </pre>
      )}
    </div>
  );
}
