import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { decodeJwt } from 'jose';
import { DataSource } from 'typeorm';
import { newId } from '../src/common/ids.js';
import { Credential } from '../src/credentials/credential.entity.js';
import { CREDENTIAL_TOPIC } from '../src/credentials/credential-directory.service.js';
import { UnitOfWork } from '../src/database/unit-of-work.service.js';
import { SERVER_TOPIC } from '../src/servers/server-directory.service.js';
import { Server } from '../src/servers/server.entity.js';
import { makeProof, proofSigner } from './support/dpop.js';
import { type Answer, ask, basic, type NewCredential, startTestGatehouse, type TestGatehouse } from './support/gatehouse.js';
import {
  clientClaims,
  JWT_BEARER,
  type Members,
  seconds,
  signAssertion,
  startTestIssuer,
  type TestIssuer,
  type TestKey,
  testKey,
} from './support/keys.js';
import { gatherLog, reasonsOf } from './support/refusals.js';

const MCP = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
const INITIALIZE = {
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'test', version: '1' } },
};
const INVALID_GRANT = {
  status: 400,
  json: { error: 'invalid_grant', error_description: 'The assertion is not valid, has expired, or nobody here trusts it.' },
};
const BAD_SIGNATURE = 'No registered key made the signature of the assertion';
const CLUSTER = 'https://kubernetes.default.svc.cluster.local';

let gatehouse: TestGatehouse;
/** Milliseconds by which the application's clock is ahead. */
let offset = 0;
let platform: TestIssuer;
let issuer: string;
let endpoint: string;
const key = testKey('RS256');

afterEach(() => void (offset = 0));
beforeAll(async () => {
  gatehouse = await startTestGatehouse({
    env: { RATE_LIMIT_TOKEN_FAILURES: '1000000', REFRESH_TOKENS: 'on' },
    clock: () => Date.now() + offset,
  });
  platform = await startTestIssuer(key);
  issuer = `${gatehouse.url}/authed/mcp`;
  endpoint = `${issuer}/oauth/token`;
});
afterAll(async () => {
  await platform.close();
  await gatehouse.remove();
});

const others: TestIssuer[] = [];
afterEach(() => Promise.all(others.splice(0).map((other) => other.close())));

/** Another platform, for one test. */
async function startOther(...keys: TestKey[]): Promise<TestIssuer> {
  const other = await startTestIssuer(...keys);
  others.push(other);
  return other;
}

const times = (): Members => ({ iat: seconds() - 5, nbf: seconds() - 10, exp: seconds() + 300, jti: randomUUID() });

/** As GitHub Actions signs it for a job that deploys `main` of acme/site. */
const gitHub = (more: Members = {}): Members => ({
  ...times(),
  iss: platform.url,
  aud: issuer,
  sub: 'repo:acme/site:environment:production',
  ref: 'refs/heads/main',
  sha: '8f0ce0e2ee1a5fa9a1ef5d1b2a6f2a3b0a9e9a11',
  repository: 'acme/site',
  repository_owner: 'acme',
  repository_owner_id: '4711',
  repository_id: '471100',
  repository_visibility: 'private',
  run_id: '9876543210',
  run_number: '42',
  run_attempt: '1',
  runner_environment: 'github-hosted',
  actor: 'ada',
  actor_id: '12',
  workflow: 'deploy',
  workflow_ref: 'acme/site/.github/workflows/deploy.yml@refs/heads/main',
  job_workflow_ref: 'acme/site/.github/workflows/deploy.yml@refs/heads/main',
  event_name: 'push',
  head_ref: '',
  base_ref: '',
  ref_type: 'branch',
  ref_protected: 'true',
  environment: 'production',
  ...more,
});

/** As GitLab signs an `id_tokens` entry of a job. */
const gitLab = (more: Members = {}): Members => ({
  ...times(),
  iss: platform.url,
  aud: issuer,
  sub: 'project_path:acme/site:ref_type:branch:ref:main',
  namespace_id: '72',
  namespace_path: 'acme',
  project_id: '20',
  project_path: 'acme/site',
  user_id: '1',
  user_login: 'ada',
  user_email: 'ada@acme.example',
  pipeline_id: '574',
  pipeline_source: 'push',
  job_id: '302',
  ref: 'main',
  ref_type: 'branch',
  ref_path: 'refs/heads/main',
  ref_protected: 'true',
  runner_id: 1,
  runner_environment: 'self-hosted',
  sha: '714a629c0b401fdce83e847fc9589983fc6f46bc',
  project_visibility: 'internal',
  ...more,
});

/** As a cluster signs a projected service account token: no `typ`, objects among the claims, `aud` a list. */
const kubernetes = (more: Members = {}): Members => ({
  ...times(),
  iss: CLUSTER,
  aud: [issuer],
  sub: 'system:serviceaccount:ci:indexer',
  'kubernetes.io': {
    namespace: 'ci',
    node: { name: 'node-1', uid: '0c6f2e1e-7d4c-4a0a-8f39-2d8cbd2a0b54' },
    pod: { name: 'indexer-7d9f', uid: '2d8cbd2a-0b54-4a0a-8f39-0c6f2e1e7d4c' },
    serviceaccount: { name: 'indexer', uid: '4a0a8f39-0b54-2d8c-bd2a-0c6f2e1e7d4c' },
  },
  ...more,
});

