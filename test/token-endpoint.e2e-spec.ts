import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { connect } from 'node:net';
import { createLocalJWKSet, jwtVerify } from 'jose';
import { seenOf } from './support/answers.js';
import { type Answer, ask, basic, type NewCredential, startTestGatehouse, type TestGatehouse } from './support/gatehouse.js';

let gatehouse: TestGatehouse;
/** Milliseconds by which the application's clock is ahead. */
let offset = 0;
let credential: NewCredential;
let endpoint: string;

afterEach(() => void (offset = 0));
beforeAll(async () => {
  gatehouse = await startTestGatehouse({ env: { RATE_LIMIT_TOKEN_FAILURES: '1000000' }, clock: () => Date.now() + offset });
  credential = await gatehouse.createCredential({ label: 'nightly build' });
  endpoint = `${gatehouse.url}/authed/mcp/oauth/token`;
});
afterAll(() => gatehouse.remove());

const FORM = 'application/x-www-form-urlencoded';
const post = (body: string, headers: Record<string, string> = {}, url = endpoint): Promise<Answer> =>
  ask(url, { method: 'POST', headers: { 'content-type': FORM, ...headers }, body });
const asClient = (more: Record<string, string> = {}): Record<string, string> => ({
  authorization: basic(credential.clientId, credential.clientSecret),
  ...more,
});
const CC = 'grant_type=client_credentials';

function expectOAuthError(answer: Answer, status: number, error: string): void {
  expect(answer.json).toEqual({ error, error_description: expect.stringMatching(/^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/) });
  expect(answer.status).toBe(status);
  expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
  expect(answer.headers.get('cache-control')).toBe('no-store');
  expect(answer.headers.get('pragma')).toBe('no-cache');
}

