import { readPermission, writePermission } from '../../access/permissions.js';
import type { Schemas } from '../../api/client.js';
import type { FieldFault } from '../../api/problem.js';
import type { Server, ServerScope } from '../../api/servers.js';

type View = Server['upstream'];
type AuthView = Schemas['HttpUpstreamViewDto']['auth'];
export type Kind = View['kind'];
export type AuthType = AuthView['type'];
/** Where the pages of a documentation server come from. */
export type PagesFrom = 'folder' | 'git';

/** A scope as it stands in a form: its permissions are lines. */
export interface ScopeDraft {
  readonly name: string;
  readonly description: string;
  readonly permissions: string;
  readonly isDefault: boolean;
}

export interface Named {
  readonly name: string;
  readonly value: string;
}

export const LIMITS = ['perCredential', 'perTool', 'perAddress', 'concurrentCalls', 'openStreams', 'timeoutSeconds'] as const;
export type LimitName = (typeof LIMITS)[number];

/** A server as it stands in a form, without its secrets. */
export interface ServerDraft {
  readonly slug: string;
  readonly name: string;
  readonly description: string;
  readonly access: Server['access'];
  readonly kind: Kind;
  readonly url: string;
  readonly authType: AuthType;
  readonly tokenUrl: string;
  readonly clientId: string;
  readonly scope: string;
  readonly resource: string;
  readonly audience: string;
  readonly command: string;
  readonly args: string[];
  readonly pagesFrom: PagesFrom;
  readonly dir: string;
  readonly gitUrl: string;
  readonly gitBranch: string;
  readonly gitPath: string;
  /** Seconds; `null` for as often as the server thinks right. */
  readonly gitInterval: number | null;
  readonly gitSignsIn: boolean;
  readonly gitUsername: string;
  readonly members: readonly { readonly server: string; readonly prefix: string }[];
  readonly scopes: readonly ScopeDraft[];
  readonly limits: Readonly<Partial<Record<LimitName, number>>>;
  readonly tokenTtl: number | null;
  readonly isDefault: boolean;
}

/** What is written and never read back, and so never waits in storage either. Empty: what is stored stays. */
export interface Secrets {
  readonly token: string;
  readonly clientSecret: string;
  readonly gitToken: string;
  readonly headers: readonly Named[];
  readonly env: readonly Named[];
}

export const NO_SECRETS: Secrets = { token: '', clientSecret: '', gitToken: '', headers: [], env: [] };

export const EMPTY_SERVER: ServerDraft = {
  slug: '',
  name: '',
  description: '',
  access: 'authenticated',
  kind: 'http',
  url: '',
  authType: 'none',
  tokenUrl: '',
  clientId: '',
  scope: '',
  resource: '',
  audience: '',
  command: '',
  args: [],
  pagesFrom: 'folder',
  dir: '',
  gitUrl: '',
  gitBranch: '',
  gitPath: '',
  gitInterval: null,
  gitSignsIn: false,
  gitUsername: '',
  members: [],
  scopes: [{ name: 'mcp:use', description: 'Use every tool', permissions: 'tools/call:*', isDefault: true }],
  limits: {},
  tokenTtl: null,
  isDefault: false,
};

export function draftOf(server: Server): ServerDraft {
  const { slug, name, description, access, upstream, scopes, limits, tokenTtl, isDefault } = server;
  const set = Object.entries(limits).filter(([, limit]) => limit !== null);
  return {
    ...EMPTY_SERVER,
    slug,
    name,
    description: description ?? '',
    access,
    ...upstreamDraftOf(upstream),
    scopes: scopes.map(scopeDraftOf),
    limits: Object.fromEntries(set),
    tokenTtl,
    isDefault,
  };
}

const scopeDraftOf = (scope: ServerScope): ScopeDraft => ({
  name: scope.name,
  description: scope.description ?? '',
  permissions: scope.permissions.map(writePermission).join('\n'),
  isDefault: scope.default,
});

function upstreamDraftOf(upstream: View): Partial<ServerDraft> {
  switch (upstream.kind) {
    case 'http':
      return { kind: 'http', url: upstream.url, ...authDraftOf(upstream.auth) };
    case 'stdio':
      return { kind: 'stdio', command: upstream.command, args: [...upstream.args] };
    case 'docs':
      return { kind: 'docs', dir: upstream.dir ?? '', ...(upstream.git ? gitDraftOf(upstream.git) : {}) };
    case 'group':
      return { kind: 'group', members: upstream.members.map(({ server, prefix }) => ({ server, prefix: prefix ?? '' })) };
  }
}

