import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type TestStorage, testStorage } from '../../test/support/database.js';
import { AuditEvent } from '../audit/event.entity.js';
import { hasSecretFormat } from '../common/secret-format.js';
import { Change } from '../database/change.entity.js';
import type { CreateAdminKeyDto } from './admin.dto.js';
import { AdminKey } from './admin-key.entity.js';
import { ADMIN_KEY_TOPIC, AdminKeysService } from './admin-keys.service.js';

let storage: TestStorage;
let service: AdminKeysService;

beforeAll(async () => {
  storage = await testStorage();
  const { dataSource, unitOfWork, digester, clock } = storage;
  service = new AdminKeysService(dataSource.getRepository(AdminKey), unitOfWork, storage.newAudit(), digester, clock);
});
afterAll(() => storage.remove());

const create = (input: CreateAdminKeyDto) => storage.unitOfWork.run((transaction) => service.create(input, 'root', transaction));

describe('an admin key', () => {
  it('has a secret that is told once and stored as a digest only', async () => {
    const { key, secret } = await create({ label: 'terraform', role: 'operator' });
    expect(hasSecretFormat('mka_', secret)).toBe(true);
    const [stored] = (await service.page({})).items;
    expect(stored).toMatchObject({ id: key.id, hint: secret.slice(-4), digest: storage.digester.digest(secret), createdBy: 'root' });
    const everything = await Promise.all([AdminKey, AuditEvent].map((entity) => storage.dataSource.getRepository(entity).find()));
    expect(JSON.stringify(everything)).not.toContain(secret);
  });

  it('may have an expiry in the future, and none in the past', async () => {
    const expiresAt = '2027-06-30T00:00:00Z';
    await expect(create({ label: 'ci', role: 'viewer', expiresAt })).resolves.toMatchObject({ key: { expiresAt: Date.parse(expiresAt) } });
    await expect(create({ label: 'ci', role: 'viewer', expiresAt: '2020-01-01' })).rejects.toMatchObject({
      code: 'validation_failed',
      options: { errors: [{ field: 'expiresAt', message: 'must be in the future' }] },
    });
  });

  it('is deleted once, which is recorded and told to the other replicas', async () => {
    const { key } = await create({ label: 'old', role: 'viewer' });
    await service.delete(key.id, 'root');
    await expect(service.delete(key.id, 'root')).rejects.toMatchObject({ code: 'not_found' });
    const deleted = await storage.dataSource.getRepository(AuditEvent).findBy({ kind: 'admin_key.deleted' });
    expect(deleted.map(({ detail }) => detail)).toEqual([JSON.stringify({ id: key.id, label: 'old' })]);
    expect(await storage.dataSource.getRepository(Change).findBy({ topic: ADMIN_KEY_TOPIC, subject: key.id })).toHaveLength(2);
  });
});
