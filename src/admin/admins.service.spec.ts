import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { verify } from '@node-rs/argon2';
import { type TestStorage, testStorage } from '../../test/support/database.js';
import { AuditEvent } from '../audit/event.entity.js';
import { Change } from '../database/change.entity.js';
import type { CreateAdminDto } from './admin.dto.js';
import { Admin, ADMIN_TOPIC } from './admin.entity.js';
import { AdminsService } from './admins.service.js';

let storage: TestStorage;
let service: AdminsService;

beforeEach(async () => {
  storage = await testStorage();
  const { dataSource, unitOfWork, clock } = storage;
  service = new AdminsService(dataSource.getRepository(Admin), unitOfWork, storage.newAudit(), clock);
});
afterEach(() => storage.remove());

const create = (input: CreateAdminDto) => storage.unitOfWork.run((transaction) => service.create(input, 'root', transaction));
const events = () => storage.dataSource.getRepository(AuditEvent).find({ order: { id: 'ASC' } });
const owners = () => storage.dataSource.getRepository(Admin).countBy({ role: 'owner' });

describe('AdminsService', () => {
  it('creates an admin with a generated password that is stored as a hash only', async () => {
    const { admin, password } = await create({ username: 'Ada', role: 'operator' });
    const stored = await service.read(admin.id);
    expect(stored).toMatchObject({ username: 'ada', role: 'operator', createdBy: 'root', version: 1, lastSignInAt: null });
    expect(await verify(stored.passwordHash, password ?? '')).toBe(true);
  });

  it('does not give back a password that was chosen', async () => {
    await expect(create({ username: 'ada', role: 'viewer', password: 'chosen by ada' })).resolves.toMatchObject({ password: undefined });
  });

  it('refuses a name that is taken, in any case, and one of two at once', async () => {
    await create({ username: 'ada', role: 'viewer' });
    await expect(create({ username: 'ADA', role: 'viewer' })).rejects.toMatchObject({ code: 'name_taken', status: 409 });
    const both = await Promise.allSettled([create({ username: 'bob', role: 'viewer' }), create({ username: 'bob', role: 'owner' })]);
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect((await events()).map(({ kind }) => kind)).toEqual(['admin.created', 'admin.created']);
  });

  it('records every change with its actor and no secret, and tells the other replicas (R-ADM-06)', async () => {
    const { admin } = await create({ username: 'ada', role: 'viewer', password: 'chosen by ada' });
    await service.update({ id: admin.id, actor: 'root' }, { role: 'operator', password: 'another choice' });
    await service.delete({ id: admin.id, actor: 'root' });
    const recorded = await events();
    expect(recorded.map(({ kind, actor }) => `${kind} ${actor}`)).toEqual([
      'admin.created root',
      'admin.changed root',
      'admin.deleted root',
    ]);
    expect(JSON.parse(recorded[1]!.detail!)).toEqual({ username: 'ada', fields: ['role', 'password'], role: 'operator' });
    expect(JSON.stringify(recorded)).not.toMatch(/cho(sen|ice)|argon2/);
    expect(await storage.dataSource.getRepository(Change).findBy({ topic: ADMIN_TOPIC, subject: admin.id })).toHaveLength(3);
  });

  it('changes what is given, and on the version that was read only', async () => {
    const { admin } = await create({ username: 'ada', role: 'viewer' });
    const changed = await service.update({ id: admin.id, actor: 'root', ifMatch: '"1"' }, { role: 'operator' });
    expect(changed).toMatchObject({ role: 'operator', version: 2, passwordHash: admin.passwordHash });
    for (const act of [
      () => service.update({ id: admin.id, actor: 'root', ifMatch: '"1"' }, { role: 'viewer' }),
      () => service.delete({ id: admin.id, actor: 'root', ifMatch: '"1"' }),
    ]) {
      await expect(act()).rejects.toMatchObject({ code: 'precondition_failed' });
    }
  });

  it('lets one of two changes of the same version through', async () => {
    const { admin } = await create({ username: 'ada', role: 'viewer' });
    const target = { id: admin.id, actor: 'root', ifMatch: '"1"' };
    const both = await Promise.allSettled([
      service.update(target, { role: 'operator' }),
      service.update(target, { password: 'a new password' }),
    ]);
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });

  it('records nothing for a change of nothing', async () => {
    const { admin } = await create({ username: 'ada', role: 'viewer' });
    await expect(service.update({ id: admin.id, actor: 'root' }, {})).resolves.toMatchObject({ version: 1 });
    expect(await events()).toHaveLength(1);
  });

  it('does not find who does not exist', async () => {
    for (const act of [
      () => service.read('x'),
      () => service.update({ id: 'x', actor: 'root' }, {}),
      () => service.delete({ id: 'x', actor: 'root' }),
    ]) {
      await expect(act()).rejects.toMatchObject({ code: 'not_found', status: 404 });
    }
  });
});

describe('the last owner', () => {
  it('can neither be deleted nor lose the role, but keeps it and changes the password', async () => {
    const { admin } = await create({ username: 'ada', role: 'owner' });
    await create({ username: 'bob', role: 'operator' });
    const target = { id: admin.id, actor: 'ada' };
    await expect(service.delete(target)).rejects.toMatchObject({ code: 'last_owner', status: 409 });
    await expect(service.update(target, { role: 'operator' })).rejects.toMatchObject({ code: 'last_owner' });
    await expect(service.update(target, { role: 'owner', password: 'another choice' })).resolves.toMatchObject({ role: 'owner' });
    expect(await owners()).toBe(1);
  });

  it('is left when owners remove each other at once', async () => {
    for (let round = 0; round < 5; round++) {
      const made = await Promise.all(['a', 'b', 'c'].map((name) => create({ username: `${name}${round}`, role: 'owner' })));
      await Promise.allSettled(
        made.map(({ admin }, i) =>
          i % 2 ? service.delete({ id: admin.id, actor: 'x' }) : service.update({ id: admin.id, actor: 'x' }, { role: 'viewer' }),
        ),
      );
      expect(await owners()).toBe(1);
    }
  });
});
