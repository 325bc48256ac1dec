import { createHmac, createSign, generateKeyPairSync, type KeyObject, sign as cryptoSign } from 'node:crypto';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { JwtService } from '@nestjs/jwt';
import { type JWK, SignJWT } from 'jose';
import { type SigningAlg, SIGNING_ALGS } from '../config/config.js';
import type { AccessTokenClaims } from './claims.js';
import { generateKeyMaterial, importPrivateKey } from './key-material.js';
import { KeyRing, type RingKey } from './key-ring.js';
import { createTokenSigner } from './sign-token.js';
import { digestOf } from './token-digest.js';
import { TokenIssuer } from './token-issuer.js';
import { TokenVerifier } from './token-verifier.js';

const ISS = 'https://host.example/authed/mcp';
let now = 1_790_000_000_000;
const clock = (): number => now;

async function makeKey(alg: SigningAlg): Promise<RingKey> {
  const { kid, publicJwk, pkcs8 } = await generateKeyMaterial(alg);
  return { kid, alg, publicJwk, ...importPrivateKey(alg, pkcs8), createdAt: now, signsFrom: now - 1000, retiresAt: null };
}

function world(keys: RingKey[]) {
  const ring = new KeyRing();
  ring.replace(keys);
  const verifier = new TokenVerifier({ issuer: ISS, ring, clock, findUnknownKey: () => Promise.resolve(undefined) });
  const issuer = new TokenIssuer(ISS, ring, createTokenSigner(new JwtService({})), clock);
  const issue = (lifetime = 3600) =>
    issuer.issue({ clientId: 'mcc_1', audience: ISS, scopes: ['mcp:search', 'mcp:read'], authId: 'secret-1', lifetime });
  return { ring, verifier, issue };
}

const decode = (part: string | undefined): Record<string, unknown> =>
  JSON.parse(Buffer.from(part ?? '', 'base64url').toString()) as Record<string, unknown>;

describe.each(SIGNING_ALGS)('an access token signed with %s (R-JAT-07)', (alg) => {
  let key: RingKey;
  beforeAll(async () => {
    key = await makeKey(alg);
  });

  it('has typ at+jwt, a kid and the claims of RFC 9068 §2.2 (R-JAT-01…06)', async () => {
    const { issue } = world([key]);
    const { token } = await issue();
    const [header, payload] = token.split('.').slice(0, 2).map(decode);
    expect(header).toEqual({ alg, typ: 'at+jwt', kid: key.kid });
    expect(payload).toEqual({
      iss: ISS,
      aud: ISS,
      sub: 'mcc_1',
      client_id: 'mcc_1',
      scope: 'mcp:search mcp:read',
      jti: expect.stringMatching(/^[0-9a-f-]{36}$/),
      iat: now / 1000,
      exp: now / 1000 + 3600,
      auth_id: 'secret-1',
    });
  });

  it('verifies for its resource, and from memory afterwards', async () => {
    const { verifier, issue } = world([key]);
    const { token, claims } = await issue();
    expect(verifier.peek(digestOf(token), ISS)).toBeUndefined();
    await expect(verifier.verify(token, ISS)).resolves.toEqual(claims);
    expect(verifier.peek(digestOf(token), ISS)).toEqual(claims);
  });
});

