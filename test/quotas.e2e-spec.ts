import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { loadConfig } from '../src/config/load-config.js';
import { type Answer, type NewCredential, startTestGatehouse, type TestGatehouse } from './support/gatehouse.js';
import { addServer, type Client, expectOAuthError, postForm } from './support/oauth.js';
import { makeProof, proofSigner } from './support/dpop.js';
import { reasonsOf } from './support/refusals.js';

const CC = { grant_type: 'client_credentials' };

let offset = 0;
let gatehouse: TestGatehouse;

async function use(env: Record<string, string> = {}): Promise<void> {
  offset = 0;
  gatehouse = await startTestGatehouse({ env: { TRUST_PROXY: '127.0.0.1', ...env }, clock: () => Date.now() + offset });
}

/** Asks for a token from an address. */
function mint(
  client: Client | null,
  address = '192.0.2.1',
  form: Record<string, string> = {},
  headers: Record<string, string> = {},
): Promise<Answer> {
  return postForm(gatehouse, 'token', { client, form: { ...CC, ...form }, headers: { 'x-forwarded-for': address, ...headers } });
}

const statusesOf = async (requests: readonly (() => Promise<Answer>)[]): Promise<number[]> => {
  const statuses: number[] = [];
  for (const request of requests) statuses.push((await request()).status);
  return statuses;
};

const times = <T>(count: number, value: T): T[] => Array.from({ length: count }, () => value);

