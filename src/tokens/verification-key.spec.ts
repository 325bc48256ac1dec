import { createHash, createSign, createVerify, generateKeyPairSync, type JsonWebKey, type KeyObject } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { calculateJwkThumbprint } from 'jose';
import fc from '../../test/support/properties.js';
import { candidateKeys, isJwks, parseJwks, usableKeys, VERIFICATION_ALGS } from './verification-key.js';

const ec = () => generateKeyPairSync('ec', { namedCurve: 'P-256' });
const rsa = (modulusLength: number, publicExponent?: number) =>
  generateKeyPairSync('rsa', publicExponent === undefined ? { modulusLength } : { modulusLength, publicExponent });
const ed25519 = () => generateKeyPairSync('ed25519');
const publicJwk = ({ publicKey }: { publicKey: KeyObject }): JsonWebKey => publicKey.export({ format: 'jwk' });
const privateJwk = ({ privateKey }: { privateKey: KeyObject }): JsonWebKey => privateKey.export({ format: 'jwk' });

const EC_PAIR = ec();
const RSA_PAIR = rsa(2048);
const EC = publicJwk(EC_PAIR);
const RSA = publicJwk(RSA_PAIR);
const ED = publicJwk(ed25519());

/** The number one more with every step, which is not on the curve with its partner any more. */
const changed = (member = ''): string => `${member.startsWith('A') ? 'B' : 'A'}${member.slice(1)}`;
const padded = (member = ''): string => Buffer.concat([Buffer.from([0, 0]), Buffer.from(member, 'base64url')]).toString('base64url');
const ofBits = (bits: number): JsonWebKey => ({ kty: 'RSA', e: 'AQAB', n: Buffer.alloc(bits / 8, 0xff).toString('base64url') });

const SET_FAULT = 'The JWK Set must be an object with a list "keys" (RFC 7517 §5).';