function authDraftOf(auth: AuthView): Partial<ServerDraft> {
  if (auth.type !== 'client_credentials' && auth.type !== 'token_exchange') return { authType: auth.type };
  const { type, tokenUrl, clientId, scope, resource } = auth;
  const audience = auth.type === 'token_exchange' ? (auth.audience ?? '') : '';
  return { authType: type, tokenUrl, clientId, scope: scope ?? '', resource: resource ?? '', audience };
}

const gitDraftOf = ({ url, branch, path, intervalSeconds, auth }: Schemas['DocsRepositoryViewDto']): Partial<ServerDraft> => ({
  pagesFrom: 'git',
  gitUrl: url,
  gitBranch: branch ?? '',
  gitPath: path ?? '',
  gitInterval: intervalSeconds,
  gitSignsIn: auth !== null,
  gitUsername: auth?.username ?? '',
});

/** The upstream that the form describes. */
export function upstreamOf(draft: ServerDraft, secrets: Secrets): Schemas['CreateServerDto']['upstream'] {
  switch (draft.kind) {
    case 'http':
      return { kind: 'http', url: draft.url.trim(), auth: authOf(draft, secrets) };
    case 'stdio':
      return {
        kind: 'stdio',
        command: draft.command.trim(),
        args: draft.args,
        ...(secrets.env.length > 0 ? { env: toRecord(secrets.env) } : {}),
      };
    case 'docs':
      return draft.pagesFrom === 'git' ? { kind: 'docs', git: gitOf(draft, secrets) } : { kind: 'docs', dir: orNull(draft.dir), git: null };
    case 'group':
      return { kind: 'group', members: draft.members.map(({ server, prefix }) => ({ server, prefix: prefix.trim() || null })) };
  }
}

const gitOf = (draft: ServerDraft, { gitToken }: Secrets): Schemas['DocsRepositoryDto'] => ({
  url: draft.gitUrl.trim(),
  branch: orNull(draft.gitBranch),
  path: orNull(draft.gitPath),
  intervalSeconds: draft.gitInterval,
  auth: draft.gitSignsIn ? { username: draft.gitUsername.trim() || 'git', ...(gitToken ? { token: gitToken } : {}) } : null,
});

type Auth = NonNullable<Schemas['HttpUpstreamDto']['auth']>;

function authOf(draft: ServerDraft, secrets: Secrets): Auth {
  switch (draft.authType) {
    case 'none':
      return { type: 'none' };
    case 'bearer':
      return { type: 'bearer', ...(secrets.token ? { token: secrets.token } : {}) };
    case 'headers':
      return { type: 'headers', headers: toRecord(secrets.headers) };
    case 'client_credentials':
      return { type: 'client_credentials', ...tokenEndpointOf(draft, secrets) };
    case 'token_exchange':
      return { type: 'token_exchange', ...tokenEndpointOf(draft, secrets), audience: orNull(draft.audience) };
  }
}

const orNull = (text: string): string | null => text.trim() || null;

const tokenEndpointOf = ({ tokenUrl, clientId, scope, resource }: ServerDraft, { clientSecret }: Secrets) => ({
  tokenUrl: tokenUrl.trim(),
  clientId: clientId.trim(),
  scope: orNull(scope),
  resource: orNull(resource),
  ...(clientSecret ? { clientSecret } : {}),
});

/** Names without a value take the stored one away. */
const toRecord = (named: readonly Named[]): Record<string, string | null> =>
  Object.fromEntries(named.filter(({ name }) => name.trim() !== '').map(({ name, value }) => [name.trim(), value === '' ? null : value]));

const hasSecrets = ({ token, clientSecret, gitToken, headers, env }: Secrets): boolean =>
  [token, clientSecret, gitToken].some((secret) => secret !== '') || headers.length > 0 || env.length > 0;

const linesOf = (text: string): string[] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');

function scopesOf(scopes: readonly ScopeDraft[]): Schemas['ServerScopeDto'][] {
  return scopes.map(({ name, description, permissions, isDefault }) => ({
    name: name.trim(),
    description: description.trim() || null,
    permissions: linesOf(permissions).flatMap((line) => readPermission(line) ?? []),
    default: isDefault,
  }));
}

