import { createHmac, createPublicKey, randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { decodeJwt } from 'jose';
import { DataSource } from 'typeorm';
import { ClientSecret } from '../src/credentials/client-secret.entity.js';
import { Digester } from '../src/database/digester.js';
import { newId } from '../src/common/ids.js';
import { seenOf } from './support/answers.js';
import type { ProofAlg } from './support/dpop.js';
import { type Answer, ask, basic, type NewCredential, startTestGatehouse, type TestGatehouse } from './support/gatehouse.js';
import {
  CLIENT_ASSERTION_TYPE,
  clientClaims,
  jwksOf,
  type Members,
  privateJwk,
  publicJwk,
  seconds,
  signAssertion,
  startTestIssuer,
  type TestIssuer,
  type TestKey,
  testKey,
} from './support/keys.js';
import { gatherLog, reasonsOf } from './support/refusals.js';

const ALGS: readonly ProofAlg[] = ['ES256', 'RS256', 'PS256', 'EdDSA', 'Ed25519'];
const MCP = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
const INITIALIZE = {
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'test', version: '1' } },
};
/** An id of our making that no credential has. */
const NOBODY = 'mcc_01aaaaaaaaaaaaaaaaaaaaaaaa';
const NO_KEY = 'No registered key fits the header of the assertion';
const UNREADABLE = 'Invalid Token or Protected Header formatting';
const BAD_SIGNATURE = 'No registered key made the signature of the assertion';

let gatehouse: TestGatehouse;
/** Milliseconds by which the application's clock is ahead. */
let offset = 0;
let keyServer: TestIssuer;
let issuer: string;
let endpoint: string;
const key = testKey();

afterEach(() => void (offset = 0));
beforeAll(async () => {
  gatehouse = await startTestGatehouse({
    env: { RATE_LIMIT_TOKEN_FAILURES: '1000000', STATE_MAX_STALENESS: '86400' },
    clock: () => Date.now() + offset,
  });
  keyServer = await startTestIssuer();
  issuer = `${gatehouse.url}/authed/mcp`;
  endpoint = `${issuer}/oauth/token`;
});
afterAll(async () => {
  await keyServer.close();
  await gatehouse.remove();
});

const register = (more: Members = {}, on = gatehouse): Promise<NewCredential> =>
  on.createCredential({ authMethod: 'private_key_jwt', ...('jwksUri' in more ? {} : { jwks: jwksOf(key) }), ...more });

const sign = (clientId: string, claims: Members = {}, header: Members = {}, by: TestKey = key): string =>
  signAssertion(by, clientClaims(clientId, issuer, claims), header);

const post = (form: Record<string, string>, url = endpoint, headers: Record<string, string> = {}): Promise<Answer> =>
  ask(url, { method: 'POST', headers, body: new URLSearchParams({ grant_type: 'client_credentials', ...form }) });

const present = (assertion: string, form: Record<string, string> = {}, url = endpoint): Promise<Answer> =>
  post({ client_assertion_type: CLIENT_ASSERTION_TYPE, client_assertion: assertion, ...form }, url);

const tokenOf = ({ json }: Answer): string => json['access_token'] as string;

const call = (token: string): Promise<Answer> =>
  ask(issuer, { method: 'POST', headers: { ...MCP, authorization: `Bearer ${token}` }, body: JSON.stringify(INITIALIZE) });

function expectRefusal(answer: Answer): void {
  expect(answer.json).toEqual({ error: 'invalid_client', error_description: 'Client authentication failed.' });
  expect(answer.status).toBe(401);
  expect(answer.headers.get('www-authenticate')).toBe('Basic realm="token"');
  expect(answer.headers.get('cache-control')).toBe('no-store');
}

/** Presents each in turn, expects the one public refusal for all, and the private reason of each. */
async function expectRefusals(clientId: string, cases: readonly (readonly [assertion: string, reason: string])[]): Promise<void> {
  for (const [assertion] of cases) expectRefusal(await present(assertion, { client_id: clientId }));
  expect(await reasonsOf(gatehouse, clientId, cases.length)).toEqual(cases.map(([, reason]) => reason));
}

