import { ADMIN_ROLES, type AdminRole, type OidcConfig } from '../../config/config.js';

type Claims = Readonly<Record<string, unknown>>;

/** The greatest role that the claims give; undefined for none, and then nobody comes in. */
export function roleForClaims(claims: Claims, { roleClaim, roles }: Pick<OidcConfig, 'roleClaim' | 'roles'>): AdminRole | undefined {
  const values = textsOf(findClaim(claims, roleClaim));
  const given = roles.filter(({ value }) => values.includes(value)).map(({ role }) => role);
  return ADMIN_ROLES.find((role) => given.includes(role));
}

/** Whether the claims say anything of roles. */
export const hasClaim = (claims: Claims, name: string): boolean => findClaim(claims, name) !== undefined;

/** By its whole name, which may be a URL; else by dots into nested claims (`realm_access.roles`). */
function findClaim(claims: Claims, name: string): unknown {
  if (Object.hasOwn(claims, name)) return claims[name];
  return name
    .split('.')
    .reduce<unknown>((value, part) => (isRecord(value) && Object.hasOwn(value, part) ? value[part] : undefined), claims);
}

const isRecord = (value: unknown): value is Claims => typeof value === 'object' && value !== null && !Array.isArray(value);

function textsOf(value: unknown): string[] {
  return [value].flat().filter((one) => typeof one === 'string');
}

const USERNAME_LENGTH = 60;

/** What an admin is called here: what the provider calls them, in the characters that names have here. */
export function usernameForClaims(claims: Claims, externalId: string): string {
  const wishes = [claims['preferred_username'], claims['email'], claims['nickname'], claims['sub']];
  const names = wishes.map((wish) => (typeof wish === 'string' ? toUsername(wish) : ''));
  return names.find((name) => name !== '') ?? `user-${externalId.slice(0, 12)}`;
}

const toUsername = (text: string): string =>
  text
    .slice(0, 200)
    .toLowerCase()
    .replace(/[^a-z0-9._@-]+/g, '-')
    .replace(/^[^a-z0-9]+|-+$/g, '')
    .slice(0, USERNAME_LENGTH);
