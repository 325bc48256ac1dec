import { queryOptions } from '@tanstack/react-query';
import { api, body, type Schemas, versioned } from './client.js';

export type Admin = Schemas['AdminDto'];
export type AdminKey = Schemas['AdminKeyDto'];

const LIMIT = 200;

export const adminsQuery = queryOptions({
  queryKey: ['admins'],
  queryFn: ({ signal }) => body(api.GET('/api/v1/admins', { params: { query: { limit: LIMIT } }, signal })),
});

export const adminKeysQuery = queryOptions({
  queryKey: ['admin-keys'],
  queryFn: ({ signal }) => body(api.GET('/api/v1/admin-keys', { params: { query: { limit: LIMIT } }, signal })),
});

export const readAdmin = (id: string) => versioned(api.GET('/api/v1/admins/{id}', { params: { path: { id } } }));

export const ROLES: readonly { readonly value: Admin['role']; readonly label: string; readonly about: string }[] = [
  { value: 'viewer', label: 'Viewer', about: 'Sees everything, changes nothing.' },
  { value: 'operator', label: 'Operator', about: 'Makes and changes credentials, servers and webhooks.' },
  { value: 'owner', label: 'Owner', about: 'Everything; also admins, keys and signing keys.' },
];
