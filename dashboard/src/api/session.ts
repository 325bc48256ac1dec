import { queryOptions, useQuery, useQueryClient } from '@tanstack/react-query';
import { api, body, type Schemas } from './client.js';
import { ApiProblem } from './problem.js';

export type Session = Schemas['WhoAmIDto'];
export type Role = Session['role'];

export const sessionQuery = queryOptions({
  queryKey: ['session'],
  queryFn: async ({ signal }): Promise<Session | null> => {
    try {
      return await body(api.GET('/api/v1/session', { signal }));
    } catch (error) {
      if (error instanceof ApiProblem && error.status === 401) return null;
      throw error;
    }
  },
  staleTime: 60_000,
});

/** Who is signed in. Only for pages behind the sign-in, where there is somebody. */
export function useMe(): Session {
  const { data } = useQuery(sessionQuery);
  if (!data) throw new Error('Nobody is signed in');
  return data;
}

export type Right = 'write' | 'own';

/** Whether the role allows it. The server decides; this only keeps pages from offering what it would refuse. */
export function useMay(right: Right): boolean {
  const { role } = useMe();
  return role === 'owner' || (right === 'write' && role === 'operator');
}

/** Says that nobody is signed in any more; the page changes to the sign-in and keeps its address. */
export function useForgetSession(): () => void {
  const client = useQueryClient();
  return () => {
    client.setQueryData(sessionQuery.queryKey, null);
    client.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== 'session' });
  };
}
