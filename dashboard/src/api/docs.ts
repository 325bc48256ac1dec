import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { api, body, type Schemas } from './client.js';
import { ApiProblem } from './problem.js';

export type DocsStatus = Schemas['DocsStatusDto'];
export type DocsPage = Schemas['DocsPageDto'];
export type DocsFeedback = Schemas['DocsFeedbackDto'];
export type DocsWebhook = Schemas['DocsWebhookDto'];

const BUSY_MS = 2000;
const REST_MS = 20_000;
const OPENING_TRIES = 4;
const OPENING_MS = 700;
const PAGES = 50;
const REPORTS = 20;

export const docsQuery = (slug: string) =>
  queryOptions({
    queryKey: ['servers', slug, 'docs'],
    queryFn: ({ signal }) => body(api.GET('/api/v1/servers/{slug}/docs', { params: { path: { slug } }, signal })),
    // One that was added a moment ago is not open yet.
    retry: (count, error) => error instanceof ApiProblem && error.status === 404 && count < OPENING_TRIES,
    retryDelay: OPENING_MS,
    refetchInterval: ({ state }) => (state.data?.isIndexing ? BUSY_MS : REST_MS),
  });

/** What pages are looked for by; empty means any. */
export interface DocsPageFilter {
  readonly search: string;
  readonly visibility: string;
  readonly version: string;
  readonly language: string;
}

const isVisibility = (text: string): text is DocsPage['visibility'] => ['public', 'authenticated', 'groups'].includes(text);

export const docsPagesQuery = (slug: string, filter: DocsPageFilter) =>
  infiniteQueryOptions({
    queryKey: ['servers', slug, 'docs', 'pages', filter],
    queryFn: ({ pageParam, signal }) => {
      const { search, visibility, version, language } = filter;
      const query = {
        limit: PAGES,
        ...(search ? { search } : {}),
        ...(isVisibility(visibility) ? { visibility } : {}),
        ...(version ? { version } : {}),
        ...(language ? { language } : {}),
        ...(pageParam ? { cursor: pageParam } : {}),
      };
      return body(api.GET('/api/v1/servers/{slug}/docs/pages', { params: { path: { slug }, query }, signal }));
    },
    initialPageParam: '',
    getNextPageParam: ({ nextCursor }) => nextCursor,
    placeholderData: (before) => before,
  });

export const docsFeedbackQuery = (slug: string) =>
  infiniteQueryOptions({
    queryKey: ['servers', slug, 'docs', 'feedback'],
    queryFn: ({ pageParam, signal }) => {
      const query = { limit: REPORTS, ...(pageParam ? { cursor: pageParam } : {}) };
      return body(api.GET('/api/v1/servers/{slug}/docs/feedback', { params: { path: { slug }, query }, signal }));
    },
    initialPageParam: '',
    getNextPageParam: ({ nextCursor }) => nextCursor,
  });
