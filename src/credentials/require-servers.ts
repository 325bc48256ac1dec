import type { EntityManager } from 'typeorm';
import { ProblemError } from '../protocol/problem.js';
import { Server } from '../servers/server.entity.js';

/**
 * Makes sure that servers exist and will until the transaction ends. To be called after the credential that names them was written:
 * whoever deletes a server takes its row first and then looks who names it, so that one of the two sees the other.
 * @throws {ProblemError} `validation_failed`.
 */
export async function requireServers(manager: EntityManager, slugs: readonly string[]): Promise<void> {
  const isSqlite = manager.dataSource.options.type === 'better-sqlite3';
  const lock = isSqlite ? {} : { lock: { mode: 'pessimistic_read' } as const };
  if (slugs.length === 0) return;
  const found = new Set((await manager.find(Server, { where: slugs.map((slug) => ({ slug })), ...lock })).map(({ slug }) => slug));
  const gone = slugs.filter((slug) => !found.has(slug));
  if (gone.length === 0) return;
  const message = `There is no server ${gone.join(', ')}.`;
  throw new ProblemError('validation_failed', message, { errors: [{ field: 'servers', message }] });
}
