import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createLocalJWKSet, jwtVerify } from 'jose';
import { certificateThumbprint } from '../src/tokens/possession/client-certificate.js';
import type { Actor } from '../src/tokens/claims.js';
import { makeCertificate, type TestCertificate } from './support/certificates.js';
import { hashOf, makeProof, proofSigner } from './support/dpop.js';
import { type Answer, ask, type NewCredential, startTestGatehouse, type TestGatehouse } from './support/gatehouse.js';
import {
  ACCESS_TOKEN,
  addServer,
  changeScopes,
  claimsOf,
  type Client,
  expectNotKept,
  expectOAuthError,
  listTools,
  postForm,
  statusOfCall,
  TOKEN_EXCHANGE,
} from './support/oauth.js';
import { reasonsOf } from './support/refusals.js';

type Form = Record<string, string | readonly string[]>;

let offset = 0;
let gatehouse: TestGatehouse;
/** For whom agents act. */
let boss: NewCredential;
let agent: NewCredential;
/** A resource server: it may introspect. */
let keeper: NewCredential;

const AGENT = { grantTypes: ['client_credentials', TOKEN_EXCHANGE] };

async function use(env: Record<string, string> = {}): Promise<void> {
  offset = 0;
  gatehouse = await startTestGatehouse({ env, clock: () => Date.now() + offset });
  boss = await gatehouse.createCredential({ label: 'boss' });
  agent = await gatehouse.createCredential({ label: 'agent', ...AGENT });
  keeper = await gatehouse.createCredential({ label: 'keeper', introspects: ['docs'] });
}

const exchange = (client: Client | null, subject: string, form: Form = {}, headers: Record<string, string> = {}): Promise<Answer> =>
  postForm(gatehouse, 'token', {
    client,
    headers,
    form: { grant_type: TOKEN_EXCHANGE, subject_token: subject, subject_token_type: ACCESS_TOKEN, ...form },
  });

function tokenOf({ status, json }: Answer): string {
  expect([status, json]).toEqual([200, expect.objectContaining({ access_token: expect.any(String) })]);
  return json['access_token'] as string;
}

async function introspect(token: string): Promise<Record<string, unknown>> {
  return (await postForm(gatehouse, 'introspect', { client: keeper, form: { token } })).json;
}

const change = (client: NewCredential, body: Record<string, unknown>): Promise<Answer> =>
  gatehouse.admin(`/credentials/${client.id}`, { method: 'PATCH', body });

