import type { EntityManager } from 'typeorm';
import { Server } from './server.entity.js';

/**
 * All servers, which nobody else changes until the transaction ends: which one is the default, who is a member of whom and which
 * slugs are taken are questions about all of them. To be called first, as `lockCredential` is.
 */
export async function lockServers(manager: EntityManager): Promise<Server[]> {
  const isSqlite = manager.dataSource.options.type === 'better-sqlite3';
  const order = { id: 'ASC' } as const;
  if (!isSqlite) return manager.find(Server, { order, lock: { mode: 'pessimistic_write' } });
  // There is no row lock: writing, be it nothing new, takes the one lock that there is.
  await manager.query('UPDATE servers SET id = id WHERE id = ?', ['']);
  return manager.find(Server, { order });
}
