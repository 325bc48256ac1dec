import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { decodeProtectedHeader } from 'jose';
import { makeProof, proofSigner } from './support/dpop.js';
import { type Answer, ask, basic, type NewCredential, PASSWORD, startTestGatehouse, type TestGatehouse } from './support/gatehouse.js';
import { CLIENT_ASSERTION_TYPE, clientClaims, jwksOf, signAssertion, testKey } from './support/keys.js';
import { type Client, listTools, postForm } from './support/oauth.js';

/** The bound for what one replica must hear of another, and what this measurement itself may take. */
const BOUND_MS = 1000;
const TOLERANCE_MS = 500;
const PUBLISHED_MS = 300_000;
const LEGACY = '2025-11-25';
const CC = { grant_type: 'client_credentials' };
const hasRedis = Boolean(process.env['TEST_REDIS_URL']);

/** Three of the application on one database and, where there is one, one Redis. No request knows which of them it meets. */
let replicas: readonly [TestGatehouse, TestGatehouse, TestGatehouse];
let places: readonly { readonly url: string }[];
let publicUrl: string;
let offset = 0;
let turn = 0;

beforeAll(async () => {
  const clock = (): number => Date.now() + offset;
  const env = { REFRESH_TOKENS: 'on', RATE_LIMIT_TOKEN_FAILURES: '1000000' };
  const first = await startTestGatehouse({ env, clock });
  publicUrl = first.url;
  const more = { on: first, env: { PUBLIC_URL: publicUrl }, clock };
  replicas = [first, await startTestGatehouse(more), await startTestGatehouse(more)];
  places = replicas.map(({ env: own }) => ({ url: `http://127.0.0.1:${own['PORT'] ?? ''}` }));
});
afterAll(async () => {
  const [first, ...others] = replicas;
  await Promise.all(others.map((replica) => replica.close()));
  await first.remove();
});

const place = (index: number): { readonly url: string } => places[index % places.length] ?? { url: '' };
const anywhere = (): { readonly url: string } => place(turn++);
const everywhere = <T>(act: (where: { readonly url: string }) => Promise<T>): Promise<T[]> => Promise.all(places.map(act));

const admin = (
  where: { readonly url: string },
  path: string,
  init: { method?: string; body?: unknown; headers?: Record<string, string> } = {},
) =>
  ask(`${where.url}/api/v1${path}`, {
    method: init.method ?? (init.body === undefined ? 'GET' : 'POST'),
    headers: { authorization: basic('admin', PASSWORD), 'content-type': 'application/json', ...init.headers },
    ...(init.body === undefined ? {} : { body: JSON.stringify(init.body) }),
  });
const create = async (body: Record<string, unknown> = {}): Promise<NewCredential> =>
  (await admin(anywhere(), '/credentials', { body: { label: 'sprayed', ...body } })).json as unknown as NewCredential;
const mint = (where: { readonly url: string }, client: Client, form: Record<string, string> = {}): Promise<Answer> =>
  postForm(where, 'token', { client, form: { ...CC, ...form } });
const tokenOf = ({ json }: Answer): string => json['access_token'] as string;
const statusAt = async (where: { readonly url: string }, token: string): Promise<number> =>
  (await listTools(`${where.url}/authed/mcp`, token)).status;
const statuses = async (answers: readonly Answer[]): Promise<number[]> => Promise.resolve(answers.map(({ status }) => status).sort());