describe('POST /authed/mcp/oauth/token', () => {
  it.each([
    ['Basic', () => post(CC, asClient())],
    ['the body', () => post(`${CC}&client_id=${credential.clientId}&client_secret=${credential.clientSecret}`)],
  ])('issues a token to a client that authenticates with %s (R-CCG-01, R-CLA-01, R-CLA-04, R-TOK-02, R-RSP-01…04)', async (_, request) => {
    const answer = await request();
    expect(answer.status).toBe(200);
    expect(answer.json).toEqual({ access_token: expect.any(String), token_type: 'Bearer', expires_in: 3600, scope: 'mcp:search mcp:read' });
    expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.headers.get('pragma')).toBe('no-cache');
  });

  it('issues tokens that verify with the published keys, for the default resource, as long as they say (R-JAT-05, R-JAT-06, R-KEY-01, R-RSP-02)', async () => {
    const token = await gatehouse.accessToken(credential);
    const jwks = (await ask(`${gatehouse.url}/authed/mcp/oauth/jwks`)).json;
    const { payload } = await jwtVerify(token, createLocalJWKSet(jwks as never), {
      issuer: `${gatehouse.url}/authed/mcp`,
      audience: `${gatehouse.url}/authed/mcp`,
      typ: 'at+jwt',
    });
    expect(payload).toMatchObject({ sub: credential.clientId, client_id: credential.clientId, scope: 'mcp:search mcp:read' });
    expect(payload.exp! - payload.iat!).toBe(3600);
  });

  it.each([
    ['a missing grant_type (R-TOK-04)', 'scope=mcp:search', 400, 'invalid_request'],
    ['an empty grant_type (R-TOK-04)', 'grant_type=', 400, 'invalid_request'],
    ['a repeated parameter (R-TOK-07)', `${CC}&scope=a&scope=b`, 400, 'invalid_request'],
    ['a malformed escape (R-TOK-10)', `${CC}&scope=%ZZ`, 400, 'invalid_request'],
    ['a grant that is not offered', 'grant_type=password', 400, 'unsupported_grant_type'],
    ['a refresh token (R-CCG-07)', 'grant_type=refresh_token&refresh_token=x', 400, 'unsupported_grant_type'],
    ['a grant that nobody knows', 'grant_type=urn:ietf:params:oauth:grant-type:saml2-bearer&assertion=x', 400, 'unsupported_grant_type'],
    ['a malformed scope (R-CCG-04)', `${CC}&scope=mcp:search%0Ax`, 400, 'invalid_scope'],
    ['a scope that cannot be granted (R-CCG-05)', `${CC}&scope=mcp:admin`, 400, 'invalid_scope'],
    ['a scope in other case (R-CCG-04)', `${CC}&scope=MCP:search`, 400, 'invalid_scope'],
    ['a relative resource (R-RES-02)', `${CC}&resource=host.example`, 400, 'invalid_target'],
    ['a foreign resource (R-RES-02)', `${CC}&resource=https://evil.example`, 400, 'invalid_target'],
    ['a second secret in the body (R-CLA-16)', `${CC}&client_secret=x`, 400, 'invalid_request'],
    ['an assertion besides Basic (R-CLA-16)', `${CC}&client_assertion=x&client_assertion_type=y`, 400, 'invalid_request'],
    ['another client_id besides Basic (R-CLA-17)', `${CC}&client_id=other`, 400, 'invalid_request'],
  ])('refuses %s', async (_, body, status, error) => expectOAuthError(await post(body, asClient()), status, error));

  it('takes a bare client_id beside Basic when it is the same (R-CLA-17)', async () => {
    expect((await post(`${CC}&client_id=${credential.clientId}`, asClient())).status).toBe(200);
  });

  it('ignores what it does not know, and empty parameters (R-TOK-05, R-TOK-06)', async () => {
    const answer = await post(`${CC}&foo=bar&scope[]=a&scope=&constructor=x`, asClient());
    expect(answer).toMatchObject({ status: 200, json: { scope: 'mcp:search mcp:read' } });
  });

  it('grants the intersection and says so (R-CCG-05, R-RSP-03)', async () => {
    expect((await post(`${CC}&scope=mcp:admin+mcp:search`, asClient())).json).toMatchObject({ scope: 'mcp:search' });
  });

  it('issues for the resource that was asked for, in its canonical form (R-RES-01, R-RES-05)', async () => {
    const resource = `${gatehouse.url}/authed/mcp`.replace('http://localhost', 'HTTP://LOCALHOST');
    const { json } = await post(`${CC}&resource=${encodeURIComponent(resource)}`, asClient());
    expect(JSON.parse(Buffer.from((json['access_token'] as string).split('.')[1]!, 'base64url').toString())).toMatchObject({
      aud: `${gatehouse.url}/authed/mcp`,
    });
    expectOAuthError(await post(`${CC}&resource=${encodeURIComponent(`${resource}/`)}`, asClient()), 400, 'invalid_target');
  });

  it('accepts POST only (R-TOK-01)', async () => {
    for (const method of ['GET', 'PUT', 'DELETE', 'PATCH']) {
      const answer = await ask(endpoint, { method });
      expectOAuthError(answer, 405, 'invalid_request');
      expect(answer.headers.get('allow')).toBe('POST');
    }
  });

  it('reads forms only (R-TOK-03)', async () => {
    expectOAuthError(
      await post(JSON.stringify({ grant_type: 'client_credentials' }), asClient({ 'content-type': 'application/json' })),
      400,
      'invalid_request',
    );
    expectOAuthError(await post('', asClient()), 400, 'invalid_request');
    expect((await post(CC, asClient({ 'content-type': `${FORM};charset=UTF-8` }))).status).toBe(200);
  });

  it('refuses a credential in the query (R-TOK-08)', async () => {
    expectOAuthError(await post(CC, asClient(), `${endpoint}?client_secret=${credential.clientSecret}`), 400, 'invalid_request');
  });

  it('refuses a body over 64 KiB (R-TOK-11)', async () => {
    expectOAuthError(await post(`${CC}&x=${'y'.repeat(65 * 1024)}`, asClient()), 413, 'invalid_request');
  });

  it('refuses several Authorization headers, of which Node shows one (R-CLA-16)', async () => {
    const { hostname, port } = new URL(gatehouse.url);
    const line = `Authorization: ${basic(credential.clientId, credential.clientSecret)}\r\n`;
    const request = `POST /authed/mcp/oauth/token HTTP/1.1\r\nHost: ${hostname}:${port}\r\nContent-Type: ${FORM}\r\nContent-Length: ${CC.length}\r\nConnection: close\r\n${line}${line}\r\n${CC}`;
    const text = await new Promise<string>((resolve, reject) => {
      const socket = connect(Number(port), '127.0.0.1', () => socket.write(request));
      let received = '';
      socket
        .on('data', (data) => (received += data.toString()))
        .on('end', () => resolve(received))
        .on('error', reject);
    });
    expect(text).toMatch(/^HTTP\/1\.1 400 /);
    expect(text).toContain('invalid_request');
  });

  it('decides by the first step that fails (R-TOK-12)', async () => {
    const wrong = { authorization: basic(credential.clientId, 'wrong') };
    expectOAuthError(await post('grant_type=password', wrong), 400, 'unsupported_grant_type');
    expectOAuthError(await post(`${CC}&scope=mcp:admin&resource=x`, wrong), 401, 'invalid_client');
    expectOAuthError(await post(`${CC}&scope=mcp:admin&resource=x`, asClient()), 400, 'invalid_target');
  });

  it('refuses a client without a secret, and other ways of proof (R-CLA-18, R-CLA-25)', async () => {
    for (const [body, headers] of [
      [`${CC}&client_id=${credential.clientId}`, {}],
      [CC, {}],
      [CC, { authorization: 'Bearer x' }],
      [CC, { authorization: 'Basic !!!' }],
      [`${CC}&client_assertion=x&client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer`, {}],
    ] as [string, Record<string, string>][]) {
      const answer = await post(body, headers);
      expectOAuthError(answer, 401, 'invalid_client');
      expect(answer.headers.get('www-authenticate')).toBe('Basic realm="token"');
    }
  });

  it('answers unknown, wrong, disabled, deleted and expired alike, byte for byte (R-CLA-19, R-CLA-21)', async () => {
    const [disabled, deleted, expired] = await Promise.all([
      gatehouse.createCredential(),
      gatehouse.createCredential(),
      gatehouse.createCredential({ expiresAt: new Date(Date.now() + 60_000).toISOString() }),
    ]);
    await gatehouse.admin(`/credentials/${disabled.id}/disable`, { method: 'POST' });
    await gatehouse.admin(`/credentials/${deleted.id}`, { method: 'DELETE' });
    offset = 60_000;
    const answers = await Promise.all([
      gatehouse.token({ clientId: 'mcc_01aaaaaaaaaaaaaaaaaaaaaaaa', clientSecret: 'x' }),
      gatehouse.token({ ...credential, clientSecret: 'wrong' }),
      ...[disabled, deleted, expired].map((one) => gatehouse.token(one)),
    ]);
    const [first, ...others] = answers.map(seenOf);
    expect(first).toMatchObject({ status: 401 });
    for (const other of others) expect(other).toEqual(first);
  });

  it('knows no client by an id with other case or spaces around it (weakness 4)', async () => {
    const { clientId, clientSecret } = credential;
    for (const id of [`${clientId} `, ` ${clientId}`, clientId.toUpperCase(), `${clientId}\t`]) {
      const answer = await post(`${CC}&${new URLSearchParams({ client_id: id, client_secret: clientSecret }).toString()}`);
      expectOAuthError(answer, 401, 'invalid_client');
    }
  });

  it('never issues beyond the end of the credential (R-CCG-11)', async () => {
    const ending = await gatehouse.createCredential({ expiresAt: new Date(Date.now() + 60_000).toISOString() });
    const { json } = await gatehouse.token(ending);
    expect(json['expires_in']).toBeLessThanOrEqual(60);
    expect(json['expires_in']).toBeGreaterThan(55);
  });

  it('gives the lifetime that the credential asks for', async () => {
    const long = await gatehouse.createCredential({ tokenTtl: 1_209_600 });
    expect((await gatehouse.token(long)).json['expires_in']).toBe(1_209_600);
  });

  it('keeps a credential to the addresses that it may come from', async () => {
    const elsewhere = await gatehouse.createCredential({ allowedIps: ['10.0.0.0/8'] });
    expectOAuthError(await gatehouse.token(elsewhere), 401, 'invalid_client');
    const here = await gatehouse.createCredential({ allowedIps: ['127.0.0.0/8', '::1'] });
    expect((await gatehouse.token(here)).status).toBe(200);
  });

  it('accepts ids and secrets of plain characters only, as clients that do not encode need them (R-CLA-03)', () => {
    expect(credential.clientId).toMatch(/^[A-Za-z0-9_-]+$/);
    expect(credential.clientSecret).toMatch(/^mcs_[A-Za-z0-9_-]+$/);
  });
});

