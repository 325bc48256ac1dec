import { describe, expect, it } from '@jest/globals';
import { roleForClaims, usernameForClaims } from './role-for-claims.js';

const roles = [
  { value: 'staff', role: 'viewer' },
  { value: 'platform', role: 'operator' },
  { value: 'admins', role: 'owner' },
] as const;

describe('the role that claims give', () => {
  it.each([
    [{ groups: ['staff'] }, 'groups', 'viewer'],
    [{ groups: ['staff', 'admins', 'platform'] }, 'groups', 'owner'],
    [{ groups: 'platform' }, 'groups', 'operator'],
    [{ realm_access: { roles: ['staff'] } }, 'realm_access.roles', 'viewer'],
    [{ 'https://example.com/roles': ['staff'] }, 'https://example.com/roles', 'viewer'],
    [{ groups: ['Staff', 'STAFF', ' staff'] }, 'groups', undefined],
    [{ groups: [] }, 'groups', undefined],
    [{ groups: [['admins'], { value: 'admins' }, 1, null] }, 'groups', undefined],
    [{ groups: { admins: true } }, 'groups', undefined],
    [{}, 'groups', undefined],
    [{}, 'constructor.name', undefined],
    [{ groups: null }, 'groups.admins', undefined],
  ])('%j by %s is %s', (claims, roleClaim, role) => expect(roleForClaims(claims, { roleClaim, roles })).toBe(role));
});

describe('the name of somebody from a provider', () => {
  it.each([
    [{ preferred_username: 'Grace.Hopper' }, 'grace.hopper'],
    [{ email: 'Ada@Example.com' }, 'ada@example.com'],
    [{ preferred_username: '  ', email: 'a@b' }, 'a@b'],
    [{ preferred_username: '::admin::' }, 'admin'],
    [{ preferred_username: 'jörg müller' }, 'j-rg-m-ller'],
    [{ preferred_username: 'x'.repeat(300) }, 'x'.repeat(60)],
    [{ preferred_username: '日本', sub: '…' }, 'user-0123456789ab'],
    [{ preferred_username: 7 }, 'user-0123456789ab'],
  ])('%j is %s', (claims, name) => {
    expect(usernameForClaims(claims, '0123456789abcdef')).toBe(name);
    expect(name).toMatch(/^[a-z0-9][a-z0-9._@-]{0,63}$/);
  });
});
