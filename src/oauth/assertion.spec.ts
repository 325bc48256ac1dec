import { createHmac, sign } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { errors, type JWTPayload } from 'jose';
import { settableClock } from '../../test/support/database.js';
import type { ProofAlg } from '../../test/support/dpop.js';
import { jwksOf, type Members, signAssertion, type TestKey, testKey } from '../../test/support/keys.js';
import fc from '../../test/support/properties.js';
import { parseJwks } from '../tokens/verification-key.js';
import { audiencesOf, readAssertion, rememberUntil, requireJti, type VerifiedAssertion, verifyAssertion } from './assertion.js';

const ALGS: readonly ProofAlg[] = ['ES256', 'RS256', 'PS256', 'EdDSA', 'Ed25519'];
const ISSUER = 'https://issuer.example';
const key = testKey();
const { clock, set } = settableClock();
const START = clock();
const NOW = START / 1000;

const claims = (more: Members = {}): Members => ({ iss: ISSUER, sub: 'x', aud: 'y', exp: NOW + 300, ...more });
const encode = (value: unknown): string => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
const verify = (token: string, keys: readonly TestKey[] = [key], requiredClaims: string[] = []): Promise<VerifiedAssertion> =>
  verifyAssertion(readAssertion(token), parseJwks(jwksOf(...keys)), { issuer: ISSUER, requiredClaims, clock });

const bytesOf = (token: string): Buffer =>
  Buffer.concat(token.split('.').flatMap((part) => [Buffer.from(part, 'base64url'), Buffer.from('.')]));