function expectThrottled(answer: Answer, atMost = 3600): void {
  expectOAuthError(answer, 429, 'temporarily_unavailable');
  expect(answer.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
  expect(Number(answer.headers.get('retry-after'))).toBeLessThanOrEqual(atMost);
}

describe('requests for tokens', () => {
  afterEach(() => gatehouse.remove());

  it('are limited by address, to 1,000 an hour where nothing else is said (R-RLM-01)', async () => {
    expect(loadConfig({}).rateLimits).toMatchObject({ tokenPerAddress: 1000, tokenPerCredential: undefined });
    await use({ RATE_LIMIT_TOKEN_PER_ADDRESS: '3' });
    const [one, other] = [await gatehouse.createCredential(), await gatehouse.createCredential()];
    // Whoever asks, and for whatever: it is counted before anything else is looked at.
    expect(await statusesOf([() => mint(one), () => mint(other), () => mint(null)])).toEqual([200, 200, 401]);
    const answer = await mint(one);
    expectThrottled(answer);
    expect(answer.json).not.toHaveProperty('access_token');
    expect(await reasonsOf(gatehouse, one.clientId, 1)).toEqual(['Too many requests from this address']);
    expect((await mint(one, '192.0.2.2')).status).toBe(200);
  });

  it('count an IPv6 customer by the /64 that it has, and IPv4 as such when mapped', async () => {
    await use({ RATE_LIMIT_TOKEN_PER_ADDRESS: '2' });
    const client = await gatehouse.createCredential();
    const from = (...addresses: string[]) => statusesOf(addresses.map((address) => () => mint(client, address)));
    expect(await from('2001:db8::1', '2001:db8::2', '2001:db8:0:0:ffff::3', '2001:db8:0:1::1')).toEqual([200, 200, 429, 200]);
    expect(await from('192.0.2.9', '::ffff:192.0.2.9', '192.0.2.9')).toEqual([200, 200, 429]);
  });

  it('are limited by credential with RATE_LIMIT_TOKEN_PER_CREDENTIAL, from wherever they come, and not by neighbours (R-RLM-03)', async () => {
    await use({ RATE_LIMIT_TOKEN_PER_CREDENTIAL: '3' });
    const [one, other] = [await gatehouse.createCredential(), await gatehouse.createCredential()];
    const addresses = ['192.0.2.1', '192.0.2.2', '192.0.2.3'];
    expect(await statusesOf(addresses.map((address) => () => mint(one, address)))).toEqual([200, 200, 200]);
    expectThrottled(await mint(one, '192.0.2.4'));
    expect(await reasonsOf(gatehouse, one.clientId, 1)).toEqual(['Too many token requests of this credential']);
    expect((await mint(other)).status).toBe(200);
    // A wrong secret uses up nothing of the credential: anybody could send it.
    expect(await statusesOf(times(5, () => mint({ ...other, clientSecret: 'wrong' })))).toEqual(times(5, 401));
    expect(await statusesOf(times(3, () => mint(other)))).toEqual([200, 200, 429]);
  });

  it('are limited by a credential’s own tokensPerHour, be it less or more', async () => {
    await use({ RATE_LIMIT_TOKEN_PER_CREDENTIAL: '2' });
    const [small, large] = [await gatehouse.createCredential({ tokensPerHour: 1 }), await gatehouse.createCredential({ tokensPerHour: 4 })];
    expect(await statusesOf(times(2, () => mint(small)))).toEqual([200, 429]);
    expect(await statusesOf(times(5, () => mint(large)))).toEqual([200, 200, 200, 200, 429]);
    await gatehouse.admin(`/credentials/${small.id}`, { method: 'PATCH', body: { tokensPerHour: 3 } });
    expect(await statusesOf(times(4, () => mint(small)))).toEqual([200, 200, 200, 429]);
    await gatehouse.admin(`/credentials/${small.id}`, { method: 'PATCH', body: { tokensPerHour: null } });
    expect(await statusesOf(times(3, () => mint(small)))).toEqual([200, 200, 429]);
  });

  it('cannot be limited by a tokensPerHour that is no number of requests', async () => {
    await use();
    for (const tokensPerHour of [0, -1, 1.5, '7', 1e10]) {
      const answer = await gatehouse.admin('/credentials', { body: { label: 'x', tokensPerHour } });
      expect([tokensPerHour, answer.status, answer.json['code']]).toEqual([tokensPerHour, 400, 'validation_failed']);
    }
  });

  it('are limited for every grant, and what is refused is not used up (R-RLM-01)', async () => {
    await use({ REFRESH_TOKENS: 'on', RATE_LIMIT_TOKEN_PER_CREDENTIAL: '1' });
    const client = await gatehouse.createCredential();
    const token = (await mint(client)).json['refresh_token'] as string;
    const refresh = () => mint(client, '192.0.2.1', { grant_type: 'refresh_token', refresh_token: token });
    expectThrottled(await refresh());
    await gatehouse.admin(`/credentials/${client.id}`, { method: 'PATCH', body: { tokensPerHour: 5 } });
    expect((await refresh()).status).toBe(200);
  });

  it('are not limited with RATE_LIMITS=off', async () => {
    await use({ RATE_LIMITS: 'off', RATE_LIMIT_TOKEN_PER_ADDRESS: '1', RATE_LIMIT_TOKEN_PER_CREDENTIAL: '1' });
    const client = await gatehouse.createCredential({ tokensPerHour: 1 });
    expect(await statusesOf(times(5, () => mint(client)))).toEqual(times(5, 200));
  });

  // Without Redis every replica counts for itself.
  (process.env['TEST_REDIS_URL'] ? it : it.skip)('are counted over all replicas with Redis', async () => {
    await use({ RATE_LIMIT_TOKEN_PER_ADDRESS: '4', RATE_LIMIT_TOKEN_PER_CREDENTIAL: '4' });
    const other = await startTestGatehouse({ on: gatehouse, env: { PUBLIC_URL: gatehouse.url } });
    try {
      const client = await gatehouse.createCredential();
      const there = () =>
        postForm({ url: `http://127.0.0.1:${other.env['PORT'] ?? ''}` }, 'token', {
          client,
          form: CC,
          headers: { 'x-forwarded-for': '192.0.2.1' },
        });
      expect(await statusesOf([() => mint(client), there, () => mint(client), there, () => mint(client), there])).toEqual([
        200, 200, 200, 200, 429, 429,
      ]);
    } finally {
      await other.close();
    }
  });
});

describe('the address that a trusted proxy tells', () => {
  it('is an address, or that of the proxy itself: nothing else comes into the trail', async () => {
    await use({});
    const client = await gatehouse.createCredential();
    const told = [
      `client_secret=${client.clientSecret}`,
      '192.0.2.1, unknown',
      '192.0.2.7:4711',
      'spoofed, 192.0.2.8',
      '[2001:db8::7]:443',
    ];
    for (const address of told) expect((await mint(client, address)).status).toBe(200);
    await gatehouse.flush();
    const { json, text } = await gatehouse.admin(`/events?kind=token.issued&credential=${client.clientId}`);
    const addresses = (json['items'] as { address: string }[]).map(({ address }) => address).reverse();
    expect(addresses.slice(2)).toEqual(['192.0.2.7', '192.0.2.8', '2001:db8::7']);
    for (const address of addresses.slice(0, 2)) expect(address).toMatch(/^(::ffff:)?127\.0\.0\.1$/);
    expect(text).not.toContain(client.clientSecret);
  });
});

describe('failed authentications', () => {
  afterEach(() => gatehouse.remove());

  it('are limited by credential and address, at all endpoints together; nobody else is held up (R-CLA-22, R-RLM-03)', async () => {
    await use({ RATE_LIMIT_TOKEN_FAILURES: '3' });
    const [victim, other] = [await gatehouse.createCredential({ introspects: ['docs'] }), await gatehouse.createCredential()];
    const wrong = { ...victim, clientSecret: 'wrong' };
    const at = (endpoint: 'revoke' | 'introspect', client: Client, address = '192.0.2.1') =>
      postForm(gatehouse, endpoint, { client, form: { token: 'x' }, headers: { 'x-forwarded-for': address } });
    expect(await statusesOf([() => mint(wrong), () => at('revoke', wrong), () => at('introspect', wrong), () => mint(wrong)])).toEqual(
      times(4, 401),
    );
    for (const answer of [await mint(victim), await at('revoke', victim), await at('introspect', victim)]) expectThrottled(answer, 60);
    expect(await statusesOf([() => mint(victim, '192.0.2.2'), () => at('introspect', victim, '192.0.2.2'), () => mint(other)])).toEqual(
      times(3, 200),
    );
  });

  it('are limited by address at the introspection endpoint, where good requests are not (R-RLM-03)', async () => {
    await use({ RATE_LIMIT_TOKEN_PER_ADDRESS: '5' });
    const keeper = await gatehouse.createCredential({ introspects: ['docs'] });
    const introspect = (client: Client, address = '192.0.2.1') =>
      postForm(gatehouse, 'introspect', { client, form: { token: 'x' }, headers: { 'x-forwarded-for': address } });
    expect(await statusesOf(times(20, () => introspect(keeper)))).toEqual(times(20, 200));
    const guesses = Array.from({ length: 6 }, (_, i) => () => introspect({ clientId: `mcc_${i}`, clientSecret: 'x' }));
    expect(await statusesOf(guesses)).toEqual(times(6, 401));
    expectThrottled(await introspect(keeper));
    expect((await introspect(keeper, '192.0.2.2')).status).toBe(200);
  });

  it('do not keep a client from ending a token: revocations are counted apart', async () => {
    await use({ RATE_LIMIT_TOKEN_PER_ADDRESS: '2' });
    const client = await gatehouse.createCredential();
    const [token] = [(await mint(client)).json['access_token'] as string, await mint(client)];
    expectThrottled(await mint(client));
    const revoke = () => postForm(gatehouse, 'revoke', { client, form: { token }, headers: { 'x-forwarded-for': '192.0.2.1' } });
    expect(await statusesOf([revoke, revoke])).toEqual([200, 200]);
    expectThrottled(await revoke());
  });
});

describe('a client that asks for a token although its last is fresh', () => {
  beforeAll(async () => {
    await use();
    await addServer(gatehouse, 'wiki');
  });
  afterAll(() => gatehouse.remove());

  const hintOf = ({ status, headers }: Answer): string | null => {
    expect(status).toBe(200);
    return headers.get('gatehouse-hint');
  };

  async function overFetchingOf({ id }: NewCredential): Promise<unknown> {
    await gatehouse.flush();
    return (await gatehouse.admin(`/credentials/${id}`)).json['overFetching'];
  }

  it('is told so in a header, and the credential has a note of how often (R-RLM-03)', async () => {
    const client = await gatehouse.createCredential();
    expect(hintOf(await mint(client))).toBeNull();
    expect(await overFetchingOf(client)).toBeNull();
    const before = Date.now();
    for (let i = 0; i < 3; i++) expect(hintOf(await mint(client))).toMatch(/^cache-token; previous-expires-in=3(600|599)$/);
    const note = (await overFetchingOf(client)) as { count: number; lastAt: string };
    expect(note).toEqual({ count: 3, lastAt: expect.any(String) });
    expect(Date.parse(note.lastAt)).toBeGreaterThanOrEqual(before);
    await mint(client);
    expect(await overFetchingOf(client)).toMatchObject({ count: 4 });
    // An admin's change does not take the note back.
    await gatehouse.admin(`/credentials/${client.id}`, { method: 'PATCH', body: { label: 'changed' } });
    expect(await overFetchingOf(client)).toMatchObject({ count: 4 });
  });

  it.each<[string, (client: NewCredential) => Promise<Answer>]>([
    ['from another address', (client) => mint(client, '192.0.2.2')],
    ['for other scopes', (client) => mint(client, '192.0.2.1', { scope: 'mcp:search' })],
    ['for another server', (client) => mint(client, '192.0.2.1', { resource: `${gatehouse.url}/authed/mcp/wiki` })],
    [
      'for another key',
      (client) =>
        mint(client, '192.0.2.1', {}, { dpop: makeProof(proofSigner(), { claims: { htu: `${gatehouse.url}/authed/mcp/oauth/token` } }) }),
    ],
  ])('but not when it asks %s', async (_, again) => {
    const client = await gatehouse.createCredential({ servers: ['docs', 'wiki'] });
    expect(hintOf(await mint(client))).toBeNull();
    expect(hintOf(await again(client))).toBeNull();
    expect(hintOf(await mint(client))).not.toBeNull();
    expect(await overFetchingOf(client)).toMatchObject({ count: 1 });
  });

  it('but not after half of its life', async () => {
    const client = await gatehouse.createCredential();
    try {
      expect(hintOf(await mint(client))).toBeNull();
      offset = 1700_000;
      expect(hintOf(await mint(client))).toMatch(/=(1900|1899)$/);
      offset += 1801_000;
      expect(hintOf(await mint(client))).toBeNull();
    } finally {
      offset = 0;
    }
  });

  it.each<[string, (client: NewCredential, token: string) => Promise<Answer>]>([
    ['was revoked', (client, token) => postForm(gatehouse, 'revoke', { client, form: { token } })],
    ['was ended with all others', ({ id }) => gatehouse.admin(`/credentials/${id}/revoke-tokens`, { method: 'POST' })],
  ])('but not when that token %s', async (_, end) => {
    const client = await gatehouse.createCredential();
    const token = (await mint(client)).json['access_token'] as string;
    expect((await end(client, token)).status).toBe(200);
    expect(hintOf(await mint(client))).toBeNull();
    expect(await overFetchingOf(client)).toBeNull();
  });

  it('but not when the secret that it got the last one with has ended', async () => {
    const client = await gatehouse.createCredential();
    await mint(client);
    const { json } = await gatehouse.admin(`/credentials/${client.id}/rotate`, { body: { overlapSeconds: 0 } });
    expect(hintOf(await mint({ ...client, clientSecret: json['clientSecret'] as string }))).toBeNull();
  });

  it('is not told when it is refused', async () => {
    const client = await gatehouse.createCredential();
    await mint(client);
    const answer = await mint(client, '192.0.2.1', { scope: 'mcp:admin' });
    expectOAuthError(answer, 400, 'invalid_scope');
    expect(answer.headers.get('gatehouse-hint')).toBeNull();
    expect(await overFetchingOf(client)).toBeNull();
  });
});
