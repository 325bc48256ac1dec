import type { Suggestion } from '../../api/access.js';
import { api, type Versioned } from '../../api/client.js';
import type { Credential } from '../../api/credentials.js';
import { readServer, type Server } from '../../api/servers.js';
import { slugify } from '../servers/draft.js';

type Used = Suggestion['servers'][number];

/** A scope that a server lacks: exactly what a credential needed there. */
export interface MissingScope {
  readonly server: string;
  readonly name: string;
  readonly permissions: readonly string[];
}

/** The smallest permissions for what a credential did. */
export interface Fit {
  /** Scopes that it is to hold, and no others. */
  readonly scopes: readonly string[];
  /** Those of them that do not exist yet. */
  readonly missing: readonly MissingScope[];
  /** What narrows it afterwards, where something does already; null where nothing does. */
  readonly permissions: Credential['permissions'];
  /** Its servers on which it did nothing, and will be able to do nothing. */
  readonly idle: readonly string[];
}

/** Undefined where there is nothing to go by, or where it holds just this already. */
export function fitOf({ label, servers, scopes, permissions, observe }: Credential, used: readonly Used[]): Fit | undefined {
  const own = used.filter(({ server, permissions }) => servers.includes(server) && permissions.length > 0);
  if (own.length === 0) return undefined;
  const missing = own.filter((one) => one.scopes.length === 0).map((one) => missingOn(one, label));
  const wanted = [...new Set([...own.flatMap((one) => one.scopes), ...missing.map(({ name }) => name)])];
  const isHeld = scopes !== null && scopes.length === wanted.length && wanted.every((scope) => scopes.includes(scope));
  const fitting = narrowingOf(permissions, own);
  if (isHeld && !observe && JSON.stringify(fitting) === JSON.stringify(permissions)) return undefined;
  return { scopes: wanted, missing, permissions: fitting, idle: servers.filter((slug) => !own.some(({ server }) => server === slug)) };
}

/** A server that is narrowed stays so, to what was needed there: else the scopes would give back what was taken away. */
function narrowingOf(permissions: Credential['permissions'], own: readonly Used[]): Credential['permissions'] {
  if (permissions === null) return null;
  const narrowed = Object.entries(permissions).map(([slug, before]) => {
    const used = own.find(({ server }) => server === slug);
    return [slug, used ? used.permissions.map(({ permission }) => permission) : before] as const;
  });
  return Object.fromEntries(narrowed);
}

const missingOn = ({ server, permissions }: Used, label: string): MissingScope => ({
  server,
  name: `${server}:${slugify(label) || 'needed'}`,
  permissions: permissions.map(({ permission }) => permission),
});

/** Makes the scopes that are missing, then gives the credential just what it needs, and ends observing. */
export async function applyFit(read: Versioned<Credential>, { scopes, missing, permissions }: Fit): Promise<void> {
  for (const scope of missing) await addScope(scope, read.value.label);
  const params = { path: { id: read.value.id }, header: { 'If-Match': read.etag } };
  await api.PATCH('/api/v1/credentials/{id}', {
    params,
    body: { scopes: [...scopes], permissions, ...(read.value.observe ? { observe: false } : {}) },
  });
}

/** A scope with this name from an earlier attempt is brought up to date. */
async function addScope({ server, name, permissions }: MissingScope, label: string): Promise<void> {
  const { value, etag } = await readServer(server);
  const added = { name, description: `What ${label} needs`, permissions: [...permissions], default: false };
  const others: Server['scopes'] = value.scopes.filter((scope) => scope.name !== name);
  const params = { path: { slug: server }, header: { 'If-Match': etag } };
  await api.PATCH('/api/v1/servers/{slug}', { params, body: { scopes: [...others, added] } });
}
