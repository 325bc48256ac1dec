import { queryOptions } from '@tanstack/react-query';
import { api, body, type Schemas } from './client.js';

export type ServerAccess = Schemas['ServerAccessDto'];
export type Simulation = Schemas['SimulationDto'];
export type Suggestion = Schemas['SuggestionDto'];

/** What a credential would be able to list and call, as the server decides it. */
export const accessQuery = (id: string) =>
  queryOptions({
    queryKey: ['credentials', 'access', id],
    queryFn: ({ signal }) => body(api.GET('/api/v1/credentials/{id}/access', { params: { path: { id } }, signal })),
    staleTime: 60_000,
  });

export const suggestionQuery = (id: string) =>
  queryOptions({
    queryKey: ['credentials', 'suggestion', id],
    queryFn: ({ signal }) => body(api.GET('/api/v1/credentials/{id}/suggestion', { params: { path: { id } }, signal })),
    staleTime: 60_000,
  });

export const simulate = (id: string, question: Schemas['SimulateDto']): Promise<Simulation> =>
  body(api.POST('/api/v1/credentials/{id}/simulate', { params: { path: { id } }, body: question }));
