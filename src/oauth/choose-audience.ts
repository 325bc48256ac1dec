import { OAuthError } from '../protocol/oauth-error.js';
import type { ServerState } from '../servers/server-state.js';

/** Where servers are looked up. */
export interface Servers {
  find(slug?: string): ServerState | undefined;
  findByResource(resource: string): ServerState | undefined;
}

/**
 * The one server that a token is to be for (RFC 8707 §2). Without `resource`: the only server of the client, else the default
 * server if the client may reach it.
 * @throws {OAuthError} `invalid_target` for a resource that is malformed, unknown, not allowed, ambiguous, or more than one.
 */
export function chooseAudience(resources: readonly string[], allowed: readonly string[], servers: Servers): ServerState {
  const distinct = new Set(resources.map(canonicalize));
  if (distinct.size > 1) throw invalidTarget('Ask for one resource at a time: a token is for one server.');
  const [resource] = distinct;
  if (resource === undefined) return chooseDefault(allowed, servers);
  const server = servers.findByResource(resource);
  if (!server || !allowed.includes(server.slug)) throw invalidTarget('The resource is not a server that this client may reach.');
  return server;
}

function chooseDefault(allowed: readonly string[], servers: Servers): ServerState {
  const [only] = allowed;
  const server = allowed.length === 1 && only !== undefined ? servers.find(only) : servers.find();
  if (!server || !allowed.includes(server.slug))
    throw invalidTarget('Which server is meant is not clear: name one that this client may reach with resource.');
  return server;
}

/** Scheme and host in lower case, and nothing else (RFC 3986 §6.2.2.1; R-RES-05). */
function canonicalize(resource: string): string {
  const parts = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]+)([^#]*)$/i.exec(resource);
  if (!parts) throw invalidTarget('The resource must be an absolute URI without a fragment.');
  const [, scheme = '', authority = '', rest = ''] = parts;
  return `${scheme.toLowerCase()}://${authority.toLowerCase()}${rest}`;
}

const invalidTarget = (description: string): OAuthError => new OAuthError('invalid_target', description);
