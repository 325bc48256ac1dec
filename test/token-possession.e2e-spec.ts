import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { decodeJwt } from 'jose';
import { certificateThumbprint } from '../src/tokens/possession/client-certificate.js';
import { makeCertificate, type TestCertificate } from './support/certificates.js';
import { hashOf, makeProof, type ProofParts, proofSigner } from './support/dpop.js';
import { type Answer, ask, basic, type NewCredential, startTestGatehouse, type TestGatehouse } from './support/gatehouse.js';

const CC = { grant_type: 'client_credentials' };
const MCP = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
const INITIALIZE = {
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'test', version: '1' } },
};

const request = (gatehouse: TestGatehouse, form: Record<string, string>, headers: Record<string, string> = {}): Promise<Answer> =>
  ask(`${gatehouse.url}/authed/mcp/oauth/token`, { method: 'POST', headers, body: new URLSearchParams(form) });

const call = (gatehouse: TestGatehouse, headers: Record<string, string>): Promise<Answer> =>
  ask(`${gatehouse.url}/authed/mcp`, { method: 'POST', headers: { ...MCP, ...headers }, body: JSON.stringify(INITIALIZE) });

async function reasonOf(gatehouse: TestGatehouse): Promise<unknown> {
  await gatehouse.flush();
  const { json } = await gatehouse.admin('/events?kind=token.refused&limit=1');
  return (json['items'] as { detail: { reason: string } }[])[0]?.detail.reason;
}

