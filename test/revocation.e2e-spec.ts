import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { ExpiredRows } from '../src/tokens/expired-rows.service.js';
import { RevokedToken } from '../src/tokens/revoked-token.entity.js';
import { makeProof, proofSigner } from './support/dpop.js';
import {
  type Answer,
  ask,
  basic,
  changesToldTwice,
  type NewCredential,
  startTestGatehouse,
  type TestGatehouse,
} from './support/gatehouse.js';
import { CLIENT_ASSERTION_TYPE, clientClaims, jwksOf, signAssertion, testKey } from './support/keys.js';
import { addServer, claimsOf, type Client, expectNotKept, expectOAuthError, postForm, statusOfCall } from './support/oauth.js';
import { reasonsOf } from './support/refusals.js';

let offset = 0;
let gatehouse: TestGatehouse;

async function use(env: Record<string, string> = {}): Promise<void> {
  offset = 0;
  gatehouse = await startTestGatehouse({ env: { RATE_LIMIT_TOKEN_FAILURES: '1000000', ...env }, clock: () => Date.now() + offset });
}

const revoke = (client: Client | null, token: string, more: Record<string, string> = {}): Promise<Answer> =>
  postForm(gatehouse, 'revoke', { client, form: { token, ...more } });
const introspect = (client: Client | null, token: string, more: Record<string, string> = {}): Promise<Answer> =>
  postForm(gatehouse, 'introspect', { client, form: { token, ...more } });

const revocationsOf = async ({ clientId }: Client): Promise<unknown> =>
  (await gatehouse.admin(`/events?kind=token.revoked&credential=${clientId}`)).json['items'];

function expectDone(answer: Answer): void {
  expect([answer.status, answer.json]).toEqual([200, {}]);
  expectNotKept(answer);
}

const refresh = (client: Client, token: string): Promise<Answer> =>
  postForm(gatehouse, 'token', { client, form: { grant_type: 'refresh_token', refresh_token: token } });

