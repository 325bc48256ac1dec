import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type TestStorage, testStorage } from '../../test/support/database.js';
import { type AuditService } from '../audit/audit.service.js';
import { AuditEvent } from '../audit/event.entity.js';
import { newId } from '../common/ids.js';
import { generateSecret } from '../common/secret-format.js';
import { loadConfig } from '../config/load-config.js';
import { RateLimits } from '../rate-limit/rate-limits.service.js';
import { AdminKey } from './admin-key.entity.js';
import { Admin } from './admin.entity.js';
import { LastSeen } from './last-seen.service.js';
import { hashPassword } from './passwords.js';
import { SignInService } from './sign-in.service.js';
import { SignInThrottle } from './sign-in-throttle.service.js';

const PASSWORD = 'correct horse';
const HOME = '192.0.2.1';

let storage: TestStorage;
let audit: AuditService;
let service: SignInService;
let adminId: string;

beforeAll(async () => {
  storage = await testStorage();
});
afterAll(() => storage.remove());

beforeEach(async () => {
  const { dataSource, digester, clock } = storage;
  const config = loadConfig({ RATE_LIMIT_SIGN_IN_FAILURES: '3' });
  audit = storage.newAudit();
  const throttle = new SignInThrottle(new RateLimits(config, undefined), audit, config);
  const [admins, keys] = [dataSource.getRepository(Admin), dataSource.getRepository(AdminKey)];
  service = new SignInService(admins, keys, digester, throttle, new LastSeen(audit), clock);
  adminId = newId();
  await admins.insert({
    id: adminId,
    username: 'ada',
    passwordHash: await hashPassword(PASSWORD),
    role: 'operator',
    createdAt: clock(),
    createdBy: 'start',
    lastSignInAt: null,
    version: 1,
  });
});
afterEach(async () => {
  for (const entity of [Admin, AdminKey, AuditEvent]) await storage.dataSource.getRepository(entity).clear();
});

const signIn = (password = PASSWORD, address = HOME, name = 'ada') => service.signIn({ name, password, address });

async function createKey(more: Partial<AdminKey> = {}): Promise<{ id: string; secret: string }> {
  const [id, secret] = [newId(), generateSecret('mka_')];
  const digest = storage.digester.digest(secret);
  const rest = { hint: secret.slice(-4), createdAt: storage.clock(), createdBy: 'ada', expiresAt: null, lastUsedAt: null };
  await storage.dataSource.getRepository(AdminKey).insert({ id, label: 'ci', role: 'viewer', digest, ...rest, ...more });
  return { id, secret };
}

async function failures(): Promise<AuditEvent[]> {
  await audit.flush();
  return storage.dataSource.getRepository(AuditEvent).find({ order: { id: 'ASC' } });
}

describe('a person', () => {
  it('signs in by name, in any case, and password', async () => {
    const ada = { id: adminId, name: 'ada', role: 'operator', kind: 'admin' };
    await expect(signIn()).resolves.toEqual(ada);
    await expect(signIn(PASSWORD, HOME, 'ADA')).resolves.toEqual(ada);
  });

  it.each([
    ['ada', 'wrong'],
    ['bob', PASSWORD],
    ['ada', ''],
    ["' OR 1=1 --", PASSWORD],
    ['ada ', PASSWORD],
    [' ada', PASSWORD],
    [`ada${' '.repeat(100)}`, PASSWORD],
  ])('does not sign in as %p with %p', async (name, password) => {
    await expect(signIn(password, HOME, name)).resolves.toBeUndefined();
  });

  it('is out at once when the password is changed or the admin deleted', async () => {
    await signIn();
    const admins = storage.dataSource.getRepository(Admin);
    await admins.update({ id: adminId }, { passwordHash: await hashPassword('another horse') });
    await expect(signIn()).resolves.toBeUndefined();
    await expect(signIn('another horse')).resolves.toBeDefined();
    await admins.delete({ id: adminId });
    await expect(signIn('another horse')).resolves.toBeUndefined();
  });

  it('is seen, with the next batch of events, without a new version', async () => {
    await signIn();
    const admins = storage.dataSource.getRepository(Admin);
    expect((await admins.findOneByOrFail({ id: adminId })).lastSignInAt).toBeNull();
    await audit.flush();
    await expect(admins.findOneByOrFail({ id: adminId })).resolves.toMatchObject({ lastSignInAt: storage.clock(), version: 1 });
  });
});

