import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createLocalJWKSet, decodeProtectedHeader, type JSONWebKeySet, jwtVerify } from 'jose';
import { SigningKeysService } from '../src/tokens/signing-keys.service.js';
import { type SettableClock, settableClock } from './support/database.js';
import { ask, type NewCredential, startTestGatehouse, type TestGatehouse } from './support/gatehouse.js';

const DAY = 86_400_000;
const PUBLISHED_MS = 300_000;

const keysOf = async ({ env }: TestGatehouse): Promise<JSONWebKeySet> =>
  (await ask(`http://127.0.0.1:${env['PORT']}/authed/mcp/oauth/jwks`)).json as unknown as JSONWebKeySet;
const kidOf = (token: string): string => decodeProtectedHeader(token).kid ?? '';
const schedule = ({ app }: TestGatehouse): Promise<void> => app.get(SigningKeysService).keepSchedule();

async function verifies(gatehouse: TestGatehouse, token: string, now: number): Promise<boolean> {
  const keys = createLocalJWKSet(await keysOf(gatehouse));
  return jwtVerify(token, keys, { currentDate: new Date(now) }).then(
    () => true,
    () => false,
  );
}

describe('the signing keys of two replicas', () => {
  const env = { PUBLIC_URL: 'http://localhost:3999', TOKEN_TTL: '1209600' };
  let time: SettableClock;
  let first: TestGatehouse;
  let second: TestGatehouse;
  let credential: NewCredential;

  beforeAll(async () => {
    time = settableClock();
    first = await startTestGatehouse({ env, clock: time.clock });
    second = await startTestGatehouse({ on: first, env, clock: time.clock });
    credential = await first.createCredential();
  });
  afterAll(async () => {
    await second.close();
    await first.remove();
  });

  const replicas = () => [first, second];
  const until = async (isTrue: () => Promise<boolean>): Promise<void> => {
    const end = performance.now() + 20_000;
    while (!(await isTrue())) {
      if (performance.now() > end) throw new Error('It did not come true within 20 s');
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };

  it('stay as they are before their time', async () => {
    time.advance(89 * DAY);
    await Promise.all(replicas().map(schedule));
    expect((await keysOf(first)).keys).toHaveLength(1);
  });

  it('are rotated once when their time has come, whichever replica is first, published before use, and kept for live tokens (R-KEY-02)', async () => {
    const before = await first.accessToken(credential);
    time.advance(DAY);
    await Promise.all([...replicas(), ...replicas()].map(schedule));
    await until(async () => (await keysOf(second)).keys.length === 2 && (await keysOf(first)).keys.length === 2);
    const [published] = (await keysOf(first)).keys.filter(({ kid }) => kid !== kidOf(before));

    const early = await second.accessToken(credential);
    expect(kidOf(early)).toBe(kidOf(before));

    time.advance(PUBLISHED_MS);
    for (const replica of replicas()) expect(kidOf(await replica.accessToken(credential))).toBe(published?.kid);
    for (const replica of replicas()) expect(await verifies(replica, early, time.clock())).toBe(true);

    time.advance(14 * DAY - PUBLISHED_MS);
    expect(await verifies(second, early, time.clock() - 2000)).toBe(true);
  });

  it('leave the key set when the last token under them has ended, and the table a day later', async () => {
    time.advance(DAY);
    expect((await keysOf(first)).keys).toHaveLength(1);
    time.advance(DAY);
    await schedule(second);
    const listed = await first.admin('/signing-keys');
    await until(async () => ((await first.admin('/signing-keys')).json['items'] as unknown[]).length === 1);
    expect(listed.status).toBe(200);
    const events = await first.admin('/events?kind=signing_key.created');
    expect((events.json['items'] as { actor: string }[]).map(({ actor }) => actor)).toEqual(['schedule', 'start']);
  });
});

describe('a key that is removed in an emergency while its successor waits', () => {
  it('leaves a key that signs, today and when the one that waited has retired', async () => {
    const time = settableClock();
    const gatehouse = await startTestGatehouse({ clock: time.clock });
    const credential = await gatehouse.createCredential();
    const kid = kidOf(await gatehouse.accessToken(credential));
    await gatehouse.admin('/signing-keys/rotate', { method: 'POST' });
    expect((await gatehouse.admin(`/signing-keys/${kid}`, { method: 'DELETE' })).status).toBe(204);
    for (const days of [0, 1, 14, 15, 16]) {
      time.advance(days * DAY);
      expect(await verifies(gatehouse, await gatehouse.accessToken(credential), time.clock())).toBe(true);
    }
    await gatehouse.remove();
  });
});

describe('a key that is removed before it has signed', () => {
  interface Key {
    readonly kid: string;
    readonly status: string;
    readonly signsFrom: string;
    readonly retiresAt: string | null;
  }

  it('goes without a trace: the one before it signs until the one after it does, and no other is made (R-KEY-02)', async () => {
    const time = settableClock();
    const gatehouse = await startTestGatehouse({ clock: time.clock });
    const credential = await gatehouse.createCredential();
    const kid = kidOf(await gatehouse.accessToken(credential));
    const keys = async (): Promise<Key[]> => (await gatehouse.admin('/signing-keys')).json['items'] as Key[];
    for (let i = 0; i < 2; i++) {
      await gatehouse.admin('/signing-keys/rotate', { method: 'POST' });
      time.advance(100_000);
    }
    const [newest, middle] = await keys();
    const remove = async (key: Key): Promise<void> => {
      expect((await gatehouse.admin(`/signing-keys/${key.kid}`, { method: 'DELETE' })).status).toBe(204);
      expect(kidOf(await gatehouse.accessToken(credential))).toBe(kid);
    };
    await remove(middle!);
    const [, signing] = await keys();
    // Fourteen days, and a minute, after the one that is its successor now.
    expect([signing?.kid, Date.parse(signing?.retiresAt ?? '')]).toEqual([kid, Date.parse(newest!.signsFrom) + 14 * DAY + 60_000]);
    await remove(newest!);
    expect(await keys()).toEqual([expect.objectContaining({ kid, status: 'signing', retiresAt: null })]);
    for (const days of [1 / 24, 13, 1, 1]) {
      time.advance(days * DAY);
      expect(await verifies(gatehouse, await gatehouse.accessToken(credential), time.clock())).toBe(true);
    }
    await gatehouse.remove();
  });
});

describe('a key that was made by a clock that was ahead', () => {
  it('signs once the clock is set right: there are tokens', async () => {
    const time = settableClock();
    const gatehouse = await startTestGatehouse({ clock: time.clock });
    const credential = await gatehouse.createCredential();
    time.advance(-DAY / 24);
    expect(await verifies(gatehouse, await gatehouse.accessToken(credential), time.clock())).toBe(true);
    expect((await ask(`${gatehouse.url}/health/ready`)).json['keys']).toBe('up');
    await gatehouse.remove();
  });
});

describe('SIGNING_KEY_ROTATION_DAYS', () => {
  it('of 0 leaves rotation to the admin', async () => {
    const time = settableClock();
    const gatehouse = await startTestGatehouse({ env: { SIGNING_KEY_ROTATION_DAYS: '0' }, clock: time.clock });
    time.advance(5000 * DAY);
    await schedule(gatehouse);
    expect((await keysOf(gatehouse)).keys).toHaveLength(1);
    await gatehouse.remove();
  });
});

describe('SIGNING_ALG', () => {
  it.each(['ES256', 'RS256', 'PS256', 'EdDSA'])(
    '%s signs tokens that its key set verifies and the endpoint takes (R-JAT-07)',
    async (alg) => {
      const gatehouse = await startTestGatehouse({ env: { SIGNING_ALG: alg } });
      const token = await gatehouse.accessToken(await gatehouse.createCredential());
      expect(decodeProtectedHeader(token)).toEqual({ alg, typ: 'at+jwt', kid: expect.any(String) });
      expect(await verifies(gatehouse, token, Date.now())).toBe(true);
      const called = await ask(`${gatehouse.url}/authed/mcp`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
        body: '{"jsonrpc":"2.0","id":1,"method":"ping"}',
      });
      expect([200, 400]).toContain(called.status);
      await gatehouse.remove();
    },
  );
});