/** Until it is so on every replica; within the bound. */
async function soonEverywhere(isSo: (where: { readonly url: string }) => Promise<boolean>): Promise<void> {
  const began = performance.now();
  const lags = await everywhere(async (where) => {
    while (!(await isSo(where))) {
      if (performance.now() - began > 10_000) throw new Error(`It did not come about at ${where.url} in 10 s`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    return performance.now() - began;
  });
  expect(Math.max(...lags)).toBeLessThan(BOUND_MS + TOLERANCE_MS);
}

describe('tokens', () => {
  it('of each replica are good on all, at once', async () => {
    const client = await create();
    for (const from of places) {
      const token = tokenOf(await mint(from, client));
      expect(await everywhere((where) => statusAt(where, token))).toEqual([200, 200, 200]);
    }
  });

  it('end on all when one is told to revoke them', async () => {
    const client = await create();
    const token = tokenOf(await mint(anywhere(), client));
    expect((await postForm(anywhere(), 'revoke', { client, form: { token } })).status).toBe(200);
    await soonEverywhere(async (where) => (await statusAt(where, token)) === 401);
  });
});

describe('what is good once', () => {
  it('is good once on all together: an assertion, presented to all at the same time', async () => {
    const key = testKey();
    const client = await create({ authMethod: 'private_key_jwt', jwks: jwksOf(key) });
    const assertion = signAssertion(key, clientClaims(client.clientId, `${publicUrl}/authed/mcp`));
    const form = { ...CC, client_assertion_type: CLIENT_ASSERTION_TYPE, client_assertion: assertion };
    const present = (where: { readonly url: string }) => postForm(where, 'token', { client: null, form });
    expect(await statuses(await everywhere(present))).toEqual([200, 401, 401]);
    expect(await statuses(await everywhere(present))).toEqual([401, 401, 401]);
  });

  it(`a DPoP proof is good once ${hasRedis ? 'on all together' : 'on each replica, where there is no Redis'}`, async () => {
    const client = await create();
    const proof = makeProof(proofSigner(), { claims: { htu: `${publicUrl}/authed/mcp/oauth/token` } });
    const present = (where: { readonly url: string }) => postForm(where, 'token', { client, form: CC, headers: { dpop: proof } });
    expect(await statuses(await everywhere(present))).toEqual(hasRedis ? [200, 400, 400] : [200, 200, 200]);
    expect(await statuses(await everywhere(present))).toEqual([400, 400, 400]);
  });

  it('a refresh token that is presented to all at once, or again later, ends its family everywhere', async () => {
    const client = await create();
    const begun = await mint(anywhere(), client);
    const refresh = (where: { readonly url: string }, token: unknown) =>
      postForm(where, 'token', { client, form: { grant_type: 'refresh_token', refresh_token: token as string } });
    const next = await refresh(anywhere(), begun.json['refresh_token']);
    expect(next.status).toBe(200);
    const race = await everywhere((where) => refresh(where, next.json['refresh_token']));
    expect((await statuses(race)).filter((status) => status === 200).length).toBeLessThanOrEqual(1);
    const newest = race.find(({ status }) => status === 200)?.json['refresh_token'] ?? next.json['refresh_token'];
    expect(await statuses(await everywhere((where) => refresh(where, newest)))).toEqual([400, 400, 400]);
    for (const answer of [begun, next]) await soonEverywhere(async (where) => (await statusAt(where, tokenOf(answer))) === 401);
  });
});

describe('a legacy session', () => {
  const send = (where: { readonly url: string }, token: string, init: { message?: object; session?: string; method?: string }) =>
    ask(`${where.url}/authed/mcp`, {
      method: init.method ?? 'POST',
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        ...(init.session === undefined ? {} : { 'mcp-session-id': init.session, 'mcp-protocol-version': LEGACY }),
      },
      ...(init.message === undefined ? {} : { body: JSON.stringify({ jsonrpc: '2.0', ...init.message }) }),
    });

  it('goes on whichever replica its messages meet, and ends with DELETE at any', async () => {
    const token = tokenOf(await mint(anywhere(), await create()));
    const other = tokenOf(await mint(anywhere(), await create()));
    const params = { protocolVersion: LEGACY, capabilities: {}, clientInfo: { name: 'test', version: '1' } };
    const opened = await send(place(0), token, { message: { id: 0, method: 'initialize', params } });
    const session = opened.headers.get('mcp-session-id') ?? '';
    expect((await send(place(1), token, { session, message: { method: 'notifications/initialized' } })).status).toBe(202);
    for (let id = 1; id <= 9; id++) {
      const { status, text } = await send(place(id), token, { session, message: { id, method: 'tools/list' } });
      expect([status, text]).toEqual([200, expect.stringContaining('"tools"')]);
    }
    const list = { session, message: { id: 10, method: 'tools/list' } };
    expect(await statuses(await everywhere((where) => send(where, other, list)))).toEqual([404, 404, 404]);
    expect((await send(place(2), token, { session, method: 'DELETE' })).status).toBe(200);
    expect((await send(place(2), token, list)).status).toBe(404);
    // Without Redis the others are not told of it.
    if (hasRedis) await soonEverywhere(async (where) => (await send(where, token, list)).status === 404);
  });
});

describe('a quota', () => {
  it(`is ${hasRedis ? 'one for all replicas' : 'that of each replica, where there is no Redis'}`, async () => {
    const client = await create({ tokensPerHour: 4 });
    const seen: number[] = [];
    for (let i = 0; i < 15; i++) seen.push((await mint(place(i), client)).status);
    const good = hasRedis ? 4 : 12;
    expect(seen.sort()).toEqual([...Array<number>(good).fill(200), ...Array<number>(15 - good).fill(429)]);
  });
});

describe('an idempotency key', () => {
  it('makes one credential, whoever of all is asked at the same time', async () => {
    const label = randomUUID();
    const headers = { 'idempotency-key': randomUUID() };
    const ask6 = [0, 1, 2, 3, 4, 5].map((i) => admin(place(i), '/credentials', { body: { label }, headers }));
    const answers = await Promise.all(ask6);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
    expect(new Set(answers.map(({ json }) => json['clientSecret'])).size).toBe(1);
    const listed = (await admin(anywhere(), '/credentials?limit=100')).json['items'] as { label: string }[];
    expect(listed.filter((one) => one.label === label)).toHaveLength(1);
    const other = await admin(anywhere(), '/credentials', { body: { label: 'other' }, headers });
    expect([other.status, other.json['code']]).toEqual([422, 'idempotency_key_reused']);
  });
});

describe('what an admin changes', () => {
  it('holds on all soon: a credential disabled and enabled, a server made, changed and deleted', async () => {
    const client = await create();
    const token = tokenOf(await mint(anywhere(), client));
    const becomes = (status: number) => soonEverywhere(async (where) => (await statusAt(where, token)) === status);
    expect((await admin(anywhere(), `/credentials/${client.id}/disable`, { method: 'POST' })).status).toBe(200);
    await becomes(401);
    expect((await mint(anywhere(), client)).status).toBe(401);
    expect((await admin(anywhere(), `/credentials/${client.id}/enable`, { method: 'POST' })).status).toBe(200);
    await soonEverywhere(async (where) => (await mint(where, client)).status === 200);

    const statusOf = async (where: { readonly url: string }, path: string) => (await listTools(`${where.url}${path}`, token)).status;
    const body = { slug: 'far', name: 'Far', upstream: { kind: 'docs' }, scopes: [{ name: 'all', permissions: ['*'], default: true }] };
    expect((await admin(anywhere(), '/servers', { body })).status).toBe(201);
    await soonEverywhere(async (where) => (await statusOf(where, '/authed/mcp/far')) === 401);
    expect((await admin(anywhere(), '/servers/far', { method: 'PATCH', body: { access: 'public' } })).status).toBe(200);
    await soonEverywhere(async (where) => (await statusOf(where, '/authed/mcp/far')) === 404);
    // Where it is asked for the first time, its index is made.
    expect(await everywhere((where) => statusOf(where, '/mcp/far'))).toEqual([200, 200, 200]);
    expect((await admin(anywhere(), '/servers/far', { method: 'DELETE' })).status).toBe(204);
    await soonEverywhere(async (where) => (await statusOf(where, '/mcp/far')) === 404);
  });
});

describe('a sign-in session', () => {
  it('is good on all, and ends on all with a sign-out at one', async () => {
    const headers = { 'content-type': 'application/json', 'gatehouse-csrf': '1' };
    const body = JSON.stringify({ username: 'admin', password: PASSWORD });
    const signedIn = await ask(`${anywhere().url}/api/v1/session`, { method: 'POST', headers, body });
    const cookie = (signedIn.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
    const who = async (where: { readonly url: string }) => (await ask(`${where.url}/api/v1/session`, { headers: { cookie } })).status;
    expect([signedIn.status, ...(await everywhere(who))]).toEqual([201, 200, 200, 200]);
    const signedOut = await ask(`${anywhere().url}/api/v1/session`, { method: 'DELETE', headers: { 'gatehouse-csrf': '1', cookie } });
    expect(signedOut.status).toBe(200);
    await soonEverywhere(async (where) => (await who(where)) === 401);
  });
});

describe('a rotation of the signing keys', () => {
  const kidsAt = async ({ url }: { readonly url: string }): Promise<string[]> =>
    ((await ask(`${url}/authed/mcp/oauth/jwks`)).json['keys'] as { kid: string }[]).map(({ kid }) => kid);
  const kidOf = (answer: Answer): string => decodeProtectedHeader(tokenOf(answer)).kid ?? '';

  it('publishes the new key everywhere before any signs with it, and its tokens are good everywhere at once', async () => {
    const client = await create();
    const [before = ''] = await kidsAt(anywhere());
    const old = tokenOf(await mint(anywhere(), client));
    expect((await admin(anywhere(), '/signing-keys/rotate', { method: 'POST' })).status).toBeLessThan(300);
    await soonEverywhere(async (where) => (await kidsAt(where)).length === 2);
    expect(new Set(await everywhere(async (where) => kidOf(await mint(where, client))))).toEqual(new Set([before]));

    offset += PUBLISHED_MS;
    const minted = await everywhere((where) => mint(where, client));
    const [after = ''] = (await kidsAt(anywhere())).filter((kid) => kid !== before);
    expect(new Set(minted.map(kidOf))).toEqual(new Set([after]));
    for (const token of [old, ...minted.map(tokenOf)]) {
      expect(await everywhere((where) => statusAt(where, token))).toEqual([200, 200, 200]);
    }
  });
});
