import { describe, expect, it } from '@jest/globals';
import { makeCertificate } from '../../test/support/certificates.js';
import { hashOf, makeProof, type ProofParts, proofSigner } from '../../test/support/dpop.js';
import { settableClock } from '../../test/support/database.js';
import type { CredentialState } from '../credentials/credential-state.js';
import { OAuthError } from '../protocol/oauth-error.js';
import type { ServerState } from '../servers/server-state.js';
import type { Confirmation } from '../tokens/claims.js';
import { CertificateSource } from '../tokens/possession/certificate-source.js';
import { certificateThumbprint } from '../tokens/possession/client-certificate.js';
import { DpopNonces } from '../tokens/possession/dpop-nonces.js';
import { DpopVerifier } from '../tokens/possession/dpop-proof.js';
import { ProofReplay } from '../tokens/possession/proof-replay.service.js';
import { digestOf } from '../tokens/token-digest.js';
import type { PresentedToken } from './bearer-token.js';
import type { Scheme } from './challenge.js';
import { type Evidence, PossessionCheck } from './possession.js';
import type { Principal } from './principal.js';

const { clock } = settableClock();
const RESOURCE = 'https://host.example/authed/mcp';
const METADATA = 'https://host.example/.well-known/oauth-protected-resource/authed/mcp';
const ALGS = 'algs="ES256 RS256 PS256 EdDSA Ed25519"';
const TOKEN = 'eyJhbGciOiJFUzI1NiJ9.e30.c2ln';
const PROXY = '10.0.0.1';
const signer = proofSigner();
const stranger = proofSigner();
const { certificate } = makeCertificate();
const { certificate: otherCertificate } = makeCertificate();
const server = { resource: RESOURCE, metadataUrl: METADATA, scopes: [{ name: 'mcp:search', permissions: [], default: true }] };

const principal = (cnf?: Confirmation): Principal => ({
  credential: {} as CredentialState,
  credentialIds: [],
  groups: [],
  claims: {
    iss: RESOURCE,
    aud: RESOURCE,
    sub: 'c1',
    client_id: 'c1',
    scope: 'mcp:search',
    jti: 'j1',
    iat: clock() / 1000,
    exp: clock() / 1000 + 3600,
    auth_id: 'k1',
    ...(cnf ? { cnf } : {}),
  },
  server: server as unknown as ServerState,
  scopes: ['mcp:search'],
  ceiling: ['mcp:search'],
});

const check = (nonces?: DpopNonces): PossessionCheck =>
  new PossessionCheck(
    new DpopVerifier({ replay: new ProofReplay(undefined, clock), nonces, clock }),
    new CertificateSource({ header: 'client-cert', authorities: undefined }, [PROXY]),
  );

const presented = (scheme: Scheme): PresentedToken => ({ scheme, token: TOKEN, digest: digestOf(TOKEN) });

const proof = (parts: ProofParts = {}, by = signer): string =>
  makeProof(by, { ...parts, claims: { htu: RESOURCE, iat: clock() / 1000, ath: hashOf(TOKEN), ...parts.claims } });

function evidence(headers: readonly (readonly [string, string])[] = [], remoteAddress = PROXY): Evidence {
  return {
    method: 'POST',
    url: RESOURCE,
    remoteAddress,
    headers: Object.fromEntries(headers.map(([name, value]) => [name.toLowerCase(), value])),
    rawHeaders: headers.flat(),
  };
}

const withProof = (text = proof()): Evidence => evidence([['DPoP', text]]);
const withCertificate = (of = certificate, from = PROXY): Evidence => evidence([['Client-Cert', `:${of.raw.toString('base64')}:`]], from);

async function refusalOf(act: () => unknown): Promise<OAuthError> {
  try {
    await act();
  } catch (error) {
    if (error instanceof OAuthError) return error;
    throw error;
  }
  throw new Error('It was not refused');
}

const BOUND: Confirmation = { jkt: signer.jkt };
const BOUND_TO_CERTIFICATE: Confirmation = { 'x5t#S256': certificateThumbprint(certificate) };

