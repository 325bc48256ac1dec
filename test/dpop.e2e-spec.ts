import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Confirmation } from '../src/tokens/claims.js';
import { certificateThumbprint } from '../src/tokens/possession/client-certificate.js';
import { TokenIssuer } from '../src/tokens/token-issuer.js';
import { makeCertificate } from './support/certificates.js';
import { hashOf, makeProof, type ProofParts, proofSigner } from './support/dpop.js';
import { type Answer, ask, type NewCredential, startTestGatehouse, type TestGatehouse } from './support/gatehouse.js';

const MODERN = '2026-07-28';
const LEGACY = '2025-11-25';
const ALGS = 'algs="ES256 RS256 PS256 EdDSA Ed25519"';
const JSON_RPC = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
const META = { 'io.modelcontextprotocol/protocolVersion': MODERN, 'io.modelcontextprotocol/clientCapabilities': {} };
const LIST = { jsonrpc: '2.0', id: 1, method: 'tools/list', params: { _meta: META } };
const MODERN_LIST = { ...JSON_RPC, 'mcp-protocol-version': MODERN, 'mcp-method': 'tools/list' };

const signer = proofSigner();
const stranger = proofSigner('EdDSA');
const { certificate } = makeCertificate();
const { certificate: otherCertificate } = makeCertificate();
const BOUND: Confirmation = { jkt: signer.jkt };

let gatehouse: TestGatehouse;
let credential: NewCredential;
let url: string;

async function use(env: Record<string, string> = {}): Promise<void> {
  gatehouse = await startTestGatehouse({ env });
  credential = await gatehouse.createCredential();
  url = `${gatehouse.url}/authed/mcp`;
}

async function issue(
  confirmation?: Confirmation,
  parts: { audience?: string; scopes?: readonly string[]; lifetime?: number } = {},
): Promise<string> {
  const request = { clientId: credential.clientId, authId: credential.secrets[0]!.id, audience: url, lifetime: 600 };
  const scopes = ['mcp:search', 'mcp:read'];
  const issuer = gatehouse.app.get(TokenIssuer, { strict: false });
  return (await issuer.issue({ ...request, scopes, ...parts, ...(confirmation ? { confirmation } : {}) })).token;
}

const proofFor = (token: string, { header, claims }: ProofParts = {}, by = signer): string =>
  makeProof(by, { ...(header ? { header } : {}), claims: { htu: url, ath: hashOf(token), ...claims } });

function call(headers: Record<string, string | undefined>, init: RequestInit = {}): Promise<Answer> {
  const all = new Headers(MODERN_LIST);
  for (const [name, value] of Object.entries(headers)) if (value !== undefined) all.set(name, value);
  return ask(url, { method: 'POST', body: JSON.stringify(LIST), ...init, headers: all });
}

/** Sends repeated headers as they are, which fetch would join. Returns the status and the error code. */
function callRaw(...headers: readonly (readonly [string, string])[]): Promise<[number | undefined, unknown]> {
  const all = [...Object.entries(MODERN_LIST), ['host', new URL(url).host] as const, ...headers].flat();
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { method: 'POST', headers: all }, (answer) => {
      text(answer).then((body) => resolve([answer.statusCode, (JSON.parse(body) as Record<string, unknown>)['error']]), reject);
    });
    outgoing.on('error', reject).end(JSON.stringify(LIST));
  });
}

const withProof = (token: string, proof = proofFor(token)): Promise<Answer> => call({ authorization: `DPoP ${token}`, dpop: proof });

const challengeOf = (answer: Answer): string => answer.headers.get('www-authenticate') ?? '';