const UNUSABLE: readonly [string, unknown, string][] = [
  ['what is no object', 7, 'is not an object'],
  ['null', null, 'is not an object'],
  ['a list', [EC], 'is not an object'],
  ['a key without a type', { ...EC, kty: undefined }, 'must have the kty EC, OKP or RSA'],
  ['an unknown type', { ...EC, kty: 'AKP' }, 'must have the kty EC, OKP or RSA'],
  ['a type that is a property of every object', { ...EC, kty: 'constructor' }, 'must have the kty EC, OKP or RSA'],
  ['a symmetric key (R-CLA-25)', { kty: 'oct', k: 'c2VjcmV0LTE' }, 'is symmetric: register a public key'],
  ['a private EC key', privateJwk(EC_PAIR), 'holds the private member "d": replace the key pair, and register its public half only'],
  ['a private RSA key', privateJwk(RSA_PAIR), 'holds the private member "d": replace the key pair, and register its public half only'],
  ['a private Ed25519 key', privateJwk(ed25519()), 'holds the private member "d"'],
  ...['p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'].map((member): [string, unknown, string] => [
    `a public key with a private member, ${member}`,
    { ...RSA, [member]: 'AQAB' },
    `holds the private member "${member}"`,
  ]),
  ['an empty private member', { ...EC, d: null }, 'holds the private member "d"'],
  ['RSA of 1024 bits (RFC 7518 §3.3)', publicJwk(rsa(1024)), 'must have 2048 to 8192 bits, not 1024'],
  ['RSA of 2040 bits', ofBits(2040), 'must have 2048 to 8192 bits, not 2040'],
  [
    'RSA of 1024 bits, filled up with zeros',
    { ...publicJwk(rsa(1024)), n: padded(publicJwk(rsa(1024)).n) },
    'must have 2048 to 8192 bits, not 1024',
  ],
  ['RSA of 8200 bits', ofBits(8200), 'must have 2048 to 8192 bits, not 8200'],
  ['RSA of 100000 bits', ofBits(100_000), 'has no usable member "n"'],
  ['RSA with the exponent 1', { ...RSA, e: 'AQ' }, 'has an unusable exponent: 65537 is usual'],
  ['RSA with an even exponent', { ...RSA, e: 'AQAA' }, 'has an unusable exponent: 65537 is usual'],
  ['RSA with a long exponent', { ...RSA, e: 'AQAAAAE' }, 'has an unusable exponent: 65537 is usual'],
  ['RSA with the exponent 0', { ...RSA, e: 'AA' }, 'has an unusable exponent: 65537 is usual'],
  ['RSA without a modulus', { ...RSA, n: undefined }, 'has no usable member "n"'],
  ['RSA with a number for a modulus', { ...RSA, n: 7 }, 'has no usable member "n"'],
  ['RSA with a curve', { ...RSA, crv: 'P-256' }, 'has a crv, which RSA keys have not'],
  ['P-384', publicJwk(generateKeyPairSync('ec', { namedCurve: 'P-384' })), 'must have the crv P-256'],
  ['P-521', publicJwk(generateKeyPairSync('ec', { namedCurve: 'P-521' })), 'must have the crv P-256'],
  ['secp256k1', publicJwk(generateKeyPairSync('ec', { namedCurve: 'secp256k1' })), 'must have the crv P-256'],
  ['Ed448', publicJwk(generateKeyPairSync('ed448')), 'must have the crv Ed25519'],
  ['X25519, which is for key agreement', publicJwk(generateKeyPairSync('x25519')), 'must have the crv Ed25519'],
  ['a curve of another type', { ...ED, crv: 'P-256' }, 'must have the crv Ed25519'],
  ['a point that is not on the curve', { ...EC, y: changed(EC.y) }, 'is not a valid public key'],
  ['half a point', { ...EC, y: undefined }, 'has no usable member "y"'],
  ['an empty half', { ...EC, x: '' }, 'has no usable member "x"'],
  ['an Ed25519 key that is too short', { ...ED, x: 'AAAA' }, 'is not a valid public key'],
  ['a key for encryption', { ...RSA, use: 'enc' }, 'must have the use "sig", or none'],
  ['a use of no kind', { ...RSA, use: null }, 'must have the use "sig", or none'],
  ['key_ops without verify', { ...RSA, key_ops: ['encrypt'] }, 'must have "verify" in key_ops, or no key_ops'],
  ['key_ops that sign', { ...RSA, key_ops: ['sign'] }, 'must have "verify" in key_ops, or no key_ops'],
  ['key_ops that are no list', { ...RSA, key_ops: 'verify' }, 'must have "verify" in key_ops, or no key_ops'],
  ['an alg that is not used here', { ...RSA, alg: 'RS512' }, 'must have an alg that fits its type, or none: RS256 or PS256'],
  ['an alg of another type', { ...RSA, alg: 'ES256' }, 'must have an alg that fits its type, or none: RS256 or PS256'],
  ['the alg HS256 (RFC 8725 §3.1)', { ...RSA, alg: 'HS256' }, 'must have an alg that fits its type, or none: RS256 or PS256'],
  ['the alg none', { ...EC, alg: 'none' }, 'must have an alg that fits its type, or none: ES256'],
  ['an empty alg', { ...EC, alg: '' }, 'must have an alg that fits its type, or none: ES256'],
  ['an empty kid', { ...EC, kid: '' }, 'must have a kid of 1 to 256 characters, or none'],
  ['a long kid', { ...EC, kid: 'k'.repeat(257) }, 'must have a kid of 1 to 256 characters, or none'],
  ['a number for a kid', { ...EC, kid: 7 }, 'must have a kid of 1 to 256 characters, or none'],
];