describe('a token exchange (RFC 8693)', () => {
  beforeAll(() => use({ CLIENT_CERT_HEADER: 'client-cert', TRUST_PROXY: '127.0.0.1' }));
  afterAll(() => gatehouse.remove());

  it('gives an agent a token of its own that says for whom it acts (R-TEX-05, R-TEX-06, R-RSP-01…04)', async () => {
    const subject = await gatehouse.accessToken(boss);
    const answer = await exchange(agent, subject);
    expect(answer.json).toEqual({
      access_token: expect.any(String),
      issued_token_type: ACCESS_TOKEN,
      token_type: 'Bearer',
      expires_in: expect.any(Number),
      scope: 'mcp:search mcp:read',
    });
    expectNotKept(answer);
    const jwks = (await ask(`${gatehouse.url}/authed/mcp/oauth/jwks`)).json;
    const resource = `${gatehouse.url}/authed/mcp`;
    const rules = { issuer: resource, audience: resource, typ: 'at+jwt' };
    const { payload } = await jwtVerify(tokenOf(answer), createLocalJWKSet(jwks as never), rules);
    expect(payload).toMatchObject({ sub: boss.clientId, client_id: agent.clientId, act: { sub: agent.clientId } });
    expect(payload.exp).toBeLessThanOrEqual(claimsOf(subject).exp);
    expect(answer.json['expires_in']).toBe(payload.exp! - payload.iat!);
  });

  it('is advertised, asks for client authentication, and is only for credentials that name the grant (R-TEX-01)', async () => {
    const { json } = await ask(`${gatehouse.url}/.well-known/oauth-authorization-server/authed/mcp`);
    expect(json['grant_types_supported']).toContain(TOKEN_EXCHANGE);
    const subject = await gatehouse.accessToken(boss);
    expectOAuthError(await exchange(null, subject), 401, 'invalid_client');
    expectOAuthError(await exchange({ ...agent, clientSecret: 'wrong' }, subject), 401, 'invalid_client');
    const plain = await gatehouse.createCredential();
    expectOAuthError(await exchange(plain, subject), 400, 'unauthorized_client');
    expect(await reasonsOf(gatehouse, plain.clientId, 1)).toEqual(['This client may not use this grant type.']);
  });

  it('may be all that an agent can do: then it has no token for itself (R-CCG-02)', async () => {
    const pure = await gatehouse.createCredential({ grantTypes: [TOKEN_EXCHANGE] });
    expectOAuthError(await gatehouse.token(pure), 400, 'unauthorized_client');
    tokenOf(await exchange(pure, await gatehouse.accessToken(boss)));
  });

  it.each<[string, Form]>([
    ['without subject_token', { subject_token: '' }],
    ['without subject_token_type', { subject_token_type: '' }],
    ['with a subject_token_type of another kind', { subject_token_type: 'urn:ietf:params:oauth:token-type:id_token' }],
    ['with an actor_token_type but no actor_token', { actor_token_type: ACCESS_TOKEN }],
    ['with an actor_token but no type', { actor_token: 'x' }],
    ['with an actor_token_type of another kind', { actor_token: 'x', actor_token_type: 'urn:ietf:params:oauth:token-type:jwt' }],
    ['for a token of another kind', { requested_token_type: 'urn:ietf:params:oauth:token-type:refresh_token' }],
    ['with two subject tokens', { subject_token: ['x', 'y'] }],
    ['with a subject token that is none', { subject_token: 'x' }],
  ])('%s is invalid_request (R-TEX-02, R-TEX-03)', async (_, form) => {
    expectOAuthError(await exchange(agent, await gatehouse.accessToken(boss), form), 400, 'invalid_request');
  });

  it.each<[string, () => Promise<string>, string | RegExp]>([
    ['expired', expiredToken, /expired|exp/],
    ['revoked', () => endedToken((client, token) => revoke(client, token)), 'The token was revoked'],
    [
      'of a disabled credential',
      () => endedToken(({ id }) => gatehouse.admin(`/credentials/${id}/disable`, { method: 'POST' })),
      'The credential is disabled or has expired',
    ],
    [
      'of a deleted credential',
      () => endedToken(({ id }) => gatehouse.admin(`/credentials/${id}`, { method: 'DELETE' })),
      'A credential that the token depends on does not exist',
    ],
    [
      'made with a secret that has ended',
      () => endedToken(({ id }) => gatehouse.admin(`/credentials/${id}/rotate`, { body: { overlapSeconds: 0 } })),
      'The secret or key that the token was made with has ended',
    ],
    ['forged', async () => `${await gatehouse.accessToken(boss)}x`, /signature/],
    ['unsigned', () => Promise.resolve(`${encode({ alg: 'none', typ: 'at+jwt' })}.${encode({ sub: boss.clientId })}.`), /./],
  ])('of a token that is %s is invalid_request, and the reason stays private (R-TEX-03)', async (_, make, reason) => {
    const own = await gatehouse.createCredential(AGENT);
    try {
      const subject = await make();
      expectOAuthError(await exchange(own, subject), 400, 'invalid_request');
      const [found] = await reasonsOf(gatehouse, own.clientId, 1);
      expect(found).toEqual(typeof reason === 'string' ? reason : expect.stringMatching(reason));
    } finally {
      offset = 0;
    }
  });

  it('takes an actor_token that is the client’s own, and no other (R-TEX-03)', async () => {
    const subject = await gatehouse.accessToken(boss);
    const actor = (token: string) => ({ actor_token: token, actor_token_type: ACCESS_TOKEN });
    const answer = await exchange(agent, subject, actor(await gatehouse.accessToken(agent)));
    expect(claimsOf(tokenOf(answer)).act).toEqual({ sub: agent.clientId });
    const own = await gatehouse.createCredential(AGENT);
    expectOAuthError(await exchange(own, subject, actor(subject)), 400, 'invalid_request');
    expectOAuthError(await exchange(own, subject, actor('nonsense')), 400, 'invalid_request');
    expect((await reasonsOf(gatehouse, own.clientId, 2))[0]).toBe('The actor_token is that of another client');
  });

  it('keeps every actor, innermost first, and ends after five (R-TEX-06, RFC 8693 §4.1)', async () => {
    let token = await gatehouse.accessToken(boss);
    let act: Actor | undefined;
    let last = agent;
    for (let depth = 0; depth < 5; depth++) {
      last = await gatehouse.createCredential(AGENT);
      token = tokenOf(await exchange(last, token));
      act = act ? { sub: last.clientId, act } : { sub: last.clientId };
      expect(claimsOf(token)).toMatchObject({ sub: boss.clientId, client_id: last.clientId });
      expect(claimsOf(token).act).toEqual(act);
    }
    expect(await introspect(token)).toMatchObject({ active: true, sub: boss.clientId, client_id: last.clientId, act });
    expect(await statusOfCall(gatehouse, token)).toBe(200);
    const own = await gatehouse.createCredential(AGENT);
    expectOAuthError(await exchange(own, token), 400, 'invalid_request');
    expect(await reasonsOf(gatehouse, own.clientId, 1)).toEqual(['A token can be exchanged 5 times at most.']);
  });

  it('never widens: what is asked is narrowed to what the token has (R-TEX-06)', async () => {
    const narrow = tokenOf(await gatehouse.token(boss, { scope: 'mcp:search' }));
    const answer = await exchange(agent, narrow, { scope: 'mcp:search mcp:read mcp:admin' });
    expect([answer.json['scope'], claimsOf(tokenOf(answer)).scope]).toEqual(['mcp:search', 'mcp:search']);
    expect((await exchange(agent, narrow)).json['scope']).toBe('mcp:search');
    expectOAuthError(await exchange(agent, narrow, { scope: 'mcp:read' }), 400, 'invalid_scope');
    expectOAuthError(await exchange(agent, narrow, { scope: 'mcp:read  x' }), 400, 'invalid_scope');
    const less = tokenOf(await exchange(agent, await gatehouse.accessToken(boss), { scope: 'mcp:read' }));
    const again = await gatehouse.createCredential(AGENT);
    expectOAuthError(await exchange(again, less, { scope: 'mcp:search' }), 400, 'invalid_scope');
  });

  it('gives no more than the agent itself may have, nor than who it acts for may have by now (R-TEX-06)', async () => {
    const small = await gatehouse.createCredential({ ...AGENT, scopes: ['mcp:read'] });
    const master = await gatehouse.createCredential();
    const subject = await gatehouse.accessToken(master);
    const token = tokenOf(await exchange(small, subject));
    expect(claimsOf(token).scope).toBe('mcp:read');
    await change(master, { scopes: ['mcp:search'] });
    expectOAuthError(await exchange(small, subject), 400, 'invalid_scope');
    expect((await exchange(agent, subject)).json['scope']).toBe('mcp:search');
    expect((await introspect(token))['scope']).toBe('');
  });

  it('never lasts longer, not by a second (R-TEX-06)', async () => {
    const brief = await gatehouse.createCredential({ tokenTtl: 60 });
    const subject = await gatehouse.accessToken(brief);
    const patient = await gatehouse.createCredential({ ...AGENT, tokenTtl: 86_400 });
    try {
      for (offset of [0, 30_000, 58_500]) {
        const { exp, iat } = claimsOf(tokenOf(await exchange(patient, subject)));
        expect([exp <= claimsOf(subject).exp, exp > iat]).toEqual([true, true]);
      }
      offset = claimsOf(subject).exp * 1000 + 1000 - Date.now();
      expect(await statusOfCall(gatehouse, subject)).toBe(401);
      expectOAuthError(await exchange(patient, subject), 400, 'invalid_request');
    } finally {
      offset = 0;
    }
  });

  it.each<[string, Form]>([
    ['a foreign resource', { resource: 'https://other.example' }],
    ['a malformed resource', { resource: 'docs' }],
    ['a foreign audience', { audience: 'https://other.example' }],
    ['one of two audiences', { audience: ['docs', 'other'] }],
    ['another server of ours', { audience: 'wiki' }],
  ])('for %s is invalid_target (R-TEX-04)', async (_, form) => {
    expectOAuthError(await exchange(agent, await gatehouse.accessToken(boss), form), 400, 'invalid_target');
  });

  it('takes the server of the token as resource or audience, by URL or slug (RFC 8693 §2.1)', async () => {
    const subject = await gatehouse.accessToken(boss);
    const resource = `${gatehouse.url}/authed/mcp`;
    for (const form of [{ resource }, { audience: resource }, { audience: 'docs' }, { resource, audience: [resource, 'docs'] }] as Form[]) {
      expect(claimsOf(tokenOf(await exchange(agent, subject, form))).aud).toBe(resource);
    }
  });

  it('is for the server of the token only, though both may reach others (R-TEX-04)', async () => {
    await addServer(gatehouse, 'wiki');
    const [master, helper] = [
      await gatehouse.createCredential({ servers: ['docs', 'wiki'] }),
      await gatehouse.createCredential({ ...AGENT, servers: ['docs', 'wiki'] }),
    ];
    const wiki = `${gatehouse.url}/authed/mcp/wiki`;
    const subject = tokenOf(await gatehouse.token(master, { resource: wiki }));
    const token = tokenOf(await exchange(helper, subject));
    expect(claimsOf(token).aud).toBe(wiki);
    expect([(await listTools(wiki, token)).status, await statusOfCall(gatehouse, token)]).toEqual([200, 401]);
    expectOAuthError(await exchange(helper, subject, { resource: `${gatehouse.url}/authed/mcp` }), 400, 'invalid_target');
    // An agent that may not reach it gets nothing for it.
    expectOAuthError(await exchange(agent, subject), 400, 'invalid_target');
  });

  it('records for whom, and no token', async () => {
    const subject = await gatehouse.accessToken(boss);
    const own = await gatehouse.createCredential(AGENT);
    const token = tokenOf(await exchange(own, subject));
    await exchange(own, `${subject}x`);
    await reasonsOf(gatehouse, own.clientId, 1);
    const { json, text } = await gatehouse.admin(`/events?credential=${own.clientId}`);
    expect(json['items']).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          kind: 'token.issued',
          detail: expect.objectContaining({ grantType: TOKEN_EXCHANGE, actsFor: boss.clientId }),
        }),
      ]),
    );
    for (const one of [subject, token]) expect(text).not.toContain(one.slice(0, 40));
  });

  it('gives no refresh token', async () => {
    expect((await exchange(agent, await gatehouse.accessToken(boss))).json).not.toHaveProperty('refresh_token');
  });

  it.each<[string, (parties: Parties) => Promise<unknown>]>([
    ['whom it acts for is disabled', ({ master }) => gatehouse.admin(`/credentials/${master.id}/disable`, { method: 'POST' })],
    ['whom it acts for is deleted', ({ master }) => gatehouse.admin(`/credentials/${master.id}`, { method: 'DELETE' })],
    ['whom it acts for expires', ({ master }) => changeExpiry(master)],
    ['whom it acts for may not reach the server any more', ({ master }) => change(master, { servers: ['wiki'] })],
    ['the first token is revoked', ({ master, subject }) => revoke(master, subject)],
    [
      'the secret behind the first token is rotated without overlap',
      ({ master }) => gatehouse.admin(`/credentials/${master.id}/rotate`, { body: { overlapSeconds: 0 } }),
    ],
    [
      'all tokens of whom it acts for are ended',
      ({ master }) => gatehouse.admin(`/credentials/${master.id}/revoke-tokens`, { method: 'POST' }),
    ],
    [
      'the secret of whom it acts for leaks',
      ({ master }) => postForm(gatehouse, 'leaked', { client: null, form: { secret: master.clientSecret } }),
    ],
    ['the agent is disabled', ({ helper }) => gatehouse.admin(`/credentials/${helper.id}/disable`, { method: 'POST' })],
    ['the agent is deleted', ({ helper }) => gatehouse.admin(`/credentials/${helper.id}`, { method: 'DELETE' })],
    [
      'the agent’s secret is rotated without overlap',
      ({ helper }) => gatehouse.admin(`/credentials/${helper.id}/rotate`, { body: { overlapSeconds: 0 } }),
    ],
    ['the agent revokes it', ({ helper, token }) => revoke(helper, token)],
  ])('ends when %s, for introspection and calls alike (R-TEX-06, R-INT-03)', async (_, act) => {
    const parties = await arrange();
    expect([await introspect(parties.token), await statusOfCall(gatehouse, parties.token)]).toEqual([
      expect.objectContaining({ active: true }),
      200,
    ]);
    await act(parties);
    try {
      expect([await introspect(parties.token), await statusOfCall(gatehouse, parties.token)]).toEqual([{ active: false }, 401]);
      const next = await gatehouse.createCredential(AGENT);
      expectOAuthError(await exchange(next, parties.token), 400, 'invalid_request');
    } finally {
      offset = 0;
    }
  });

  it('ends in the middle of a chain, too', async () => {
    const { helper, token } = await arrange();
    const next = await gatehouse.createCredential(AGENT);
    const last = tokenOf(await exchange(next, token));
    expect(await statusOfCall(gatehouse, last)).toBe(200);
    await gatehouse.admin(`/credentials/${helper.id}/rotate`, { body: { overlapSeconds: 0 } });
    expect([await introspect(last), await statusOfCall(gatehouse, last)]).toEqual([{ active: false }, 401]);
  });

  it('belongs to the agent: whom it acts for cannot revoke it, but ends it with its own token (R-REV-03)', async () => {
    const { master, subject, token } = await arrange();
    expectOAuthError(await revoke(master, token), 400, 'invalid_grant');
    expect(await statusOfCall(gatehouse, token)).toBe(200);
    expect((await revoke(master, subject)).status).toBe(200);
    expect(await statusOfCall(gatehouse, token)).toBe(401);
  });

  describe('of a bound token', () => {
    const signer = proofSigner();
    const tokenUrl = () => `${gatehouse.url}/authed/mcp/oauth/token`;
    const proof = (by = signer) => ({ dpop: makeProof(by, { claims: { htu: tokenUrl() } }) });
    const certificate = makeCertificate();
    const certified = ({ certificate: { raw } }: TestCertificate) => ({ 'client-cert': `:${raw.toString('base64')}:` });
    const form = { grant_type: 'client_credentials' };

    it('needs the same key, and the result is bound to it (RFC 9449 §7)', async () => {
      const own = await gatehouse.createCredential(AGENT);
      const subject = tokenOf(await postForm(gatehouse, 'token', { client: boss, form, headers: proof() }));
      expectOAuthError(await exchange(own, subject), 400, 'invalid_request');
      expectOAuthError(await exchange(own, subject, {}, proof(proofSigner())), 400, 'invalid_request');
      expect(await reasonsOf(gatehouse, own.clientId, 2)).toEqual(Array(2).fill('The subject_token is bound to another key'));
      const answer = await exchange(own, subject, {}, proof());
      expect([answer.json['token_type'], claimsOf(tokenOf(answer)).cnf]).toEqual(['DPoP', { jkt: signer.jkt }]);
      const token = tokenOf(answer);
      const htu = `${gatehouse.url}/authed/mcp`;
      const headers = { authorization: `DPoP ${token}`, dpop: makeProof(signer, { claims: { htu, ath: hashOf(token) } }) };
      expect([(await listTools(htu, token, headers)).status, await statusOfCall(gatehouse, token)]).toEqual([200, 401]);
    });

    it('needs the same certificate, and the result is bound to it, though the agent’s own are not (RFC 8705 §3)', async () => {
      const own = await gatehouse.createCredential(AGENT);
      const master = await gatehouse.createCredential({ certificateBound: true });
      const subject = tokenOf(await postForm(gatehouse, 'token', { client: master, form, headers: certified(certificate) }));
      expectOAuthError(await exchange(own, subject), 400, 'invalid_request');
      expectOAuthError(await exchange(own, subject, {}, certified(makeCertificate())), 400, 'invalid_request');
      expect(await reasonsOf(gatehouse, own.clientId, 2)).toEqual([
        'The subject_token is bound to a certificate, and there is none',
        'The subject_token is bound to a certificate, and this is another',
      ]);
      const token = tokenOf(await exchange(own, subject, {}, certified(certificate)));
      expect(claimsOf(token).cnf).toEqual({ 'x5t#S256': certificateThumbprint(certificate.certificate) });
      const url = `${gatehouse.url}/authed/mcp`;
      expect([(await listTools(url, token, certified(certificate))).status, (await listTools(url, token)).status]).toEqual([200, 401]);
    });

    it('is bound to the key that the agent proves, where the first token was bound to none', async () => {
      const token = tokenOf(await exchange(agent, await gatehouse.accessToken(boss), {}, proof()));
      expect(claimsOf(token).cnf).toEqual({ jkt: signer.jkt });
      const strict = await gatehouse.createCredential({ ...AGENT, dpopRequired: true });
      expectOAuthError(await exchange(strict, await gatehouse.accessToken(boss)), 400, 'invalid_dpop_proof');
    });
  });
});

