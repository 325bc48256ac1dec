import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { RefreshToken } from '../src/tokens/refresh-token.entity.js';
import { makeProof, proofSigner } from './support/dpop.js';
import { type Answer, ask, type NewCredential, startTestGatehouse, type TestGatehouse } from './support/gatehouse.js';
import { changeScopes, claimsOf, type Client, expectNotKept, expectOAuthError, postForm, statusOfCall } from './support/oauth.js';
import { reasonsOf } from './support/refusals.js';
import { build, type Replica, type Replicas, startReplicas } from './support/replicas.js';

const DAY = 86_400_000;
const TWO_WEEKS = 14 * DAY;
const GONE = 'There is no such refresh token, or its family has ended';

let offset = 0;
let gatehouse: TestGatehouse;

/** The tokens of an answer, which must be one. */
function tokensOf({ status, json }: Answer): { access: string; refresh: string } {
  expect([status, json]).toEqual([200, expect.objectContaining({ refresh_token: expect.stringMatching(/^mcr_[0-9A-Za-z]{49}$/) })]);
  return { access: json['access_token'] as string, refresh: json['refresh_token'] as string };
}

function refresh(client: Client | null, token: string, form: Record<string, string> = {}, headers: Record<string, string> = {}) {
  return postForm(gatehouse, 'token', { client, headers, form: { grant_type: 'refresh_token', refresh_token: token, ...form } });
}

async function begin(body: Record<string, unknown> = {}): Promise<{ client: NewCredential; access: string; refresh: string }> {
  const client = await gatehouse.createCredential(body);
  return { client, ...tokensOf(await gatehouse.token(client)) };
}

const metadata = async (): Promise<Record<string, unknown>> =>
  (await ask(`${gatehouse.url}/.well-known/oauth-authorization-server/authed/mcp`)).json;

const eventsOf = async (kind: string, { clientId }: Client): Promise<Record<string, unknown>[]> =>
  (await gatehouse.admin(`/events?kind=${kind}&credential=${clientId}`)).json['items'] as Record<string, unknown>[];

const rowsOf = ({ id }: NewCredential): Promise<RefreshToken[]> =>
  gatehouse.app.get(DataSource).getRepository(RefreshToken).findBy({ credentialId: id });

describe('with REFRESH_TOKENS=off, as it is unless somebody says otherwise', () => {
  beforeAll(async () => {
    gatehouse = await startTestGatehouse();
  });
  afterAll(() => gatehouse.remove());

  it('issues no refresh token, serves none and advertises none (R-CCG-06, R-CCG-07)', async () => {
    const client = await gatehouse.createCredential();
    expect((await gatehouse.token(client)).json).not.toHaveProperty('refresh_token');
    expectOAuthError(await refresh(client, 'mcr_x'), 400, 'unsupported_grant_type');
    expect((await metadata())['grant_types_supported']).not.toContain('refresh_token');
    expect(await rowsOf(client)).toEqual([]);
  });
});

