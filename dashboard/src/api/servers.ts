import { queryOptions, useQuery } from '@tanstack/react-query';
import { api, body, type Schemas, versioned } from './client.js';
import { useMay } from './session.js';

export type Server = Schemas['ServerDto'];
export type Health = Schemas['ServerHealthDto'];
export type ServerScope = Schemas['ServerScopeViewDto'];

const LIMIT = 200;

export const serversQuery = queryOptions({
  queryKey: ['servers'],
  queryFn: ({ signal }) => body(api.GET('/api/v1/servers', { params: { query: { limit: LIMIT } }, signal })),
});

export const readServer = (slug: string, signal?: AbortSignal) =>
  versioned(api.GET('/api/v1/servers/{slug}', { params: { path: { slug } }, ...(signal ? { signal } : {}) }));

export const serverQuery = (slug: string) =>
  queryOptions({
    queryKey: ['servers', slug],
    queryFn: ({ signal }) => readServer(slug, signal),
  });

export type ServerTest = Schemas['ServerTestDto'];
export type ServerTool = Schemas['ListedDto'];

const TESTED_MS = 300_000;

/** Connects to a server and lists what it has. Asked for once in a while: it is a real conversation with a real server. */
export const serverTestQuery = (slug: string) =>
  queryOptions({
    queryKey: ['servers', slug, 'test'],
    queryFn: ({ signal }) => body(api.POST('/api/v1/servers/{slug}/test', { params: { path: { slug } }, body: {}, signal })),
    staleTime: TESTED_MS,
    retry: false,
  });

/** The tools that a server really has; undefined until they are known, or where the role may not ask. */
export function useServerTools(slug: string): readonly ServerTool[] | undefined {
  const mayWrite = useMay('write');
  const { data } = useQuery({ ...serverTestQuery(slug), enabled: mayWrite && slug !== '' });
  return data?.ok === true ? (data.tools?.items ?? []) : undefined;
}

export const KINDS: Readonly<Record<Server['upstream']['kind'], string>> = {
  http: 'HTTP',
  stdio: 'Command',
  docs: 'Documentation',
  group: 'Group',
};

export const ACCESS: Readonly<Record<Server['access'], string>> = {
  authenticated: 'With a token',
  public: 'Public',
  both: 'Token and public',
};
