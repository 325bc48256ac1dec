import { generateKeyPairSync } from 'node:crypto';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { settableClock } from '../../../test/support/database.js';
import { hashOf, makeProof, type ProofAlg, type ProofParts, proofSigner, signJws } from '../../../test/support/dpop.js';
import fc from '../../../test/support/properties.js';
import { OAuthError } from '../../protocol/oauth-error.js';
import { DpopNonces } from './dpop-nonces.js';
import { DPOP_ALGS, DpopVerifier, type ProofRequest } from './dpop-proof.js';
import { ProofReplay } from './proof-replay.service.js';

const START = Date.parse('2026-11-22T10:00:00Z');
const NOW = START / 1000;
const URL = 'https://host.example/authed/mcp';
const TOKEN = 'eyJhbGciOiJFUzI1NiJ9.e30.c2ln';
const signer = proofSigner();
const stranger = proofSigner();
const time = settableClock();
let verifier: DpopVerifier;

const createVerifier = (nonces?: DpopNonces): DpopVerifier =>
  new DpopVerifier({ replay: new ProofReplay(undefined, time.clock), nonces, clock: time.clock });

beforeEach(() => {
  time.set(START);
  verifier = createVerifier();
});

const GOOD_CLAIMS = { htu: URL, iat: NOW, ath: hashOf(TOKEN) };
const proof = (parts: ProofParts = {}, by = signer): string => makeProof(by, { ...parts, claims: { ...GOOD_CLAIMS, ...parts.claims } });

const request = (proofs: readonly string[], parts: Partial<ProofRequest> = {}): ProofRequest => ({
  proofs,
  method: 'POST',
  url: URL,
  accessToken: TOKEN,
  ...parts,
});

async function refusalOf(act: () => Promise<unknown>): Promise<OAuthError> {
  try {
    await act();
  } catch (error) {
    if (error instanceof OAuthError) return error;
    throw error;
  }
  throw new Error('It was not refused');
}

const refusal = (proofs: readonly string[], parts: Partial<ProofRequest> = {}): Promise<OAuthError> =>
  refusalOf(() => verifier.verify(request(proofs, parts)));