describe('a refresh token', () => {
  beforeAll(async () => {
    offset = 0;
    gatehouse = await startTestGatehouse({
      env: { REFRESH_TOKENS: 'on', CLIENT_CERT_HEADER: 'client-cert', TRUST_PROXY: '127.0.0.1' },
      clock: () => Date.now() + offset,
    });
  });
  afterAll(() => gatehouse.remove());

  it('comes with an access token, is advertised, and is stored as a digest only', async () => {
    const { client, refresh: token } = await begin();
    expect((await metadata())['grant_types_supported']).toEqual(expect.arrayContaining(['client_credentials', 'refresh_token']));
    const [row] = await rowsOf(client);
    expect(row).toMatchObject({ server: 'docs', scopes: ['mcp:search', 'mcp:read'], usedAt: null });
    expect(JSON.stringify(row)).not.toContain(token.slice(4));
  });

  it('gets the next pair, with a new access token of the same kind (R-CCG-10)', async () => {
    const { client, access, refresh: token } = await begin();
    const answer = await refresh(client, token);
    expectNotKept(answer);
    const next = tokensOf(answer);
    expect(next.refresh).not.toBe(token);
    expect(answer.json).toMatchObject({ token_type: 'Bearer', expires_in: 3600, scope: 'mcp:search mcp:read' });
    const [before, after] = [claimsOf(access), claimsOf(next.access)];
    expect(after).toMatchObject({ sub: before.sub, client_id: before.client_id, aud: before.aud, auth_id: before.auth_id });
    expect(after.jti).not.toBe(before.jti);
    for (const one of [access, next.access]) expect(await statusOfCall(gatehouse, one)).toBe(200);
    expect(tokensOf(await refresh(client, next.refresh)).refresh).toMatch(/^mcr_/);
  });

  it('used twice ends its family: the new refresh token and every access token (R-CCG-10, RFC 9700 §4.14.2)', async () => {
    const { client, access, refresh: token } = await begin();
    const next = tokensOf(await refresh(client, token));
    const stranger = await begin();
    const own = tokensOf(await gatehouse.token(client));
    expectOAuthError(await refresh(client, token), 400, 'invalid_grant');
    for (const one of [access, next.access]) expect(await statusOfCall(gatehouse, one)).toBe(401);
    for (const one of [token, next.refresh]) expectOAuthError(await refresh(client, one), 400, 'invalid_grant');
    expect(await reasonsOf(gatehouse, client.clientId, 3)).toEqual(['The refresh token was used before: its family has ended', GONE, GONE]);
    expect(await eventsOf('token.refresh_reused', client)).toEqual([
      expect.objectContaining({
        address: '127.0.0.1',
        detail: { jti: expect.arrayContaining([claimsOf(access).jti, claimsOf(next.access).jti]) },
      }),
    ]);
    // Other families go on, of the same client too.
    for (const one of [own.access, stranger.access]) expect(await statusOfCall(gatehouse, one)).toBe(200);
    expect((await refresh(client, own.refresh)).status).toBe(200);
  });

  it('is worth nothing to another client, who cannot end it either (R-CCG-08)', async () => {
    const { client, access, refresh: token } = await begin();
    const other = await gatehouse.createCredential();
    const next = tokensOf(await refresh(client, token));
    for (const one of [token, next.refresh]) expectOAuthError(await refresh(other, one), 400, 'invalid_grant');
    expect(await reasonsOf(gatehouse, other.clientId, 2)).toEqual(Array(2).fill('The refresh token is that of another client'));
    expect([await statusOfCall(gatehouse, access), (await refresh(client, next.refresh)).status]).toEqual([200, 200]);
  });

  it('asks for client authentication: alone it proves nothing (R-CCG-08)', async () => {
    const { client, refresh: token } = await begin();
    expectOAuthError(await refresh(null, token), 401, 'invalid_client');
    expectOAuthError(await refresh({ ...client, clientSecret: 'wrong' }, token), 401, 'invalid_client');
    expect((await refresh(client, token)).status).toBe(200);
  });

  it.each([
    ['absent', {}, 'invalid_request'],
    ['empty', { refresh_token: '' }, 'invalid_request'],
    ['nonsense', { refresh_token: 'x' }, 'invalid_grant'],
    ['one that never was', { refresh_token: `mcr_${'0'.repeat(49)}` }, 'invalid_grant'],
  ])('that is %s is refused (R-ERR-03)', async (_, form, error) => {
    const client = await gatehouse.createCredential();
    expectOAuthError(await postForm(gatehouse, 'token', { client, form: { grant_type: 'refresh_token', ...form } }), 400, error);
  });

  it('never grows: neither scope nor resource (R-CCG-09, RFC 8707 §2.2)', async () => {
    const client = await gatehouse.createCredential();
    let token = tokensOf(await gatehouse.token(client, { scope: 'mcp:search' })).refresh;
    expectOAuthError(await refresh(client, token, { scope: 'mcp:search mcp:read' }), 400, 'invalid_scope');
    expectOAuthError(await refresh(client, token, { scope: 'mcp:read' }), 400, 'invalid_scope');
    expectOAuthError(await refresh(client, token, { resource: 'https://other.example' }), 400, 'invalid_target');
    const modest: Record<string, string>[] = [{}, { scope: 'mcp:search' }, { resource: `${gatehouse.url}/authed/mcp` }];
    for (const form of modest) {
      const answer = await refresh(client, token, form);
      expect(answer.json['scope']).toBe('mcp:search');
      token = tokensOf(answer).refresh;
    }
  });

  it('can be used for less once, and for all of it again', async () => {
    const { client, refresh: token } = await begin();
    const narrow = await refresh(client, token, { scope: 'mcp:read' });
    expect(narrow.json['scope']).toBe('mcp:read');
    expect((await refresh(client, tokensOf(narrow).refresh)).json['scope']).toBe('mcp:search mcp:read');
  });

  it('follows what its credential may: a scope or server that it lost is not refreshed', async () => {
    const { client, refresh: token } = await begin();
    await gatehouse.admin(`/credentials/${client.id}`, { method: 'PATCH', body: { scopes: ['mcp:read'] } });
    const answer = await refresh(client, token);
    expect(answer.json['scope']).toBe('mcp:read');
    const next = tokensOf(answer).refresh;
    expectOAuthError(await refresh(client, next, { scope: 'mcp:search' }), 400, 'invalid_scope');
  });

  it('is used up by a success only: a refusal leaves it', async () => {
    const { client, refresh: token } = await begin();
    expectOAuthError(await refresh(client, token, { scope: 'mcp:admin' }), 400, 'invalid_scope');
    expectOAuthError(await refresh(client, token, { scope: 'a  b' }), 400, 'invalid_scope');
    expect((await refresh(client, token)).status).toBe(200);
  });

  it('ends when its credential is disabled, and does not come back with it (R-CCG-10)', async () => {
    const { client, refresh: token } = await begin();
    await gatehouse.admin(`/credentials/${client.id}/disable`, { method: 'POST' });
    expectOAuthError(await refresh(client, token), 401, 'invalid_client');
    await gatehouse.admin(`/credentials/${client.id}/enable`, { method: 'POST' });
    expectOAuthError(await refresh(client, token), 400, 'invalid_grant');
    expect(await reasonsOf(gatehouse, client.clientId, 2)).toEqual(['The credential is disabled or has expired', GONE]);
    expect(await rowsOf(client)).toEqual([]);
    tokensOf(await gatehouse.token(client));
  });

  it('ends when its credential is deleted (R-CCG-10)', async () => {
    const { client, refresh: token } = await begin();
    await gatehouse.admin(`/credentials/${client.id}`, { method: 'DELETE' });
    expectOAuthError(await refresh(client, token), 401, 'invalid_client');
    expect(await rowsOf(client)).toEqual([]);
  });

  it('ends when an admin ends all tokens of its credential; new ones work at once', async () => {
    const { client, access, refresh: token } = await begin();
    await gatehouse.admin(`/credentials/${client.id}/revoke-tokens`, { method: 'POST' });
    expectOAuthError(await refresh(client, token), 400, 'invalid_grant');
    expect(await statusOfCall(gatehouse, access)).toBe(401);
    const again = tokensOf(await gatehouse.token(client));
    expect(await statusOfCall(gatehouse, again.access)).toBe(200);
    expect((await refresh(client, again.refresh)).status).toBe(200);
  });

  it('lives no longer than REFRESH_TOKEN_TTL after the first of its family, however often it is used (R-CCG-10)', async () => {
    const { client, refresh: first } = await begin();
    let token = first;
    try {
      for (offset = DAY; offset < TWO_WEEKS; offset += DAY) token = tokensOf(await refresh(client, token)).refresh;
      offset = TWO_WEEKS + 1000;
      expectOAuthError(await refresh(client, token), 400, 'invalid_grant');
      // The end of a family is no theft.
      expectOAuthError(await refresh(client, first), 400, 'invalid_grant');
      expect(await eventsOf('token.refresh_reused', client)).toEqual([]);
    } finally {
      offset = 0;
    }
  });

  it('goes on after its access token has expired, and after the secret was rotated, with the new one', async () => {
    const { client, refresh: token } = await begin();
    const { json } = await gatehouse.admin(`/credentials/${client.id}/rotate`, { body: { overlapSeconds: 0 } });
    expectOAuthError(await refresh(client, token), 401, 'invalid_client');
    offset = 2 * 3600_000;
    try {
      const next = tokensOf(await refresh({ ...client, clientSecret: json['clientSecret'] as string }, token));
      expect(await statusOfCall(gatehouse, next.access)).toBe(200);
    } finally {
      offset = 0;
    }
  });

  it('used twice long after ends the access tokens that are alive by then', async () => {
    const { client, access, refresh: token } = await begin();
    try {
      offset = DAY;
      const next = tokensOf(await refresh(client, token));
      expectOAuthError(await refresh(client, token), 400, 'invalid_grant');
      expect(await statusOfCall(gatehouse, next.access)).toBe(401);
      expect(claimsOf(access).exp).toBeLessThan(claimsOf(next.access).iat);
      expect(await eventsOf('token.refresh_reused', client)).toMatchObject([{ detail: { jti: [claimsOf(next.access).jti] } }]);
    } finally {
      offset = 0;
    }
  });

  it('is not given to a credential with issueRefreshToken: false, which cannot use one it had', async () => {
    const { client, refresh: token } = await begin();
    await gatehouse.admin(`/credentials/${client.id}`, { method: 'PATCH', body: { issueRefreshToken: false } });
    expect((await gatehouse.token(client)).json).not.toHaveProperty('refresh_token');
    expectOAuthError(await refresh(client, token), 400, 'unauthorized_client');
    expect(await reasonsOf(gatehouse, client.clientId, 1)).toEqual(['This client may not use this grant type.']);
  });

  it('is stored in nobody’s trail: no event holds one', async () => {
    const { client, refresh: token } = await begin();
    const next = tokensOf(await refresh(client, token)).refresh;
    await refresh(client, token);
    await reasonsOf(gatehouse, client.clientId, 1);
    const { text } = await gatehouse.admin('/events', { headers: { accept: 'application/x-ndjson' } });
    for (const one of [token, next]) expect(text).not.toContain(one);
    expect(text).toContain('token.refresh_reused');
  });

  describe('that is bound to a key', () => {
    const signer = proofSigner();
    const stranger = proofSigner();
    const proof = (by = signer) => ({ dpop: makeProof(by, { claims: { htu: `${gatehouse.url}/authed/mcp/oauth/token` } }) });

    it('is refreshed with a proof of the same key only, and stays bound (RFC 9449 §5)', async () => {
      const client = await gatehouse.createCredential();
      const form = { grant_type: 'client_credentials' };
      const first = await postForm(gatehouse, 'token', { client, form, headers: proof() });
      expect(first.json['token_type']).toBe('DPoP');
      const token = tokensOf(first).refresh;
      expectOAuthError(await refresh(client, token), 400, 'invalid_grant');
      expectOAuthError(await refresh(client, token, {}, proof(stranger)), 400, 'invalid_grant');
      expect(await reasonsOf(gatehouse, client.clientId, 2)).toEqual(
        Array(2).fill('The refresh token is bound to another key or certificate'),
      );
      const answer = await refresh(client, token, {}, proof());
      expect(claimsOf(tokensOf(answer).access).cnf).toEqual({ jkt: signer.jkt });
      expect(answer.json['token_type']).toBe('DPoP');
      expectOAuthError(await refresh(client, tokensOf(answer).refresh), 400, 'invalid_grant');
    });
  });
});

