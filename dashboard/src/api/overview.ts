import { queryOptions } from '@tanstack/react-query';
import { api, body, type Schemas } from './client.js';

export type Overview = Schemas['OverviewDto'];
export type Point = Overview['series'][number];
export type Attention = Schemas['AttentionDto'];

export const WINDOWS = ['24h', '7d', '30d'] as const;
export type Window = (typeof WINDOWS)[number];

const REFRESH_MS = 30_000;

export const overviewQuery = (window: Window) =>
  queryOptions({
    queryKey: ['overview', window],
    queryFn: ({ signal }) => body(api.GET('/api/v1/overview', { params: { query: { window } }, signal })),
    refetchInterval: REFRESH_MS,
    placeholderData: (before) => before,
  });