describe('private_key_jwt', () => {
  it.each(ALGS)('authenticates a client by its %s key, with no client_id in the body (R-CLA-05, RFC 7523 §2.2)', async (alg) => {
    const own = testKey(alg);
    const { clientId } = await register({ jwks: jwksOf(key, own) });
    const answer = await present(sign(clientId, {}, {}, own));
    expect(answer).toMatchObject({ status: 200, json: { token_type: 'Bearer', expires_in: 3600, scope: 'mcp:search mcp:read' } });
    expect(decodeJwt(tokenOf(answer))).toMatchObject({ client_id: clientId, sub: clientId, auth_id: own.jkt });
    expect((await call(tokenOf(answer))).status).toBe(200);
  });

  it.each(ALGS)('authenticates a client by an %s key at its jwksUri (R-CLA-05, R-CLA-15)', async (alg) => {
    const own = testKey(alg);
    const path = `/${alg}`;
    keyServer.answer(path, 200, jwksOf(testKey(), own));
    const { clientId } = await register({ jwksUri: keyServer.url + path });
    for (let i = 0; i < 3; i++) {
      const answer = await present(sign(clientId, {}, {}, own));
      expect(answer.status).toBe(200);
      expect((await call(tokenOf(answer))).status).toBe(200);
    }
    expect(keyServer.requests.filter((asked) => asked === path)).toHaveLength(1);
  });

  it('needs no kid where a key fits without (RFC 7515 §4.1.4)', async () => {
    const { clientId } = await register({ jwks: { keys: [publicJwk(testKey()), { ...key.jwk }] } });
    expect((await present(sign(clientId, {}, { kid: undefined }))).status).toBe(200);
  });

  it('asks for the right client_assertion_type, and for one JWT (R-CLA-06)', async () => {
    const { clientId } = await register();
    const assertion = sign(clientId);
    expectRefusal(await present(assertion, { client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:saml2-bearer' }));
    expectRefusal(await present(`${assertion} ${assertion}`, { client_id: clientId }));
    expectRefusal(await present(`${assertion}.${assertion}`, { client_id: clientId }));
    expectRefusal(await present(assertion.split('.').slice(0, 2).join('.'), { client_id: clientId }));
    expectRefusal(await present('x'.repeat(16 * 1024 + 1), { client_id: clientId }));
    expect(await reasonsOf(gatehouse, clientId, 5)).toEqual([
      'The client_assertion_type is not that of a JWT',
      'Only JWTs using Compact JWS serialization can be decoded',
      UNREADABLE,
      UNREADABLE,
      'The assertion is too long',
    ]);
    expect(await present(assertion, { client_assertion_type: '' })).toMatchObject({ status: 400, json: { error: 'invalid_request' } });
    expectRefusal(await present('', {}));
    expect((await present(assertion)).status).toBe(200);
  });

  it('asks for iss and sub to be the client id, both (R-CLA-07, RFC 7523 §3)', async () => {
    const { clientId } = await register();
    const other = await register();
    const reason = 'iss and sub are not both the client id';
    await expectRefusals(clientId, [
      [sign(clientId, { iss: other.clientId }), reason],
      [sign(clientId, { iss: undefined }), reason],
      [sign(clientId, { iss: issuer }), reason],
    ]);
    for (const claims of [{ sub: undefined }, { sub: '' }, { iss: '', sub: '' }]) expectRefusal(await present(sign(clientId, claims)));
    // A credential is found by its exact id.
    for (const id of [clientId.toUpperCase(), `${clientId} `]) expectRefusal(await present(sign(id)));
  });

  it('refuses an iss or sub that is no text, and its audit trail goes on', async () => {
    const { clientId } = await register();
    for (const odd of [[clientId], { id: clientId }, 7, true, null]) {
      expectRefusal(await present(sign(clientId, { iss: odd, sub: odd })));
      expectRefusal(await present(sign(clientId, { sub: odd })));
      expectRefusal(await present(sign(clientId, { iss: odd }), { client_id: clientId }));
    }
    expect(await reasonsOf(gatehouse, clientId, 5)).toEqual(Array(5).fill('The iss or sub of the assertion is no text'));
  });

  it('takes a client_id in the body only where it is the sub (R-CLA-08, RFC 7521 §4.2)', async () => {
    const { clientId } = await register();
    const other = await register();
    expect((await present(sign(clientId), { client_id: clientId })).status).toBe(200);
    expectRefusal(await present(sign(clientId), { client_id: other.clientId }));
    expect(await reasonsOf(gatehouse, other.clientId, 1)).toEqual(['The client_id of the body is not the sub of the assertion']);
  });

  it('asks for the issuer identifier as the only audience, letter by letter (R-CLA-09, RFC 10070 §4)', async () => {
    const { clientId } = await register();
    for (const aud of [issuer, [issuer]]) expect((await present(sign(clientId, { aud }))).status).toBe(200);
    const wrong = [
      endpoint,
      [endpoint],
      [issuer, endpoint],
      [issuer, issuer],
      [[issuer]],
      [],
      `${issuer}/`,
      issuer.toUpperCase(),
      issuer.replace('localhost', '127.0.0.1'),
      gatehouse.url,
      'https://elsewhere.example',
      '',
      null,
      7,
      { [issuer]: true },
    ];
    const cases = wrong.map((aud) => [sign(clientId, { aud }), 'The audience is not the issuer identifier alone'] as const);
    await expectRefusals(clientId, [...cases, [sign(clientId, { aud: undefined }), 'missing required "aud" claim']]);
  });

  it('takes the token endpoint as audience where the credential says so, and warns each time (R-CLA-10)', async () => {
    const { clientId } = await register({ acceptTokenEndpointAudience: true });
    const log = gatherLog();
    const warning = `The client ${clientId} names the token endpoint as audience of its assertions, against RFC 10070 §4.`;
    const warnings = () => log.filter((line) => line.startsWith(warning)).length;
    for (const [index, aud] of [endpoint, [endpoint]].entries()) {
      expect((await present(sign(clientId, { aud }))).status).toBe(200);
      expect(warnings()).toBe(index + 1);
    }
    expect((await present(sign(clientId))).status).toBe(200);
    expectRefusal(await present(sign(clientId, { aud: [issuer, endpoint] })));
    expectRefusal(await present(sign(clientId, { aud: `${endpoint}/` })));
    expectRefusal(await present(sign(clientId, { aud: endpoint }, {}, testKey('ES256', key.kid))));
    expect(warnings()).toBe(2);
  });

  it('takes assertions without a typ or with one of two, and no other JWT (R-CLA-11, RFC 8725 §3.11)', async () => {
    const { clientId } = await register();
    for (const typ of [undefined, 'JWT', 'jwt', 'application/JWT', 'client-authentication+jwt', 'Application/Client-Authentication+JWT']) {
      expect((await present(sign(clientId, {}, { typ }))).status).toBe(200);
    }
    const wrong = [
      'at+jwt',
      'application/at+jwt',
      'dpop+jwt',
      'oauth-id-jag+jwt',
      'JWE',
      '',
      'x/jwt',
      'application/application/jwt',
      'jwt ',
    ];
    const cases = wrong.map((typ) => [sign(clientId, {}, { typ }), 'The typ of the assertion is that of something else'] as const);
    await expectRefusals(clientId, cases);
    for (const typ of [7, ['JWT'], null, {}]) expectRefusal(await present(sign(clientId, {}, { typ })));
  });

  it('heeds exp, nbf and iat, a minute more or less, and takes nothing that is good for long (R-CLA-12, RFC 7523 §3)', async () => {
    const { clientId } = await register();
    const now = seconds();
    for (const claims of [{ exp: now - 50 }, { exp: now + 600 }, { nbf: now + 50 }, { iat: now + 50 }, { iat: undefined }]) {
      expect((await present(sign(clientId, claims))).status).toBe(200);
    }
    await expectRefusals(clientId, [
      [sign(clientId, { exp: now - 61 }), '"exp" claim timestamp check failed'],
      [sign(clientId, { exp: undefined }), 'missing required "exp" claim'],
      [sign(clientId, { exp: String(now + 60) }), '"exp" claim must be a number'],
      [sign(clientId, { exp: now + 700 }), 'The assertion is valid for too long'],
      [sign(clientId, { exp: now + 86_400 }), 'The assertion is valid for too long'],
      [sign(clientId, { exp: (now + 60) * 1000 }), 'The assertion is valid for too long'],
      [sign(clientId, { exp: 1e300 }), 'The exp of the assertion is no time'],
      [sign(clientId, { nbf: now + 90 }), '"nbf" claim timestamp check failed'],
      [sign(clientId, { nbf: 'now' }), '"nbf" claim must be a number'],
      [sign(clientId, { iat: now + 90 }), 'The assertion was issued in the future'],
      [sign(clientId, { iat: 'now' }), '"iat" claim must be a number'],
    ]);
  });

  it('takes each assertion once, by client and jti (R-CLA-13)', async () => {
    const [one, other] = [await register(), await register()];
    const jti = randomUUID();
    const assertion = sign(one.clientId, { jti });
    expect((await present(assertion)).status).toBe(200);
    await expectRefusals(one.clientId, [
      [assertion, 'The assertion was used before'],
      [sign(one.clientId, { jti, exp: seconds() + 400 }), 'The assertion was used before'],
      [sign(one.clientId, { jti: undefined }), 'The assertion has no usable jti'],
      [sign(one.clientId, { jti: '' }), 'The assertion has no usable jti'],
      [sign(one.clientId, { jti: 7 }), 'The assertion has no usable jti'],
      [sign(one.clientId, { jti: 'x'.repeat(513) }), 'The assertion has no usable jti'],
    ]);
    expect((await present(sign(other.clientId, { jti }))).status).toBe(200);
  });

  it('does not spend the jti of an assertion that was refused', async () => {
    const { id, clientId } = await register();
    const assertion = sign(clientId);
    expectRefusal(await present(`${assertion.slice(0, -8)}AAAAAAAA`));
    await gatehouse.admin(`/credentials/${id}/disable`, { method: 'POST' });
    expectRefusal(await present(assertion));
    await gatehouse.admin(`/credentials/${id}/enable`, { method: 'POST' });
    expect((await present(assertion)).status).toBe(200);
  });

  it('lets a client reuse its assertion where the credential says so, until it expires (X-16)', async () => {
    const { clientId } = await register({ allowAssertionReuse: true });
    const assertion = sign(clientId, { jti: undefined });
    for (let i = 0; i < 3; i++) expect((await present(assertion)).status).toBe(200);
    await expectRefusals(clientId, [[sign(clientId, { exp: seconds() - 61 }), '"exp" claim timestamp check failed']]);
  });

  it('believes a registered key under its own algorithm only, never none and never HMAC (R-CLA-14, R-CLA-25, RFC 8725 §3.1)', async () => {
    const rsa = testKey('RS256');
    const { clientId } = await register({ jwks: jwksOf(key, rsa) });
    const [header, payload] = sign(clientId).split('.') as [string, string];
    const unsigned = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${payload}.`;
    const pem = createPublicKey(key.privateKey).export({ type: 'spki', format: 'pem' });
    const hmacHeader = Buffer.from(JSON.stringify({ alg: 'HS256', kid: key.kid })).toString('base64url');
    const hmac = createHmac('sha256', pem).update(`${hmacHeader}.${payload}`).digest('base64url');
    await expectRefusals(clientId, [
      [unsigned, NO_KEY],
      [`${header}.${payload}.`, expect.any(String) as unknown as string],
      [`${hmacHeader}.${payload}.${hmac}`, NO_KEY],
      [sign(clientId, {}, { alg: 'PS256', kid: rsa.kid }, rsa), NO_KEY],
      [sign(clientId, {}, {}, testKey()), NO_KEY],
      [sign(clientId, {}, {}, testKey('ES256', key.kid)), BAD_SIGNATURE],
      [sign(clientId, {}, { kid: undefined }, testKey()), BAD_SIGNATURE],
      [sign(clientId, {}, { kid: rsa.kid }), NO_KEY],
      [sign(clientId, {}, { alg: 'ES384' }), NO_KEY],
      [sign(clientId, {}, { alg: undefined }), 'The assertion names no algorithm'],
      [sign(clientId, {}, { kid: 7 }), 'The kid or typ of the assertion is no text'],
      [sign(clientId, {}, { crit: ['exp'], exp: 1 }), 'The header of the assertion has critical extensions'],
      [sign(clientId, {}, { crit: ['b64'], b64: true }), 'The header of the assertion has critical extensions'],
    ]);
    const { json } = await ask(`${gatehouse.url}/.well-known/oauth-authorization-server/authed/mcp`);
    expect(json['token_endpoint_auth_methods_supported']).toContain('private_key_jwt');
    expect(json['token_endpoint_auth_methods_supported']).not.toContain('client_secret_jwt');
    expect(json['token_endpoint_auth_signing_alg_values_supported']).toEqual(ALGS);
  });

  it('takes no key and no address from the header (R-CLA-15, RFC 8725 §3.10)', async () => {
    const stranger = testKey();
    keyServer.publish(stranger);
    const { clientId } = await register();
    const asked = keyServer.requests.length;
    const headers = [{ jku: keyServer.jwksUri }, { x5u: keyServer.jwksUri }, { jwk: stranger.jwk }, { kid: keyServer.jwksUri }];
    await expectRefusals(clientId, [
      ...headers.map(
        (header) => [sign(clientId, {}, { kid: undefined, ...header }, stranger), expect.any(String) as unknown as string] as const,
      ),
    ]);
    expect((await present(sign(clientId, {}, { jku: keyServer.jwksUri, jwk: stranger.jwk }))).status).toBe(200);
    expect(keyServer.requests).toHaveLength(asked);
  });

  it('is the only way for its credentials, and theirs only (R-CLA-20)', async () => {
    const { id, clientId } = await register();
    // As if the credential had had a secret once.
    const clientSecret = 'mcs_left_over';
    const digest = gatehouse.app.get(Digester).digest(clientSecret);
    const row = { id: newId(), credentialId: id, digest, hint: 'left', createdAt: 0, expiresAt: null, lastUsedAt: null, lastUsedIp: null };
    await gatehouse.app.get(DataSource).getRepository(ClientSecret).insert(row);
    expectRefusal(await gatehouse.token({ clientId, clientSecret }));
    expectRefusal(await post({ client_id: clientId, client_secret: clientSecret }));
    const bySecret = 'The credential does not authenticate by secret';
    expect(await reasonsOf(gatehouse, clientId, 2)).toEqual([bySecret, bySecret]);
    expect((await present(sign(clientId))).status).toBe(200);
    const byAssertion = 'The credential does not authenticate by private_key_jwt';
    const trust = { issuer: keyServer.url, subject: 'x' };
    for (const credential of [
      await gatehouse.createCredential(),
      await gatehouse.createCredential({ authMethod: 'workload_identity', trust }),
    ]) {
      await expectRefusals(credential.clientId, [[sign(credential.clientId), byAssertion]]);
    }
  });

  it('answers alike, byte for byte, whoever it is and whatever is wrong; only the trail knows (R-CLA-21)', async () => {
    const [wrongKey, disabled, deleted, expired, elsewhere, unreachable] = await Promise.all([
      register(),
      register(),
      register(),
      register({ expiresAt: new Date(Date.now() + 60_000).toISOString() }),
      register({ allowedIps: ['10.0.0.0/8'] }),
      register({ jwksUri: `${keyServer.url}/away` }),
    ]);
    await gatehouse.admin(`/credentials/${disabled.id}/disable`, { method: 'POST' });
    await gatehouse.admin(`/credentials/${deleted.id}`, { method: 'DELETE' });
    offset = 60_000;
    const cases = [
      [NOBODY, sign(NOBODY), 'There is no credential with this client id'],
      [wrongKey.clientId, sign(wrongKey.clientId, {}, {}, testKey('ES256', key.kid)), BAD_SIGNATURE],
      [disabled.clientId, sign(disabled.clientId), 'The credential is disabled or has expired'],
      [deleted.clientId, sign(deleted.clientId), 'There is no credential with this client id'],
      [expired.clientId, sign(expired.clientId), 'The credential is disabled or has expired'],
      [elsewhere.clientId, sign(elsewhere.clientId), 'The credential may not come from this address'],
      [
        unreachable.clientId,
        sign(unreachable.clientId),
        `The keys of the client could not be fetched: ${keyServer.url}: answered with status 404, not 200`,
      ],
    ] as const;
    const answers = [await gatehouse.token({ clientId: NOBODY, clientSecret: 'x' })];
    for (const [, assertion] of cases) answers.push(await present(assertion));
    const [first, ...others] = answers.map(seenOf);
    expect(first).toMatchObject({ status: 401 });
    for (const other of others) expect(other).toEqual(first);
    for (const [clientId, , reason] of cases) expect((await reasonsOf(gatehouse, clientId, 1)).at(-1)).toBe(reason);
  });

  it('asks nobody for the keys of a client that is off (R-CLA-21)', async () => {
    keyServer.answer('/off', 200, jwksOf(key));
    const { id, clientId } = await register({ jwksUri: `${keyServer.url}/off` });
    await gatehouse.admin(`/credentials/${id}/disable`, { method: 'POST' });
    expectRefusal(await present(sign(clientId)));
    expect(keyServer.requests).not.toContain('/off');
  });

  it('puts no assertion and nothing of it into the trail or the log (R-ADM-06)', async () => {
    const log = gatherLog();
    const { clientId } = await register();
    const canary = 'canary-4711';
    const sent = [
      sign(clientId, { jti: canary }),
      sign(clientId, { jti: canary, aud: canary }),
      sign(clientId, { iss: canary }),
      sign(canary),
      sign(clientId, { exp: canary, canary }),
      sign(clientId, {}, { typ: canary }),
      sign(clientId, {}, { alg: canary }),
      sign(clientId, {}, { kid: canary }),
      sign(clientId, {}, { crit: [canary], [canary]: canary }),
      `${Buffer.from(`{"alg":"${canary}`).toString('base64url')}.e30.x`,
      `${Buffer.from('{"alg":"ES256"}').toString('base64url')}.${Buffer.from(`{"iss":"${canary}`).toString('base64url')}.x`,
      canary,
    ];
    for (const assertion of sent) await present(assertion, { client_id: clientId });
    await reasonsOf(gatehouse, clientId, sent.length - 1);
    const trail = (await gatehouse.admin('/events', { headers: { accept: 'application/x-ndjson' } })).text;
    for (const text of [trail, log.join('\n')]) {
      expect(text).not.toContain(canary);
      expect(text).not.toContain('eyJ');
    }
    expect(log.length).toBeGreaterThan(5);
  });

  it('is slowed per client and address after too many failures (R-CLA-22)', async () => {
    const strict = await startTestGatehouse({ env: { RATE_LIMIT_TOKEN_FAILURES: '3' } });
    try {
      const at = `${strict.url}/authed/mcp/oauth/token`;
      const { clientId } = await register({}, strict);
      const wrong = () => present(sign(clientId, {}, {}, testKey('ES256', key.kid)), {}, at);
      const statuses: number[] = [];
      for (let i = 0; i < 6; i++) statuses.push((await wrong()).status);
      expect(statuses).toEqual([401, 401, 401, 401, 429, 429]);
      const right = signAssertion(key, clientClaims(clientId, `${strict.url}/authed/mcp`));
      const blocked = await present(right, {}, at);
      expect([blocked.status, Number(blocked.headers.get('retry-after'))]).toEqual([429, expect.any(Number)]);
    } finally {
      await strict.remove();
    }
  });
});

describe('an assertion at two gatehouses', () => {
  it('is good once, of fifty at the same time (R-CLA-13)', async () => {
    const env = { PUBLIC_URL: 'http://localhost:3998', RATE_LIMIT_TOKEN_FAILURES: '1000000' };
    const first = await startTestGatehouse({ env });
    const second = await startTestGatehouse({ on: first, env });
    try {
      const { clientId } = await register({}, first);
      const urls = [first, second].map((one) => `http://127.0.0.1:${one.env['PORT']}/authed/mcp/oauth/token`);
      const rounds = Array.from({ length: 3 }, () => signAssertion(key, clientClaims(clientId, `${env.PUBLIC_URL}/authed/mcp`)));
      for (const assertion of rounds) {
        const answers = await Promise.all(Array.from({ length: 50 }, (_, index) => present(assertion, {}, urls[index % 2])));
        expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array<number>(49).fill(401)]);
      }
      expect(new Set(await reasonsOf(first, clientId, 147))).toEqual(new Set(['The assertion was used before']));
    } finally {
      await second.close();
      await first.remove();
    }
  });
});

