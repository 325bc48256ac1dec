import type { Sealer } from '../database/sealer.js';
import type { Access, Server, ServerScope } from './server.entity.js';
import type { ServerLimits, Upstream, UpstreamSecrets } from './upstream.js';

/** A server as it is held in memory. */
export interface ServerState {
  readonly id: string;
  readonly slug: string;
  readonly name: string;
  readonly description: string | null;
  readonly access: Access;
  readonly upstream: Upstream;
  /** The secrets of its upstream. A function, so that no log or answer takes them along. */
  readonly openSecrets: () => UpstreamSecrets;
  readonly scopes: readonly ServerScope[];
  readonly limits: ServerLimits;
  readonly tokenTtl: number | null;
  readonly isDefault: boolean;
  /** Grows with every change. */
  readonly version: number;
  /** Canonical URL, the only audience of tokens for it. */
  readonly resource: string;
  /** URL of its protected resource metadata (RFC 9728 §3.1). */
  readonly metadataUrl: string;
}

/** What a server's secrets are sealed for. */
export const secretsPurpose = (serverId: string): string => `server.upstream:${serverId}`;

export interface ServerStateParts {
  readonly publicUrl: string;
  readonly sealer: Sealer;
}

const pathOf = ({ slug, isDefault }: Pick<Server, 'slug' | 'isDefault'>): string => (isDefault ? '/authed/mcp' : `/authed/mcp/${slug}`);

/** A server's canonical URL. */
export const resourceOf = (server: Pick<Server, 'slug' | 'isDefault'>, publicUrl: string): string => publicUrl + pathOf(server);

/** The secrets of a server's upstream, opened. */
export function openSecrets({ id, upstreamSecrets }: Pick<Server, 'id' | 'upstreamSecrets'>, sealer: Sealer): UpstreamSecrets {
  if (upstreamSecrets === null) return {};
  return JSON.parse(sealer.open(secretsPurpose(id), upstreamSecrets).toString('utf8')) as UpstreamSecrets;
}

export function toServerState(server: Server, { publicUrl, sealer }: ServerStateParts): ServerState {
  const { id, slug, name, description, access, upstream, scopes, limits, tokenTtl, isDefault, version } = server;
  const path = pathOf(server);
  return {
    id,
    slug,
    name,
    description,
    access,
    upstream,
    openSecrets: () => openSecrets(server, sealer),
    scopes,
    limits: limits ?? {},
    tokenTtl,
    isDefault,
    version,
    resource: publicUrl + path,
    metadataUrl: `${publicUrl}/.well-known/oauth-protected-resource${path}`,
  };
}

export const defaultScopes = (server: Pick<ServerState, 'scopes'>): string[] =>
  server.scopes.filter((scope) => scope.default).map((scope) => scope.name);