describe('a script', () => {
  it('signs in by key id and secret, and by the secret alone', async () => {
    const { id, secret } = await createKey();
    const key = { id, name: `key:${id}`, role: 'viewer', kind: 'key' };
    await expect(signIn(secret, HOME, id)).resolves.toEqual(key);
    await expect(service.signInWithKey(secret, HOME)).resolves.toEqual(key);
  });

  it('does not sign in with the id of another key, or as a person', async () => {
    const [one, other] = [await createKey(), await createKey()];
    await expect(signIn(one.secret, HOME, other.id)).resolves.toBeUndefined();
    await expect(signIn(one.secret, HOME, 'ada')).resolves.toBeUndefined();
  });

  it('does not sign in with a key that has expired or was deleted', async () => {
    const { id, secret } = await createKey({ expiresAt: storage.clock() + 1000 });
    await expect(service.signInWithKey(secret, HOME)).resolves.toBeDefined();
    storage.advance(1000);
    await expect(service.signInWithKey(secret, HOME)).resolves.toBeUndefined();
    await storage.dataSource.getRepository(AdminKey).delete({ id });
    await expect(signIn(secret, HOME, id)).resolves.toBeUndefined();
  });

  it.each(['eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln', generateSecret('mcs_'), PASSWORD, ''])(
    'does not sign in with what is no admin key (R-ADM-05)',
    async (text) => {
      await expect(service.signInWithKey(text, HOME)).resolves.toBeUndefined();
    },
  );

  it('is seen with the next batch of events, and again only a minute later', async () => {
    const { id, secret } = await createKey();
    const keys = storage.dataSource.getRepository(AdminKey);
    const lastUsedAt = async () => {
      await service.signInWithKey(secret, HOME);
      await audit.flush();
      return (await keys.findOneByOrFail({ id })).lastUsedAt;
    };
    const first = storage.clock();
    expect(await lastUsedAt()).toBe(first);
    storage.advance(59_000);
    expect(await lastUsedAt()).toBe(first);
    storage.advance(1000);
    expect(await lastUsedAt()).toBe(first + 60_000);
  });
});

describe('failed sign-ins', () => {
  const slowed = expect.objectContaining({
    code: 'too_many_requests',
    status: 429,
    headers: { 'retry-after': expect.stringMatching(/^[1-9]\d*$/) },
  });

  it('are slowed per name and address: the right password has to wait there, and works from elsewhere', async () => {
    for (let i = 0; i < 3; i++) await signIn('wrong');
    await expect(signIn()).rejects.toEqual(slowed);
    await expect(signIn(PASSWORD, HOME, 'ADA')).rejects.toEqual(slowed);
    await expect(signIn(PASSWORD, '192.0.2.2')).resolves.toBeDefined();
    await expect(signIn(PASSWORD, HOME, 'bob')).resolves.toBeUndefined();
  });

  it('are slowed for a whole IPv6 network at once', async () => {
    for (let i = 0; i < 3; i++) await signIn('wrong', `2001:db8::${i}`);
    await expect(signIn(PASSWORD, '2001:db8::ffff')).rejects.toEqual(slowed);
    await expect(signIn(PASSWORD, '2001:db8:0:1::1')).resolves.toBeDefined();
  });

  it('are slowed per address at ten times as many, whatever the names', async () => {
    for (let i = 0; i < 29; i++) await signIn('wrong', HOME, `name-${i}`);
    await expect(signIn()).resolves.toBeDefined();
    await service.signInWithKey('wrong', `::ffff:${HOME}`);
    await expect(signIn()).rejects.toEqual(slowed);
    await expect(signIn(PASSWORD, '192.0.2.2')).resolves.toBeDefined();
  });

  it('tell nothing to a burst of guesses that holds the right one', async () => {
    const guesses = Array.from({ length: 40 }, (_, i) => (i === 39 ? PASSWORD : `guess ${i}`));
    const answers = await Promise.allSettled(guesses.map((guess) => signIn(guess)));
    expect(answers[39]).toEqual({ status: 'rejected', reason: slowed });
  });

  it('are noted with the address, and with the name only where it exists', async () => {
    const { id } = await createKey();
    await signIn('a wrong secret');
    await signIn('x', HOME, 'password typed as name');
    await signIn('x', HOME, id);
    const noted = await failures();
    expect(noted.map(({ kind, actor, address }) => ({ kind, actor, address }))).toEqual(
      ['ada', null, `key:${id}`].map((actor) => ({ kind: 'admin.sign_in_failed', actor, address: HOME })),
    );
    expect(JSON.stringify(noted)).not.toMatch(/wrong secret|password typed/);
  });

  it('are not noted for who is right', async () => {
    await signIn();
    expect(await failures()).toEqual([]);
  });
});
