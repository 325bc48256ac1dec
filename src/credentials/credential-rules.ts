import { ProblemError } from '../protocol/problem.js';
import type { ServerState } from '../servers/server-state.js';
import type { CredentialSettings } from './credential-settings.js';

interface FindServer {
  find(slug: string): Pick<ServerState, 'scopes'> | undefined;
}

/** @throws {ProblemError} unless every server exists and every scope is one of a server in the list. */
export function checkGrant(directory: FindServer, servers: readonly string[], scopes: readonly string[] | null): void {
  const found = servers.map((slug) => ({ slug, server: directory.find(slug) }));
  const unknown = found.filter(({ server }) => !server).map(({ slug }) => slug);
  if (unknown.length > 0) throw invalid('servers', `There is no server ${unknown.join(', ')}.`);
  const known = new Set(found.flatMap(({ server }) => server?.scopes.map(({ name }) => name) ?? []));
  const strange = (scopes ?? []).filter((scope) => !known.has(scope));
  if (strange.length > 0)
    throw invalid('scopes', `None of its servers has the scope ${strange.join(', ')}. Known: ${[...known].join(', ')}.`);
}

/** @throws {ProblemError} where a credential is narrowed on a server that it may not reach: a slip, or a limit that is thought to be there. */
export function checkPermissions(servers: readonly string[], permissions: CredentialSettings['permissions']): void {
  const strange = Object.keys(permissions ?? {}).filter((slug) => !servers.includes(slug));
  if (strange.length > 0) {
    throw invalid(
      'permissions',
      `They name ${strange.join(', ')}, which is not among its servers. Send the permissions together with the servers.`,
    );
  }
}

/**
 * The expiry in milliseconds since the Unix epoch.
 * @throws {ProblemError} when it has passed already.
 */
export function checkExpiry(expiresAt: string | null, now: number): number | null {
  if (expiresAt === null) return null;
  const time = Date.parse(expiresAt);
  if (!Number.isFinite(time) || time <= now) throw invalid('expiresAt', 'It must be a date and time in the future, in ISO 8601.');
  return time;
}

const invalid = (field: string, message: string): ProblemError =>
  new ProblemError('validation_failed', message, { errors: [{ field, message }] });
