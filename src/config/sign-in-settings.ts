import { ADMIN_ROLES, type AdminRole, type OidcConfig, type SessionConfig } from './config.js';
import type { Environment } from './environment.js';

const DAY = 86_400;

/** How long sign-in sessions live. */
export function readSessions(env: Environment): SessionConfig {
  const idle = env.integer('SESSION_IDLE_TTL', { fallback: 28_800, min: 300, max: 30 * DAY, example: '28800' });
  const ttl = env.integer('SESSION_TTL', { fallback: 7 * DAY, min: 300, max: 90 * DAY, example: String(7 * DAY) });
  return { idleMs: idle * 1000, ttlMs: ttl * 1000 };
}

const ROLES_EXAMPLE = 'gatehouse-admins=owner, platform=operator, staff=viewer';
const OTHERS = ['OIDC_CLIENT_ID', 'OIDC_CLIENT_SECRET', 'OIDC_ROLE_CLAIM', 'OIDC_ROLES', 'OIDC_SCOPE', 'OIDC_LABEL'];

/** The provider through which admins sign in; all of its settings or none. */
export function readOidc(env: Environment): OidcConfig | undefined {
  if (env.optional('OIDC_ISSUER') === undefined) {
    const orphan = OTHERS.find((name) => env.optional(name) !== undefined);
    if (orphan !== undefined) env.fault(orphan, 'has no meaning without OIDC_ISSUER', 'https://login.example.com');
    return undefined;
  }
  const issuer = env.url('OIDC_ISSUER', undefined, ['https:', 'http:'], 'https://login.example.com');
  if (issuer && (issuer.search || issuer.hash || issuer.username))
    env.fault('OIDC_ISSUER', 'must have no query, fragment or user', 'https://login.example.com');
  return {
    // As it was written: an issuer is compared character for character, and its URL may gain a slash.
    issuer: env.text('OIDC_ISSUER', ''),
    clientId: required(env, 'OIDC_CLIENT_ID', 'gatehouse'),
    clientSecret: required(env, 'OIDC_CLIENT_SECRET', 'the secret that the provider shows'),
    scope: readScope(env),
    roleClaim: readClaim(env),
    roles: readRoles(env),
    label: readLabel(env),
  };
}

function required(env: Environment, name: string, example: string): string {
  const value = env.optional(name);
  if (value === undefined) env.fault(name, 'is required with OIDC_ISSUER', example);
  return value ?? '';
}

function readScope(env: Environment): string {
  const scope = env.text('OIDC_SCOPE', 'openid profile email');
  if (!/^[\x21\x23-\x5b\x5d-\x7e]+( [\x21\x23-\x5b\x5d-\x7e]+)*$/.test(scope) || !scope.split(' ').includes('openid'))
    env.fault('OIDC_SCOPE', 'must be scopes, one of them openid', 'openid profile email groups');
  return scope;
}

function readClaim(env: Environment): string {
  const claim = env.text('OIDC_ROLE_CLAIM', 'groups');
  if (!/^[\x21-\x7e]{1,200}$/.test(claim)) env.fault('OIDC_ROLE_CLAIM', 'must be the name of a claim', 'groups');
  return claim;
}

function readLabel(env: Environment): string {
  const label = env.text('OIDC_LABEL', 'Single sign-on');
  if (label.length > 60) env.fault('OIDC_LABEL', 'must have at most 60 characters', 'Single sign-on');
  return label;
}

function readRoles(env: Environment): OidcConfig['roles'] {
  const pairs = env.list('OIDC_ROLES').map(readPair);
  const roles = pairs.filter((pair) => pair !== undefined);
  if (roles.length === 0 || roles.length !== pairs.length)
    env.fault('OIDC_ROLES', `must list value=role, with a role of ${ADMIN_ROLES.join(', ')}`, ROLES_EXAMPLE);
  return roles;
}

/** Cut at the last `=`: values may hold one (`cn=admins`). */
function readPair(text: string): { value: string; role: AdminRole } | undefined {
  const at = text.lastIndexOf('=');
  const role = ADMIN_ROLES.find((name) => name === text.slice(at + 1).trim());
  const value = text.slice(0, Math.max(at, 0)).trim();
  return role === undefined || value === '' ? undefined : { value, role };
}