describe('a refresh token for a broad scope', () => {
  beforeAll(async () => {
    gatehouse = await startTestGatehouse({ env: { REFRESH_TOKENS: 'on' } });
    await changeScopes(gatehouse, [
      { name: 'docs:all', description: '', permissions: ['tools/call:*'], default: false },
      { name: 'docs:search', description: '', permissions: ['tools/call:search_*'], default: true },
    ]);
  });
  afterAll(() => gatehouse.remove());

  it('can be narrowed to what the scope includes, and is no more than was granted (R-CCG-09)', async () => {
    const client = await gatehouse.createCredential({ scopes: ['docs:all'] });
    const broad = await gatehouse.token(client);
    expect(broad.json['scope']).toBe('docs:all');
    const narrow = await refresh(client, tokensOf(broad).refresh, { scope: 'docs:search' });
    expect(narrow.json['scope']).toBe('docs:search');
    const small = tokensOf(await gatehouse.token(client, { scope: 'docs:search' })).refresh;
    expectOAuthError(await refresh(client, small, { scope: 'docs:all' }), 400, 'invalid_scope');
    expect((await refresh(client, small)).json['scope']).toBe('docs:search');
  });

  it('becomes what is left when the credential lost the broad one', async () => {
    const client = await gatehouse.createCredential({ scopes: ['docs:all'] });
    const token = tokensOf(await gatehouse.token(client)).refresh;
    await gatehouse.admin(`/credentials/${client.id}`, { method: 'PATCH', body: { scopes: ['docs:search'] } });
    expect((await refresh(client, token)).json['scope']).toBe('docs:search');
  });
});