describe('DpopVerifier', () => {
  it.each([...DPOP_ALGS])('accepts a proof signed with %s and gives the thumbprint of its key [R-DPP-02, R-DPP-03]', async (alg) => {
    const other = proofSigner(alg);
    await expect(verifier.verify(request([proof({}, other)]))).resolves.toEqual({ jkt: other.jkt });
  });

  it('needs no ath where there is no token, and minds none that is there', async () => {
    await expect(verifier.verify({ ...request([proof({ claims: { ath: undefined } })]), accessToken: undefined })).resolves.toBeDefined();
    await expect(verifier.verify({ ...request([proof()]), accessToken: undefined })).resolves.toBeDefined();
  });

  it('accepts a fractional iat and unknown claims', async () => {
    await expect(verifier.verify(request([proof({ claims: { iat: NOW + 0.5, extra: [1] } })]))).resolves.toBeDefined();
  });

  const rsa1024 = proofSigner('RS256', 1024);
  const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey.export({ format: 'jwk' });
  const symmetric = { kty: 'oct', k: Buffer.alloc(32).toString('base64url') };
  const changed = (text: string, part: number): string =>
    text
      .split('.')
      .map((value, i) => (i === part ? Buffer.from(value, 'base64url').reverse().toString('base64url') : value))
      .join('.');
  const header = (parts: Record<string, unknown>) => () => [proof({ header: parts })];
  const claims = (parts: Record<string, unknown>) => () => [proof({ claims: parts })];

  it.each<[string, () => readonly string[], string]>([
    ['without a proof', () => [], 'The request has no DPoP proof'],
    ['with two proofs', () => [proof(), proof()], 'The request has more than one DPoP proof'],
    ['with two proofs in one header', () => [`${proof()}, ${proof()}`], 'The proof is no JWT in compact form'],
    ['with an endless proof', () => [proof({ claims: { extra: 'x'.repeat(8192) } })], 'The proof is too long'],
    ['with an empty header', () => [''], 'The proof is no JWT in compact form'],
    ['with a proof in two parts', () => [proof().split('.').slice(0, 2).join('.')], 'The proof is no JWT in compact form'],
    ['with a proof in JSON form', () => [JSON.stringify({ payload: 'e30' })], 'The proof is no JWT in compact form'],
    ['with a broken header', () => [changed(proof(), 0)], 'The proof is no JWT in compact form'],
    ['with a payload that is a list', () => [signJws(signer, { typ: 'dpop+jwt' }, [])], 'The proof is no JWT in compact form'],
    ['without typ', header({ typ: undefined }), 'typ is not dpop+jwt'],
    ['with the typ of another JWT', header({ typ: 'JWT' }), 'typ is not dpop+jwt'],
    ['without alg', header({ alg: undefined }), 'alg is not one of those accepted'],
    ['with alg none', header({ alg: 'none' }), 'alg is not one of those accepted'],
    ['with a symmetric alg', header({ alg: 'HS256' }), 'alg is not one of those accepted'],
    ['with an alg that is a member of every object', header({ alg: 'constructor' }), 'alg is not one of those accepted'],
    ['with a list of algs', header({ alg: ['ES256'] }), 'alg is not one of those accepted'],
    ['with critical extensions', header({ crit: ['exp'], exp: 1 }), 'The proof has critical extensions'],
    ['without jwk', header({ jwk: undefined }), 'jwk is no public key that proofs may be made with'],
    ['with a jwk that is no object', header({ jwk: 'key' }), 'jwk is no public key that proofs may be made with'],
    ['with a jwk that is a list', header({ jwk: [signer.jwk] }), 'jwk is no public key that proofs may be made with'],
    [
      'with a private jwk',
      header({ jwk: signer.privateKey.export({ format: 'jwk' }) }),
      'jwk is no public key that proofs may be made with',
    ],
    ['with a symmetric jwk', header({ jwk: symmetric }), 'jwk is no public key that proofs may be made with'],
    ['with another curve', header({ jwk: p384 }), 'jwk is no public key that proofs may be made with'],
    [
      'with a point off the curve',
      header({ jwk: { ...signer.jwk, x: signer.jwk['y'] } }),
      'jwk is no public key that proofs may be made with',
    ],
    ['with RSA of 1024 bits', () => [proof({}, rsa1024)], 'jwk is no public key that proofs may be made with'],
    ['with an alg of another key type', header({ alg: 'RS256' }), 'alg and jwk do not belong together'],
    ['with the alg of another use of its key', header({ alg: 'EdDSA' }), 'alg and jwk do not belong together'],
    ['with the key of somebody else', header({ jwk: stranger.jwk }), 'The signature is wrong'],
    ['with another payload', () => [[...proof().split('.')].with(1, proof().split('.')[1]!).join('.')], 'The signature is wrong'],
    ['with a damaged signature', () => [changed(proof(), 2)], 'The signature is wrong'],
    ['with an empty signature', () => [`${proof().split('.').slice(0, 2).join('.')}.AA`], 'The signature is wrong'],
    ['without jti', claims({ jti: undefined }), 'jti is missing or malformed'],
    ['with an empty jti', claims({ jti: '' }), 'jti is missing or malformed'],
    ['with a jti that is a number', claims({ jti: 7 }), 'jti is missing or malformed'],
    ['with an endless jti', claims({ jti: 'x'.repeat(257) }), 'jti is missing or malformed'],
    ['without iat', claims({ iat: undefined }), 'iat is missing or malformed'],
    ['with an iat in text', claims({ iat: String(NOW) }), 'iat is missing or malformed'],
    ['from 301 s ago', claims({ iat: NOW - 301 }), 'iat is too far from the present'],
    ['from 301 s ahead', claims({ iat: NOW + 301 }), 'iat is too far from the present'],
    ['with an iat in milliseconds', claims({ iat: START }), 'iat is too far from the present'],
    ['without htm', claims({ htm: undefined }), 'htm is missing or another method'],
    ['for another method', claims({ htm: 'GET' }), 'htm is missing or another method'],
    ['for the method in lower case', claims({ htm: 'post' }), 'htm is missing or another method'],
    ['without htu', claims({ htu: undefined }), 'htu is missing or another URL'],
    ['with an htu that is no text', claims({ htu: [URL] }), 'htu is missing or another URL'],
    ['without ath', claims({ ath: undefined }), 'ath is missing or of another token'],
    ['with the ath of another token', claims({ ath: hashOf('other') }), 'ath is missing or of another token'],
    ['with an ath that is no ASCII', claims({ ath: 'ü'.repeat(43) }), 'ath is missing or of another token'],
    ['with the token itself as ath', claims({ ath: TOKEN }), 'ath is missing or of another token'],
  ])('refuses a request %s [R-DPP-02, R-DPP-05]', async (_what, proofs, detail) => {
    const error = await refusal(proofs());
    expect([error.code, error.status, error.detail]).toEqual(['invalid_dpop_proof', 400, detail]);
    expect(error.toBody()).toEqual({ error: 'invalid_dpop_proof', error_description: 'The DPoP proof is not valid.' });
    expect(`${error.message} ${JSON.stringify(error.headers)}`).not.toContain(TOKEN);
  });

  it.each([NOW - 300, NOW + 300])('accepts a proof at the edge of its time, iat = %i [R-DPP-02]', async (iat) => {
    await expect(verifier.verify(request([proof({ claims: { iat } })]))).resolves.toBeDefined();
  });

  it.each([
    'HTTPS://HOST.example/authed/mcp',
    'https://host.example:443/authed/mcp',
    'https://host.example/authed/mcp?a=b',
    'https://host.example/authed/mcp#part',
    'https://host.example/authed/./mcp',
  ])('takes %s for the same URL (RFC 9449 §4.3) [R-DPP-02]', async (htu) => {
    await expect(verifier.verify(request([proof({ claims: { htu } })]))).resolves.toBeDefined();
  });

  it.each([
    'http://host.example/authed/mcp',
    'https://host.example:8443/authed/mcp',
    'https://host.example./authed/mcp',
    'https://evil.example/authed/mcp',
    'https://user@host.example/authed/mcp',
    'https://host.example/authed/MCP',
    'https://host.example/authed/mcp/',
    'https://host.example/authed/mcp/other',
    'https://host.example\\authed\\mcp',
    'https://host.example/authed/\tmcp',
    ' https://host.example/authed/mcp',
    '/authed/mcp',
    '',
    `https://host.example/authed/mcp?${'x'.repeat(2048)}`,
  ])('takes %j for another URL [R-DPP-02, R-DPP-07]', async (htu) => {
    expect((await refusal([proof({ claims: { htu } })])).detail).toBe('htu is missing or another URL');
  });

  it('refuses a proof made with another key than the token is bound to [R-DPP-05]', async () => {
    await expect(verifier.verify(request([proof()], { jkt: signer.jkt }))).resolves.toEqual({ jkt: signer.jkt });
    const error = await refusal([proof({}, stranger)], { jkt: signer.jkt });
    expect([error.code, error.detail]).toEqual(['invalid_dpop_proof', 'The proof is made with another key than the token is bound to']);
  });

  it('refuses a proof that was used before, and another with the jti and the key of one (RFC 9449 §11.1) [R-DPP-08]', async () => {
    const used = proof({ claims: { jti: 'once' } });
    await verifier.verify(request([used]));
    const error = await refusal([used]);
    expect([error.code, error.status, error.detail]).toEqual(['invalid_dpop_proof', 400, 'The proof was used before']);
    expect((await refusal([proof({ claims: { jti: 'once', iat: NOW + 1 } })])).detail).toBe('The proof was used before');
    await expect(verifier.verify(request([proof({ claims: { jti: 'once' } }, stranger)]))).resolves.toEqual({ jkt: stranger.jkt });
  });

  it('allows one of many at once that bring the same proof [R-DPP-08]', async () => {
    const same = request([proof()]);
    const results = await Promise.allSettled(Array.from({ length: 20 }, () => verifier.verify(same)));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  it('uses up no proof that it refuses', async () => {
    const good = proof();
    for (const parts of [{ method: 'GET' }, { url: `${URL}/other` }, { accessToken: 'other' }, { jkt: stranger.jkt }]) {
      await refusal([good], parts);
    }
    await expect(verifier.verify(request([good]))).resolves.toBeDefined();
  });

  it('refuses one that is changed in any character [R-DPP-02]', async () => {
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.';
    const proofs = new Map((['ES256', 'EdDSA', 'RS256'] as ProofAlg[]).map((alg) => [alg, proof({}, proofSigner(alg))]));
    const property = fc.asyncProperty(
      fc.constantFrom(...proofs.values()),
      fc.nat(),
      fc.constantFrom(...alphabet),
      async (good, where, character) => {
        const at = where % good.length;
        fc.pre(good[at] !== character);
        expect((await refusal([good.slice(0, at) + character + good.slice(at + 1)])).code).toBe('invalid_dpop_proof');
      },
    );
    await fc.assert(property, { numRuns: 400 });
  });

  it('refuses one whose last character spells the same signature another way [R-DPP-02]', async () => {
    const good = proof();
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const alias = good.slice(0, -1) + alphabet[alphabet.indexOf(good.at(-1)!) + 1]!;
    expect(Buffer.from(alias.split('.')[2]!, 'base64url')).toEqual(Buffer.from(good.split('.')[2]!, 'base64url'));
    expect((await refusal([alias])).detail).toBe('The proof is no JWT in compact form');
  });

  it('has a protocol error for whatever stands in header and claims', async () => {
    const members = fc.dictionary(fc.constantFrom('typ', 'alg', 'jwk', 'crit', 'jti', 'htm', 'htu', 'iat', 'ath'), fc.jsonValue());
    const property = fc.asyncProperty(members, members, async (header, claims) => {
      const answer: unknown = await verifier.verify(request([proof({ header, claims })])).catch((error: unknown) => error);
      if (answer instanceof OAuthError) expect(answer.code).toBe('invalid_dpop_proof');
      else expect(answer).toEqual({ jkt: signer.jkt });
    });
    await fc.assert(property, { numRuns: 300 });
  });
});

describe('DpopVerifier with nonces', () => {
  const nonces = new DpopNonces(Buffer.alloc(32, 1), time.clock);
  beforeEach(() => {
    verifier = createVerifier(nonces);
  });

  it('demands a nonce, gives one, and accepts the proof that carries it [R-DPP-09]', async () => {
    const error = await refusal([proof()]);
    expect([error.code, error.status, error.detail]).toEqual(['use_dpop_nonce', 400, 'The proof has no nonce']);
    expect(error.headers).toEqual({ 'dpop-nonce': nonces.current(), 'cache-control': 'no-store' });
    await expect(verifier.verify(request([proof({ claims: { nonce: error.headers['dpop-nonce'] } })]))).resolves.toBeDefined();
  });

  it.each([
    ['made up', 'A'.repeat(43)],
    ['empty', ''],
    ['no text', 7],
    ['of another installation', new DpopNonces(Buffer.alloc(32, 2), time.clock).current()],
  ])('refuses a nonce that is %s, and gives a good one [R-DPP-09]', async (_what, nonce) => {
    const error = await refusal([proof({ claims: { nonce } })]);
    expect([error.code, error.detail]).toEqual(['use_dpop_nonce', 'The nonce of the proof is not valid']);
    expect(error.headers['dpop-nonce']).toBe(nonces.current());
  });

  it('says first what else is wrong, and leaves the proof unused', async () => {
    expect((await refusal([proof({ claims: { htm: 'GET' } })])).code).toBe('invalid_dpop_proof');
    const withoutNonce = proof();
    await refusal([withoutNonce]);
    expect((await refusal([withoutNonce])).code).toBe('use_dpop_nonce');
  });
});
