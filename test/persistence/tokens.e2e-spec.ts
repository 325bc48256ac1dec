import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { AuditEvent } from '../../src/audit/event.entity.js';
import { newId } from '../../src/common/ids.js';
import { loadConfig } from '../../src/config/load-config.js';
import { Credential } from '../../src/credentials/credential.entity.js';
import { lockCredential, lockForTokens } from '../../src/credentials/lock-credential.js';
import { TokenRevocation } from '../../src/credentials/token-revocation.service.js';
import { ExpiredRows } from '../../src/tokens/expired-rows.service.js';
import { RefreshToken } from '../../src/tokens/refresh-token.entity.js';
import { RefreshTokens } from '../../src/tokens/refresh-tokens.service.js';
import { RevokedToken } from '../../src/tokens/revoked-token.entity.js';
import { UsedAssertion } from '../../src/tokens/used-assertion.entity.js';
import { type TestStorage, testStorage } from '../support/database.js';

const HOUR = 3600_000;

let storage: TestStorage;
let refreshTokens: RefreshTokens;
let revocation: TokenRevocation;
const start = Date.parse('2026-11-22T10:00:00Z');

beforeAll(async () => {
  storage = await testStorage();
  const { dataSource, unitOfWork, digester, clock } = storage;
  refreshTokens = new RefreshTokens(dataSource.getRepository(RefreshToken), unitOfWork, digester, loadConfig({}), clock);
  revocation = new TokenRevocation(unitOfWork, storage.newAudit(), refreshTokens, clock);
});
afterAll(() => storage.remove());
afterEach(() => storage.set(start));

const table = () => storage.dataSource.getRepository(RefreshToken);
const revoked = () => storage.dataSource.getRepository(RevokedToken);

async function insertCredential(more: Partial<Credential> = {}): Promise<Credential> {
  const credential: Credential = {
    id: newId(),
    clientId: `mcc_${newId().toLowerCase()}`,
    label: 'test',
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
    allowedIps: null,
    docsGroups: null,
    expiresAt: null,
    createdAt: start,
    createdBy: 'admin',
    updatedAt: start,
    lastUsedAt: null,
    version: 1,
    ...more,
  };
  await storage.dataSource.getRepository(Credential).insert(credential);
  return credential;
}

const read = ({ id }: Credential): Promise<Credential> => storage.dataSource.getRepository(Credential).findOneByOrFail({ id });

/** An access token that is issued now and lives an hour. */
const access = (jti = newId()) => ({ jti, iat: storage.clock() / 1000, exp: (storage.clock() + HOUR) / 1000 });
const grant = ({ id }: Credential) => ({ credentialId: id, server: 'docs', scopes: ['a'], confirmation: null });
const why = ({ id, clientId }: Credential) => ({ credential: { id, clientId }, kind: 'token.revoked' as const, address: '192.0.2.1' });

async function begin(credential: Credential, token = access()): Promise<RefreshToken> {
  const made = await refreshTokens.begin(grant(credential), token, lockForTokens);
  const row = await refreshTokens.find(made ?? '');
  if (!row) throw new Error('There is no refresh token');
  return row;
}

