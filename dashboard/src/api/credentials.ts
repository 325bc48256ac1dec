import { infiniteQueryOptions, queryOptions, useQuery } from '@tanstack/react-query';
import { api, body, type Schemas, versioned } from './client.js';
import type { paths } from './schema.js';

export type Credential = Schemas['CredentialDto'];
export type NewCredential = Schemas['CredentialWithSecretDto'];
export type CredentialStatus = Credential['status'];
export type AuthMethod = Credential['authMethod'];

const PAGE = 100;

/** What credentials are looked for by, and their order; what is empty does not matter. */
export interface CredentialFilter {
  readonly search?: string;
  readonly status?: CredentialStatus | undefined;
  readonly server?: string;
  readonly sort?: CredentialSort | undefined;
}

export type CredentialSort = NonNullable<NonNullable<paths['/api/v1/credentials']['get']['parameters']['query']>['sort']>;

export const credentialsQuery = ({ search = '', status, server = '', sort }: CredentialFilter) =>
  infiniteQueryOptions({
    queryKey: ['credentials', 'list', search, status ?? '', server, sort ?? ''],
    queryFn: ({ pageParam, signal }) =>
      body(
        api.GET('/api/v1/credentials', {
          params: {
            query: {
              limit: PAGE,
              ...(search ? { search } : {}),
              ...(status ? { status } : {}),
              ...(server ? { server } : {}),
              ...(sort ? { sort } : {}),
              ...(pageParam ? { cursor: pageParam } : {}),
            },
          },
          signal,
        }),
      ),
    initialPageParam: '',
    getNextPageParam: ({ nextCursor }) => nextCursor,
    placeholderData: (before) => before,
  });

export const credentialQuery = (id: string) =>
  queryOptions({
    queryKey: ['credentials', 'one', id],
    queryFn: ({ signal }) => versioned(api.GET('/api/v1/credentials/{id}', { params: { path: { id } }, signal })),
  });

export const METHODS: Readonly<Record<AuthMethod, { readonly label: string; readonly about: string }>> = {
  client_secret: { label: 'Client secret', about: 'A secret, shown once. Works everywhere.' },
  private_key_jwt: { label: 'Private key', about: 'It signs with a key that never leaves it; you register the public half.' },
  workload_identity: {
    label: 'Workload identity',
    about: 'Tokens of a platform that it runs on, such as GitHub Actions or Kubernetes. No secret to keep.',
  },
  tls_client_auth: { label: 'Client certificate', about: 'A certificate from an authority that your proxy trusts.' },
  self_signed_tls_client_auth: { label: 'Self-signed certificate', about: 'A certificate of its own; you register its key.' },
};

const NAMED = 200;
const NAMED_MS = 60_000;
const NO_LABELS: ReadonlyMap<string, string> = new Map();

/** Labels by id, of the newest credentials: enough to read a list of events by; others are shown by their client id. */
export function useCredentialLabels(): ReadonlyMap<string, string> {
  const { data } = useQuery({
    queryKey: ['credentials', 'labels'],
    queryFn: ({ signal }) => body(api.GET('/api/v1/credentials', { params: { query: { limit: NAMED } }, signal })),
    select: labelsOf,
    staleTime: NAMED_MS,
  });
  return data ?? NO_LABELS;
}

const labelsOf = ({ items }: Schemas['CredentialPageDto']): ReadonlyMap<string, string> =>
  new Map(items.map(({ id, label }) => [id, label]));
