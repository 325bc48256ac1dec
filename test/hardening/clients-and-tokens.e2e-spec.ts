import { createHmac, randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { decodeProtectedHeader } from 'jose';
import { DataSource } from 'typeorm';
import fc from '../support/properties.js';
import { seenOf } from '../support/answers.js';
import { type Answer, ask, basic, type NewCredential, startTestGatehouse, type TestGatehouse } from '../support/gatehouse.js';
import { CLIENT_ASSERTION_TYPE, clientClaims, jwksOf, type Members, signAssertion, testKey } from '../support/keys.js';
import { claimsOf, postForm, statusOfCall } from '../support/oauth.js';
import { until } from '../support/http-upstream.js';
import { gatherLog } from '../support/refusals.js';

let gatehouse: TestGatehouse;
let client: NewCredential;
let log: string[];
const key = testKey();

beforeAll(async () => {
  gatehouse = await startTestGatehouse({ env: { RATE_LIMIT_TOKEN_FAILURES: '1000000' } });
  log = gatherLog();
  client = await gatehouse.createCredential();
});
afterAll(() => gatehouse.remove());

/** Neither tells of a secret: whether a request is sent again with another body, and whether what is sealed was written anew. */
const ALLOWED: readonly string[] = ['stored.requestDigest !== row.requestDigest', 'before.upstreamSecrets === after.upstreamSecrets'];

const issuer = (): string => `${gatehouse.url}/authed/mcp`;
const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const present = (assertion: string): Promise<Answer> =>
  postForm(gatehouse, 'token', {
    client: null,
    form: { grant_type: 'client_credentials', client_assertion_type: CLIENT_ASSERTION_TYPE, client_assertion: assertion },
  });
const signer = (): Promise<NewCredential> => gatehouse.createCredential({ authMethod: 'private_key_jwt', jwks: jwksOf(key) });
const asserted = (clientId: string, claims: Members = {}): string => signAssertion(key, clientClaims(clientId, issuer(), claims));

it('timing on secret compare: no secret, token or digest is compared with an operator', () => {
  const compared = /\b(?:\w*\.)*\w*(?:secret|digest|hmac|password|signature)\w*\s*[!=]==\s*(?!undefined|null|'|"|typeof)\w/i;
  const found = filesOf('src').flatMap((file) =>
    readFileSync(file, 'utf8')
      .split('\n')
      .flatMap((line, index) =>
        compared.test(line) && !ALLOWED.some((allowed) => line.includes(allowed)) ? [`${file}:${index + 1}: ${line.trim()}`] : [],
      ),
  );
  expect(found).toEqual([]);
});

it('user enumeration by client id: unknown, wrong, disabled and expired read the same', async () => {
  const [disabled, expired] = [
    await gatehouse.createCredential(),
    await gatehouse.createCredential({ expiresAt: new Date(Date.now() + 1500).toISOString() }),
  ];
  await gatehouse.admin(`/credentials/${disabled.id}/disable`, { method: 'POST' });
  await until(async () => (await gatehouse.token(expired)).status === 401);
  const wrong = { clientId: client.clientId, clientSecret: disabled.clientSecret };
  const unknown = { clientId: 'mcc_01aaaaaaaaaaaaaaaaaaaaaaaa', clientSecret: client.clientSecret };
  const seen = [];
  for (const one of [wrong, unknown, disabled, expired]) seen.push(seenOf(await gatehouse.token(one)));
  for (const one of seen) expect(one).toEqual(seen[0]);
});

it('slow hash as denial of service: 200 wrong secrets cost less than a second of CPU time', async () => {
  const wrong = { clientId: client.clientId, clientSecret: `${client.clientSecret.slice(0, -1)}x` };
  const before = process.cpuUsage();
  const statuses = await Promise.all(Array.from({ length: 200 }, async () => (await gatehouse.token(wrong)).status));
  const { user, system } = process.cpuUsage(before);
  expect(new Set(statuses)).toEqual(new Set([401]));
  // The requests of this test are part of it; a password hash would be 200 times 10 ms and more.
  expect((user + system) / 1e6).toBeLessThan(1.5);
});

it('parsing of Basic: percent-encoding is read, other characters change nothing, two methods at once are refused', async () => {
  const { clientId, clientSecret } = client;
  const form = { grant_type: 'client_credentials' };
  const asked = (authorization: string, more = {}): Promise<Answer> =>
    postForm(gatehouse, 'token', { client: null, form: { ...form, ...more }, headers: { authorization } });
  const encoded = [...clientSecret].map((letter) => `%${letter.charCodeAt(0).toString(16)}`).join('');
  expect((await asked(basic(clientId, encoded))).status).toBe(200);
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: fc.constantFrom(':', '+', '%', '/', '=', ' ', 'a'), minLength: 1, maxLength: 8 }), async (odd) => {
      const inBasic = await asked(basic(clientId, encodeURIComponent(clientSecret + odd)));
      const inBody = await postForm(gatehouse, 'token', {
        client: null,
        form: { ...form, client_id: clientId, client_secret: clientSecret + odd },
      });
      expect([inBasic.status, inBody.status]).toEqual([401, 401]);
    }),
    { numRuns: 15 },
  );
  expect((await asked(basic(clientId, clientSecret), { client_id: clientId, client_secret: clientSecret })).status).toBe(400);
});