/** A subject of its own for each test, so that their rules do not meet. */
const subject = (): string => `repo:acme/${randomUUID()}:ref:refs/heads/main`;

const trusting = (trust: Members, more: Members = {}): Members => ({
  authMethod: 'workload_identity',
  trust: { issuer: platform.url, ...trust },
  ...more,
});

const trust = (rule: Members, more: Members = {}, on = gatehouse): Promise<NewCredential> => on.createCredential(trusting(rule, more));

const sign = (claims: Members, header: Members = {}, by: TestKey = key): string => signAssertion(by, claims, header);

const post = (form: Record<string, string>, headers: Record<string, string> = {}, url = endpoint): Promise<Answer> =>
  ask(url, { method: 'POST', headers, body: new URLSearchParams(form) });

const exchange = (assertion: string, form: Record<string, string> = {}, headers: Record<string, string> = {}): Promise<Answer> =>
  post({ grant_type: JWT_BEARER, assertion, ...form }, headers);

const tokenOf = ({ json }: Answer): string => json['access_token'] as string;

const call = (token: string): Promise<Answer> =>
  ask(issuer, { method: 'POST', headers: { ...MCP, authorization: `Bearer ${token}` }, body: JSON.stringify(INITIALIZE) });

/** Exchanges each in turn under the client id, expects the one public refusal for all, and the private reason of each. */
async function expectRefusals(clientId: string, cases: readonly (readonly [assertion: string, reason: string])[]): Promise<void> {
  for (const [assertion] of cases) expect(await exchange(assertion, { client_id: clientId })).toMatchObject(INVALID_GRANT);
  expect(await reasonsOf(gatehouse, clientId, cases.length)).toEqual(cases.map(([, reason]) => reason));
}