describe('a refresh token and a fault of the database', () => {
  beforeAll(async () => {
    gatehouse = await startTestGatehouse({ env: { REFRESH_TOKENS: 'on' } });
  });
  afterAll(() => gatehouse.remove());

  it('is answered with 500 and nothing of what went wrong, where that is nobody’s idea (R-ERR-02)', async () => {
    const { client, refresh: token } = await begin();
    const dataSource = gatehouse.app.get(DataSource);
    await dataSource.query('ALTER TABLE refresh_tokens RENAME TO elsewhere');
    for (const answer of [
      await refresh(client, token),
      await gatehouse.token(client),
      await postForm(gatehouse, 'revoke', { client, form: { token } }),
    ]) {
      expectOAuthError(answer, 500, 'server_error');
      expect(answer.text).not.toMatch(/refresh_tokens|sql|stack|statusCode|mcr_/i);
    }
    await dataSource.query('ALTER TABLE elsewhere RENAME TO refresh_tokens');
    expect((await refresh(client, token)).status).toBe(200);
  });

  it('is answered with 503 where the database is away', async () => {
    const { client, refresh: token } = await begin();
    await gatehouse.app.get(DataSource).destroy();
    for (const answer of [await refresh(client, token), await gatehouse.token(client)]) {
      expectOAuthError(answer, 503, 'temporarily_unavailable');
      expect(answer.headers.get('retry-after')).toBe('5');
    }
  });
});