it('algorithm confusion: forged tokens are refused, whatever their header says', async () => {
  const token = await gatehouse.accessToken(client);
  const [head = '', body = '', signature = ''] = token.split('.');
  const header = decodeProtectedHeader(token);
  const jwks = (await ask(`${issuer()}/oauth/jwks`)).json as { keys?: object[] };
  const hs = (more: object): string => {
    const input = `${encode({ ...header, ...more })}.${body}`;
    return `${input}.${createHmac('sha256', JSON.stringify(jwks.keys?.[0])).update(input).digest('base64url')}`;
  };
  const mine = testKey();
  const signed = (more: Members): string => signAssertion(mine, claimsOf(token) as unknown as Members, { ...header, ...more });
  const forged = [
    ...['none', 'nOnE', 'NONE', ''].flatMap((alg) => [
      `${encode({ ...header, alg })}.${body}.`,
      `${encode({ ...header, alg })}.${body}.${signature}`,
    ]),
    hs({ alg: 'HS256' }),
    signed({ jwk: mine.jwk }),
    signed({ jku: 'https://evil.example/jwks' }),
    signed({ x5u: 'https://evil.example/cert' }),
    signed({ kid: '../../dev/null' }),
    `${encode({ ...header, typ: 'JWT' })}.${body}.${signature}`,
    `${encode({ ...header, crit: ['b64'], b64: false })}.${body}.${signature}`,
    `${head}.${body}.`,
    `${head}.${body}`,
    `${head}.${encode({ ...claimsOf(token), scope: 'everything' })}.${signature}`,
  ];
  for (const one of forged) expect([one, await statusOfCall(gatehouse, one)]).toEqual([one, 401]);
  expect(await statusOfCall(gatehouse, token)).toBe(200);
});

it('replay in private_key_jwt: an assertion works once, in parallel too, and for five minutes at most', async () => {
  const { clientId } = await signer();
  const once = asserted(clientId);
  const statuses = await Promise.all([1, 2, 3].map(async () => (await present(once)).status));
  expect(statuses.sort()).toEqual([200, 401, 401]);
  expect((await present(asserted(clientId, { exp: Math.floor(Date.now() / 1000) + 3600 }))).status).toBe(401);
});

it('audience injection at the token endpoint: an assertion is for the issuer alone', async () => {
  const { clientId } = await signer();
  for (const aud of [`${issuer()}/oauth/token`, [issuer(), 'https://other.example'], 'https://other.example', `${issuer()}/`]) {
    expect([aud, (await present(asserted(clientId, { aud }))).status]).toEqual([aud, 401]);
  }
  expect((await present(asserted(clientId))).status).toBe(200);
});

it('use of a token elsewhere: another installation with the same settings refuses it, another server too', async () => {
  const token = await gatehouse.accessToken(client);
  const other = await startTestGatehouse({ env: { PUBLIC_URL: gatehouse.url } });
  try {
    const { port } = new URL(other.env['PORT'] ? `http://localhost:${other.env['PORT']}` : other.url);
    expect(await statusOfCall({ url: `http://localhost:${port}` }, token)).toBe(401);
  } finally {
    await other.remove();
  }
  await gatehouse.admin('/servers', {
    body: { slug: 'second', name: 'Second', upstream: { kind: 'docs', dir: gatehouse.env['DOCS_DIR'] } },
  });
  expect((await ask(`${issuer()}/second`, { method: 'POST', headers: { authorization: `Bearer ${token}` }, body: '{}' })).status).toBe(401);
});