describe('workload identity', () => {
  it.each<[string, Members, () => Members, Members]>([
    ['GitHub Actions', { subject: 'repo:acme/site:environment:production' }, gitHub, {}],
    [
      'GitLab CI',
      { subject: 'project_path:acme/site:ref_type:branch:ref:*', claims: { ref_protected: 'true', runner_id: '1' } },
      gitLab,
      {},
    ],
    ['Kubernetes', { issuer: CLUSTER, subject: 'system:serviceaccount:ci:indexer' }, kubernetes, { typ: undefined }],
  ])('makes an access token of a token of %s, which opens the server (R-JBG-01, RFC 7523 §2.1)', async (_, rule, claims, header) => {
    const jwksUri = rule['issuer'] === CLUSTER ? { jwksUri: platform.jwksUri } : {};
    const { id, clientId } = await trust({ ...rule, ...jwksUri });
    const answer = await exchange(sign(claims(), header));
    expect(answer).toMatchObject({ status: 200, json: { token_type: 'Bearer', scope: 'mcp:search mcp:read' } });
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(decodeJwt(tokenOf(answer))).toMatchObject({ iss: issuer, client_id: clientId, sub: clientId });
    expect((await call(tokenOf(answer))).status).toBe(200);
    await gatehouse.admin(`/credentials/${id}`, { method: 'DELETE' });
    expect((await call(tokenOf(answer))).status).toBe(401);
  });

  it('is in the metadata, and by OPTIONAL_GRANTS=none neither there nor served (R-JBG-01)', async () => {
    const metadata = async ({ url }: TestGatehouse) =>
      (await ask(`${url}/.well-known/oauth-authorization-server/authed/mcp`)).json['grant_types_supported'];
    expect(await metadata(gatehouse)).toContain(JWT_BEARER);
    const without = await startTestGatehouse({ env: { OPTIONAL_GRANTS: 'none' } });
    try {
      expect(await metadata(without)).toEqual(['client_credentials']);
      await trust({ subject: gitHub()['sub'] }, {}, without);
      const at = `${without.url}/authed/mcp`;
      const answer = await post({ grant_type: JWT_BEARER, assertion: sign(gitHub({ aud: at })) }, {}, `${at}/oauth/token`);
      expect(answer).toMatchObject({ status: 400, json: { error: 'unsupported_grant_type' } });
    } finally {
      await without.remove();
    }
  });

  it('asks for one JWT (R-JBG-02, RFC 7521 §4.1)', async () => {
    const sub = subject();
    const { clientId } = await trust({ subject: sub });
    const assertion = sign(gitHub({ sub }));
    expect(await post({ grant_type: JWT_BEARER })).toMatchObject({ status: 400, json: { error: 'invalid_request' } });
    expect(await exchange('')).toMatchObject({ status: 400, json: { error: 'invalid_request' } });
    const twice = new URLSearchParams([
      ['grant_type', JWT_BEARER],
      ['assertion', assertion],
      ['assertion', assertion],
    ]);
    expect(await ask(endpoint, { method: 'POST', body: twice })).toMatchObject({ status: 400, json: { error: 'invalid_request' } });
    await expectRefusals(clientId, [
      ['x', 'Invalid Token or Protected Header formatting'],
      [`${assertion}.${assertion}`, 'Invalid Token or Protected Header formatting'],
      ['x'.repeat(16 * 1024 + 1), 'The assertion is too long'],
      [`${assertion.split('.').slice(0, 2).join('.')}.`, BAD_SIGNATURE],
    ]);
    expect((await exchange(assertion)).status).toBe(200);
  });

  it('asks an issuer that nobody trusts for nothing, and believes it nothing (R-JBG-03)', async () => {
    const stranger = await startOther(key);
    const sub = subject();
    const { clientId } = await trust({ subject: sub });
    expect((await exchange(sign(gitHub({ sub })))).status).toBe(200);
    const asked = platform.requests.length;
    const unknown = 'Nobody trusts the issuer of the assertion';
    await expectRefusals(clientId, [
      [sign(gitHub({ sub, iss: stranger.url })), unknown],
      [sign(gitHub({ sub, iss: stranger.url }), { jku: stranger.jwksUri, x5u: stranger.jwksUri }), unknown],
      [sign(gitHub({ sub, iss: `${platform.url}/` })), unknown],
      [sign(gitHub({ sub, iss: platform.url.toUpperCase() })), unknown],
      [sign(gitHub({ sub, iss: `${platform.url} ` })), unknown],
      [sign(gitHub({ sub, iss: '' })), unknown],
      [sign(gitHub({ sub, iss: undefined })), 'The assertion names no issuer'],
      [sign(gitHub({ sub, iss: [platform.url] })), 'The iss or sub of the assertion is no text'],
      [sign(gitHub({ sub, iss: null })), 'The iss or sub of the assertion is no text'],
    ]);
    expect(stranger.requests).toEqual([]);
    expect(platform.requests).toHaveLength(asked);
  });

  it('finds the keys by the issuer’s own metadata or where the rule says, and keeps them (R-JBG-04)', async () => {
    const own = testKey('EdDSA');
    const other = await startOther(own);
    const [bySelf, byRule] = [subject(), subject()];
    await trust({ issuer: other.url, subject: bySelf });
    await trust({ issuer: other.url, subject: byRule, jwksUri: `${other.url}/mapped` });
    other.answer('/mapped', 200, { keys: [{ ...own.jwk, kid: own.kid }] });
    for (const sub of [bySelf, bySelf, byRule, byRule]) {
      expect((await exchange(sign(gitHub({ iss: other.url, sub }), {}, own))).status).toBe(200);
    }
    expect(other.requests).toEqual(['/.well-known/openid-configuration', '/jwks', '/mapped']);
  });

  it('takes keys over TLS only, where EGRESS_ALLOW names no network (R-JBG-04)', async () => {
    const strict = await startTestGatehouse({ env: { PUBLIC_URL: 'https://docs.example.com' } });
    try {
      const refused = async (rule: Members) => (await strict.admin('/credentials', { body: { label: 'x', ...trusting(rule) } })).json;
      const fields = async (rule: Members) => (await refused(rule))['errors'];
      expect(await fields({ issuer: 'http://issuer.example', subject: 'x' })).toMatchObject([{ field: 'trust.issuer' }]);
      expect(await fields({ subject: 'x' })).toMatchObject([{ field: 'trust.issuer' }]);
      const https = { issuer: 'https://issuer.example', subject: 'x' };
      for (const jwksUri of ['http://issuer.example/jwks', 'http://169.254.169.254/', 'https://127.0.0.1/jwks', 'x', '']) {
        expect(await fields({ ...https, jwksUri })).toMatchObject([{ field: 'trust.jwksUri' }]);
      }
      expect(await refused(https)).toMatchObject({ trust: https });
    } finally {
      await strict.remove();
    }
  });

  it('asks for iss, sub, aud, exp, iat and jti, for a live assertion and a right signature (R-JBG-05, RFC 7523 §3)', async () => {
    const sub = subject();
    const { clientId } = await trust({ subject: sub });
    const now = seconds();
    const good = sign(gitHub({ sub }));
    const missing = (claim: string) => sign(gitHub({ sub, [claim]: undefined }));
    await expectRefusals(clientId, [
      [missing('iss'), 'The assertion names no issuer'],
      [missing('sub'), 'The sub of the assertion does not match'],
      [missing('aud'), 'The assertion is for another audience'],
      [missing('exp'), 'missing required "exp" claim'],
      [missing('iat'), 'missing required "iat" claim'],
      [missing('jti'), 'missing required "jti" claim'],
      [sign(gitHub({ sub, jti: '' })), 'The assertion has no usable jti'],
      [sign(gitHub({ sub, jti: 7 })), 'The assertion has no usable jti'],
      [sign(gitHub({ sub, exp: now - 61 })), '"exp" claim timestamp check failed'],
      [sign(gitHub({ sub, exp: 'x' })), '"exp" claim must be a number'],
      [sign(gitHub({ sub, exp: 1e300 })), 'The exp of the assertion is no time'],
      [sign(gitHub({ sub, nbf: now + 90 })), '"nbf" claim timestamp check failed'],
      [sign(gitHub({ sub, iat: now + 90 })), 'The assertion was issued in the future'],
      [sign(gitHub({ sub, iat: 'x' })), '"iat" claim must be a number'],
      [`${good.slice(0, -8)}AAAAAAAA`, BAD_SIGNATURE],
      [sign(gitHub({ sub }), {}, testKey('RS256', key.kid)), BAD_SIGNATURE],
      [sign(gitHub({ sub }), {}, testKey('RS256')), BAD_SIGNATURE],
      [sign(gitHub({ sub }), { alg: 'PS256' }), BAD_SIGNATURE],
      [sign(gitHub({ sub }), { alg: 'none' }), BAD_SIGNATURE],
      [sign(gitHub({ sub }), { alg: 'HS256' }), BAD_SIGNATURE],
      [sign(gitHub({ sub }), { crit: ['exp'] }), 'The header of the assertion has critical extensions'],
    ]);
    expect((await exchange(good)).status).toBe(200);
  });

  it('asks for the issuer identifier or the token endpoint as an audience, or for the one of the rule (R-JBG-06, X-05)', async () => {
    const [ours, theirs] = [subject(), subject()];
    const { clientId } = await trust({ subject: ours });
    const own = await trust({ subject: theirs, audience: 'api://acme' });
    for (const aud of [issuer, endpoint, [issuer], ['https://elsewhere.example', endpoint]]) {
      expect((await exchange(sign(gitHub({ sub: ours, aud })))).status).toBe(200);
    }
    for (const aud of ['api://acme', ['x', 'api://acme']]) expect((await exchange(sign(gitHub({ sub: theirs, aud })))).status).toBe(200);
    const reason = 'The assertion is for another audience';
    const wrong = [
      'https://elsewhere.example',
      `${issuer}/`,
      issuer.toUpperCase(),
      gatehouse.url,
      '',
      [],
      null,
      7,
      [[issuer]],
      { 0: issuer },
    ];
    await expectRefusals(
      clientId,
      wrong.map((aud) => [sign(gitHub({ sub: ours, aud })), reason] as const),
    );
    await expectRefusals(
      own.clientId,
      [issuer, endpoint, 'api://acme2', 'API://acme'].map((aud) => [sign(gitHub({ sub: theirs, aud })), reason]),
    );
  });

  it('maps claims by rules: pattern over sub, conditions on further claims, and no rule means refusal (R-JBG-07)', async () => {
    const claims = { repository: 'acme/*', environment: 'production', ref: ['refs/heads/main', 'refs/tags/v*'] };
    const repository = `acme/${randomUUID()}`;
    const { clientId } = await trust({ subject: `repo:${repository}:*`, claims });
    const job = (more: Members = {}) => sign(gitHub({ sub: `repo:${repository}:environment:production`, repository, ...more }));
    for (const more of [{}, { ref: 'refs/tags/v1.2.3' }, { ref: ['refs/heads/x', 'refs/heads/main'] }, { sub: `repo:${repository}:x` }]) {
      expect(await exchange(job(more))).toMatchObject({ status: 200 });
    }
    const sub = 'The sub of the assertion does not match';
    const mismatch = (name: string) => `The claim ${name} of the assertion does not match`;
    await expectRefusals(clientId, [
      [job({ sub: `repo:${repository}` }), sub],
      [job({ sub: `REPO:${repository}:x` }), sub],
      [job({ sub: clientId }), sub],
      [job({ sub: 'repo:evil/site:ref:refs/heads/main' }), sub],
      [job({ repository: 'evil/site' }), mismatch('repository')],
      [job({ repository: undefined }), mismatch('repository')],
      [job({ repository: { toString: 'acme/x' } }), mismatch('repository')],
      [job({ environment: 'staging' }), mismatch('environment')],
      [job({ environment: 'production ' }), mismatch('environment')],
      [job({ environment: '' }), mismatch('environment')],
      [job({ ref: 'refs/heads/main2' }), mismatch('ref')],
      [job({ ref: [] }), mismatch('ref')],
      [job({ ref: Array(101).fill('refs/heads/main') }), mismatch('ref')],
    ]);
  });

  it('gives what the credential may have, and no more (R-JBG-07, R-ADM-04)', async () => {
    const sub = subject();
    const { id, clientId } = await trust({ subject: sub }, { scopes: ['mcp:read'], tokenTtl: 60 });
    const assertion = sign(gitHub({ sub }));
    expect((await exchange(assertion)).json).toMatchObject({ scope: 'mcp:read', expires_in: 60 });
    expect(await exchange(assertion, { scope: 'mcp:search' })).toMatchObject({ status: 400, json: { error: 'invalid_scope' } });
    // No admin can say this: the grant is the only one of its method.
    const barred = await gatehouse.admin(`/credentials/${id}`, { method: 'PATCH', body: { grantTypes: ['client_credentials'] } });
    expect(barred).toMatchObject({ status: 400, json: { code: 'validation_failed', errors: [{ field: 'grantTypes' }] } });
    await gatehouse.app.get(UnitOfWork).run(async ({ manager, changed }) => {
      await manager.update(Credential, { id }, { grantTypes: ['client_credentials'] });
      await changed(CREDENTIAL_TOPIC, id);
    });
    expect(await exchange(assertion)).toMatchObject({ status: 400, json: { error: 'unauthorized_client' } });
    expect(await post({ grant_type: 'client_credentials', client_id: clientId })).toMatchObject({
      status: 401,
      json: { error: 'invalid_client' },
    });
  });

  it('takes an assertion again while it is valid, or once where the credential says so (R-JBG-08)', async () => {
    const [often, once] = [subject(), subject()];
    await trust({ subject: often });
    const { clientId } = await trust({ subject: once }, { singleUseAssertion: true });
    const again = sign(gitHub({ sub: often }));
    for (let i = 0; i < 3; i++) expect((await exchange(again)).status).toBe(200);
    const jti = randomUUID();
    const assertion = sign(gitHub({ sub: once, jti }));
    const answers = await Promise.all(Array.from({ length: 20 }, () => exchange(assertion, { client_id: clientId })));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array<number>(19).fill(400)]);
    expect(await exchange(sign(gitHub({ sub: once, jti })), { client_id: clientId })).toMatchObject(INVALID_GRANT);
    expect(new Set(await reasonsOf(gatehouse, clientId, 20))).toEqual(new Set(['The assertion was used before']));
    expect((await exchange(sign(gitHub({ sub: once })))).status).toBe(200);
  });

  it('counts the uses of a jti by issuer, not by credential (R-JBG-08)', async () => {
    const [one, two] = [subject(), subject()];
    await trust({ subject: one }, { singleUseAssertion: true });
    const { clientId } = await trust({ subject: two }, { singleUseAssertion: true });
    const jti = randomUUID();
    expect((await exchange(sign(gitHub({ sub: one, jti })))).status).toBe(200);
    await expectRefusals(clientId, [[sign(gitHub({ sub: two, jti })), 'The assertion was used before']]);
  });

  it('needs no client authentication; what is sent must be right, and of the client that the token is for (R-JBG-09)', async () => {
    const sub = subject();
    const { clientId } = await trust({ subject: sub });
    const other = await gatehouse.createCredential();
    const assertion = sign(gitHub({ sub }));
    for (const authorization of [basic(other.clientId, 'wrong'), basic(clientId, 'x'), 'Bearer x']) {
      const answer = await exchange(assertion, {}, { authorization });
      expect(answer).toMatchObject({ status: 401, json: { error: 'invalid_client' } });
      expect(answer.headers.get('www-authenticate')).toBe('Basic realm="token"');
    }
    const valid = { authorization: basic(other.clientId, other.clientSecret) };
    expect(await exchange(assertion, {}, valid)).toMatchObject({ status: 400, json: { error: 'unauthorized_client' } });
    expect((await exchange(assertion, { client_id: clientId })).status).toBe(200);
    expect(await exchange(assertion, { client_id: other.clientId })).toMatchObject(INVALID_GRANT);
    expect((await reasonsOf(gatehouse, other.clientId, 3)).at(-1)).toBe('The client that was named does not trust the issuer');
  });

  it('lets no token outlive its assertion, and gives no refresh token (R-JBG-10, RFC 7521 §4.1)', async () => {
    const sub = subject();
    await trust({ subject: sub }, { issueRefreshToken: true });
    const lives = async (exp: number) => (await exchange(sign(gitHub({ sub, exp })))).json;
    const short = await lives(seconds() + 120);
    expect(short['expires_in']).toBeLessThanOrEqual(120);
    expect(short['expires_in']).toBeGreaterThan(110);
    expect((await lives(seconds() + 86_400))['expires_in']).toBe(3600);
    // Within the minute that clocks may differ.
    expect((await lives(seconds() - 30))['expires_in']).toBe(1);
    for (const answer of [short, await lives(seconds() + 300)]) expect(answer).not.toHaveProperty('refresh_token');
  });

  it('gives a token for the resource that is named, else for the only one (R-JBG-11, R-RES-04)', async () => {
    const [sub, both] = [subject(), subject()];
    const { clientId } = await trust({ subject: sub });
    const assertion = sign(gitHub({ sub }));
    for (const resource of ['', issuer, issuer.replace('http://localhost', 'HTTP://LOCALHOST')]) {
      expect(decodeJwt(tokenOf(await exchange(assertion, { resource })))).toMatchObject({ aud: issuer, client_id: clientId });
    }
    for (const resource of ['https://elsewhere.example', `${issuer}/`, 'x', `${issuer}#x`]) {
      expect(await exchange(assertion, { resource })).toMatchObject({ status: 400, json: { error: 'invalid_target' } });
    }
    const [wiki, code] = await Promise.all(['wiki', 'code'].map(addServer));
    await trust({ subject: both }, { servers: ['wiki', 'code'], scopes: ['mcp:read'] });
    const two = sign(gitHub({ sub: both }));
    expect(await exchange(two)).toMatchObject({ status: 400, json: { error: 'invalid_target' } });
    for (const resource of [wiki!, code!]) expect(decodeJwt(tokenOf(await exchange(two, { resource }))).aud).toBe(resource);
    expect(await exchange(two, { resource: issuer })).toMatchObject({ status: 400, json: { error: 'invalid_target' } });
  });

  it('is clear about whom it stands for, and says so to who holds a genuine assertion only', async () => {
    const sub = subject();
    const [one, two] = [await trust({ subject: sub }), await trust({ subject: `${sub.slice(0, -4)}*` })];
    const assertion = sign(gitHub({ sub }));
    expect(await exchange(assertion)).toMatchObject({
      status: 400,
      json: { error: 'invalid_grant', error_description: 'Several credentials match the assertion: name one with client_id.' },
    });
    expect(await exchange(sign(gitHub({ sub }), {}, testKey('RS256', key.kid)))).toMatchObject(INVALID_GRANT);
    for (const { clientId } of [one, two]) {
      expect(decodeJwt(tokenOf(await exchange(assertion, { client_id: clientId })))).toMatchObject({ client_id: clientId });
    }
    // The one that took its place is meant.
    await gatehouse.admin(`/credentials/${one.id}/disable`, { method: 'POST' });
    expect(decodeJwt(tokenOf(await exchange(assertion)))).toMatchObject({ client_id: two.clientId });
    await expectRefusals(one.clientId, [[assertion, 'The credential is disabled or has expired']]);
  });

  it('serves no credential that is disabled, has expired, is gone or comes from elsewhere (R-ADM-02)', async () => {
    const subjects = [subject(), subject(), subject(), subject()] as const;
    const [disabled, expired, deleted, elsewhere] = await Promise.all([
      trust({ subject: subjects[0] }),
      trust({ subject: subjects[1] }, { expiresAt: new Date(Date.now() + 60_000).toISOString() }),
      trust({ subject: subjects[2] }),
      trust({ subject: subjects[3] }, { allowedIps: ['10.0.0.0/8'] }),
    ]);
    const assertions = subjects.map((sub) => sign(gitHub({ sub })));
    const tokens = await Promise.all([0, 2].map(async (index) => tokenOf(await exchange(assertions[index]!))));
    await gatehouse.admin(`/credentials/${disabled.id}/disable`, { method: 'POST' });
    await gatehouse.admin(`/credentials/${deleted.id}`, { method: 'DELETE' });
    offset = 60_000;
    const reasons = [
      'The credential is disabled or has expired',
      'The credential is disabled or has expired',
      'The client that was named does not trust the issuer',
      'The credential may not come from this address',
    ];
    for (const [index, { clientId }] of [disabled, expired, deleted, elsewhere].entries()) {
      await expectRefusals(clientId, [[assertions[index]!, reasons[index]!]]);
    }
    for (const token of tokens) expect((await call(token)).status).toBe(401);
    await gatehouse.admin(`/credentials/${disabled.id}/enable`, { method: 'POST' });
    expect((await exchange(assertions[0]!)).status).toBe(200);
  });

  it('says that it is not available while the keys of an issuer cannot be had, and asks for them once in a while', async () => {
    const away = await startOther(key);
    const sub = subject();
    const { clientId } = await trust({ issuer: away.url, subject: sub });
    away.answer('/jwks', 500, {});
    const assertion = sign(gitHub({ iss: away.url, sub }));
    for (let i = 0; i < 5; i++) {
      const answer = await exchange(assertion, { client_id: clientId });
      expect(answer).toMatchObject({ status: 503, json: { error: 'temporarily_unavailable' } });
      expect(answer.headers.get('retry-after')).toBe('30');
    }
    expect(away.requests).toEqual(['/.well-known/openid-configuration', '/jwks']);
    const reason = `The keys of the issuer could not be fetched: ${away.url}: answered with status 500, not 200`;
    expect(await reasonsOf(gatehouse, clientId, 5)).toEqual(Array(5).fill(reason));
    // Who is refused by the rule, or is off, does not learn of it.
    expect(await exchange(sign(gitHub({ iss: away.url, sub: 'x' })), { client_id: clientId })).toMatchObject(INVALID_GRANT);
  });

  it('believes no metadata that names another issuer (OpenID Connect Discovery 1.0 §4.3)', async () => {
    const liar = await startOther(key);
    const sub = subject();
    const { clientId } = await trust({ issuer: liar.url, subject: sub });
    liar.answer('/.well-known/openid-configuration', 200, { issuer: platform.url, jwks_uri: liar.jwksUri });
    expect((await exchange(sign(gitHub({ iss: liar.url, sub })), { client_id: clientId })).status).toBe(503);
    expect(liar.requests).toEqual(['/.well-known/openid-configuration']);
    expect((await reasonsOf(gatehouse, clientId, 1))[0]).toContain('names another issuer');
  });

  it('binds the token to a DPoP key, and gives none without where the credential says so (RFC 9449 §5.2)', async () => {
    const sub = subject();
    await trust({ subject: sub }, { dpopRequired: true });
    const signer = proofSigner();
    const assertion = sign(gitHub({ sub }));
    expect(await exchange(assertion)).toMatchObject({ status: 400, json: { error: 'invalid_dpop_proof' } });
    const answer = await exchange(assertion, {}, { dpop: makeProof(signer, { claims: { htu: endpoint } }) });
    expect(answer).toMatchObject({ status: 200, json: { token_type: 'DPoP' } });
    expect(decodeJwt(tokenOf(answer))['cnf']).toEqual({ jkt: signer.jkt });
    expect((await call(tokenOf(answer))).status).toBe(401);
  });

  it('is limited per credential (R-RLM)', async () => {
    const sub = subject();
    await trust({ subject: sub }, { tokensPerHour: 1 });
    const assertion = sign(gitHub({ sub }));
    expect([(await exchange(assertion)).status, (await exchange(assertion)).status]).toEqual([200, 429]);
  });

  it('ends the tokens of a rule that is changed, and only then', async () => {
    const sub = subject();
    const rule = { issuer: platform.url, subject: sub, claims: { environment: 'production', ref: 'refs/heads/main' } };
    const { id } = await trust(rule);
    const token = tokenOf(await exchange(sign(gitHub({ sub }))));
    const patch = (body: Members) => gatehouse.admin(`/credentials/${id}`, { method: 'PATCH', body });
    const inOtherOrder = { claims: { ref: 'refs/heads/main', environment: 'production' }, subject: sub, issuer: platform.url };
    for (const body of [
      { label: 'renamed' },
      { trust: rule },
      { trust: inOtherOrder },
      { trust: { ...rule, audience: null, jwksUri: null } },
    ]) {
      expect((await patch(body)).status).toBe(200);
      expect((await call(token)).status).toBe(200);
    }
    expect((await patch({ trust: { ...rule, claims: { environment: 'production' } } })).status).toBe(200);
    expect((await call(token)).status).toBe(401);
    expect((await call(tokenOf(await exchange(sign(gitHub({ sub })))))).status).toBe(200);
  });

  it('follows a rule to another issuer at once', async () => {
    const other = await startOther(key);
    const sub = subject();
    const { id, clientId } = await trust({ subject: sub });
    expect((await exchange(sign(gitHub({ sub })))).status).toBe(200);
    const body = { trust: { issuer: other.url, subject: sub } };
    expect((await gatehouse.admin(`/credentials/${id}`, { method: 'PATCH', body })).status).toBe(200);
    expect((await exchange(sign(gitHub({ sub, iss: other.url })))).status).toBe(200);
    await expectRefusals(clientId, [[sign(gitHub({ sub })), 'The client that was named does not trust the issuer']]);
  });

  it('refuses what a client signed for itself, whose issuer is no platform (X-17)', async () => {
    const own = testKey();
    const { clientId } = await gatehouse.createCredential({ authMethod: 'private_key_jwt', jwks: { keys: [own.jwk] } });
    const assertion = signAssertion(own, clientClaims(clientId, issuer), { kid: undefined });
    await expectRefusals(clientId, [[assertion, 'Nobody trusts the issuer of the assertion']]);
  });

  it('refuses access tokens, ID-JAGs and other JWTs that are no identity, also of a trusted issuer (R-JBG-12, RFC 8725 §3.11)', async () => {
    const sub = subject();
    const { clientId } = await trust({ subject: sub });
    const reason = 'The typ of the assertion is that of something else';
    const types = [
      'oauth-id-jag+jwt',
      'OAuth-ID-JAG+JWT',
      'application/oauth-id-jag+jwt',
      'at+jwt',
      'dpop+jwt',
      'client-authentication+jwt',
      '',
    ];
    await expectRefusals(
      clientId,
      types.map((typ) => [sign(gitHub({ sub, client_id: clientId, resource: issuer }), { typ }), reason] as const),
    );
    for (const typ of [['oauth-id-jag+jwt'], 7, null, {}])
      expect(await exchange(sign(gitHub({ sub }), { typ }))).toMatchObject(INVALID_GRANT);
    for (const typ of ['jwt', 'application/jwt', undefined]) expect((await exchange(sign(gitHub({ sub }), { typ }))).status).toBe(200);
  });

  it('refuses an access token of its own, though a rule trusts this installation', async () => {
    const client = await gatehouse.createCredential();
    const own = await trust({ issuer, jwksUri: `${issuer}/oauth/jwks`, subject: client.clientId });
    const token = await gatehouse.accessToken(client);
    await expectRefusals(own.clientId, [[token, 'The typ of the assertion is that of something else']]);
  });

  it('puts no assertion into the trail or the log, of its claims none but iss and sub (R-ADM-06)', async () => {
    const log = gatherLog();
    const sub = subject();
    const { clientId } = await trust({ subject: sub });
    const canary = 'canary-4712';
    const sent = [
      sign(gitHub({ sub, jti: canary, actor: canary })),
      sign(gitHub({ sub, aud: canary })),
      sign(gitHub({ sub, exp: canary })),
      sign(gitHub({ iss: 'https://elsewhere.example', canary })),
      sign(gitHub({ sub }), { typ: canary }),
      sign(gitHub({ sub }), { kid: canary }),
      sign(gitHub({ sub }), { crit: [canary] }),
      `${Buffer.from(`{"alg":"${canary}`).toString('base64url')}.e30.x`,
    ];
    for (const assertion of sent) await exchange(assertion, { client_id: clientId });
    await reasonsOf(gatehouse, clientId, sent.length - 1);
    const trail = (await gatehouse.admin('/events', { headers: { accept: 'application/x-ndjson' } })).text;
    expect(trail).toContain('"method":"workload_identity"');
    for (const text of [trail, log.join('\n')]) {
      expect(text).not.toContain(canary);
      expect(text).not.toContain('eyJ');
    }
    expect(log.length).toBeGreaterThan(3);
  });

  it('hides in the trail a secret or token that stands as iss or sub (R-ADM-06)', async () => {
    const { clientId } = await trust({ subject: subject() });
    const other = await gatehouse.createCredential();
    const token = await gatehouse.accessToken(other);
    const sent = [sign(gitHub({ sub: other.clientSecret })), sign(gitHub({ iss: `https://${other.clientSecret}`, sub: token }))];
    for (const assertion of sent) await exchange(assertion, { client_id: clientId });
    await reasonsOf(gatehouse, clientId, sent.length);
    const trail = (await gatehouse.admin('/events', { headers: { accept: 'application/x-ndjson' } })).text;
    for (const hidden of ['"subject":"mcs_***"', '"issuer":"https://mcs_***"', '"subject":"eyJ***"']) expect(trail).toContain(hidden);
    for (const secret of [other.clientSecret, token]) expect(trail).not.toContain(secret);
  });
});

