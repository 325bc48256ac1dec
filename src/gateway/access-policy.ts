import type { Operation } from '../protocol/exchange.js';
import type { Permission } from '../servers/permission.js';
import type { Permissions, UnmetCondition } from '../servers/permissions.js';
import { includesScope, permissionsOf } from '../servers/scopes.js';
import type { ServerScope } from '../servers/server.entity.js';

/** What the policy knows of a server. */
export interface ScopedServer {
  readonly scopes: readonly ServerScope[];
}

/** What a caller holds of a server's scopes. */
export interface Grant {
  readonly server: ScopedServer;
  /** The scopes of its token. */
  readonly scopes: readonly string[];
  /** The scopes that its credential could be granted. */
  readonly ceiling: readonly string[];
  /** Permissions of the credentials themselves on this server: whatever the scopes give, each of them must cover it too. */
  readonly narrowing?: readonly Permissions[];
}

/** A permission that would cover an operation, were its arguments others: of a scope, or (null) of the credential itself. */
export interface Unmet extends UnmetCondition {
  readonly scope: string | null;
}

/**
 * Allowed; or refused, naming the scopes to ask for; or refused for its arguments, where a permission has conditions on them; or
 * hidden, because no scope within reach would do: then its target looks like one that does not exist (R-GWC-13).
 */
export type Decision = 'allowed' | 'hidden' | { readonly missing: readonly string[] } | { readonly unmet: readonly Unmet[] };

/** Which scope covers an operation, and by which of its permissions. */
export interface Cover {
  readonly scope: string;
  readonly permission: Permission;
}

const TARGETED: ReadonlySet<string> = new Set(['tools/call', 'prompts/get', 'resources/read']);
const LISTS: ReadonlySet<string> = new Set(['tools/list', 'prompts/list', 'resources/list', 'resources/templates/list']);

/** Whether an operation is one to record: it runs or reads something of the server's. */
export const isCall = (operation: Operation): boolean => TARGETED.has(operation.method);

/** Whether scopes decide over an operation; the others need a valid token only (R-GWC-12). */
export const isScoped = ({ method }: Operation): boolean => TARGETED.has(method) || LISTS.has(method);

/** May the holder of a grant do this? The one function for lists, templates, calls, and what is said of them to an admin. */
export function decide(operation: Operation, grant: Grant): Decision {
  if (isAllowed(operation, grant)) return 'allowed';
  // No scope would do where the credential itself is kept from it.
  if (!isWithin({ ...operation, arguments: undefined }, grant)) return 'hidden';
  const reachable = grant.server.scopes.filter((scope) => grant.ceiling.includes(scope.name) && covers(scope, operation));
  // Any one does for a call: the narrowest. A list is as long as its scopes are many.
  const sufficient = reachable.find((scope) => reachable.every((other) => !isBroader(scope, other)));
  if (sufficient && !isCovered(operation, grant)) {
    return { missing: isCall(operation) ? [sufficient.name] : reachable.map((scope) => scope.name) };
  }
  const unmet = findUnmet(operation, grant);
  return unmet.length > 0 ? { unmet } : 'hidden';
}

/** The one rule for listing and for calling: a granted scope covers it, whichever that is (R-BRR-07). */
export function isAllowed(operation: Operation, grant: Grant): boolean {
  if (!isScoped(operation)) return true;
  return isCovered(operation, grant) && isWithin(operation, grant);
}

/** Whether a granted scope covers an operation. */
const isCovered = (operation: Operation, grant: Grant): boolean =>
  grant.server.scopes.some((scope) => grant.scopes.includes(scope.name) && covers(scope, operation));

/** Whether nothing of what narrows the credentials themselves stands against an operation. Lists are filtered instead. */
export const isWithin = (operation: Operation, { narrowing }: Pick<Grant, 'narrowing'>): boolean =>
  narrowing === undefined || LISTS.has(operation.method) || narrowing.every((permissions) => permissions.cover(operation));

/** What of some scopes covers an operation on a target: the first in the server's order. */
export function findCover(operation: Operation, server: ScopedServer, scopes: readonly string[]): Cover | undefined {
  for (const scope of server.scopes) {
    const permission = scopes.includes(scope.name) ? permissionsOf(scope).find(operation) : undefined;
    if (permission !== undefined) return { scope: scope.name, permission };
  }
  return undefined;
}

/** The tool is known to the caller, so that what keeps it from being called are the arguments. */
function findUnmet(operation: Operation, grant: Grant): readonly Unmet[] {
  const { server, ceiling, narrowing = [] } = grant;
  const isGiven = isCovered(operation, grant);
  const ofScopes = server.scopes
    .filter(({ name }) => ceiling.includes(name) && !isGiven)
    .flatMap((scope) =>
      permissionsOf(scope)
        .findUnmet(operation)
        .map((unmet) => ({ scope: scope.name, ...unmet })),
    );
  // No scope gives it with any arguments: then it is not known to the caller, whatever narrows the credential.
  if (!isGiven && ofScopes.length === 0) return [];
  const ofCredentials = narrowing
    .filter((permissions) => !permissions.cover(operation))
    .flatMap((permissions) => permissions.findUnmet(operation).map((unmet) => ({ scope: null, ...unmet })));
  return [...ofScopes, ...ofCredentials];
}

/** The conditions that arguments do not meet, in words for an admin. */
export const describeUnmet = (unmet: readonly Unmet[]): string =>
  unmet.map(({ scope, reason }) => `${scope ?? 'the credential'}: ${reason}`).join('; ');

const isBroader = (scope: ServerScope, other: ServerScope): boolean => includesScope(scope, other) && !includesScope(other, scope);

/** A list shows what its caller may call, so everyone who may call something may ask for it. */
function covers(scope: ServerScope, operation: Operation): boolean {
  const permissions = permissionsOf(scope);
  return LISTS.has(operation.method) ? !permissions.isEmpty : permissions.cover(operation);
}
