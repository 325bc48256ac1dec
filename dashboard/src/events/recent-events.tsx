import { useInfiniteQuery } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import { Link } from 'react-router';
import { type EventFilter, eventsQuery, NO_FILTER } from '../api/events.js';
import { EventList } from './event-list.js';
import { Empty, ErrorNote } from '../parts/notes.js';
import { Section } from '../parts/page.js';
import { RowsSkeleton } from '../parts/skeletons.js';

const SHOWN = 10;

/** The newest events of one thing, and the way to all of them. */
export function RecentEvents({ of, query }: { readonly of: Partial<EventFilter>; readonly query: string }): ReactElement {
  const { data, error, isPending, refetch } = useInfiniteQuery(eventsQuery({ ...NO_FILTER, ...of }, SHOWN));
  const events = data?.pages[0]?.items ?? [];
  return (
    <Section title="Recent events" flush actions={<Link to={`/audit?${query}`}>All of them</Link>}>
      {isPending ? <RowsSkeleton rows={4} /> : null}
      <ErrorNote error={error} retry={() => void refetch()} />
      {data && events.length === 0 ? <Empty icon="audit" title="Nothing has happened yet" /> : null}
      <EventList events={events} />
    </Section>
  );
}