function wholeOf(draft: ServerDraft, secrets: Secrets): Schemas['CreateServerDto'] {
  const { limits, tokenTtl, isDefault, access } = draft;
  return {
    slug: draft.slug.trim(),
    name: draft.name.trim(),
    description: draft.description.trim() || null,
    access,
    upstream: upstreamOf(draft, secrets),
    scopes: scopesOf(draft.scopes),
    limits: Object.fromEntries(LIMITS.map((limit) => [limit, limits[limit] ?? null])),
    tokenTtl,
    isDefault,
  };
}

export const creationOf = wholeOf;

/** What was changed since the form was opened; the upstream also where a secret was entered. */
export function differenceOf(mine: ServerDraft, base: ServerDraft, secrets: Secrets): Schemas['UpdateServerDto'] {
  const before = new Map(Object.entries(wholeOf(base, NO_SECRETS)).map(([name, value]) => [name, JSON.stringify(value)]));
  const now = Object.entries(wholeOf(mine, secrets));
  return Object.fromEntries(
    now.filter(
      ([name, value]) => name !== 'slug' && (before.get(name) !== JSON.stringify(value) || (name === 'upstream' && hasSecrets(secrets))),
    ),
  );
}

export type ServerFaults = Partial<Record<keyof ServerDraft, string>>;

export function faultsOf(draft: ServerDraft): ServerFaults {
  return {
    ...(draft.name.trim() ? {} : { name: 'Give it a name.' }),
    ...(/^[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?$/.test(draft.slug) ? {} : { slug: 'Lower-case letters, digits, and hyphens within.' }),
    ...upstreamFaults(draft),
    ...scopeFaults(draft.scopes),
  };
}

function upstreamFaults({ kind, url, command, members, pagesFrom, gitUrl }: ServerDraft): ServerFaults {
  if (kind === 'http' && !/^https?:\/\/./.test(url.trim())) return { url: 'A URL such as https://mcp.example.com/mcp.' };
  if (kind === 'stdio' && command.trim() === '') return { command: 'Choose a command that the operator allows.' };
  if (kind === 'docs' && pagesFrom === 'git' && !/^https?:\/\/./.test(gitUrl.trim()))
    return { gitUrl: 'A URL such as https://git.example.com/docs.git.' };
  if (kind === 'group' && members.length === 0) return { members: 'Choose at least one server.' };
  return {};
}

function scopeFaults(scopes: readonly ScopeDraft[]): ServerFaults {
  if (scopes.some(({ name }) => !/^[\x21\x23-\x5b\x5d-\x7e]{1,128}$/.test(name.trim())))
    return { scopes: 'Every scope needs a name without spaces.' };
  if (new Set(scopes.map(({ name }) => name.trim())).size < scopes.length) return { scopes: 'Two scopes have the same name.' };
  const broken = scopes.find(({ permissions }) => linesOf(permissions).some((line) => readPermission(line) === undefined));
  return broken ? { scopes: `A line of ${broken.name} begins like JSON and is none.` } : {};
}

const FIELDS: Readonly<Record<string, keyof ServerDraft>> = {
  'upstream.url': 'url',
  'upstream.command': 'command',
  'upstream.args': 'args',
  'upstream.dir': 'dir',
  'upstream.git.url': 'gitUrl',
  'upstream.git.branch': 'gitBranch',
  'upstream.git.path': 'gitPath',
  'upstream.git.intervalSeconds': 'gitInterval',
  'upstream.git.auth.username': 'gitUsername',
  'upstream.git.auth': 'gitSignsIn',
  'upstream.git': 'pagesFrom',
  'upstream.members': 'members',
  'upstream.auth': 'authType',
  upstream: 'kind',
};

/** The server's faults, each at its field. */
export function toServerFaults(faults: readonly FieldFault[]): ServerFaults {
  return Object.fromEntries(
    faults.map(({ field, message }) => {
      const known = Object.keys(FIELDS).find((path) => field === path || field.startsWith(`${path}.`) || field.startsWith(`${path}[`));
      const name = known === undefined ? (field.split(/[.[]/, 1)[0] ?? field) : (FIELDS[known] ?? field);
      return [name in EMPTY_SERVER ? name : 'name', `${message.slice(0, 1).toUpperCase()}${message.slice(1)}`];
    }),
  );
}

/** A slug from a name, until somebody writes one. */
export const slugify = (name: string): string =>
  name
    .toLowerCase()
    .normalize('NFKD')
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 64);