describe('refresh tokens', () => {
  it.each<[string, Partial<Credential>]>([
    ['that is disabled', { isEnabled: false }],
    ['whose tokens were ended after the access token was made', { tokensNotBefore: start + 1000 }],
  ])('are not made for a credential %s (R-CCG-10)', async (_, more) => {
    const credential = await insertCredential(more);
    expect(await refreshTokens.begin(grant(credential), access(), lockForTokens)).toBeUndefined();
    expect(await table().countBy({ credentialId: credential.id })).toBe(0);
  });

  it('are not made for a credential that does not exist any more (R-CCG-10)', async () => {
    expect(await refreshTokens.begin(grant({ id: newId() } as Credential), access(), lockForTokens)).toBeUndefined();
  });

  it('wait for an admin who is changing the credential, and see what became of it (R-CCG-10)', async () => {
    const credential = await insertCredential();
    const row = await begin(credential);
    let locked: () => void = () => undefined;
    const isLocked = new Promise<void>((resolve) => (locked = resolve));
    const changing = storage.unitOfWork.run(async ({ manager }) => {
      await lockCredential(manager, credential.id);
      locked();
      await new Promise((resolve) => setTimeout(resolve, 200));
      await manager.delete(RefreshToken, { credentialId: credential.id });
      await manager.update(Credential, { id: credential.id }, { isEnabled: false });
    });
    await isLocked;
    const made = [refreshTokens.begin(grant(credential), access(), lockForTokens), refreshTokens.replace(row, access(), lockForTokens)];
    await changing;
    expect(await Promise.all(made)).toEqual([undefined, undefined]);
    expect(await table().countBy({ credentialId: credential.id })).toBe(0);
  });

  it('are replaced once, though ten ask at the same time', async () => {
    const credential = await insertCredential();
    const row = await begin(credential);
    const next = await Promise.all(Array.from({ length: 10 }, () => refreshTokens.replace(row, access(), lockForTokens)));
    expect(next.filter((token) => token !== undefined)).toHaveLength(1);
    expect(await table().countBy({ familyId: row.familyId })).toBe(2);
  });

  it('end with all access tokens of their family, though one of them is replaced at the same time (R-CCG-10)', async () => {
    for (let round = 0; round < 10; round++) {
      const credential = await insertCredential();
      const [first, second] = [access(), access()];
      const row = await begin(credential, first);
      const [, next] = await Promise.all([
        revocation.revokeFamily(why(credential), row.familyId),
        refreshTokens.replace(row, second, lockForTokens),
      ]);
      expect(await table().countBy({ familyId: row.familyId })).toBe(0);
      const ended = (await revoked().findBy({ credentialId: credential.id })).map(({ jti }) => jti);
      // Whoever came too late got nothing; what was handed out has ended.
      expect(ended.sort()).toEqual((next === undefined ? [first.jti] : [first.jti, second.jti]).sort());
    }
  });

  it('end once: a family that is gone is no event', async () => {
    const credential = await insertCredential();
    const { familyId } = await begin(credential);
    for (let i = 0; i < 3; i++) await revocation.revokeFamily(why(credential), familyId);
    const events = await storage.dataSource.getRepository(AuditEvent).findBy({ credentialId: credential.id });
    expect(events.map(({ kind }) => kind)).toEqual(['token.revoked']);
  });
});