describe('a token exchange of broad scopes', () => {
  beforeAll(async () => {
    await use();
    await changeScopes(gatehouse, [
      { name: 'docs:all', description: '', permissions: ['tools/call:*'], default: false },
      { name: 'docs:search', description: '', permissions: ['tools/call:search_*'], default: true },
      { name: 'docs:read', description: '', permissions: ['tools/call:read_*'], default: true },
    ]);
  });
  afterAll(() => gatehouse.remove());

  it('gives what is in both, by inclusion too, and never the broader one (R-TEX-06, R-BRR-07)', async () => {
    const master = await gatehouse.createCredential({ scopes: ['docs:all'] });
    const small = await gatehouse.createCredential({ ...AGENT, scopes: ['docs:search'] });
    const subject = await gatehouse.accessToken(master);
    expect(claimsOf(subject).scope).toBe('docs:all');
    for (const form of [{}, { scope: 'docs:all docs:search docs:read' }] as Form[]) {
      expect((await exchange(small, subject, form)).json['scope']).toBe('docs:search');
    }
    const peer = await gatehouse.createCredential({ ...AGENT, scopes: ['docs:all'] });
    expect((await exchange(peer, subject)).json['scope']).toBe('docs:all');
    expect((await exchange(peer, subject, { scope: 'docs:read' })).json['scope']).toBe('docs:read');
    const narrow = await gatehouse.accessToken(small);
    for (const form of [{}, { scope: 'docs:all docs:search' }] as Form[]) {
      expect((await exchange(peer, narrow, form)).json['scope']).toBe('docs:search');
    }
    expectOAuthError(await exchange(peer, narrow, { scope: 'docs:all' }), 400, 'invalid_scope');
  });
});