/** On two processes, which share nothing but the database. */
describe('refresh tokens on two replicas', () => {
  let replicas: Replicas;
  beforeAll(async () => {
    build();
    replicas = await startReplicas({ REFRESH_TOKENS: 'on' });
  }, 400_000);
  afterAll(() => replicas.remove());

  const mint = (replica: Replica, client: Client) => postForm(replica, 'token', { client, form: { grant_type: 'client_credentials' } });
  const use = (replica: Replica, client: Client, token: string) =>
    postForm(replica, 'token', { client, form: { grant_type: 'refresh_token', refresh_token: token } });
  const settle = () => new Promise((resolve) => setTimeout(resolve, 1000));

  it('used twenty times at once bring at most one new token, and end the family, access tokens too (R-CCG-10)', async () => {
    const { first, second } = replicas;
    const rounds: { client: Client; access: string; token: string; winners: ReturnType<typeof tokensOf>[] }[] = [];
    for (let round = 0; round < 3; round++) {
      const client = await first.createCredential();
      const { access, refresh: token } = tokensOf(await mint(first, client));
      expect((await mint(second, client)).status).toBe(200);
      const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => use(i % 2 ? first : second, client, token)));
      const winners = answers.filter(({ status }) => status === 200).map(tokensOf);
      expect(winners.length).toBeLessThanOrEqual(1);
      for (const loser of answers.filter(({ status }) => status !== 200)) expectOAuthError(loser, 400, 'invalid_grant');
      rounds.push({ client, access, token, winners });
    }
    await settle();
    for (const { client, access, token, winners } of rounds) {
      for (const replica of [first, second]) {
        for (const one of [access, ...winners.map((winner) => winner.access)]) expect(await statusOfCall(replica, one)).toBe(401);
        for (const one of [token, ...winners.map((winner) => winner.refresh)])
          expectOAuthError(await use(replica, client, one), 400, 'invalid_grant');
      }
      const { json } = await first.admin(`/events?kind=token.refresh_reused&credential=${client.clientId}`);
      expect(json['items']).toHaveLength(1);
    }
  });

  it.each([
    ['disabled and enabled again', (id: string) => [`/credentials/${id}/disable`, `/credentials/${id}/enable`]],
    ['rid of all its tokens', (id: string) => [`/credentials/${id}/revoke-tokens`]],
  ])(
    'are not made for a credential that was %s, by the replica that has not heard of it yet (R-CCG-10)',
    async (_, paths) => {
      const { first, second } = replicas;
      const rounds: { client: Client; others: string[]; late: Answer }[] = [];
      for (let round = 0; round < 5; round++) {
        const client = await first.createCredential();
        expect((await mint(second, client)).status).toBe(200);
        const [path, ...others] = paths(client.id);
        await first.admin(path ?? '', { method: 'POST' });
        const late = await mint(second, client);
        for (const other of others) await first.admin(other, { method: 'POST' });
        rounds.push({ client, others, late });
      }
      await settle();
      for (const { client, others, late } of rounds) {
        const token = late.json['refresh_token'] as string | undefined;
        const isAlive =
          others.length === 0 && late.status === 200 && (await statusOfCall(second, late.json['access_token'] as string)) === 200;
        const isRefreshable = token !== undefined && (await use(second, client, token)).status === 200;
        expect(isRefreshable).toBe(isAlive);
      }
    },
    60_000,
  );
});
