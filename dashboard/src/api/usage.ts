import { queryOptions } from '@tanstack/react-query';
import { api, body, type Schemas } from './client.js';

export type UsageRow = Schemas['UsageRowDto'];

const DAY_MS = 86_400_000;
const DAYS = 30;

export interface UsageOf {
  readonly credential?: string;
  readonly server?: string;
}

/** Counts of the last thirty days, by tool and outcome. */
export const usageQuery = (of: UsageOf) =>
  queryOptions({
    queryKey: ['usage', of],
    queryFn: ({ signal }) =>
      body(
        api.GET('/api/v1/usage', {
          params: {
            query: {
              ...of,
              from: new Date(Date.now() - DAYS * DAY_MS).toISOString(),
              groupBy: 'kind,server,tool,outcome',
              order: 'count',
              limit: 200,
            },
          },
          signal,
        }),
      ),
  });