describe('the keys at a jwksUri', () => {
  afterEach(() => void jest.restoreAllMocks());

  /** The time that waits are measured by, which the tests can put forward. */
  function movableTime(): (milliseconds: number) => void {
    const real = performance.now.bind(performance);
    let ahead = 0;
    jest.spyOn(performance, 'now').mockImplementation(() => real() + ahead);
    return (milliseconds) => (ahead += milliseconds);
  }

  it('are read again for a kid that is not there, at most once in 30 s (R-CLA-15, R-KEY-03)', async () => {
    const advance = movableTime();
    const [old, next] = [testKey(), testKey()];
    const path = '/rotating';
    const asked = () => keyServer.requests.filter((request) => request === path).length;
    keyServer.answer(path, 200, jwksOf(old));
    const { clientId } = await register({ jwksUri: keyServer.url + path });
    const token = tokenOf(await present(sign(clientId, {}, {}, old)));
    keyServer.answer(path, 200, jwksOf(next));
    for (let i = 0; i < 5; i++) expectRefusal(await present(sign(clientId, {}, {}, next)));
    expect(asked()).toBe(1);
    advance(30_000);
    expect((await present(sign(clientId, {}, {}, next))).status).toBe(200);
    expectRefusal(await present(sign(clientId, {}, {}, old)));
    expect(asked()).toBe(2);
    expect(await reasonsOf(gatehouse, clientId, 6)).toEqual(Array(6).fill(NO_KEY));
    // Tokens go by the address that is registered: the owner rotates there without ending what runs.
    expect((await call(token)).status).toBe(200);
  });

  it('serve on while their server is away, and a stranger cannot make us ask more often', async () => {
    const advance = movableTime();
    keyServer.answer('/flaky', 200, jwksOf(key));
    const { clientId } = await register({ jwksUri: `${keyServer.url}/flaky` });
    expect((await present(sign(clientId))).status).toBe(200);
    keyServer.answer('/flaky', 503, {});
    advance(3_600_000);
    expect((await present(sign(clientId))).status).toBe(200);
    for (let i = 0; i < 5; i++) expectRefusal(await present(sign(clientId, {}, {}, testKey())));
    expect(keyServer.requests.filter((request) => request === '/flaky')).toHaveLength(2);
  });

  it('are not looked for where a redirect points (R-CLA-15)', async () => {
    keyServer.answer('/elsewhere', 200, jwksOf(key));
    keyServer.answer('/moved', 302, {}, { location: `${keyServer.url}/elsewhere` });
    const { clientId } = await register({ jwksUri: `${keyServer.url}/moved` });
    const reason = `The keys of the client could not be fetched: ${keyServer.url}: answered with a redirect, which is not followed`;
    await expectRefusals(clientId, [[sign(clientId), reason]]);
    expect(keyServer.requests).not.toContain('/elsewhere');
  });

  it('end the tokens of the old address when another is registered', async () => {
    keyServer.answer('/one', 200, jwksOf(key));
    keyServer.answer('/two', 200, jwksOf(key));
    const { id, clientId } = await register({ jwksUri: `${keyServer.url}/one` });
    const token = tokenOf(await present(sign(clientId)));
    const patched = await gatehouse.admin(`/credentials/${id}`, { method: 'PATCH', body: { jwksUri: `${keyServer.url}/two` } });
    expect(patched).toMatchObject({ status: 200, json: { jwksUri: `${keyServer.url}/two`, jwks: null } });
    expect((await call(token)).status).toBe(401);
    expect((await call(tokenOf(await present(sign(clientId))))).status).toBe(200);
  });
});