describe('guessing', () => {
  it('is slowed per client and address, and elsewhere the right secret still works (R-CLA-22)', async () => {
    const limited = await startTestGatehouse({ env: { TRUST_PROXY: '127.0.0.1' } });
    try {
      const victim = await limited.createCredential();
      const from = (address: string, secret: string) =>
        ask(`${limited.url}/authed/mcp/oauth/token`, {
          method: 'POST',
          headers: { authorization: basic(victim.clientId, secret), 'x-forwarded-for': address },
          body: new URLSearchParams({ grant_type: 'client_credentials' }),
        });
      const statuses: number[] = [];
      for (let i = 0; i < 20; i++) statuses.push((await from('192.0.2.1', 'wrong')).status);
      expect(statuses.slice(0, 10)).toEqual(Array(10).fill(401));
      const blocked = await from('192.0.2.1', victim.clientSecret);
      expectOAuthError(blocked, 429, 'temporarily_unavailable');
      expect(Number(blocked.headers.get('retry-after'))).toBeGreaterThan(0);
      expect((await from('192.0.2.2', victim.clientSecret)).status).toBe(200);
    } finally {
      await limited.remove();
    }
  });

  it('is limited per address, whatever X-Forwarded-For claims (R-RLM-01)', async () => {
    const limited = await startTestGatehouse({ env: { RATE_LIMIT_TOKEN_PER_ADDRESS: '2' } });
    try {
      const client = await limited.createCredential();
      const spoofed = (address: string) =>
        ask(`${limited.url}/authed/mcp/oauth/token`, {
          method: 'POST',
          headers: { authorization: basic(client.clientId, client.clientSecret), 'x-forwarded-for': address },
          body: new URLSearchParams({ grant_type: 'client_credentials' }),
        });
      expect([(await spoofed('192.0.2.1')).status, (await spoofed('192.0.2.2')).status]).toEqual([200, 200]);
      const third = await spoofed('192.0.2.3');
      expectOAuthError(third, 429, 'temporarily_unavailable');
      expect(Number(third.headers.get('retry-after'))).toBeGreaterThan(0);
    } finally {
      await limited.remove();
    }
  });
});