describe('DPoP at the token endpoint', () => {
  const signer = proofSigner();
  let gatehouse: TestGatehouse;
  let credential: NewCredential;
  let tokenUrl: string;

  beforeAll(async () => {
    gatehouse = await startTestGatehouse();
    credential = await gatehouse.createCredential();
    tokenUrl = `${gatehouse.url}/authed/mcp/oauth/token`;
  });
  afterAll(() => gatehouse.remove());

  const prove = (parts: ProofParts = {}) => makeProof(signer, { ...parts, claims: { htu: tokenUrl, ...parts.claims } });
  const ask4 = (dpop: string | undefined, who = credential, on = gatehouse) =>
    request(on, CC, { authorization: basic(who.clientId, who.clientSecret), ...(dpop === undefined ? {} : { dpop }) });

  it.each(['ES256', 'RS256', 'PS256', 'EdDSA', 'Ed25519'] as const)(
    'binds the token to the key of an %s proof (R-DPP-01, R-DPP-03)',
    async (alg) => {
      const own = proofSigner(alg);
      const { status, json } = await ask4(makeProof(own, { claims: { htu: tokenUrl } }));
      expect([status, json['token_type']]).toEqual([200, 'DPoP']);
      expect(decodeJwt(json['access_token'] as string)['cnf']).toEqual({ jkt: own.jkt });
    },
  );

  it('issues a token that only the holder of the key can use (R-DPP-05, R-DPP-06)', async () => {
    const token = (await ask4(prove())).json['access_token'] as string;
    const proof = () => makeProof(signer, { claims: { htu: `${gatehouse.url}/authed/mcp`, ath: hashOf(token) } });
    expect((await call(gatehouse, { authorization: `DPoP ${token}`, dpop: proof() })).status).toBe(200);
    expect((await call(gatehouse, { authorization: `Bearer ${token}` })).status).toBe(401);
    expect((await call(gatehouse, { authorization: `DPoP ${token}` })).status).toBe(401);
  });

  it.each<[string, ProofParts]>([
    ['another URL', { claims: { htu: 'https://evil.example/token' } }],
    ['another method', { claims: { htm: 'GET' } }],
    ['an old proof', { claims: { iat: Math.floor(Date.now() / 1000) - 400 } }],
    ['no jti', { claims: { jti: undefined } }],
    ['another typ', { header: { typ: 'jwt' } }],
    ['no signature algorithm', { header: { alg: 'none' } }],
  ])('refuses a proof with %s (R-DPP-02)', async (_, parts) => {
    const { status, json, headers } = await ask4(prove(parts));
    expect([status, json['error'], headers.get('cache-control')]).toEqual([400, 'invalid_dpop_proof', 'no-store']);
  });

  it('refuses a proof that was used before (R-DPP-08)', async () => {
    const proof = prove();
    expect((await ask4(proof)).status).toBe(200);
    expect((await ask4(proof)).json['error']).toBe('invalid_dpop_proof');
    expect(await reasonOf(gatehouse)).toMatch(/used before/i);
  });

  it('looks at the secret before the proof, and at the proof before the grant (R-TOK-12)', async () => {
    const wrong = await ask4('garbage', { ...credential, clientSecret: 'wrong' });
    expect(wrong.json['error']).toBe('invalid_client');
    const headers = { authorization: basic(credential.clientId, credential.clientSecret), dpop: 'garbage' };
    const exchange = { grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange' };
    expect((await request(gatehouse, exchange, headers)).json['error']).toBe('invalid_dpop_proof');
  });

  it('gives a credential that is to be bound no token without a proof (R-DPP-04)', async () => {
    const bound = await gatehouse.createCredential({ dpopRequired: true });
    const { status, json } = await ask4(undefined, bound);
    expect([status, json['error']]).toEqual([400, 'invalid_dpop_proof']);
    expect((await ask4(prove(), bound)).json['token_type']).toBe('DPoP');
    const patched = await gatehouse.admin(`/credentials/${bound.id}`, { method: 'PATCH', body: { dpopRequired: false } });
    expect(patched.json['dpopRequired']).toBe(false);
    expect((await ask4(undefined, bound)).json['token_type']).toBe('Bearer');
  });

  it('asks for a nonce where nonces are on, takes the proof that has it, and brings the next one (R-DPP-09, RFC 9449 §8.2)', async () => {
    const strict = await startTestGatehouse({ env: { DPOP_NONCES: 'on' } });
    const own = await strict.createCredential();
    const htu = `${strict.url}/authed/mcp/oauth/token`;
    const first = await ask4(makeProof(signer, { claims: { htu } }), own, strict);
    const nonce = first.headers.get('dpop-nonce');
    expect([first.status, first.json['error'], first.headers.get('cache-control')]).toEqual([400, 'use_dpop_nonce', 'no-store']);
    expect(nonce).toMatch(/^[\x21\x23-\x5b\x5d-\x7e]{16,}$/);
    const granted = await ask4(makeProof(signer, { claims: { htu, nonce } }), own, strict);
    expect([granted.status, granted.headers.get('dpop-nonce')]).toEqual([200, expect.stringMatching(/^[A-Za-z0-9_-]{43}$/)]);
    expect((await ask4(makeProof(signer, { claims: { htu, nonce: 'made-up' } }), own, strict)).json['error']).toBe('use_dpop_nonce');
    const unbound = await ask4(undefined, own, strict);
    expect([unbound.json['token_type'], unbound.headers.get('dpop-nonce')]).toEqual(['Bearer', null]);
    await strict.remove();
  });
});

describe('client certificates behind a proxy', () => {
  const authority = makeCertificate({ subject: [['CN', 'Test CA']], ca: true });
  const client = makeCertificate({
    subject: [
      ['O', 'Acme'],
      ['CN', 'nightly'],
    ],
    issuer: authority,
    names: [['dns', 'nightly.acme.test']],
  });
  const other = makeCertificate({ subject: [['CN', 'other']], issuer: authority });
  const stranger = makeCertificate({
    subject: [
      ['O', 'Acme'],
      ['CN', 'nightly'],
    ],
  });
  const dir = mkdtempSync(join(tmpdir(), 'gatehouse-ca-'));
  let gatehouse: TestGatehouse;

  const header = ({ certificate }: TestCertificate): string => `:${certificate.raw.toString('base64')}:`;
  const withCertificate = (clientId: string, certificate?: TestCertificate, form: Record<string, string> = {}) =>
    request(gatehouse, { ...CC, client_id: clientId, ...form }, certificate ? { 'client-cert': header(certificate) } : {});

  beforeAll(async () => {
    const file = join(dir, 'ca.pem');
    writeFileSync(file, authority.certificate.toString());
    gatehouse = await startTestGatehouse({
      env: { CLIENT_CERT_HEADER: 'Client-Cert', CLIENT_CERT_CA: file, TRUST_PROXY: '127.0.0.1, ::1' },
    });
  });
  afterAll(async () => {
    await gatehouse.remove();
    rmSync(dir, { recursive: true });
  });

  it('says so in its metadata (R-MTD-09)', async () => {
    const { json } = await ask(`${gatehouse.url}/.well-known/oauth-authorization-server/authed/mcp`);
    expect(json['tls_client_certificate_bound_access_tokens']).toBe(true);
    expect(json['token_endpoint_auth_methods_supported']).toEqual(
      expect.arrayContaining(['tls_client_auth', 'self_signed_tls_client_auth']),
    );
  });

  it.each([{ dn: 'CN=nightly,O=Acme' }, { sanDns: 'nightly.acme.test' }])(
    'authenticates by a certificate of a known authority with the subject %j (R-TLS-01)',
    async (tlsSubject) => {
      const { clientId, id } = await gatehouse.createCredential({ authMethod: 'tls_client_auth', tlsSubject });
      const { status, json } = await withCertificate(clientId, client);
      expect(status).toBe(200);
      expect(decodeJwt(json['access_token'] as string)['cnf']).toEqual({ 'x5t#S256': certificateThumbprint(client.certificate) });

      for (const certificate of [other, stranger, undefined]) {
        const refused = await withCertificate(clientId, certificate);
        expect([refused.status, refused.json['error']]).toEqual([401, 'invalid_client']);
      }
      await gatehouse.admin(`/credentials/${id}/disable`, { method: 'POST' });
      expect((await withCertificate(clientId, client)).status).toBe(401);
    },
  );

  it('authenticates by a certificate over a registered key, whoever issued it (R-TLS-01)', async () => {
    const jwks = { keys: [stranger.certificate.publicKey.export({ format: 'jwk' })] };
    const { clientId } = await gatehouse.createCredential({ authMethod: 'self_signed_tls_client_auth', jwks });
    expect((await withCertificate(clientId, stranger)).status).toBe(200);
    expect((await withCertificate(clientId, client)).json['error']).toBe('invalid_client');
  });

  it('takes a bound token on a connection with the same certificate only (R-TLS-02)', async () => {
    const { clientId } = await gatehouse.createCredential({ authMethod: 'tls_client_auth', tlsSubject: { sanDns: 'nightly.acme.test' } });
    const authorization = `Bearer ${(await withCertificate(clientId, client)).json['access_token'] as string}`;
    expect((await call(gatehouse, { authorization, 'client-cert': header(client) })).status).toBe(200);
    expect((await call(gatehouse, { authorization, 'client-cert': header(other) })).status).toBe(401);
    const without = await call(gatehouse, { authorization });
    expect([without.status, without.headers.get('www-authenticate')]).toEqual([401, expect.stringContaining('error="invalid_token"')]);
  });

  it('binds the tokens of a client with a secret where that is asked for', async () => {
    const credential = await gatehouse.createCredential({ certificateBound: true });
    const headers = { authorization: basic(credential.clientId, credential.clientSecret) };
    const bound = await request(gatehouse, CC, { ...headers, 'client-cert': header(other) });
    expect(decodeJwt(bound.json['access_token'] as string)['cnf']).toEqual({ 'x5t#S256': certificateThumbprint(other.certificate) });
    const without = await request(gatehouse, CC, headers);
    expect([without.status, without.json['error']]).toEqual([400, 'invalid_request']);
    const unbound = await gatehouse.createCredential();
    const plain = await request(gatehouse, CC, {
      authorization: basic(unbound.clientId, unbound.clientSecret),
      'client-cert': header(other),
    });
    expect(decodeJwt(plain.json['access_token'] as string)['cnf']).toBeUndefined();
  });

  it('keeps a credential to its method (R-CLA-20)', async () => {
    const { clientId, clientSecret } = await gatehouse.createCredential();
    expect((await withCertificate(clientId, client)).json['error']).toBe('invalid_client');
    expect((await withCertificate(clientId, client, { client_secret: clientSecret })).status).toBe(200);
  });

  it('ends the tokens of a credential whose subject was changed', async () => {
    const { clientId, id } = await gatehouse.createCredential({
      authMethod: 'tls_client_auth',
      tlsSubject: { sanDns: 'nightly.acme.test' },
    });
    const authorization = `Bearer ${(await withCertificate(clientId, client)).json['access_token'] as string}`;
    await gatehouse.admin(`/credentials/${id}`, { method: 'PATCH', body: { tlsSubject: { dn: 'CN=other' } } });
    expect((await call(gatehouse, { authorization, 'client-cert': header(client) })).status).toBe(401);
  });

  it('reads the header from trusted proxies only (R-TLS-03)', async () => {
    const distant = await startTestGatehouse({ on: gatehouse, env: { TRUST_PROXY: '10.1.2.3', PUBLIC_URL: gatehouse.url } });
    const { clientId } = await gatehouse.createCredential({ authMethod: 'tls_client_auth', tlsSubject: { sanDns: 'nightly.acme.test' } });
    const sent = await ask(`http://127.0.0.1:${distant.env['PORT']}/authed/mcp/oauth/token`, {
      method: 'POST',
      headers: { 'client-cert': header(client) },
      body: new URLSearchParams({ ...CC, client_id: clientId }),
    });
    expect([sent.status, sent.json['error']]).toEqual([401, 'invalid_client']);
    await distant.close();
  });

  it.each([
    [{ authMethod: 'tls_client_auth' }, 'tlsSubject'],
    [{ authMethod: 'tls_client_auth', tlsSubject: {} }, 'tlsSubject'],
    [{ authMethod: 'tls_client_auth', tlsSubject: { dn: 'CN=a', sanDns: 'b' } }, 'tlsSubject'],
    [{ authMethod: 'tls_client_auth', tlsSubject: { dn: 'no name' } }, 'tlsSubject'],
    [{ authMethod: 'self_signed_tls_client_auth' }, 'jwks'],
    [{ tlsSubject: { dn: 'CN=a' } }, 'tlsSubject'],
  ])('refuses to register %j', async (body, field) => {
    const { status, json } = await gatehouse.admin('/credentials', { body: { label: 'x', ...body } });
    expect([status, (json['errors'] as { field: string }[])[0]?.field]).toEqual([400, field]);
  });

  it('is off where no header is configured (R-TLS-03)', async () => {
    const plain = await startTestGatehouse();
    const refused = await plain.admin('/credentials', { body: { label: 'x', authMethod: 'tls_client_auth', tlsSubject: { dn: 'CN=a' } } });
    expect(refused.json).toMatchObject({ status: 400, code: 'validation_failed', detail: expect.stringContaining('CLIENT_CERT_HEADER') });
    const { json } = await ask(`${plain.url}/.well-known/oauth-authorization-server/authed/mcp`);
    expect(json).not.toHaveProperty('tls_client_certificate_bound_access_tokens');
    await plain.remove();
  });
});
