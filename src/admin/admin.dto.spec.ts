import 'reflect-metadata';
import { describe, expect, it } from '@jest/globals';
import { plainToInstance } from 'class-transformer';
import { validateSync } from 'class-validator';
import { ChangePasswordDto, CreateAdminDto, CreateAdminKeyDto } from './admin.dto.js';

const faultsOf = (type: new () => object, body: object) => validateSync(plainToInstance(type, body)).map(({ property }) => property);

describe('a new admin', () => {
  it.each([{}, { password: 'twelve chars' }, { password: 'with:colons:in it' }])('may have %p', (more) => {
    expect(faultsOf(CreateAdminDto, { username: 'Ada.L@example', role: 'viewer', ...more })).toEqual([]);
  });

  it.each([
    [{ username: '' }, 'username'],
    [{ username: 'a:b' }, 'username'],
    [{ username: 'x'.repeat(65) }, 'username'],
    [{ role: 'root' }, 'role'],
    [{ password: 'too short' }, 'password'],
    [{ password: 'x'.repeat(201) }, 'password'],
    [{ password: ':cannot be sent' }, 'password'],
  ])('may not have %p', (more, field) => {
    expect(faultsOf(CreateAdminDto, { username: 'ada', role: 'viewer', ...more })).toEqual([field]);
  });

  it('needs a role', () => {
    expect(faultsOf(CreateAdminDto, { username: 'ada' })).toEqual(['role']);
  });
});

describe('a change of password', () => {
  it('needs a new password as strong as any', () => {
    expect(faultsOf(ChangePasswordDto, { currentPassword: 'x', newPassword: 'too short' })).toEqual(['newPassword']);
  });
});

describe('the expiry of a key', () => {
  it.each(['2027-06-30', '2027-06-30T00:00Z', '2027-06-30T00:00:00Z', '2027-06-30T00:00:00.123+02:00'])('may be %p', (expiresAt) => {
    expect(faultsOf(CreateAdminKeyDto, { label: 'ci', role: 'viewer', expiresAt })).toEqual([]);
    expect(Date.parse(expiresAt)).not.toBeNaN();
  });

  it.each(['tomorrow', '2027-02-30T00:00:00Z', '2027-W10-1', '2027-200', '2027-06-30T00:00:00', '2027', 5])(
    'may not be %p',
    (expiresAt) => {
      expect(faultsOf(CreateAdminKeyDto, { label: 'ci', role: 'viewer', expiresAt })).toEqual(['expiresAt']);
    },
  );
});