describe('a trust rule', () => {
  it.each<[string, unknown, string]>([
    ['without a subject', { issuer: 'https://issuer.example' }, 'trust.subject'],
    ['without an issuer', { subject: 'x' }, 'trust.issuer'],
    ['with an issuer that no iss could be', { issuer: 'https://issuer.example ', subject: 'x' }, 'trust.issuer'],
    ['that lets in all customers of a platform', { issuer: 'https://issuer.example', subject: '*' }, 'trust.subject'],
    ['that does so by two asterisks', { issuer: 'https://issuer.example', subject: '**', claims: {} }, 'trust.subject'],
    ['with an empty pattern', { issuer: 'https://issuer.example', subject: 'x', claims: { ref: '' } }, 'trust.claims'],
    ['with a list of no patterns', { issuer: 'https://issuer.example', subject: 'x', claims: { ref: [] } }, 'trust.claims'],
    ['with a pattern that is a number', { issuer: 'https://issuer.example', subject: 'x', claims: { ref: 7 } }, 'trust.claims'],
    ['with conditions in a list', { issuer: 'https://issuer.example', subject: 'x', claims: ['ref'] }, 'trust.claims'],
    ['with a misspelled field', { issuer: 'https://issuer.example', subject: 'x', audiences: 'y' }, 'trust.audiences'],
    ['in a list', [{ issuer: 'https://issuer.example', subject: 'x' }], 'trust'],
    ['in an empty list', [], 'trust'],
    ['that is a text', 'https://issuer.example', 'trust'],
    ['that is taken away', null, 'trust'],
  ])('is not made %s', async (_, rule, field) => {
    const body = { label: 'bad', authMethod: 'workload_identity', trust: rule };
    const answer = await gatehouse.admin('/credentials', { body });
    expect(answer).toMatchObject({ status: 400, json: { code: 'validation_failed', errors: [{ field }] } });
    expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
  });

  it('is read as it was written, without what says nothing', async () => {
    const rule = { issuer: 'https://issuer.example', subject: '*', claims: { repository: 'acme/*', toString: 'x', valueOf: ['y'] } };
    const { id } = await trust({ ...rule, jwksUri: null, audience: null });
    expect((await gatehouse.admin(`/credentials/${id}`)).json).toMatchObject({ grantTypes: [JWT_BEARER], secrets: [] });
    expect((await gatehouse.admin(`/credentials/${id}`)).json['trust']).toEqual(rule);
  });
});

/** Another server beside the default one, in the database as the admin API will put it there. */
async function addServer(slug: string): Promise<string> {
  const [docs] = await gatehouse.app.get(DataSource).getRepository(Server).find();
  const id = newId();
  await gatehouse.app.get(UnitOfWork).run(async ({ manager, changed }) => {
    await manager.insert(Server, { ...docs!, id, slug, name: slug, isDefault: false });
    await changed(SERVER_TOPIC, id);
  });
  const deadline = performance.now() + 20_000;
  while ((await gatehouse.admin(`/servers/${slug}`)).status !== 200) {
    if (performance.now() > deadline) throw new Error('The server did not appear');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return `${issuer}/${slug}`;
}