describe('PossessionCheck', () => {
  it('lets a plain bearer token through at once, whatever else the request has', () => {
    const plain = principal();
    expect(check().confirm(plain, presented('Bearer'), evidence([['DPoP', 'nonsense']]))).toBe(plain);
  });

  it('accepts a bound token with a proof [R-DPP-05]', async () => {
    const bound = principal(BOUND);
    await expect(check().confirm(bound, presented('DPoP'), withProof())).resolves.toBe(bound);
  });

  it.each<[string, Confirmation | undefined, Scheme, string]>([
    ['bound to a key, as Bearer [R-DPP-06]', BOUND, 'Bearer', 'A token that is bound to a DPoP key came as Bearer'],
    ['bound to nothing, as DPoP (RFC 9449 §7.1)', undefined, 'DPoP', 'A token that is bound to no DPoP key came as DPoP'],
    ['bound to a certificate only, as DPoP', BOUND_TO_CERTIFICATE, 'DPoP', 'A token that is bound to no DPoP key came as DPoP'],
    ['bound to something unknown, as Bearer', {}, 'Bearer', 'The token is bound to something unknown'],
  ])('refuses a token %s', async (_what, cnf, scheme, detail) => {
    const shown = evidence([
      ['DPoP', proof()],
      ['Client-Cert', `:${certificate.raw.toString('base64')}:`],
    ]);
    const error = await refusalOf(() => check().confirm(principal(cnf), presented(scheme), shown));
    expect([error.status, error.code, error.detail]).toEqual([401, 'invalid_token', detail]);
    expect(error.toBody().error_description).toBe('The access token is not valid here, has expired or was revoked.');
    const [bearer, dpop] = (error.headers['www-authenticate'] ?? '').split(', DPoP ');
    expect([bearer, dpop].map((challenge) => challenge?.includes('error="invalid_token"'))).toEqual([
      scheme === 'Bearer',
      scheme === 'DPoP',
    ]);
  });

  it.each<[string, Evidence, string]>([
    ['without a proof', evidence(), 'The request has no DPoP proof'],
    [
      'with two proofs',
      evidence([
        ['DPoP', proof()],
        ['dpop', proof()],
      ]),
      'The request has more than one DPoP proof',
    ],
    ['with a proof of another key', withProof(proof({}, stranger)), 'The proof is made with another key than the token is bound to'],
    ['with a proof for another token', withProof(proof({ claims: { ath: hashOf('x') } })), 'ath is missing or of another token'],
    ['with a proof without ath', withProof(proof({ claims: { ath: undefined } })), 'ath is missing or of another token'],
    ['with a proof for another method', withProof(proof({ claims: { htm: 'GET' } })), 'htm is missing or another method'],
    ['with a proof for another resource', withProof(proof({ claims: { htu: `${RESOURCE}/other` } })), 'htu is missing or another URL'],
  ])('refuses a bound token %s, with the challenge [R-DPP-05, R-DPP-10]', async (_what, shown, detail) => {
    const error = await refusalOf(() => check().confirm(principal(BOUND), presented('DPoP'), shown));
    expect([error.status, error.code, error.detail]).toEqual([401, 'invalid_dpop_proof', detail]);
    expect(error.headers['www-authenticate']).toBe(
      `Bearer resource_metadata="${METADATA}", scope="mcp:search", DPoP error="invalid_dpop_proof", error_description="The DPoP proof is not valid.", ${ALGS}`,
    );
  });

  it('refuses a proof that was used before [R-DPP-08]', async () => {
    const possession = check();
    const used = withProof();
    await possession.confirm(principal(BOUND), presented('DPoP'), used);
    const error = await refusalOf(() => possession.confirm(principal(BOUND), presented('DPoP'), used));
    expect([error.status, error.code, error.detail]).toEqual([401, 'invalid_dpop_proof', 'The proof was used before']);
  });

  it('hands a nonce out with 401, and accepts the proof that carries it [R-DPP-09]', async () => {
    const nonces = new DpopNonces(Buffer.alloc(32), clock);
    const possession = check(nonces);
    const error = await refusalOf(() => possession.confirm(principal(BOUND), presented('DPoP'), withProof()));
    expect([error.status, error.code]).toEqual([401, 'use_dpop_nonce']);
    expect(error.headers).toMatchObject({ 'dpop-nonce': nonces.current(), 'cache-control': 'no-store' });
    expect(error.headers['www-authenticate']).toContain('DPoP error="use_dpop_nonce"');
    const withNonce = withProof(proof({ claims: { nonce: nonces.current() } }));
    await expect(possession.confirm(principal(BOUND), presented('DPoP'), withNonce)).resolves.toBeDefined();
  });

  it('lets a fault of ours be one', async () => {
    const broken = new PossessionCheck({ verify: () => Promise.reject(new Error('lost')) }, new CertificateSource(undefined, []));
    await expect(broken.confirm(principal(BOUND), presented('DPoP'), withProof())).rejects.toThrow('lost');
  });

  it('accepts a token with the certificate that it is bound to, at once [R-TLS-02]', () => {
    const bound = principal(BOUND_TO_CERTIFICATE);
    expect(check().confirm(bound, presented('Bearer'), withCertificate())).toBe(bound);
  });

  it.each<[string, Evidence, string]>([
    ['with another certificate', withCertificate(otherCertificate), 'The token is bound to another client certificate'],
    ['without a certificate', evidence(), 'The token is bound to a client certificate, and the connection has none'],
    [
      'with the certificate in a header of its own [R-TLS-03]',
      withCertificate(certificate, '192.0.2.1'),
      'The token is bound to a client certificate, and the connection has none',
    ],
  ])('refuses a token that is bound to a certificate to a client %s [R-TLS-02]', async (_what, shown, detail) => {
    const error = await refusalOf(() => check().confirm(principal(BOUND_TO_CERTIFICATE), presented('Bearer'), shown));
    expect([error.status, error.code, error.detail]).toEqual([401, 'invalid_token', detail]);
    expect(error.headers['www-authenticate']).toContain('Bearer error="invalid_token"');
  });

  it('asks for both where a token is bound to both', async () => {
    const both = principal({ ...BOUND, ...BOUND_TO_CERTIFICATE });
    const proofOnly = await refusalOf(() => check().confirm(both, presented('DPoP'), withProof()));
    expect(proofOnly.code).toBe('invalid_token');
    const certificateOnly = await refusalOf(() => check().confirm(both, presented('DPoP'), withCertificate()));
    expect(certificateOnly.code).toBe('invalid_dpop_proof');
    const shown = { ...withCertificate(), rawHeaders: [...withCertificate().rawHeaders, 'DPoP', proof()] };
    await expect(check().confirm(both, presented('DPoP'), shown)).resolves.toBe(both);
  });
});