describe('parseJwks', () => {
  it.each([
    ['EC', EC, ['ES256']],
    ['OKP', ED, ['EdDSA', 'Ed25519']],
    ['RSA', RSA, ['RS256', 'PS256']],
  ])('reads a key of the type %s, which decides what it may verify (RFC 8725 §3.1)', async (_, jwk, algs) => {
    const [key] = parseJwks({ keys: [{ ...jwk, kid: 'k1', use: 'sig', key_ops: ['verify'], x5c: ['ignored'] }] });
    expect(key).toMatchObject({ kid: 'k1', alg: undefined, algs });
    expect(key?.key.type).toBe('public');
    expect(key?.thumbprint).toBe(await calculateJwkThumbprint(jwk));
  });

  it('narrows a key to the alg that it names', () => {
    expect(parseJwks({ keys: [{ ...RSA, alg: 'PS256' }] })).toMatchObject([{ kid: undefined, alg: 'PS256', algs: ['PS256'] }]);
    for (const alg of ['EdDSA', 'Ed25519']) {
      expect(parseJwks({ keys: [{ ...ED, alg }] })).toMatchObject([{ alg, algs: ['EdDSA', 'Ed25519'] }]);
    }
  });

  it('knows no symmetric algorithm, and not none', () => {
    expect(VERIFICATION_ALGS.filter((alg) => alg.startsWith('HS') || /none/i.test(alg))).toEqual([]);
  });

  it('gives keys that verify', () => {
    const [key] = parseJwks({ keys: [EC] });
    const signature = createSign('sha256').update('text').sign(EC_PAIR.privateKey);
    expect(createVerify('sha256').update('text').verify(key!.key, signature)).toBe(true);
  });

  it.each([
    [2048, 3],
    [8192, 65_537],
  ])('takes RSA of %i bits with the exponent %i', (bits, exponent) => {
    const jwk = bits === 8192 ? ofBits(bits) : publicJwk(rsa(bits, exponent));
    expect(parseJwks({ keys: [jwk] })).toHaveLength(1);
  });

  it.each([undefined, null, 7, '{"keys":[]}', [], [EC], EC, {}, { keys: EC }, { keys: null }, { keys: '' }])(
    'refuses what is no JWK Set',
    (value) => {
      expect(() => parseJwks(value)).toThrow(new Error(SET_FAULT));
      expect([isJwks(value), usableKeys(value)]).toEqual([false, []]);
    },
  );

  it('refuses an empty set, and one of more than 20 keys', () => {
    expect(() => parseJwks({ keys: [] })).toThrow(new Error('The JWK Set holds no key.'));
    const keys = Array.from({ length: 21 }, () => publicJwk(ed25519()));
    expect(parseJwks({ keys: keys.slice(1) })).toHaveLength(20);
    expect(() => parseJwks({ keys })).toThrow(new Error('The JWK Set holds more than 20 keys.'));
  });

  it.each(UNUSABLE)('refuses %s, and says which key it is', (_, jwk, fault) => {
    const faultOf = (work: () => unknown): string => {
      try {
        work();
        return '';
      } catch (error) {
        return (error as Error).message;
      }
    };
    expect(faultOf(() => parseJwks({ keys: [jwk] }))).toContain(`Key 1 of the JWK Set ${fault}`);
    expect(faultOf(() => parseJwks({ keys: [publicJwk(ec()), jwk] }))).toMatch(/^Key 2 of the JWK Set .*\.$/);
  });

  it('refuses two keys with one kid, and one key under two kids', () => {
    expect(() =>
      parseJwks({
        keys: [
          { ...EC, kid: 'k' },
          { ...RSA, kid: 'k' },
        ],
      }),
    ).toThrow(new Error('Key 2 of the JWK Set has the kid of another key.'));
    expect(() =>
      parseJwks({
        keys: [
          { ...EC, kid: 'a' },
          { ...EC, kid: 'b' },
        ],
      }),
    ).toThrow(new Error('Key 2 of the JWK Set stands there twice.'));
    expect(parseJwks({ keys: [EC, RSA, ED] })).toHaveLength(3);
  });

  it('knows a key by its number, however that is spelled', () => {
    expect(() => parseJwks({ keys: [RSA, { ...RSA, n: padded(RSA.n), e: padded(RSA.e) }] })).toThrow(
      'Key 2 of the JWK Set stands there twice.',
    );
    expect(() => parseJwks({ keys: [RSA, { ...RSA, n: `${RSA.n ?? ''}==` }] })).toThrow('Key 2 of the JWK Set stands there twice.');
  });

  it('repeats nothing of a private key', () => {
    const { d } = privateJwk(EC_PAIR);
    expect(() => parseJwks({ keys: [privateJwk(EC_PAIR)] })).toThrow(
      expect.not.objectContaining({ message: expect.stringContaining(d ?? '') }),
    );
  });

  it('throws nothing but plain errors that end with a full stop (property)', () => {
    const member = fc.constantFrom('kty', 'crv', 'x', 'y', 'n', 'e', 'use', 'alg', 'kid', 'key_ops', 'd', '__proto__');
    const jwk = fc.oneof(
      fc.jsonValue(),
      fc.tuple(fc.constantFrom(EC, RSA, ED), member, fc.jsonValue()).map(([base, name, value]) => ({ ...base, [name]: value })),
    );
    fc.assert(
      fc.property(fc.array(jwk, { maxLength: 3 }), (keys) => {
        const usable = usableKeys({ keys });
        try {
          expect(parseJwks({ keys }).map(({ thumbprint }) => thumbprint)).toEqual(usable.map(({ thumbprint }) => thumbprint));
        } catch (error) {
          expect((error as Error).constructor).toBe(Error);
          expect((error as Error).message).toMatch(/^(Key \d of the|The) JWK Set .*\.$/);
          expect(usable.length < keys.length || keys.length === 0).toBe(true);
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('usableKeys', () => {
  it.each(UNUSABLE)('passes over %s', (_, jwk) => {
    expect(usableKeys({ keys: [jwk, { ...ED, kid: 'good' }] }).map(({ kid }) => kid)).toEqual(['good']);
  });

  it('gives none for a set without keys', () => {
    expect([usableKeys({ keys: [] }), isJwks({ keys: [] })]).toEqual([[], true]);
  });

  it('takes the first of two keys with one kid', () => {
    const keys = usableKeys({
      keys: [
        { ...EC, kid: 'k' },
        { ...RSA, kid: 'k' },
        { ...EC, kid: 'l' },
      ],
    });
    expect(keys.map(({ kid, key }) => [kid, key.asymmetricKeyType])).toEqual([['k', 'ec']]);
  });

  it('looks at the first 100 keys', () => {
    const keys = Array.from({ length: 101 }, (_, i) => ({ ...publicJwk(ed25519()), kid: `${i}` }));
    expect(usableKeys({ keys }).map(({ kid }) => kid)).toEqual(keys.slice(0, 100).map(({ kid }) => kid));
    expect(usableKeys({ keys: [...Array<unknown>(100).fill({ kty: 'oct' }), ED] })).toEqual([]);
  });
});

describe('candidateKeys', () => {
  const keys = parseJwks({
    keys: [
      { ...EC, kid: 'ec' },
      { ...RSA, kid: 'rsa' },
      { ...publicJwk(rsa(2048)), kid: 'ps', alg: 'PS256' },
      { ...ED, kid: 'ed' },
      publicJwk(ec()),
    ],
  });
  const kidsFor = (header: { kid?: string; alg: string }) => candidateKeys(keys, header).map(({ kid }) => kid);

  it('takes the key that the header names', () => {
    expect(kidsFor({ kid: 'ec', alg: 'ES256' })).toEqual(['ec']);
    expect(kidsFor({ kid: 'rsa', alg: 'RS256' })).toEqual(['rsa']);
    expect(kidsFor({ kid: 'rsa', alg: 'PS256' })).toEqual(['rsa']);
    expect(kidsFor({ kid: 'ed', alg: 'EdDSA' })).toEqual(['ed']);
  });

  it.each([
    ['ec', 'RS256'],
    ['rsa', 'ES256'],
    ['ps', 'RS256'],
    ['ed', 'ES256'],
    ['rsa', 'HS256'],
    ['rsa', 'none'],
    ['rsa', 'RS512'],
    ['rsa', ''],
    ['EC', 'ES256'],
    ['', 'ES256'],
    ['other', 'ES256'],
  ])('finds none for the kid %j with the alg %j (RFC 8725 §3.1)', (kid, alg) => {
    expect(kidsFor({ kid, alg })).toEqual([]);
  });

  it('takes all that fit the alg when the header names none', () => {
    expect(kidsFor({ alg: 'ES256' })).toEqual(['ec', undefined]);
    expect(kidsFor({ alg: 'RS256' })).toEqual(['rsa']);
    expect(kidsFor({ alg: 'PS256' })).toEqual(['rsa', 'ps']);
    expect(kidsFor({ alg: 'HS256' })).toEqual([]);
  });

  it('takes 5 at most', () => {
    const many = parseJwks({ keys: Array.from({ length: 6 }, () => publicJwk(ed25519())) });
    expect(candidateKeys(many, { alg: 'EdDSA' })).toEqual(many.slice(0, 5));
  });
});

it('makes thumbprints as in the example of RFC 7638 §3.1', () => {
  const n =
    '0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw';
  expect(usableKeys({ keys: [{ kty: 'RSA', n, e: 'AQAB', alg: 'RS256', kid: '2011-04-29' }] })[0]?.thumbprint).toBe(
    'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs',
  );
  expect(createHash('sha256').update(`{"e":"AQAB","kty":"RSA","n":"${n}"}`).digest('base64url')).toBe(
    'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs',
  );
});