describe.each(['revoke', 'introspect'] as const)('POST /authed/mcp/oauth/%s', (path) => {
  let client: NewCredential;
  let token: string;
  beforeAll(async () => {
    await use();
    client = await gatehouse.createCredential({ introspects: ['docs'] });
    token = await gatehouse.accessToken(client);
  });
  afterAll(() => gatehouse.remove());

  const post = (init: RequestInit, query = ''): Promise<Answer> =>
    ask(`${gatehouse.url}/authed/mcp/oauth/${path}${query}`, { method: 'POST', ...init });
  const authorization = () => basic(client.clientId, client.clientSecret);

  it('asks for client authentication as the token endpoint does, and records who failed (R-REV-01, R-INT-01, R-ADM-06)', async () => {
    const who = await gatehouse.createCredential();
    expectOAuthError(await postForm(gatehouse, path, { client: null, form: { token } }), 401, 'invalid_client');
    expectOAuthError(
      await postForm(gatehouse, path, { client: { ...who, clientSecret: 'wrong' }, form: { token } }),
      401,
      'invalid_client',
    );
    const inBody = { token, client_id: who.clientId, client_secret: 'wrong' };
    expectOAuthError(await postForm(gatehouse, path, { client: null, form: inBody }), 401, 'invalid_client');
    expectOAuthError(await postForm(gatehouse, path, { client: who, form: inBody }), 400, 'invalid_request');
    expect(await reasonsOf(gatehouse, who.clientId, 3)).toEqual([
      'The secret is wrong',
      'The secret is wrong',
      'Use exactly one way of client authentication.',
    ]);
  });

  it('takes a signed assertion for the issuer, once (R-REV-01, R-CLA-13)', async () => {
    const key = testKey();
    const signer = await gatehouse.createCredential({ authMethod: 'private_key_jwt', jwks: jwksOf(key), introspects: ['docs'] });
    const assertion = signAssertion(key, clientClaims(signer.clientId, `${gatehouse.url}/authed/mcp`));
    const form = { token: 'x', client_assertion: assertion, client_assertion_type: CLIENT_ASSERTION_TYPE };
    expect((await postForm(gatehouse, path, { client: null, form })).status).toBe(200);
    expectOAuthError(await postForm(gatehouse, path, { client: null, form }), 401, 'invalid_client');
  });

  it('asks for a token (R-REV-01)', async () => {
    expectOAuthError(await postForm(gatehouse, path, { client, form: {} }), 400, 'invalid_request');
    expectOAuthError(await postForm(gatehouse, path, { client, form: { token: '' } }), 400, 'invalid_request');
    expectOAuthError(await postForm(gatehouse, path, { client, form: { token: [token, token] } }), 400, 'invalid_request');
  });

  it('takes a form by POST only, of 64 KiB at most, and no token in the URL (R-TOK-01, R-TOK-03, R-TOK-08, R-TOK-11)', async () => {
    for (const method of ['GET', 'PUT', 'DELETE']) {
      const answer = await post({ method });
      expectOAuthError(answer, 405, 'invalid_request');
      expect(answer.headers.get('allow')).toBe('POST');
    }
    const json = { authorization: authorization(), 'content-type': 'application/json' };
    expectOAuthError(await post({ headers: json, body: JSON.stringify({ token }) }), 400, 'invalid_request');
    const headers = { authorization: authorization() };
    expectOAuthError(await post({ headers, body: new URLSearchParams({ token: 'x'.repeat(65 * 1024) }) }), 413, 'invalid_request');
    expectOAuthError(await post({ headers, body: new URLSearchParams({ token }) }, `?token=${token}`), 400, 'invalid_request');
    expect(await statusOfCall(gatehouse, token)).toBe(200);
  });

  it('answers no error with a token or secret in it, and notes none (R-ERR-02)', async () => {
    const other = await gatehouse.createCredential();
    const answers = [
      await postForm(gatehouse, path, { client: other, form: { token, token_type_hint: other.clientSecret } }),
      await postForm(gatehouse, path, { client: null, form: { token, client_id: other.clientSecret, client_secret: other.clientSecret } }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([path === 'revoke' ? 400 : 403, 401]);
    await reasonsOf(gatehouse, other.clientId, 1);
    const events = (await gatehouse.admin('/events', { headers: { accept: 'application/x-ndjson' } })).text;
    for (const text of [...answers.map((answer) => answer.text), events]) {
      for (const secret of [token, other.clientSecret]) expect(text).not.toContain(secret);
    }
  });
});

describe('the revocation of an access token (RFC 7009)', () => {
  beforeAll(() => use());
  afterAll(() => gatehouse.remove());

  it('ends it at once, and no other of its client (R-REV-06)', async () => {
    const client = await gatehouse.createCredential();
    const [token, other] = [await gatehouse.accessToken(client), await gatehouse.accessToken(client)];
    expect(await statusOfCall(gatehouse, token)).toBe(200);
    expectDone(await revoke(client, token));
    expect([await statusOfCall(gatehouse, token), await statusOfCall(gatehouse, other)]).toEqual([401, 200]);
    expect(await revocationsOf(client)).toEqual([
      expect.objectContaining({ kind: 'token.revoked', address: '127.0.0.1', detail: { jti: [claimsOf(token).jti] } }),
    ]);
  });

  it.each<[string, () => Promise<string> | string]>([
    ['nonsense', () => 'nonsense'],
    ['of another issuer', () => 'eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJodHRwczovL290aGVyLmV4YW1wbGUifQ.c2ln'],
    ['with a changed signature', async () => `${(await gatehouse.accessToken(await gatehouse.createCredential())).slice(0, -4)}AAAA`],
    ['a refresh token that never was', () => `mcr_${'0'.repeat(49)}`],
    ['very long', () => 'x'.repeat(60_000)],
  ])('is a success for a token that is %s (R-REV-02)', async (_, make) => {
    const client = await gatehouse.createCredential();
    expectDone(await revoke(client, await make()));
    expect(await revocationsOf(client)).toEqual([]);
  });

  it('is a success for a token that was revoked before, and is recorded once (R-REV-02)', async () => {
    const client = await gatehouse.createCredential();
    const token = await gatehouse.accessToken(client);
    for (let i = 0; i < 3; i++) expectDone(await revoke(client, token));
    expect(await revocationsOf(client)).toHaveLength(1);
  });

  it('is a success for a token that has expired, or whose secret has ended (R-REV-02)', async () => {
    const client = await gatehouse.createCredential({ tokenTtl: 60 });
    const token = await gatehouse.accessToken(client);
    const { json } = await gatehouse.admin(`/credentials/${client.id}/rotate`, { body: { overlapSeconds: 0 } });
    const rotated = { ...client, clientSecret: json['clientSecret'] as string };
    expectDone(await revoke(rotated, token));
    offset = 120_000;
    expectDone(await revoke(rotated, token));
    offset = 0;
  });

  it('is refused for the token of another client, which lives on (R-REV-03)', async () => {
    const [client, other] = [await gatehouse.createCredential(), await gatehouse.createCredential()];
    const token = await gatehouse.accessToken(client);
    expectOAuthError(await revoke(other, token), 400, 'invalid_grant');
    expect(await statusOfCall(gatehouse, token)).toBe(200);
    expect(await reasonsOf(gatehouse, other.clientId, 1)).toEqual(['A client tried to revoke a token of another']);
  });

  it.each(['access_token', 'refresh_token', 'unheard_of', ''])('minds no hint %p (R-REV-04)', async (hint) => {
    const client = await gatehouse.createCredential();
    const token = await gatehouse.accessToken(client);
    expectDone(await revoke(client, token, { token_type_hint: hint }));
    expect(await statusOfCall(gatehouse, token)).toBe(401);
  });

  it('holds for a token that is bound to a key', async () => {
    const client = await gatehouse.createCredential();
    const dpop = makeProof(proofSigner(), { claims: { htu: `${gatehouse.url}/authed/mcp/oauth/token` } });
    const answer = await postForm(gatehouse, 'token', { client, form: { grant_type: 'client_credentials' }, headers: { dpop } });
    const keeper = await gatehouse.createCredential({ introspects: ['docs'] });
    const token = answer.json['access_token'] as string;
    expect((await introspect(keeper, token)).json).toMatchObject({ active: true, token_type: 'DPoP', cnf: claimsOf(token).cnf });
    expectDone(await revoke(client, token));
    expect((await introspect(keeper, token)).json).toEqual({ active: false });
  });

  it('holds on a replica whose clock lags behind the one that tidies up, and leaves nothing behind (R-REV-06)', async () => {
    const client = await gatehouse.createCredential({ tokenTtl: 60 });
    const token = await gatehouse.accessToken(client);
    const control = await gatehouse.accessToken(client);
    const { exp, jti } = claimsOf(token);
    const rows = gatehouse.app.get(DataSource).getRepository(RevokedToken);
    try {
      expectDone(await revoke(client, token));
      offset = exp * 1000 + 2000 - Date.now();
      await gatehouse.app.get(ExpiredRows).removeAll();
      expect(await statusOfCall(gatehouse, control)).toBe(401);
      offset -= 32_000;
      // What is in memory is read again after any change.
      await gatehouse.admin(`/credentials/${client.id}`, { method: 'PATCH', body: { label: 'changed' } });
      expect([await statusOfCall(gatehouse, token), await statusOfCall(gatehouse, control)]).toEqual([401, 200]);
      expect(await rows.countBy({ jti })).toBe(1);
      offset += 2 * 3_600_000 + 150_000;
      await gatehouse.app.get(ExpiredRows).removeAll();
      expect(await rows.countBy({ jti })).toBe(0);
    } finally {
      offset = 0;
    }
  });

  it('of all tokens ends those too that were made since the last time, in the same second', async () => {
    const client = await gatehouse.createCredential();
    for (let i = 0; i < 3; i++) {
      const token = await gatehouse.accessToken(client);
      expect(await statusOfCall(gatehouse, token)).toBe(200);
      expect((await gatehouse.admin(`/credentials/${client.id}/revoke-tokens`, { method: 'POST' })).status).toBe(200);
      expect(await statusOfCall(gatehouse, token)).toBe(401);
    }
  });

  it('survives what else happens to the credential: disabling, enabling, rotation', async () => {
    const client = await gatehouse.createCredential();
    const token = await gatehouse.accessToken(client);
    expectDone(await revoke(client, token));
    for (const path of ['disable', 'enable', 'rotate']) await gatehouse.admin(`/credentials/${client.id}/${path}`, { method: 'POST' });
    expect(await statusOfCall(gatehouse, token)).toBe(401);
  });

  it('is refused to a client that is disabled: it has no token that works', async () => {
    const client = await gatehouse.createCredential();
    const token = await gatehouse.accessToken(client);
    await gatehouse.admin(`/credentials/${client.id}/disable`, { method: 'POST' });
    expectOAuthError(await revoke(client, token), 401, 'invalid_client');
  });
});

describe('the revocation of a refresh token', () => {
  beforeAll(() => use({ REFRESH_TOKENS: 'on' }));
  afterAll(() => gatehouse.remove());

  async function mint(client: Client): Promise<{ access: string; token: string }> {
    const { json } = await gatehouse.token(client);
    return { access: json['access_token'] as string, token: json['refresh_token'] as string };
  }

  it.each(['', 'refresh_token', 'access_token'])('takes its access tokens along, with hint %p (R-REV-04, R-REV-05)', async (hint) => {
    const client = await gatehouse.createCredential();
    const [first, other] = [await mint(client), await mint(client)];
    const { json } = await refresh(client, first.token);
    const [next, access] = [json['refresh_token'] as string, json['access_token'] as string];
    expectDone(await revoke(client, next, { token_type_hint: hint }));
    for (const one of [first.access, access]) expect(await statusOfCall(gatehouse, one)).toBe(401);
    expectOAuthError(await refresh(client, next), 400, 'invalid_grant');
    expect([await statusOfCall(gatehouse, other.access), (await refresh(client, other.token)).status]).toEqual([200, 200]);
    expectDone(await revoke(client, next));
    const jti = expect.arrayContaining([claimsOf(first.access).jti, claimsOf(access).jti]);
    expect(await revocationsOf(client)).toEqual([expect.objectContaining({ detail: { jti } })]);
  });

  it('works with one that was used already: its family ends', async () => {
    const client = await gatehouse.createCredential();
    const { token } = await mint(client);
    const { json } = await refresh(client, token);
    expectDone(await revoke(client, token));
    expect(await statusOfCall(gatehouse, json['access_token'] as string)).toBe(401);
    expectOAuthError(await refresh(client, json['refresh_token'] as string), 400, 'invalid_grant');
  });

  it('is refused to another client (R-REV-03)', async () => {
    const [client, other] = [await gatehouse.createCredential(), await gatehouse.createCredential()];
    const { access, token } = await mint(client);
    expectOAuthError(await revoke(other, token), 400, 'invalid_grant');
    expect([await statusOfCall(gatehouse, access), (await refresh(client, token)).status]).toEqual([200, 200]);
  });

  it('does not follow from the revocation of an access token (RFC 7009 §2.1)', async () => {
    const client = await gatehouse.createCredential();
    const { access, token } = await mint(client);
    expectDone(await revoke(client, access));
    const { json } = await refresh(client, token);
    expect([await statusOfCall(gatehouse, access), await statusOfCall(gatehouse, json['access_token'] as string)]).toEqual([401, 200]);
  });
});

describe('a revocation that cannot be recorded', () => {
  beforeAll(() => use());
  afterAll(() => gatehouse.remove());

  it('is answered with 503 and Retry-After, and the token lives (R-REV-07)', async () => {
    const client = await gatehouse.createCredential();
    await changesToldTwice(gatehouse);
    const token = await gatehouse.accessToken(client);
    expect(await statusOfCall(gatehouse, token)).toBe(200);
    await gatehouse.app.get(DataSource).destroy();
    const answer = await revoke(client, token);
    expectOAuthError(answer, 503, 'temporarily_unavailable');
    expect(answer.headers.get('retry-after')).toBe('5');
    expect(await statusOfCall(gatehouse, token)).toBe(200);
  });
});

describe('introspection (RFC 7662)', () => {
  let client: NewCredential;
  let keeper: NewCredential;
  beforeAll(async () => {
    await use({ REFRESH_TOKENS: 'on' });
    await addServer(gatehouse, 'wiki');
    client = await gatehouse.createCredential({ servers: ['docs', 'wiki'] });
    keeper = await gatehouse.createCredential({ label: 'resource server', introspects: ['docs'] });
  });
  afterAll(() => gatehouse.remove());

  it('tells a resource server all of a token that is good for it (R-INT-02, R-INT-04)', async () => {
    const token = await gatehouse.accessToken(client);
    const answer = await introspect(keeper, token);
    const resource = `${gatehouse.url}/authed/mcp`;
    const { jti, iat, exp } = claimsOf(token);
    expect(answer.status).toBe(200);
    expect(answer.json).toEqual({
      active: true,
      scope: 'mcp:search mcp:read',
      client_id: client.clientId,
      sub: client.clientId,
      aud: resource,
      iss: resource,
      token_type: 'Bearer',
      jti,
      iat,
      exp,
    });
    expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
    expectNotKept(answer);
    expect((await introspect(keeper, token, { token_type_hint: 'refresh_token' })).json['active']).toBe(true);
  });

  it('is refused with 403 to a client that is no resource server, whatever the token (R-INT-01)', async () => {
    for (const token of [await gatehouse.accessToken(client), 'nonsense'])
      expectOAuthError(await introspect(client, token), 403, 'unauthorized_client');
    expect(await reasonsOf(gatehouse, client.clientId, 2)).toEqual(Array(2).fill('The credential introspects no server'));
  });

  it('tells only of the servers that the caller stands for (R-INT-03)', async () => {
    const { json } = await gatehouse.token(client, { resource: `${gatehouse.url}/authed/mcp/wiki` });
    const token = json['access_token'] as string;
    expect((await introspect(keeper, token)).json).toEqual({ active: false });
    const both = await gatehouse.createCredential({ introspects: ['wiki', 'docs'] });
    expect((await introspect(both, token)).json).toMatchObject({ active: true, aud: `${gatehouse.url}/authed/mcp/wiki` });
    await gatehouse.admin(`/credentials/${both.id}`, { method: 'PATCH', body: { introspects: ['docs'] } });
    expect((await introspect(both, token)).json).toEqual({ active: false });
  });

  it.each<[string, (owner: NewCredential, token: string) => Promise<unknown>]>([
    ['revoked', (owner, token) => revoke(owner, token)],
    ['of a disabled credential', ({ id }) => gatehouse.admin(`/credentials/${id}/disable`, { method: 'POST' })],
    ['of a deleted credential', ({ id }) => gatehouse.admin(`/credentials/${id}`, { method: 'DELETE' })],
    ['made with a secret that has ended', ({ id }) => gatehouse.admin(`/credentials/${id}/rotate`, { body: { overlapSeconds: 0 } })],
    [
      'of a credential that may not reach the server any more',
      ({ id }) => gatehouse.admin(`/credentials/${id}`, { method: 'PATCH', body: { servers: ['wiki'] } }),
    ],
    ['one of all that an admin ended', ({ id }) => gatehouse.admin(`/credentials/${id}/revoke-tokens`, { method: 'POST' })],
    ['expired', () => Promise.resolve((offset = 3600_500))],
  ])('tells nothing of a token that is %s (R-INT-03)', async (_, act) => {
    const owner = await gatehouse.createCredential();
    const token = await gatehouse.accessToken(owner);
    expect((await introspect(keeper, token)).json['active']).toBe(true);
    try {
      await act(owner, token);
      const answer = await introspect(keeper, token);
      expect([answer.status, answer.text]).toEqual([200, '{"active":false}']);
      expectNotKept(answer);
    } finally {
      offset = 0;
    }
  });

  it.each<[string, () => Promise<string> | string]>([
    ['nonsense', () => 'nonsense'],
    ['forged', async () => `${(await gatehouse.accessToken(client)).slice(0, -4)}AAAA`],
    ['a refresh token', async () => (await gatehouse.token(client)).json['refresh_token'] as string],
    ['a client secret', () => client.clientSecret],
  ])('tells nothing of what is %s (R-INT-03)', async (_, make) => {
    expect((await introspect(keeper, await make())).text).toBe('{"active":false}');
  });

  it('names no scope that the credential has lost since', async () => {
    const owner = await gatehouse.createCredential();
    const token = await gatehouse.accessToken(owner);
    await gatehouse.admin(`/credentials/${owner.id}`, { method: 'PATCH', body: { scopes: ['mcp:read'] } });
    expect((await introspect(keeper, token)).json).toMatchObject({ active: true, scope: 'mcp:read' });
  });

  it('is not limited by the number of good requests from one address', async () => {
    const token = await gatehouse.accessToken(client);
    const answers = await Promise.all(Array.from({ length: 100 }, () => introspect(keeper, token)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  });
});

describe('introspection with the database away', () => {
  beforeAll(() => use());
  afterAll(() => gatehouse.remove());

  it('answers from memory what it knows, and 503 what it would have to read', async () => {
    const [owner, keeper] = [await gatehouse.createCredential(), await gatehouse.createCredential({ introspects: ['docs'] })];
    await changesToldTwice(gatehouse);
    const [token, cold] = [await gatehouse.accessToken(owner), await gatehouse.createCredential({ introspects: ['docs'] })];
    expect((await introspect(keeper, token)).json['active']).toBe(true);
    await gatehouse.app.get(DataSource).destroy();
    expect((await introspect(keeper, token)).json['active']).toBe(true);
    const answer = await introspect(cold, token);
    expectOAuthError(answer, 503, 'temporarily_unavailable');
    expect(answer.headers.get('retry-after')).toBe('5');
  });
});
