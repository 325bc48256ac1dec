import { Permissions } from './permissions.js';
import type { ServerScope } from './server.entity.js';

/**
 * The scopes that a credential can be granted on a server, in the server's order: those of its ceiling, or the defaults where it
 * has none, and every scope that allows no more than one of these (a broader scope satisfies a narrower need, R-BRR-07).
 */
export function grantableScopes(serverScopes: readonly ServerScope[], ceiling: readonly string[] | null): string[] {
  const held = serverScopes.filter((scope) => (ceiling ? ceiling.includes(scope.name) : scope.default));
  return serverScopes.filter((scope) => held.some((broad) => includesScope(broad, scope))).map((scope) => scope.name);
}

/** What a credential is granted where it asks for nothing: what its ceiling names, or the defaults. */
export function impliedScopes(serverScopes: readonly ServerScope[], ceiling: readonly string[] | null): string[] {
  return serverScopes.filter((scope) => (ceiling ? ceiling.includes(scope.name) : scope.default)).map((scope) => scope.name);
}

/** Whether `broad` allows all that `narrow` allows. A scope without permissions stands for itself only. */
export function includesScope(broad: ServerScope, narrow: ServerScope): boolean {
  if (broad.name === narrow.name) return true;
  return narrow.permissions.length > 0 && permissionsOf(broad).includeAll(permissionsOf(narrow));
}

const compiled = new WeakMap<ServerScope, Permissions>();

/** A scope's permissions, compiled once. */
export function permissionsOf(scope: ServerScope): Permissions {
  const known = compiled.get(scope);
  if (known) return known;
  const permissions = new Permissions(scope.permissions);
  compiled.set(scope, permissions);
  return permissions;
}
