import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { DataSource } from 'typeorm';
import { Credential } from '../../src/credentials/credential.entity.js';
import { ClientSecret } from '../../src/credentials/client-secret.entity.js';
import { newId } from '../../src/common/ids.js';
import { isDuplicate } from '../../src/database/unit-of-work.service.js';
import { withTestDatabase } from '../support/database.js';

/** What the tables must guarantee, on every database. */
describe('the tables', () => {
  let dataSource: DataSource;
  let remove: () => Promise<void>;
  beforeAll(async () => {
    ({ dataSource, remove } = await withTestDatabase());
  });
  afterAll(() => remove());

  const credential = (more: Partial<Credential> = {}): Credential => ({
    id: newId(),
    clientId: `mcc_${newId().toLowerCase()}`,
    label: 'Ünïcödé 🗝',
    authMethod: 'client_secret',
    grantTypes: null,
    settings: null,
    trustIssuer: null,
    tokensNotBefore: null,
    overFetchCount: 0,
    overFetchedAt: null,
    isEnabled: true,
    servers: ['docs'],
    scopes: null,
    tokenTtl: null,
    allowedIps: ['10.0.0.0/8'],
    docsGroups: ['staff'],
    expiresAt: null,
    createdAt: 1_790_000_000_123,
    createdBy: 'admin',
    updatedAt: 1_790_000_000_123,
    lastUsedAt: null,
    version: 1,
    ...more,
  });

  it('are what the entities say, with nothing left to migrate', async () => {
    const { upQueries } = await dataSource.driver.createSchemaBuilder().log();
    expect(upQueries.map(({ query }) => query)).toEqual([]);
  });

  it('go down and up again', async () => {
    await dataSource.undoLastMigration();
    expect(await dataSource.runMigrations()).toHaveLength(1);
    expect(await dataSource.runMigrations()).toHaveLength(0);
  });

  it('give back what was put in: text, booleans, lists, milliseconds, null', async () => {
    const original = credential({ isEnabled: false, expiresAt: 8_640_000_000_000_000 });
    await dataSource.getRepository(Credential).insert(original);
    expect({ ...(await dataSource.getRepository(Credential).findOneByOrFail({ id: original.id })) }).toEqual(original);
  });

  it('tell client ids apart by case, and take none twice', async () => {
    const repository = dataSource.getRepository(Credential);
    const original = credential();
    await repository.insert(original);
    expect(await repository.findOneBy({ clientId: original.clientId.toUpperCase() })).toBeNull();
    const failure = await repository.insert(credential({ clientId: original.clientId })).catch((error: unknown) => error);
    expect(isDuplicate(failure)).toBe(true);
  });

  it('let no secret stand without its credential', async () => {
    const owner = credential();
    const secret = {
      id: newId(),
      credentialId: owner.id,
      digest: 'd',
      hint: 'h',
      createdAt: 1,
      expiresAt: null,
      lastUsedAt: null,
      lastUsedIp: null,
    };
    await expect(dataSource.getRepository(ClientSecret).insert({ ...secret, credentialId: newId() })).rejects.toThrow();
    await dataSource.getRepository(Credential).insert(owner);
    await dataSource.getRepository(ClientSecret).insert(secret);
    await dataSource.getRepository(Credential).delete({ id: owner.id });
    expect(await dataSource.getRepository(ClientSecret).countBy({ id: secret.id })).toBe(0);
  });
});