/** Waits until the audit trail has a refusal for this private reason. */
async function findRefusal(why: string): Promise<unknown> {
  const deadline = Date.now() + 20_000;
  for (;;) {
    const { items } = (await gatehouse.admin('/events?kind=call.refused&limit=100')).json as { items: { detail: { why: unknown } }[] };
    const found = items.find(({ detail }) => detail.why === why);
    if (found || Date.now() > deadline) return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

describe('the MCP endpoint and DPoP', () => {
  beforeAll(() => use());
  afterAll(() => gatehouse.remove());

  it('offers both schemes to whoever comes without a token, and says no more [R-DPP-10, R-BRR-04]', async () => {
    for (const headers of [{}, { authorization: 'Foo x' }, { dpop: proofFor('x') }]) {
      const answer = await call(headers);
      expect(answer.status).toBe(401);
      expect(challengeOf(answer)).toMatch(new RegExp(`^Bearer resource_metadata="[^"]+", scope="mcp:search mcp:read", DPoP ${ALGS}$`));
      expect(answer.json['error']).toBe('invalid_token');
    }
  });

  it.each(['ES256', 'RS256', 'PS256', 'EdDSA', 'Ed25519'] as const)(
    'answers a bound token with a proof signed with %s [R-DPP-05]',
    async (alg) => {
      const by = proofSigner(alg);
      const token = await issue({ jkt: by.jkt });
      for (let i = 0; i < 2; i++) {
        const answer = await withProof(token, proofFor(token, {}, by));
        expect([answer.status, answer.json['result']]).toEqual([200, expect.anything()]);
      }
    },
  );

  it('answers under the name of the default server too, for a proof of that URL [R-DPP-02]', async () => {
    const token = await issue(BOUND);
    const named = (claims: Record<string, unknown>) =>
      ask(`${url}/docs`, {
        method: 'POST',
        body: JSON.stringify(LIST),
        headers: { ...MODERN_LIST, authorization: `DPoP ${token}`, dpop: proofFor(token, { claims }) },
      });
    expect((await named({ htu: `${url}/docs` })).status).toBe(200);
    expect((await named({})).status).toBe(401);
  });

  it('does not mind the query of a request [R-DPP-02]', async () => {
    const token = await issue(BOUND);
    const headers = { ...MODERN_LIST, authorization: `DPoP ${token}`, dpop: proofFor(token) };
    expect((await ask(`${url}?a=b`, { method: 'POST', body: JSON.stringify(LIST), headers })).status).toBe(200);
  });

  it.each<[string, (token: string) => string]>([
    ['of another key', (token) => proofFor(token, {}, stranger)],
    ['for another token', () => proofFor('other')],
    ['without ath', (token) => proofFor(token, { claims: { ath: undefined } })],
    ['for another method', (token) => proofFor(token, { claims: { htm: 'GET' } })],
    ['for another URL', (token) => proofFor(token, { claims: { htu: `${url}/oauth/token` } })],
    ['from too long ago', (token) => proofFor(token, { claims: { iat: Math.floor(Date.now() / 1000) - 310 } })],
    ['of another type', (token) => proofFor(token, { header: { typ: 'JWT' } })],
    ['that is no JWT', () => 'nonsense'],
    ['that is sent twice', (token) => `${proofFor(token)}, ${proofFor(token)}`],
  ])('refuses a bound token with a proof %s [R-DPP-05]', async (_what, proof) => {
    const token = await issue(BOUND);
    const answer = await withProof(token, proof(token));
    expect([answer.status, answer.json]).toEqual([401, { error: 'invalid_dpop_proof', error_description: 'The DPoP proof is not valid.' }]);
    expect(challengeOf(answer)).toMatch(
      new RegExp(`^Bearer resource_metadata="[^"]+", scope="[^"]+", DPoP error="invalid_dpop_proof", error_description="[^"]+", ${ALGS}$`),
    );
    expect(answer.text + JSON.stringify([...answer.headers])).not.toContain(token);
  });

  it('refuses a bound token without a proof, and with two [R-DPP-02, R-DPP-05]', async () => {
    const token = await issue(BOUND);
    expect((await call({ authorization: `DPoP ${token}` })).json['error']).toBe('invalid_dpop_proof');
    const twice = await callRaw(['authorization', `DPoP ${token}`], ['dpop', proofFor(token)], ['dpop', proofFor(token)]);
    expect(twice).toEqual([401, 'invalid_dpop_proof']);
  });

  it('takes a proof once, and keeps the reason private [R-DPP-08]', async () => {
    const token = await issue(BOUND);
    const proof = proofFor(token);
    expect((await withProof(token, proof)).status).toBe(200);
    const answer = await withProof(token, proof);
    expect([answer.status, answer.json['error']]).toEqual([401, 'invalid_dpop_proof']);
    const same = proofFor(token);
    const many = await Promise.all(Array.from({ length: 8 }, () => withProof(token, same)));
    expect(many.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(await findRefusal('The proof was used before')).toMatchObject({ detail: { reason: 'invalid_dpop_proof' } });
  });

  it('refuses a bound token as Bearer, with or without a proof [R-DPP-06]', async () => {
    const token = await issue(BOUND);
    for (const more of [{}, { dpop: proofFor(token) }]) {
      const answer = await call({ authorization: `Bearer ${token}`, ...more });
      expect([answer.status, answer.json['error']]).toEqual([401, 'invalid_token']);
      expect(challengeOf(answer)).toMatch(new RegExp(`^Bearer error="invalid_token", .*, DPoP ${ALGS}$`));
    }
  });

  it('refuses a plain token as DPoP (RFC 9449 §7.1), and takes it as Bearer', async () => {
    const token = await issue();
    const answer = await withProof(token);
    expect([answer.status, answer.json['error']]).toEqual([401, 'invalid_token']);
    expect(challengeOf(answer)).toContain('DPoP error="invalid_token"');
    expect((await call({ authorization: `Bearer ${token}` })).status).toBe(200);
  });

  it('refuses a bound token for another resource, and one that has ended [R-DPP-07]', async () => {
    const foreign = await issue(BOUND, { audience: `${url}/other` });
    const answer = await withProof(foreign);
    expect([answer.status, answer.json['error']]).toEqual([401, 'invalid_token']);
    expect(challengeOf(answer)).toContain('DPoP error="invalid_token"');
    const other = await gatehouse.createCredential();
    const issuer = gatehouse.app.get(TokenIssuer, { strict: false });
    const parts = { audience: url, scopes: ['mcp:search'], lifetime: 600, confirmation: BOUND };
    const { token } = await issuer.issue({ ...parts, clientId: other.clientId, authId: other.secrets[0]!.id });
    expect((await withProof(token)).status).toBe(200);
    await gatehouse.admin(`/credentials/${other.id}/disable`, { method: 'POST' });
    expect((await withProof(token)).json['error']).toBe('invalid_token');
  });

  it('refuses a token in both schemes, and one in the query (RFC 9449 §7.2) [R-BRR-08, R-BRR-09]', async () => {
    const token = await issue(BOUND);
    const both = await callRaw(['authorization', `DPoP ${token}`], ['authorization', `Bearer ${token}`], ['dpop', proofFor(token)]);
    expect(both).toEqual([400, 'invalid_request']);
    const headers = { ...MODERN_LIST, authorization: `DPoP ${token}`, dpop: proofFor(token) };
    const inQuery = await ask(`${url}?access_token=${token}`, { method: 'POST', body: JSON.stringify(LIST), headers });
    expect([inQuery.status, inQuery.json['error']]).toEqual([400, 'invalid_request']);
  });

  it('names the scope that is missing [R-BRR-06]', async () => {
    const token = await issue(BOUND, { scopes: ['mcp:search'] });
    const message = { ...LIST, method: 'tools/call', params: { name: 'read_docs', arguments: { path: 'index' }, _meta: META } };
    const answer = await call(
      { authorization: `DPoP ${token}`, dpop: proofFor(token), 'mcp-method': 'tools/call', 'mcp-name': 'read_docs' },
      { body: JSON.stringify(message) },
    );
    expect([answer.status, answer.json['error']]).toEqual([403, 'insufficient_scope']);
    expect(challengeOf(answer)).toContain('scope="mcp:read"');
  });

  it('asks for a proof on every request of a session, streams and its end included [R-BRR-01, R-DPP-05]', async () => {
    const token = await issue(BOUND);
    const authorized = (method: string, headers: Record<string, string>, body?: unknown) => ({
      method,
      headers: { ...headers, authorization: `DPoP ${token}`, dpop: proofFor(token, { claims: { htm: method } }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const params = { protocolVersion: LEGACY, capabilities: {}, clientInfo: { name: 'test', version: '1' } };
    const opening = await ask(url, authorized('POST', JSON_RPC, { jsonrpc: '2.0', id: 1, method: 'initialize', params }));
    const session = { 'mcp-session-id': opening.headers.get('mcp-session-id') ?? '', 'mcp-protocol-version': LEGACY };
    await ask(url, authorized('POST', { ...JSON_RPC, ...session }, { jsonrpc: '2.0', method: 'notifications/initialized' }));

    const stream = { accept: 'text/event-stream', ...session };
    expect((await ask(url, { headers: { ...stream, authorization: `DPoP ${token}` } })).status).toBe(401);
    const aborter = new AbortController();
    const opened = await fetch(url, { ...authorized('GET', stream), signal: aborter.signal });
    expect([opened.status, opened.headers.get('content-type')]).toEqual([200, expect.stringContaining('text/event-stream')]);
    aborter.abort();

    expect((await ask(url, { method: 'DELETE', headers: { ...session, authorization: `DPoP ${token}` } })).status).toBe(401);
    expect((await ask(url, authorized('DELETE', session))).status).toBe(200);
  });

  it('ends the stream of a bound token with its credential [R-GWC-14]', async () => {
    const token = await issue(BOUND);
    const message = {
      jsonrpc: '2.0',
      id: 1,
      method: 'subscriptions/listen',
      params: { notifications: { toolsListChanged: true }, _meta: META },
    };
    const opened = await fetch(url, {
      method: 'POST',
      headers: { ...MODERN_LIST, 'mcp-method': 'subscriptions/listen', authorization: `DPoP ${token}`, dpop: proofFor(token) },
      body: JSON.stringify(message),
    });
    expect([opened.status, opened.headers.get('content-type')]).toEqual([200, expect.stringContaining('text/event-stream')]);
    await gatehouse.admin(`/credentials/${credential.id}/disable`, { method: 'POST' });
    await expect(opened.text()).resolves.toContain('complete');
    await gatehouse.admin(`/credentials/${credential.id}/enable`, { method: 'POST' });
  });
});

describe('the MCP endpoint and DPoP with nonces', () => {
  beforeAll(() => use({ DPOP_NONCES: 'on' }));
  afterAll(() => gatehouse.remove());

  it('demands a nonce with 401 and one DPoP-Nonce, accepts the retry that carries it, and brings the next one [R-DPP-09, RFC 9449 §8.2]', async () => {
    const token = await issue(BOUND);
    const asked = await withProof(token);
    expect([asked.status, asked.json['error'], asked.headers.get('cache-control')]).toEqual([401, 'use_dpop_nonce', 'no-store']);
    expect(challengeOf(asked)).toContain('DPoP error="use_dpop_nonce"');
    const nonce = asked.headers.get('dpop-nonce');
    expect(nonce).toMatch(/^[A-Za-z0-9_-]{43}$/);
    const answer = await withProof(token, proofFor(token, { claims: { nonce } }));
    const next = answer.headers.get('dpop-nonce');
    expect([answer.status, next]).toEqual([200, expect.stringMatching(/^[A-Za-z0-9_-]{43}$/)]);
    expect((await withProof(token, proofFor(token, { claims: { nonce: next } }))).status).toBe(200);
    expect((await withProof(token, proofFor(token, { claims: { nonce: 'A'.repeat(43) } }))).json['error']).toBe('use_dpop_nonce');
  });
});

describe('the MCP endpoint and tokens that are bound to a certificate', () => {
  const HEADER = 'x-tls-cert';
  const TO_CERTIFICATE: Confirmation = { 'x5t#S256': certificateThumbprint(certificate) };
  const sent = (of = certificate) => encodeURIComponent(of.toString());
  afterEach(() => gatehouse.remove());

  it('takes them from the connection of that certificate only, on every request [R-TLS-02]', async () => {
    await use({ CLIENT_CERT_HEADER: HEADER, TRUST_PROXY: '127.0.0.1, ::1' });
    const token = await issue(TO_CERTIFICATE);
    const authorization = `Bearer ${token}`;
    expect((await call({ authorization, [HEADER]: sent() })).status).toBe(200);
    for (const headers of [{}, { [HEADER]: sent(otherCertificate) }, { [HEADER]: 'nonsense' }, { [HEADER]: `${sent()}, ${sent()}` }]) {
      const answer = await call({ authorization, ...headers });
      expect([answer.status, answer.json['error']]).toEqual([401, 'invalid_token']);
    }
    expect((await call({ authorization, [HEADER]: sent() })).status).toBe(200);
    const both = await issue({ ...TO_CERTIFICATE, ...BOUND });
    expect((await call({ authorization: `DPoP ${both}`, dpop: proofFor(both), [HEADER]: sent() })).status).toBe(200);
    expect((await call({ authorization: `DPoP ${both}`, dpop: proofFor(both) })).json['error']).toBe('invalid_token');
  });

  it('ignores the header from anybody but the proxy [R-TLS-03]', async () => {
    await use({ CLIENT_CERT_HEADER: HEADER, TRUST_PROXY: '192.0.2.1' });
    const authorization = `Bearer ${await issue(TO_CERTIFICATE)}`;
    const answer = await call({ authorization, [HEADER]: sent() });
    expect([answer.status, answer.json['error']]).toEqual([401, 'invalid_token']);
  });
});