describe('a credential with private_key_jwt', () => {
  it('has no secret, not under an Idempotency-Key either', async () => {
    const init = {
      body: { label: 'by key', authMethod: 'private_key_jwt', jwks: jwksOf(key) },
      headers: { 'idempotency-key': randomUUID() },
    };
    const created = await gatehouse.admin('/credentials', init);
    expect(created).toMatchObject({ status: 201, json: { authMethod: 'private_key_jwt', secrets: [], jwks: jwksOf(key), jwksUri: null } });
    expect(created.json).not.toHaveProperty('clientSecret');
    expect(created.json['grantTypes']).toEqual(['client_credentials']);
    const again = await gatehouse.admin('/credentials', init);
    expect([again.json, again.headers.get('idempotency-replayed')]).toEqual([created.json, 'true']);
    expect((await present(sign(created.json['clientId'] as string))).status).toBe(200);
  });

  it('has no secret to rotate', async () => {
    const { id } = await register();
    const answer = await gatehouse.admin(`/credentials/${id}/rotate`, { body: {} });
    expect(answer).toMatchObject({ status: 409, json: { code: 'conflict' } });
    expect(answer.json['detail']).toContain('private_key_jwt');
    expect((await gatehouse.admin(`/credentials/${id}`)).json['secrets']).toEqual([]);
  });

  it('loses the tokens of a key that is taken away, and keeps those of the one that stays (R-ADM-03)', async () => {
    const [old, staying, added] = [testKey(), testKey('EdDSA'), testKey('PS256')];
    const { id, clientId } = await register({ jwks: jwksOf(old, staying) });
    const tokens = await Promise.all([old, staying].map(async (by) => tokenOf(await present(sign(clientId, {}, {}, by)))));
    for (const token of tokens) expect((await call(token)).status).toBe(200);
    const changed = await gatehouse.admin(`/credentials/${id}`, { method: 'PATCH', body: { jwks: jwksOf(staying, added) } });
    expect(changed).toMatchObject({ status: 200, json: { jwks: jwksOf(staying, added) } });
    expect((await Promise.all(tokens.map(call))).map(({ status }) => status)).toEqual([401, 200]);
    await expectRefusals(clientId, [[sign(clientId, {}, {}, old), NO_KEY]]);
    for (const by of [staying, added]) expect((await present(sign(clientId, {}, {}, by))).status).toBe(200);
  });

  it('keeps to its grants, scopes, lifetime and proof of possession (R-ADM-04)', async () => {
    const { clientId } = await register({ scopes: ['mcp:read'], tokenTtl: 120, strictScope: true });
    expect((await present(sign(clientId))).json).toMatchObject({ scope: 'mcp:read', expires_in: 120 });
    expect(await present(sign(clientId), { scope: 'mcp:read mcp:search' })).toMatchObject({
      status: 400,
      json: { error: 'invalid_scope' },
    });
    const exchange = 'urn:ietf:params:oauth:grant-type:token-exchange';
    const narrow = await register({ grantTypes: [exchange] });
    expect(await present(sign(narrow.clientId))).toMatchObject({ status: 400, json: { error: 'unauthorized_client' } });
    const bound = await register({ dpopRequired: true });
    expect(await present(sign(bound.clientId))).toMatchObject({ status: 400, json: { error: 'invalid_dpop_proof' } });
  });

  it.each<[string, Members, string]>([
    ['a private key', { jwks: { keys: [privateJwk(key)] } }, 'jwks'],
    ['a private key beside a public one', { jwks: { keys: [publicJwk(testKey()), privateJwk(testKey('RS256'))] } }, 'jwks'],
    ['a symmetric key', { jwks: { keys: [{ kty: 'oct', k: 'c2VjcmV0' }] } }, 'jwks'],
    ['no key at all', { jwks: { keys: [] } }, 'jwks'],
    ['something else than a JWK Set', { jwks: { key: 'x' } }, 'jwks'],
    ['a text for a JWK Set', { jwks: '{"keys":[]}' }, 'jwks'],
    ['keys and an address', { jwks: jwksOf(key), jwksUri: 'https://client.example/jwks' }, 'jwks'],
    ['neither keys nor an address', { jwks: null }, 'jwks'],
    ['the address of a cloud’s metadata (SSRF)', { jwks: null, jwksUri: 'http://169.254.169.254/' }, 'jwksUri'],
    ['a private address', { jwks: null, jwksUri: 'https://10.0.0.1/jwks' }, 'jwksUri'],
    ['an address that is no URL', { jwks: null, jwksUri: 'client.example/jwks' }, 'jwksUri'],
    ['an empty address', { jwks: null, jwksUri: '' }, 'jwksUri'],
    ['a file', { jwks: null, jwksUri: 'file:///etc/passwd' }, 'jwksUri'],
    ['an address with a password', { jwks: null, jwksUri: 'https://user:password@client.example/jwks' }, 'jwksUri'],
    ['a trust rule', { trust: { issuer: 'https://issuer.example', subject: 'x' } }, 'trust'],
    ['the subject of a certificate', { tlsSubject: { sanDns: 'client.example' } }, 'tlsSubject'],
    ['the grant of workloads', { grantTypes: ['urn:ietf:params:oauth:grant-type:jwt-bearer'] }, 'grantTypes'],
  ])('is not made with %s (R-CLA-15)', async (_, more, field) => {
    const { id } = await register();
    const before = (await gatehouse.admin(`/credentials/${id}`)).json;
    for (const answer of [
      await gatehouse.admin('/credentials', { body: { label: 'bad', authMethod: 'private_key_jwt', jwks: jwksOf(key), ...more } }),
      await gatehouse.admin(`/credentials/${id}`, { method: 'PATCH', body: more }),
    ]) {
      expect(answer).toMatchObject({ status: 400, json: { code: 'validation_failed', errors: [{ field, message: expect.any(String) }] } });
      expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
      expect(answer.text).not.toContain(key.privateKey.export({ format: 'jwk' }).d);
      expect(answer.text).not.toContain('password@');
    }
    expect((await gatehouse.admin(`/credentials/${id}`)).json).toEqual(before);
  });

  it.each<[string, Members, string]>([
    ['client_secret', { jwks: jwksOf(key) }, 'jwks'],
    ['client_secret', { jwksUri: 'https://client.example/jwks' }, 'jwksUri'],
    ['workload_identity', { jwks: jwksOf(key), trust: { issuer: 'https://issuer.example', subject: 'x' } }, 'jwks'],
    ['workload_identity', {}, 'trust'],
    ['tls_client_auth', { tlsSubject: { sanDns: 'client.example' } }, 'authMethod'],
    ['self_signed_tls_client_auth', { jwks: jwksOf(key) }, 'authMethod'],
    ['none', {}, 'authMethod'],
    ['client_secret_jwt', {}, 'authMethod'],
  ])('shares its fields with no method that has no use for them: %s %#', async (authMethod, more, field) => {
    const answer = await gatehouse.admin('/credentials', { body: { label: 'bad', authMethod, ...more } });
    expect(answer).toMatchObject({ status: 400, json: { code: 'validation_failed', errors: [{ field }] } });
  });

  it('is not made with more than its column holds, whatever the database', async () => {
    const jwks = { keys: [{ ...publicJwk(key), comment: 'x'.repeat(70_000) }] };
    const answer = await gatehouse.admin('/credentials', { body: { label: 'big', authMethod: 'private_key_jwt', jwks } });
    expect(answer).toMatchObject({ status: 400, json: { code: 'validation_failed' } });
  });

  it('keeps its method for good (R-CLA-20)', async () => {
    const { id } = await register();
    const answer = await gatehouse.admin(`/credentials/${id}`, { method: 'PATCH', body: { authMethod: 'client_secret' } });
    expect(answer).toMatchObject({ status: 400, json: { code: 'validation_failed', errors: [{ field: 'authMethod' }] } });
  });

  it('is refused Basic beside its assertion (R-CLA-16)', async () => {
    const { clientId } = await register();
    const form = { client_assertion_type: CLIENT_ASSERTION_TYPE, client_assertion: sign(clientId) };
    const answers = [await post(form, endpoint, { authorization: basic(clientId, 'x') }), await post({ ...form, client_secret: 'x' })];
    for (const answer of answers) expect(answer).toMatchObject({ status: 400, json: { error: 'invalid_request' } });
  });
});