describe('with OPTIONAL_GRANTS=none', () => {
  beforeAll(() => use({ OPTIONAL_GRANTS: 'none' }));
  afterAll(() => gatehouse.remove());

  it('token exchange is neither served nor advertised (R-TEX-01, R-MTD-06)', async () => {
    expectOAuthError(await exchange(agent, await gatehouse.accessToken(boss)), 400, 'unsupported_grant_type');
    const { json } = await ask(`${gatehouse.url}/.well-known/oauth-authorization-server/authed/mcp`);
    expect(json['grant_types_supported']).toEqual(['client_credentials']);
  });
});

interface Parties {
  readonly master: NewCredential;
  readonly helper: NewCredential;
  /** The token of `master` that was exchanged. */
  readonly subject: string;
  /** What `helper` got for it. */
  readonly token: string;
}

async function arrange(): Promise<Parties> {
  const [master, helper] = [await gatehouse.createCredential(), await gatehouse.createCredential(AGENT)];
  const subject = await gatehouse.accessToken(master);
  return { master, helper, subject, token: tokenOf(await exchange(helper, subject)) };
}

const revoke = (client: Client, token: string): Promise<Answer> => postForm(gatehouse, 'revoke', { client, form: { token } });

async function endedToken(end: (client: NewCredential, token: string) => Promise<Answer>): Promise<string> {
  const client = await gatehouse.createCredential();
  const token = await gatehouse.accessToken(client);
  expect((await end(client, token)).status).toBeLessThan(300);
  return token;
}

async function expiredToken(): Promise<string> {
  const token = await gatehouse.accessToken(await gatehouse.createCredential({ tokenTtl: 60 }));
  offset = 120_000;
  return token;
}

async function changeExpiry(client: NewCredential): Promise<void> {
  await change(client, { expiresAt: new Date(Date.now() + 1000).toISOString() });
  offset = 2000;
}

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