/** Signs header and claims as they are spelled. */
const signRaw = (input: string): string =>
  `${input}.${sign('sha256', Buffer.from(input), { key: key.privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;

describe('readAssertion', () => {
  it('reads what is needed to find the keys', () => {
    const token = signAssertion(key, claims({ more: 1 }));
    expect(readAssertion(token)).toEqual({ token, alg: 'ES256', kid: key.kid, type: 'jwt', claims: claims({ more: 1 }) });
  });

  it.each([
    [undefined, undefined],
    ['JWT', 'jwt'],
    ['application/at+jwt', 'at+jwt'],
    ['Application/JWT', 'jwt'],
    ['application/application/jwt', 'application/jwt'],
    ['', ''],
  ])('reads the typ %p as %p (RFC 7515 §4.1.9)', (typ, type) =>
    expect(readAssertion(signAssertion(key, claims(), { typ })).type).toBe(type),
  );

  it.each<[string, string, RegExp]>([
    ['a text', 'x', /formatting/],
    ['two parts', 'e30.e30', /formatting/],
    ['five parts', `${encode({ alg: 'dir', enc: 'A128GCM' })}.a.a.a.a`, /JWS/],
    ['a header that is no JSON', `${encode('{"alg":')}.e30.x`, /formatting/],
    ['claims that are a list', `${encode({ alg: 'ES256' })}.${encode([])}.x`, /Claims/],
    ['no alg', signAssertion(key, claims(), { alg: undefined }), /no algorithm/],
    ['an alg that is a list', signAssertion(key, claims(), { alg: ['ES256'] }), /no algorithm/],
    ['a kid that is a number', signAssertion(key, claims(), { kid: 7 }), /kid or typ/],
    ['a typ that is a list', signAssertion(key, claims(), { typ: ['JWT'] }), /kid or typ/],
    ['a typ that is null', signAssertion(key, claims(), { typ: null }), /kid or typ/],
    ['an iss that is a list', signAssertion(key, claims({ iss: [ISSUER] })), /iss or sub/],
    ['a sub that is a number', signAssertion(key, claims({ sub: 7 })), /iss or sub/],
    ['a sub that is null', signAssertion(key, claims({ sub: null })), /iss or sub/],
    ['critical extensions (RFC 7515 §4.1.11)', signAssertion(key, claims(), { crit: ['canary'], canary: 1 }), /critical extensions$/],
    ['more than 16 KiB', 'x'.repeat(16 * 1024 + 1), /too long/],
  ])('refuses %s', (_, token, reason) => expect(() => readAssertion(token)).toThrow(reason));

  it('throws an error for every text that is none, and nothing of the text is in it', () => {
    const part = fc.oneof(fc.base64String(), fc.string(), fc.json().map(encode));
    const token = fc.oneof(
      fc.string(),
      fc.array(part, { maxLength: 6 }).map((parts) => parts.join('.')),
    );
    fc.assert(
      fc.property(token, (text) => {
        try {
          expect(readAssertion(text).token).toBe(text);
        } catch (error) {
          expect(error).toBeInstanceOf(Error);
          if (text.length > 12) expect((error as Error).message).not.toContain(text);
        }
      }),
    );
  });
});

describe('verifyAssertion', () => {
  it.each(ALGS)('verifies %s, and says by which key', async (alg) => {
    const own = testKey(alg);
    const { key: used, claims: found, expiresAt } = await verify(signAssertion(own, claims()), [key, own]);
    expect([used.thumbprint, found, expiresAt]).toEqual([own.jkt, claims(), START + 300_000]);
  });

  it('tries every key that may fit where none is named', async () => {
    const keys = [testKey(), testKey('EdDSA'), testKey(), key];
    expect((await verify(signAssertion(key, claims(), { kid: undefined }), keys)).key.thumbprint).toBe(key.jkt);
  });

  it('says what is wrong with the claims, whichever key comes last', async () => {
    const token = signAssertion(key, claims({ exp: NOW - 100 }), { kid: undefined });
    await expect(verify(token, [key, testKey()])).rejects.toThrow('"exp" claim timestamp check failed');
  });

  it('refuses a key under another algorithm, none and HMAC (RFC 8725 §3.1)', async () => {
    const rsa = testKey('RS256');
    const input = `${encode({ alg: 'HS256', kid: rsa.kid })}.${encode(claims())}`;
    const pem = rsa.privateKey.export({ type: 'pkcs8', format: 'pem' });
    const tokens = [
      signAssertion({ ...rsa, alg: 'PS256' }, claims(), { alg: 'PS256' }),
      `${encode({ alg: 'none' })}.${encode(claims())}.`,
      `${input}.${createHmac('sha256', pem).update(input).digest('base64url')}`,
      signAssertion(testKey('ES256', key.kid), claims()),
      signAssertion(key, claims(), { kid: 'another' }),
    ];
    for (const token of tokens) {
      await expect(verify(token, [key, rsa])).rejects.toThrow('No registered key made the signature of the assertion');
    }
  });

  it('refuses an assertion of which anything was changed', async () => {
    const token = signAssertion(key, claims());
    const place = fc.nat({ max: token.length - 1 });
    const character = fc.constantFrom(...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.');
    await fc.assert(
      fc.asyncProperty(place, character, async (at, other) => {
        const changed = token.slice(0, at) + other + token.slice(at + 1);
        // The last character of base64url holds bits that say nothing.
        fc.pre(Buffer.compare(bytesOf(changed), bytesOf(token)) !== 0);
        await expect((async () => verify(changed))()).rejects.toBeInstanceOf(Error);
      }),
      { numRuns: 200 },
    );
  });

  it.each<[string, Members, boolean]>([
    ['exp a minute ago', { exp: NOW - 60 }, false],
    ['exp less than a minute ago', { exp: NOW - 59 }, true],
    ['exp in a thousand years', { exp: NOW + 32_000_000_000 }, true],
    ['exp with a fraction', { exp: NOW + 0.5 }, true],
    ['exp beyond all time', { exp: 1e300 }, false],
    ['no exp', { exp: undefined }, false],
    ['exp as a text', { exp: '9999999999' }, false],
    ['nbf in a minute', { nbf: NOW + 60 }, true],
    ['nbf later', { nbf: NOW + 61 }, false],
    ['iat in a minute', { iat: NOW + 60 }, true],
    ['iat later', { iat: NOW + 61 }, false],
    ['iat as a text', { iat: '1' }, false],
    ['another issuer', { iss: `${ISSUER}/` }, false],
    ['no issuer', { iss: undefined }, false],
  ])('with %s: %#', async (_, more, isGood) => {
    set(START);
    const outcome = await verify(signAssertion(key, claims(more))).then(
      () => true,
      (error: unknown) => (error instanceof Error ? false : error),
    );
    expect(outcome).toBe(isGood);
  });

  it('refuses an exp that JSON lets be infinite', async () => {
    const header = encode({ alg: 'ES256', kid: key.kid });
    const payload = encode(JSON.stringify(claims({ exp: 0 })).replace('"exp":0', '"exp":1e999'));
    const token = signRaw(`${header}.${payload}`);
    expect(readAssertion(token).claims.exp).toBe(Infinity);
    await expect(verify(token)).rejects.toThrow('The exp of the assertion is no time');
  });

  it('asks for the claims that the caller wants', async () => {
    await expect(verify(signAssertion(key, claims()), [key], ['jti'])).rejects.toThrow(errors.JWTClaimValidationFailed);
    expect((await verify(signAssertion(key, claims({ jti: 'x' })), [key], ['jti'])).claims.jti).toBe('x');
  });
});

describe('rememberUntil', () => {
  it('lies after every moment at which the assertion is accepted, by a clock that is a minute late', async () => {
    for (const fraction of [0, 0.001, 0.5, 0.999]) {
      set(START);
      const token = signAssertion(key, claims({ exp: NOW + fraction }));
      const end = rememberUntil((await verify(token)).expiresAt);
      set(end - 60_000);
      await expect(verify(token)).rejects.toThrow('"exp" claim timestamp check failed');
    }
    set(START);
  });
});

describe('requireJti', () => {
  it.each([undefined, '', 7, ['x'], 'x'.repeat(513)])('refuses a jti that is none, or too long: %#', (jti) =>
    expect(() => requireJti({ jti } as JWTPayload)).toThrow('no usable jti'),
  );

  it('takes a text', () => expect(requireJti({ jti: 'x'.repeat(512) })).toHaveLength(512));
});

describe('audiencesOf', () => {
  it.each([
    ['x', ['x']],
    [
      ['x', 'y'],
      ['x', 'y'],
    ],
    [undefined, [undefined]],
    [[], []],
  ])('makes of %p the list %p', (aud, list) => expect(audiencesOf(aud === undefined ? {} : { aud })).toEqual(list));
});
