import { DEFAULT_INTERVAL_S } from '../docs-server/git/git-source.js';
import type { Server, ServerScope } from './server.entity.js';
import type { ServerDto, ServerHealthDto } from './server.dto.js';
import type { ServerHealth } from './server-health.js';
import { resourceOf } from './server-state.js';
import type { UpstreamAuthViewDto } from './upstream-auth.dto.js';
import type { DocsRepositoryViewDto, UpstreamViewDto } from './upstream.dto.js';
import type { DocsGitSettings, Upstream, UpstreamAuth } from './upstream.js';

export interface Surroundings {
  readonly publicUrl: string;
  readonly health: ServerHealth | undefined;
  /** The servers that there are, by slug. */
  readonly find: (slug: string) => Pick<Server, 'access'> | undefined;
}

const iso = (time: number): string => new Date(time).toISOString();

/** What an admin sees of a server. Never holds a secret. */
export function toServerDto(server: Server, around: Surroundings): ServerDto {
  const { slug, name, description, access, upstream, scopes, limits, tokenTtl, isDefault, createdAt, updatedAt } = server;
  return {
    slug,
    name,
    description,
    access,
    upstream: toUpstreamView(upstream),
    scopes: scopes.map(toScopeView),
    limits: limits ?? {},
    tokenTtl,
    isDefault,
    resource: resourceOf(server, around.publicUrl),
    health: toHealthDto(around.health),
    warnings: findWarnings(server, around),
    createdAt: iso(createdAt),
    updatedAt: iso(updatedAt),
  };
}

export function toHealthDto(health: ServerHealth | undefined): ServerHealthDto {
  if (!health) return { status: 'unknown', since: null, checkedAt: null, lastError: null, breaker: null };
  const { status, since, checkedAt, lastError = null, breaker = null } = health;
  return { status, since: iso(since), checkedAt: iso(checkedAt), lastError, breaker };
}

const toScopeView = ({ name, description, permissions, default: isDefault = false }: ServerScope) => ({
  name,
  description: description ?? null,
  permissions,
  default: isDefault,
});

export function toUpstreamView(upstream: Upstream): UpstreamViewDto {
  switch (upstream.kind) {
    case 'http':
      return { kind: 'http', url: upstream.url, auth: toAuthView(upstream.auth) };
    case 'stdio':
      return { kind: 'stdio', command: upstream.command, args: upstream.args ?? [], envNames: upstream.env ?? [] };
    case 'docs':
      return { kind: 'docs', dir: upstream.dir ?? null, git: upstream.git ? toGitView(upstream.git) : null };
    case 'group':
      return { kind: 'group', members: upstream.members.map(({ server, prefix = null }) => ({ server, prefix })) };
  }
}

const toGitView = ({ url, branch, path, intervalSeconds, auth }: DocsGitSettings): DocsRepositoryViewDto => ({
  url,
  branch: branch ?? null,
  path: path ?? null,
  intervalSeconds: intervalSeconds ?? DEFAULT_INTERVAL_S,
  auth: auth ? { username: auth.username, hasToken: true } : null,
});

function toAuthView(auth: UpstreamAuth): UpstreamAuthViewDto {
  switch (auth.type) {
    case 'none':
      return { type: 'none' };
    case 'bearer':
      return { type: 'bearer', hasToken: true };
    case 'headers':
      return { type: 'headers', headerNames: auth.names };
    case 'client_credentials':
      return { scope: null, resource: null, ...auth, hasClientSecret: true };
    case 'token_exchange':
      return { scope: null, resource: null, audience: null, ...auth, hasClientSecret: true };
  }
}

/** What works, and is perhaps not meant. */
function findWarnings({ access, upstream, scopes }: Server, { find }: Surroundings): string[] {
  const warnings: string[] = [];
  const isPublic = access !== 'authenticated';
  if (access !== 'public' && !scopes.some((scope) => scope.default)) {
    warnings.push('No scope is granted by default: a credential that names no scopes gets no token for this server.');
  }
  if (isPublic && upstream.kind === 'http' && upstream.auth.type !== 'none') {
    warnings.push("Everybody may call it without a token, and does so with the gateway's own credentials.");
  }
  if (upstream.kind !== 'group') return warnings;
  const members = upstream.members.map(({ server }) => ({ slug: server, access: find(server)?.access }));
  const closed = members.filter((member) => member.access === 'authenticated').map(({ slug }) => slug);
  if (isPublic && closed.length > 0) warnings.push(`Everybody may call ${closed.join(', ')} through it, which ask for a token otherwise.`);
  return warnings;
}