describe('revoked tokens', () => {
  it('are kept until nobody would accept them, by jti, each once', async () => {
    const credential = await insertCredential();
    const token = { jti: newId(), expiresAt: start + HOUR };
    for (let i = 0; i < 2; i++) await revocation.revokeAccess(why(credential), token);
    const [row, ...others] = await revoked().findBy({ credentialId: credential.id });
    expect([row?.jti, others]).toEqual([token.jti, []]);
    expect(row?.expiresAt).toBeGreaterThan(start + HOUR + 5000);
    expect((await read(credential)).tokensNotBefore).toBeNull();
  });

  it('become the end of all its tokens where one credential has more than a thousand, and new ones work at once', async () => {
    const [credential, other] = [await insertCredential(), await insertCredential()];
    const family = await begin(credential);
    const rows = Array.from({ length: 1000 }, () => ({ jti: newId(), credentialId: credential.id, expiresAt: start + HOUR }));
    for (let i = 0; i < rows.length; i += 100) await revoked().insert(rows.slice(i, i + 100));
    await revocation.revokeAccess(why(other), { jti: newId(), expiresAt: start + HOUR });
    expect(await revoked().countBy({ credentialId: credential.id })).toBe(1000);
    storage.set(start + 400);
    await revocation.revokeAccess(why(credential), { jti: newId(), expiresAt: start + HOUR });
    expect(await revoked().countBy({ credentialId: credential.id })).toBe(0);
    expect((await read(credential)).tokensNotBefore).toBe(start + 1000);
    expect(await table().countBy({ familyId: family.familyId })).toBe(0);
    expect([await revoked().countBy({ credentialId: other.id }), (await read(other)).tokensNotBefore]).toEqual([1, null]);
    const [event] = await storage.dataSource.getRepository(AuditEvent).findBy({ credentialId: credential.id });
    expect(JSON.parse(event?.detail ?? '')).toMatchObject({ endsAll: true });
    await revocation.revokeAccess(why(credential), { jti: newId(), expiresAt: start + HOUR });
    expect(await revoked().countBy({ credentialId: credential.id })).toBe(1);
  });

  it('that have expired do not count', async () => {
    const credential = await insertCredential();
    const rows = Array.from({ length: 1000 }, () => ({ jti: newId(), credentialId: credential.id, expiresAt: start - 1 }));
    for (let i = 0; i < rows.length; i += 100) await revoked().insert(rows.slice(i, i + 100));
    await revocation.revokeAccess(why(credential), { jti: newId(), expiresAt: start + HOUR });
    expect((await read(credential)).tokensNotBefore).toBeNull();
  });

  it('of a family with more than a thousand live access tokens are the end of all, too', async () => {
    const credential = await insertCredential();
    const { familyId, ...row } = await begin(credential);
    const rows = Array.from({ length: 1100 }, () => ({
      ...row,
      familyId,
      id: newId(),
      digest: newId(),
      usedAt: start,
      accessJti: newId(),
    }));
    for (let i = 0; i < rows.length; i += 50) await table().insert(rows.slice(i, i + 50));
    await revocation.revokeFamily(why(credential), familyId);
    expect([await table().countBy({ familyId }), await revoked().countBy({ credentialId: credential.id })]).toEqual([0, 0]);
    expect((await read(credential)).tokensNotBefore).toBe(start + 1000);
  });
});

describe('what has expired', () => {
  // A clock that is an hour ahead for a while must not make used what is used, nor revoked what is revoked, good again.
  const forgotten = start - 2 * HOUR;

  it('leaves its table two hours later, in batches, and nothing else does', async () => {
    const { dataSource, unitOfWork, clock } = storage;
    const credential = await insertCredential();
    const { id: credentialId } = credential;
    const expiries = [...Array<number>(1200).fill(forgotten - 1), forgotten - 1, forgotten + 1, start + HOUR];
    const { id: _, digest: __, ...row } = await begin(credential);
    for (let i = 0; i < expiries.length; i += 100) {
      const some = expiries.slice(i, i + 100);
      await revoked().insert(some.map((expiresAt) => ({ jti: newId(), credentialId, expiresAt })));
      await dataSource.getRepository(UsedAssertion).insert(some.map((expiresAt) => ({ id: newId(), expiresAt })));
      await table().insert(some.map((expiresAt) => ({ ...row, id: newId(), digest: newId(), expiresAt })));
    }
    await new ExpiredRows(dataSource, unitOfWork, clock).removeAll();
    expect(await revoked().countBy({ credentialId })).toBe(2);
    expect(await dataSource.getRepository(UsedAssertion).count()).toBe(2);
    // One more came with the family that was begun.
    expect(await table().countBy({ credentialId })).toBe(3);
  });

  it('leaves it once, though two replicas clean up at the same time', async () => {
    const { dataSource, unitOfWork, clock } = storage;
    const rows = Array.from({ length: 300 }, () => ({ id: newId(), expiresAt: forgotten - 1 }));
    for (let i = 0; i < rows.length; i += 100) await dataSource.getRepository(UsedAssertion).insert(rows.slice(i, i + 100));
    await Promise.all([1, 2].map(() => new ExpiredRows(dataSource, unitOfWork, clock).removeAll()));
    expect(await dataSource.getRepository(UsedAssertion).findBy({ expiresAt: forgotten - 1 })).toEqual([]);
  });
});
