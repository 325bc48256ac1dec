import { queryOptions } from '@tanstack/react-query';
import { api, body } from './client.js';

/** What this installation is set to; it changes with a restart only. */
export const settingsQuery = queryOptions({
  queryKey: ['settings'],
  queryFn: ({ signal }) => body(api.GET('/api/v1/settings', { signal })),
});
