import type { EntityManager } from 'typeorm';
import { Credential } from './credential.entity.js';

/**
 * The credential, which nobody else changes until the transaction ends; null where there is none. To be called first: on SQLite, where
 * another process may hold the file, a transaction that has read already could not wait for it (SQLITE_BUSY_SNAPSHOT).
 */
export async function lockCredential(manager: EntityManager, id: string): Promise<Credential | null> {
  const isSqlite = manager.dataSource.options.type === 'better-sqlite3';
  if (!isSqlite) return manager.findOne(Credential, { where: { id }, lock: { mode: 'pessimistic_write' } });
  // There is no row lock: writing, be it nothing new, takes the one lock that there is.
  await manager.query('UPDATE credentials SET id = id WHERE id = ?', [id]);
  return manager.findOneBy(Credential, { id });
}

/**
 * Whether tokens issued at `iat` (seconds since the Unix epoch) are still good for the credential: it was not disabled, nor were its
 * tokens ended, while they were made. Holds until the transaction ends.
 */
export async function lockForTokens(manager: EntityManager, credentialId: string, iat: number): Promise<boolean> {
  const credential = await lockCredential(manager, credentialId);
  return credential !== null && credential.isEnabled && iat * 1000 >= (credential.tokensNotBefore ?? 0);
}
