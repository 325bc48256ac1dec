import { ProblemError } from '../protocol/problem.js';
import { invalidField } from './invalid-field.js';
import type { Access, ServerScope } from './server.entity.js';
import type { CreateServerDto, ServerLimitsDto, UpdateServerDto } from './server.dto.js';
import type { ServerScopeDto } from './server-scope.dto.js';
import { changeUpstream, type UpstreamParts, type UpstreamSurroundings } from './upstream-settings.js';
import type { GroupUpstreamSettings, ServerLimits, Upstream } from './upstream.js';

/** What an admin can say of a server. */
export interface ServerFields extends UpstreamParts {
  readonly name: string;
  readonly description: string | null;
  readonly access: Access;
  readonly scopes: ServerScope[];
  readonly limits: ServerLimits | null;
  readonly tokenTtl: number | null;
}

/** What there is besides. */
export interface Neighbour {
  readonly slug: string;
  readonly upstream: Upstream;
}

/** Endpoints below the issuer: ours, and those that clients guess. */
export const RESERVED_SLUGS: readonly string[] = ['oauth', 'authorize', 'token', 'register', 'revoke', 'introspect', 'jwks', 'well-known'];
/** A text column of MySQL holds 65,535 bytes, and the sealed answer to an Idempotency-Key has to fit into one with all the rest. */
const MAX_SCOPES_BYTES = 20_000;

/** @throws {ProblemError} where a slug cannot be had. */
export function checkSlug(slug: string, others: readonly Neighbour[]): void {
  if (RESERVED_SLUGS.includes(slug)) throw invalidField('slug', `It is reserved: not ${RESERVED_SLUGS.join(', ')}.`);
  if (others.some((other) => other.slug === slug)) throw new ProblemError('name_taken', `There is a server ${slug} already.`);
}

/** The fields of a new server. @throws {ProblemError} `validation_failed`. */
export function createFields(input: CreateServerDto, others: readonly Neighbour[], around: UpstreamSurroundings): ServerFields {
  const { slug, name, description = null, access = 'authenticated', tokenTtl = null } = input;
  const upstream = changeUpstream(undefined, input.upstream, around);
  const fields = { name, description, access, scopes: toScopes(input.scopes ?? []), limits: mergeLimits(null, input.limits), tokenTtl };
  return checkTogether({ ...fields, ...upstream }, slug, others);
}

/** The fields after a change: a JSON merge patch. @throws {ProblemError} `validation_failed`. */
export function changeFields(
  present: Neighbour & ServerFields,
  input: UpdateServerDto,
  others: readonly Neighbour[],
  around: UpstreamSurroundings,
): ServerFields {
  const { name = present.name, description = present.description, access = present.access, tokenTtl = present.tokenTtl } = input;
  const upstream = input.upstream
    ? changeUpstream(present, input.upstream, around)
    : { upstream: present.upstream, secrets: present.secrets };
  const scopes = input.scopes ? toScopes(input.scopes) : present.scopes;
  const limits = mergeLimits(present.limits, input.limits);
  return checkTogether({ name, description, access, scopes, limits, tokenTtl, ...upstream }, present.slug, others);
}

function checkTogether(fields: ServerFields, slug: string, others: readonly Neighbour[]): ServerFields {
  const { upstream, access } = fields;
  if (upstream.kind === 'group') checkMembers(upstream, slug, others);
  const group = upstream.kind === 'group' ? others.find((other) => isMember(slug, other)) : undefined;
  if (group) throw invalidField('upstream.kind', `It is a member of the group ${group.slug}, and groups hold no groups.`);
  if (upstream.kind === 'http' && upstream.auth.type === 'token_exchange' && access !== 'authenticated') {
    throw invalidField('access', 'token_exchange tells the upstream who calls, which on the public face is nobody.');
  }
  return fields;
}

/** @throws {ProblemError} `validation_failed` unless the members of a group are other servers, and no groups. */
export function checkMembers({ members }: GroupUpstreamSettings, slug: string | undefined, others: readonly Neighbour[]): void {
  for (const { server: member } of members) {
    const other = others.find((candidate) => candidate.slug === member);
    if (member === slug || !other) throw invalidField('upstream.members', `There is no other server ${member.slice(0, 64)}.`);
    if (other.upstream.kind === 'group') throw invalidField('upstream.members', `${member} is a group itself: name its members.`);
  }
}

const isMember = (slug: string, { upstream }: Neighbour): boolean =>
  upstream.kind === 'group' && upstream.members.some(({ server }) => server === slug);

function toScopes(scopes: readonly ServerScopeDto[]): ServerScope[] {
  const names = scopes.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw invalidField('scopes', `The scope ${twice} stands there twice.`);
  if (Buffer.byteLength(JSON.stringify(scopes)) > MAX_SCOPES_BYTES)
    throw invalidField('scopes', `Together they may have ${MAX_SCOPES_BYTES} bytes.`);
  return scopes.map(({ name, description, permissions, default: isDefault }) => ({
    name,
    ...(description ? { description } : {}),
    permissions,
    ...(isDefault ? { default: true } : {}),
  }));
}

function mergeLimits(present: ServerLimits | null, changed: ServerLimitsDto | null | undefined): ServerLimits | null {
  if (!changed) return changed === null ? null : present;
  const said: [string, unknown][] = Object.entries(changed).filter(([, value]) => value !== undefined);
  const merged: [string, unknown][] = Object.entries({ ...present, ...Object.fromEntries(said) });
  const entries = merged.filter(([, value]) => value !== null);
  return entries.length === 0 ? null : Object.fromEntries(entries);
}
