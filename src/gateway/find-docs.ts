import type { DocsServers, OpenDocs } from '../docs-server/docs-servers.service.js';
import { ProblemError } from '../protocol/problem.js';
import type { ServerDirectory } from '../servers/server-directory.service.js';
import type { ServerState } from '../servers/server-state.js';

export interface FoundDocs {
  readonly server: ServerState;
  readonly open: OpenDocs;
}

/**
 * The documentation server with this slug.
 * @throws {ProblemError} `not_found`.
 */
export function findDocs(slug: string, servers: Pick<ServerDirectory, 'find'>, docs: Pick<DocsServers, 'find'>): FoundDocs {
  const server = servers.find(slug);
  const open = server && docs.find(server.id);
  if (!open) throw new ProblemError('not_found', 'There is no documentation server with this slug.');
  return { server, open };
}
