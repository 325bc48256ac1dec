import { Autocomplete, Button, Switch, TextInput } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { type ReactElement, useState } from 'react';
import { type EventFilter, eventsQuery } from '../../api/events.js';
import { EventList } from '../../events/event-list.js';
import { Icon } from '../../parts/icon.js';
import { Empty, ErrorNote } from '../../parts/notes.js';
import { Page } from '../../parts/page.js';
import { RowsSkeleton } from '../../parts/skeletons.js';
import { fromLocalField, toLocalField } from '../../parts/times.js';
import { useParams } from '../../parts/use-params.js';
import { ExportButton } from './export-button.js';
import { LiveTail } from './live-tail.js';

const KINDS = [
  'token.*',
  'token.issued',
  'token.refused',
  'call*',
  'call.refused',
  'credential.*',
  'server.*',
  'admin.*',
  'admin_key.*',
  'signing_key.*',
];

export default function AuditPage(): ReactElement {
  const [read, change] = useParams();
  const filter: EventFilter = {
    kind: read('kind'),
    credential: read('credential'),
    server: read('server'),
    actor: read('actor'),
    from: read('from'),
    to: read('to'),
  };
  const isLive = read('live') !== '';
  return (
    <Page
      title="Audit"
      lead="What machines did and what admins changed. No event holds a secret or a token."
      actions={
        <>
          <Switch label="Live" checked={isLive} onChange={(event) => change({ live: event.currentTarget.checked ? '1' : null })} />
          <ExportButton filter={filter} />
        </>
      }
    >
      <Filters filter={filter} isLive={isLive} onChange={change} />
      {isLive ? <LiveTail key={JSON.stringify(filter)} filter={filter} /> : <PastEvents filter={filter} opened={read('event')} />}
    </Page>
  );
}

interface FiltersProps {
  readonly filter: EventFilter;
  readonly isLive: boolean;
  readonly onChange: (change: Record<string, string | null>) => void;
}

/** Applied with Enter or on leaving a field, so that half a word asks nothing of the server. */
function Filters({ filter, isLive, onChange }: FiltersProps): ReactElement {
  const isFiltered = Object.values(filter).some((value) => value !== '');
  return (
    <div className="gh-filters" role="search" aria-label="Filter events">
      <LazyField label="Kind" value={filter.kind} onChange={(kind) => onChange({ kind })} options={KINDS} />
      <LazyField
        label="Credential"
        placeholder="id or client id"
        value={filter.credential}
        onChange={(credential) => onChange({ credential })}
      />
      <LazyField label="Server" placeholder="slug" value={filter.server} onChange={(server) => onChange({ server })} />
      <LazyField label="Admin" placeholder="name" value={filter.actor} onChange={(actor) => onChange({ actor })} />
      {isLive ? null : (
        <div className="gh-filter-times">
          <TimeField label="From" value={filter.from} onChange={(from) => onChange({ from })} />
          <TimeField label="To" value={filter.to} onChange={(to) => onChange({ to })} />
        </div>
      )}
      {isFiltered ? (
        <Button
          variant="subtle"
          onClick={() => onChange({ kind: null, credential: null, server: null, actor: null, from: null, to: null })}
        >
          Clear
        </Button>
      ) : null}
    </div>
  );
}

interface LazyFieldProps {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly placeholder?: string;
  readonly options?: string[];
}

function LazyField({ label, value, onChange, placeholder = 'any', options }: LazyFieldProps): ReactElement {
  const [text, setText] = useState(value);
  const [seen, setSeen] = useState(value);
  if (seen !== value) {
    setSeen(value);
    setText(value);
  }
  const apply = (next = text): void => {
    if (next.trim() !== value) onChange(next.trim());
  };
  const shared = {
    label,
    placeholder,
    value: text,
    onBlur: () => apply(),
    onKeyDown: (event: { key: string }) => (event.key === 'Enter' ? apply() : undefined),
    className: 'gh-filter-field',
    maxLength: 80,
  };
  return options ? (
    <Autocomplete {...shared} data={options} onChange={setText} onOptionSubmit={apply} />
  ) : (
    <TextInput {...shared} onChange={(event) => setText(event.currentTarget.value)} />
  );
}

function TimeField({
  label,
  value,
  onChange,
}: {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
}): ReactElement {
  return (
    <TextInput
      type="datetime-local"
      label={label}
      className="gh-filter-field"
      value={toLocalField(value)}
      onChange={(event) => onChange(fromLocalField(event.currentTarget.value) ?? '')}
    />
  );
}

function PastEvents({ filter, opened }: { readonly filter: EventFilter; readonly opened: string }): ReactElement {
  const { data, error, isPending, refetch, hasNextPage, isFetchingNextPage, fetchNextPage } = useInfiniteQuery(eventsQuery(filter));
  const events = data?.pages.flatMap(({ items }) => items) ?? [];
  if (isPending)
    return (
      <div className="gh-card gh-table-card">
        <RowsSkeleton rows={10} />
      </div>
    );
  if (events.length === 0 && error) return <ErrorNote error={error} retry={() => void refetch()} />;
  return (
    <div className="gh-card gh-table-card">
      {events.length === 0 ? (
        <Empty icon="audit" title="Nothing fits">
          Take a filter away, or look at another time.
        </Empty>
      ) : (
        <EventList events={events} opened={opened} />
      )}
      {hasNextPage ? (
        <div className="gh-more">
          <Button
            variant="default"
            size="xs"
            loading={isFetchingNextPage}
            onClick={() => void fetchNextPage()}
            leftSection={<Icon name="down" size={14} />}
          >
            Older
          </Button>
        </div>
      ) : null}
    </div>
  );
}