it('introspection and revocation by anybody: both want a client, and only its own tokens end', async () => {
  const token = await gatehouse.accessToken(client);
  const stranger = await gatehouse.createCredential();
  for (const endpoint of ['introspect', 'revoke'] as const) {
    expect((await postForm(gatehouse, endpoint, { client: null, form: { token } })).status).toBe(401);
  }
  await postForm(gatehouse, 'revoke', { client: stranger, form: { token } });
  expect((await postForm(gatehouse, 'introspect', { client: stranger, form: { token } })).json['active'] ?? false).toBe(false);
  expect((await postForm(gatehouse, 'revoke', { client: stranger, form: { token: 'unknown' } })).status).toBe(200);
  expect(await statusOfCall(gatehouse, token)).toBe(200);
});

it('long-lived and refreshable tokens: an hour, no refresh token, and dead as soon as the credential is disabled', async () => {
  const one = await gatehouse.createCredential();
  const { json } = await gatehouse.token(one);
  expect(json['expires_in']).toBeLessThanOrEqual(3600);
  expect(json).not.toHaveProperty('refresh_token');
  const token = json['access_token'] as string;
  expect(await statusOfCall(gatehouse, token)).toBe(200);
  await gatehouse.admin(`/credentials/${one.id}/disable`, { method: 'POST' });
  expect(await statusOfCall(gatehouse, token)).toBe(401);
});

it('scope escalation at issuance: never more than granted, all of it where nothing is asked, and what was issued is echoed', async () => {
  const { json } = await gatehouse.token(client);
  const granted = String(json['scope']).split(' ');
  for (const scope of ['admin', granted[0]?.toUpperCase() ?? '', '*']) {
    const refused = await gatehouse.token(client, { scope });
    expect([refused.status, refused.json['error']]).toEqual([400, 'invalid_scope']);
  }
  await fc.assert(
    fc.asyncProperty(fc.array(fc.constantFrom(...granted, 'admin', '*'), { minLength: 1, maxLength: 5 }), async (scopes) => {
      const { json: answer } = await gatehouse.token(client, { scope: scopes.join(' ') });
      const wanted = scopes.filter((scope) => granted.includes(scope));
      if (wanted.length === 0) expect(answer['error']).toBe('invalid_scope');
      else {
        expect(new Set(String(answer['scope']).split(' '))).toEqual(new Set(wanted));
        expect(claimsOf(answer['access_token'] as string).scope).toBe(answer['scope']);
      }
    }),
    { numRuns: 15 },
  );
});

it('secrets in logs, URLs and errors: neither log, events, metrics nor error bodies hold one, and URLs take none', async () => {
  const token = await gatehouse.accessToken(client);
  const answers = [
    await gatehouse.token({ ...client, clientId: 'mcc_x' }),
    await ask(`${issuer()}?access_token=${token}`, { method: 'POST', body: '{}' }),
    await ask(`${gatehouse.url}/api/v1/nothing/${client.clientSecret}`),
    await postForm(gatehouse, 'token', { client: null, form: { grant_type: client.clientSecret, client_id: client.clientId } }),
  ];
  expect(answers[1]?.status).toBeGreaterThanOrEqual(400);
  await gatehouse.flush();
  const events = await gatehouse.admin('/events?limit=200');
  const metrics = await ask(`${gatehouse.url}/metrics`);
  const all = [...answers.map((one) => one.text + JSON.stringify([...one.headers])), events.text, metrics.text, ...log].join('\n');
  for (const secret of [client.clientSecret, token]) {
    for (const form of [secret, Buffer.from(secret).toString('base64').replace(/=+$/, '')]) expect(all).not.toContain(form);
  }
});

it('plain-text credentials in the database: a dump holds no secret and no token that was issued', async () => {
  const token = await gatehouse.accessToken(client);
  const made = await gatehouse.admin('/credentials', { body: { label: 'kept' }, headers: { 'idempotency-key': randomUUID() } });
  await gatehouse.flush();
  const dataSource = gatehouse.app.get(DataSource);
  const rows = await Promise.all(
    dataSource.entityMetadatas.map(({ tableName }) => dataSource.query(`SELECT * FROM ${dataSource.driver.escape(tableName)}`)),
  );
  const dump = JSON.stringify(rows);
  expect(dump).toContain(client.clientId);
  for (const secret of [client.clientSecret, token, made.json['clientSecret'] as string]) expect(dump).not.toContain(secret);
});

function filesOf(dir: string): string[] {
  return readdirSync(dir, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.spec.ts'))
    .map((name) => join(dir, name));
}
