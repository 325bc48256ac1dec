import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { verify } from '@node-rs/argon2';
import { type TestStorage, testStorage } from '../../test/support/database.js';
import { AuditEvent } from '../audit/event.entity.js';
import { loadConfig } from '../config/load-config.js';
import { Admin } from './admin.entity.js';
import { FirstOwner } from './first-owner.service.js';

let storage: TestStorage;
beforeEach(async () => {
  storage = await testStorage();
});
afterEach(() => storage.remove());

function starter(env: Record<string, string> = {}): FirstOwner {
  const { dataSource, unitOfWork, clock } = storage;
  return new FirstOwner(dataSource.getRepository(Admin), unitOfWork, storage.newAudit(), loadConfig(env), clock);
}
const admins = () => storage.dataSource.getRepository(Admin).find();

describe('the first start', () => {
  it('makes an owner with a generated password and tells it', async () => {
    const made = await starter().ensure();
    const [owner, ...others] = await admins();
    expect(others).toEqual([]);
    expect(owner).toMatchObject({ username: 'admin', role: 'owner', createdBy: 'start' });
    expect(made?.username).toBe('admin');
    expect(await verify(owner!.passwordHash, made?.generatedPassword ?? '')).toBe(true);
  });

  it('takes name and password from the configuration, and tells no password then', async () => {
    const made = await starter({ ADMIN_USERNAME: 'Grace', ADMIN_PASSWORD: 'from the environment' }).ensure();
    expect(made).toEqual({ username: 'grace', generatedPassword: undefined });
    expect(await verify((await admins())[0]!.passwordHash, 'from the environment')).toBe(true);
  });

  it('of two replicas at once makes one owner, and one of them tells the password', async () => {
    const made = await Promise.all([starter().ensure(), starter().ensure()]);
    expect(made.filter((result) => result !== undefined)).toHaveLength(1);
    const [owner, ...others] = await admins();
    expect(others).toEqual([]);
    expect(await verify(owner!.passwordHash, made.find((result) => result)?.generatedPassword ?? '')).toBe(true);
    expect(await storage.dataSource.getRepository(AuditEvent).countBy({ kind: 'admin.created' })).toBe(1);
  });
});

describe('a later start', () => {
  it('changes nothing, whatever the configuration says', async () => {
    await starter().ensure();
    const before = await admins();
    await expect(starter({ ADMIN_USERNAME: 'other', ADMIN_PASSWORD: 'another password' }).ensure()).resolves.toBeUndefined();
    expect(await admins()).toEqual(before);
  });
});