describe('TokenVerifier', () => {
  let key: RingKey;
  let rsa: RingKey;
  beforeAll(async () => {
    [key, rsa] = await Promise.all([makeKey('ES256'), makeKey('RS256')]);
  });

  const claims = (more: Partial<Record<keyof AccessTokenClaims | 'nbf', unknown>> = {}) => ({
    iss: ISS,
    aud: ISS,
    sub: 'mcc_1',
    client_id: 'mcc_1',
    scope: '',
    jti: 'j',
    iat: now / 1000,
    exp: now / 1000 + 60,
    auth_id: 's',
    ...more,
  });
  const signed = (payload: object, header: object = {}, signer: RingKey = key) =>
    new SignJWT({ ...payload }).setProtectedHeader({ alg: signer.alg, typ: 'at+jwt', kid: signer.kid, ...header }).sign(signer.privateKey);
  const b64 = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const refused = async (token: string, audience = ISS) =>
    expect(world([key, rsa]).verifier.verify(token, audience)).rejects.toMatchObject({ name: 'OAuthError', code: 'invalid_token' });

  it('accepts application/at+jwt too (R-JAT-09)', async () => {
    await expect(world([key]).verifier.verify(await signed(claims(), { typ: 'application/at+jwt' }), ISS)).resolves.toBeDefined();
  });

  it.each([
    ['another typ', {}, { typ: 'JWT' }],
    ['a client assertion', {}, { typ: 'client-authentication+jwt' }],
    ['an ID-JAG', {}, { typ: 'oauth-id-jag+jwt' }],
    ['a DPoP proof', {}, { typ: 'dpop+jwt' }],
    ['another issuer', { iss: `${ISS}/` }, {}],
    ['another audience', { aud: 'https://other.example' }, {}],
    ['several audiences', { aud: [ISS, 'https://other.example'] }, {}],
    ['an expired token', { exp: now / 1000 - 10 }, {}],
    ['a token that is not valid yet', { nbf: now / 1000 + 100 }, {}],
    ['a token without exp', { exp: undefined }, {}],
    ['a token without jti', { jti: undefined }, {}],
    ['a token without client_id', { client_id: undefined }, {}],
    ['claims of another type', { client_id: 7 }, {}],
    ['an unknown kid', {}, { kid: 'x' }],
    ['no kid', {}, { kid: undefined }],
    ['a key in the header', {}, { kid: undefined, jwk: { kty: 'EC' } }],
  ])('refuses %s (R-JAT-09, R-JAT-10)', async (_, more, header) => refused(await signed(claims(more), header)));

  it('refuses a critical extension that it does not know (RFC 7515 §4.1.11)', async () => {
    const head = b64({ alg: 'ES256', typ: 'at+jwt', kid: key.kid, crit: ['x'], x: 1 });
    const input = `${head}.${b64(claims())}`;
    const signature = cryptoSign('sha256', Buffer.from(input), { key: key.privateKey, dsaEncoding: 'ieee-p1363' });
    await refused(`${input}.${signature.toString('base64url')}`);
  });

  it('refuses alg none in every spelling, and an empty signature', async () => {
    for (const alg of ['none', 'None', 'nOnE', 'NONE']) await refused(`${b64({ alg, typ: 'at+jwt', kid: key.kid })}.${b64(claims())}.`);
    const token = await signed(claims());
    await refused(token.slice(0, token.lastIndexOf('.') + 1));
  });

  it('refuses HS256 made with the public key as the secret (RFC 8725 §3.1)', async () => {
    const pem = rsa.publicKey.export({ format: 'pem', type: 'spki' });
    const input = `${b64({ alg: 'HS256', typ: 'at+jwt', kid: rsa.kid })}.${b64(claims())}`;
    await refused(`${input}.${createHmac('sha256', pem).update(input).digest('base64url')}`);
  });

  it('refuses an algorithm other than that of the key', async () => {
    const input = `${b64({ alg: 'PS256', typ: 'at+jwt', kid: rsa.kid })}.${b64(claims())}`;
    await refused(`${input}.${createSign('sha256').update(input).sign(rsa.privateKey).toString('base64url')}`);
  });

  it('refuses a changed payload, a foreign key under our kid, and what is no token', async () => {
    const [head, , signature] = (await signed(claims())).split('.');
    await refused(`${head ?? ''}.${b64(claims({ scope: 'mcp:admin' }))}.${signature ?? ''}`);
    const foreign: KeyObject = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
    await refused(await signed(claims(), {}, { ...key, privateKey: foreign }));
    for (const text of ['', 'a', 'a.b', 'a.b.c', '....', 'x'.repeat(9000)]) await refused(text);
  });

  it('says nothing in public about which check failed', async () => {
    const { verifier } = world([key]);
    const errors = await Promise.all(
      [signed(claims({ exp: 1 })), signed(claims(), { kid: 'x' })].map(async (token) =>
        verifier.verify(await token, ISS).catch((error: unknown) => error),
      ),
    );
    expect(new Set(errors.map((error) => (error as { description: string }).description)).size).toBe(1);
    expect(new Set(errors.map((error) => (error as { detail: string }).detail)).size).toBe(2);
  });

  it('ends a remembered token at its expiry', async () => {
    const { verifier, issue } = world([key]);
    const { token } = await issue(60);
    await verifier.verify(token, ISS);
    const before = now;
    now += 66_000;
    expect(verifier.peek(digestOf(token), ISS)).toBeUndefined();
    await expect(verifier.verify(token, ISS)).rejects.toMatchObject({ code: 'invalid_token' });
    now = before;
  });

  it('does not lend a remembered token to another resource (R-BRR-10)', async () => {
    const { verifier, issue } = world([key]);
    const { token } = await issue();
    await verifier.verify(token, ISS);
    await expect(verifier.verify(token, `${ISS}/jira`)).rejects.toMatchObject({
      code: 'invalid_token',
      detail: 'The token is for another resource',
    });
  });

  it('makes tokens that never repeat a jti (R-JAT-08)', async () => {
    const { issue } = world([key]);
    const ids = new Set<string>();
    for (let i = 0; i < 2000; i++) ids.add((await issue()).claims.jti);
    expect(ids.size).toBe(2000);
  });
});

describe('KeyRing', () => {
  it('publishes before signing, and verifies until the last token has ended (R-KEY-02)', async () => {
    const [old, young] = await Promise.all([makeKey('ES256'), makeKey('ES256')]);
    const ring = new KeyRing();
    ring.replace([
      { ...old, retiresAt: now + 10_000 },
      { ...young, signsFrom: now + 5000 },
    ]);
    expect(
      ring
        .published(now)
        .keys.map((jwk: JWK) => jwk.kid)
        .sort(),
    ).toEqual([old.kid, young.kid].sort());
    expect(ring.signing(now).kid).toBe(old.kid);
    expect(ring.signing(now + 5000).kid).toBe(young.kid);
    expect(ring.find(old.kid, now + 9999)).toBeDefined();
    expect(ring.find(old.kid, now + 10_000)).toBeUndefined();
    expect(ring.published(now + 10_000).keys).toHaveLength(1);
  });

  it('publishes public members only (R-KEY-01)', async () => {
    for (const alg of SIGNING_ALGS) {
      const { publicJwk } = await makeKey(alg);
      expect(publicJwk).toMatchObject({ use: 'sig', alg, kid: expect.any(String) });
      expect(Object.keys(publicJwk).filter((name) => ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k'].includes(name))).toEqual([]);
    }
  });

  it('refuses a stored key that is too weak or of another kind (R-KEY-04)', () => {
    const weak = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey.export({ format: 'der', type: 'pkcs8' });
    const curve = generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).privateKey.export({ format: 'der', type: 'pkcs8' });
    expect(() => importPrivateKey('RS256', weak)).toThrow('no RS256 key');
    expect(() => importPrivateKey('ES256', curve)).toThrow('no ES256 key');
  });
});
