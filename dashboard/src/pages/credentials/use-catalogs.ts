import { useQueries, type UseQueryResult } from '@tanstack/react-query';
import type { Offer } from '../../access/tool-choice.js';
import { type Server, type ServerTest, serverTestQuery, type ServerTool } from '../../api/servers.js';

/** What a server really has, as far as it is known. */
export interface Catalog {
  readonly server: Server;
  readonly offer: Offer;
  /** Undefined until they are known. */
  readonly tools: readonly ServerTool[] | undefined;
  readonly isCut: boolean;
  readonly resources: number;
  readonly prompts: number;
  readonly isPending: boolean;
  /** No answer about the server. */
  readonly error: unknown;
  /** What the server itself had against it. */
  readonly problem: string | undefined;
  readonly retry: () => void;
}

/** Asks the chosen servers for what they have, all at a time. */
export function useCatalogs(servers: readonly Server[]): readonly Catalog[] {
  return useQueries({
    queries: servers.map(({ slug }) => serverTestQuery(slug)),
    combine: (results) => servers.flatMap((server, index) => toCatalog(server, results[index]) ?? []),
  });
}

type Result = Pick<UseQueryResult<ServerTest>, 'data' | 'isFetching' | 'error' | 'refetch'>;

function toCatalog(server: Server, result: Result | undefined): Catalog | undefined {
  if (!result) return undefined;
  const { data, isFetching, error, refetch } = result;
  const { slug, scopes } = server;
  const found = data?.ok === true ? foundBy(data) : NOTHING_FOUND;
  return {
    server,
    ...found,
    offer: { slug, scopes, tools: found.tools?.map(({ name }) => name) },
    isPending: !data && isFetching,
    error: isFetching ? null : error,
    problem: isFetching ? undefined : problemOf(data),
    retry: () => void refetch(),
  };
}

type Found = Pick<Catalog, 'tools' | 'isCut' | 'resources' | 'prompts'>;
const NOTHING_FOUND: Found = { tools: undefined, isCut: false, resources: 0, prompts: 0 };

const foundBy = ({ tools, resources, resourceTemplates, prompts }: ServerTest): Found => ({
  tools: tools?.items ?? [],
  isCut: tools?.isCut ?? false,
  resources: countOf(resources) + countOf(resourceTemplates),
  prompts: countOf(prompts),
});

const countOf = (listing: ServerTest['tools']): number => listing?.count ?? 0;
const problemOf = (data: ServerTest | undefined): string | undefined =>
  data?.ok === false ? (data.problems[0]?.message ?? 'It did not answer.') : undefined;
