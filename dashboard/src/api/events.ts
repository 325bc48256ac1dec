import { infiniteQueryOptions } from '@tanstack/react-query';
import { api, body, type Schemas } from './client.js';

export type AuditEvent = Schemas['EventDto'];

/** What events are looked for by; empty means any. */
export interface EventFilter {
  readonly kind: string;
  readonly credential: string;
  readonly server: string;
  readonly actor: string;
  readonly from: string;
  readonly to: string;
}

export const NO_FILTER: EventFilter = { kind: '', credential: '', server: '', actor: '', from: '', to: '' };

export const toQuery = (filter: EventFilter): Partial<EventFilter> =>
  Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== ''));

export const eventsQuery = (filter: EventFilter, limit = 50) =>
  infiniteQueryOptions({
    queryKey: ['events', filter, limit],
    queryFn: ({ pageParam, signal }) =>
      body(
        api.GET('/api/v1/events', {
          params: { query: { ...toQuery(filter), limit, ...(pageParam ? { cursor: pageParam } : {}) } },
          signal,
        }),
      ),
    initialPageParam: '',
    getNextPageParam: ({ nextCursor }) => nextCursor,
    placeholderData: (before) => before,
  });
