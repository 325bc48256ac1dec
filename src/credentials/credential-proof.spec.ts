import { describe, expect, it } from '@jest/globals';
import { jwksOf, type Members, privateJwk, publicJwk, testKey } from '../../test/support/keys.js';
import { EgressPolicy } from '../egress/egress-policy.js';
import { ProblemError } from '../protocol/problem.js';
import { changeSettings, checkGrantTypes, type ProofSurroundings } from './credential-proof.js';
import type { AuthMethod, CredentialSettings, GrantType } from './credential-settings.js';

const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const policy = new EgressPolicy([]);
const AROUND: ProofSurroundings = {
  checkUrl: (url) => policy.checkUrl(url),
  hasServer: (slug) => slug === 'docs',
  servesGrant: () => true,
  acceptsCertificates: true,
  hasCertificateAuthorities: true,
};
const BARE: ProofSurroundings = { ...AROUND, acceptsCertificates: false, hasCertificateAuthorities: false };

const key = testKey();
const jwks = jwksOf(key);
const jwksUri = 'https://client.example/jwks';
const trust = { issuer: 'https://issuer.example', subject: 'repo:acme/*' };
const tlsSubject = { sanDns: 'client.example' };

const change = (method: AuthMethod, input: Members, before: CredentialSettings = {}, around = AROUND): CredentialSettings =>
  changeSettings(method, before, input, around);

/** The field at fault, and what is said of it. */
function faultOf(work: () => unknown): { field: string | undefined; message: string } {
  try {
    work();
  } catch (error) {
    if (error instanceof ProblemError && error.code === 'validation_failed') {
      return { field: error.options.errors?.[0]?.field, message: error.detail };
    }
    throw error;
  }
  throw new Error('It was not refused');
}

describe('changeSettings', () => {
  it.each<[AuthMethod, Members]>([
    ['client_secret', {}],
    ['private_key_jwt', { jwks }],
    ['private_key_jwt', { jwksUri }],
    ['workload_identity', { trust }],
    ['tls_client_auth', { tlsSubject }],
    ['self_signed_tls_client_auth', { jwks }],
  ])('takes for %s the proof %j, as plain data', (method, input) => {
    expect(change(method, input)).toEqual(input);
    expect(change(method, { ...input, dpopRequired: true, jwks: input['jwks'] ?? null })).toEqual({ ...input, dpopRequired: true });
  });

  it.each<[AuthMethod, Members, string]>([
    ['client_secret', { jwks }, 'jwks'],
    ['client_secret', { jwksUri }, 'jwksUri'],
    ['client_secret', { trust }, 'trust'],
    ['client_secret', { tlsSubject }, 'tlsSubject'],
    ['private_key_jwt', {}, 'jwks'],
    ['private_key_jwt', { jwks, jwksUri }, 'jwks'],
    ['private_key_jwt', { jwks, trust }, 'trust'],
    ['private_key_jwt', { jwksUri: '' }, 'jwksUri'],
    ['workload_identity', {}, 'trust'],
    ['workload_identity', { trust, jwksUri }, 'jwksUri'],
    ['tls_client_auth', {}, 'tlsSubject'],
    ['tls_client_auth', { tlsSubject: {} }, 'tlsSubject'],
    ['tls_client_auth', { tlsSubject: { ...tlsSubject, sanIp: '192.0.2.1' } }, 'tlsSubject'],
    ['self_signed_tls_client_auth', { jwksUri }, 'jwksUri'],
    ['self_signed_tls_client_auth', { jwks, jwksUri }, 'jwksUri'],
  ])('refuses for %s what does not go with it, is not enough or too much: %j', (method, input, field) => {
    expect(faultOf(() => change(method, input)).field).toBe(field);
  });

  it('refuses keys that are private, symmetric or none, without repeating them', () => {
    const hidden = privateJwk(key);
    for (const keys of [
      [hidden],
      [publicJwk(testKey()), hidden],
      [{ kty: 'oct', k: hidden['d'] }],
      [],
      [null],
      [publicJwk(key), publicJwk(key)],
    ]) {
      const { field, message } = faultOf(() => change('private_key_jwt', { jwks: { keys } }));
      expect(field).toBe('jwks');
      expect(message).not.toContain(hidden['d']);
    }
  });

  it.each([
    'http://169.254.169.254/',
    'https://169.254.169.254/',
    'https://10.1.2.3/jwks',
    'http://client.example/jwks',
    'ftp://client.example',
  ])('refuses the address %s for keys (R-CLA-15, R-JBG-04)', (address) => {
    expect(faultOf(() => change('private_key_jwt', { jwksUri: address })).field).toBe('jwksUri');
    expect(faultOf(() => change('workload_identity', { trust: { ...trust, jwksUri: address } })).field).toBe('trust.jwksUri');
    expect(faultOf(() => change('workload_identity', { trust: { ...trust, issuer: address } })).field).toBe('trust.issuer');
  });

  it('lets an issuer be no URL where its keys are said to be elsewhere', () => {
    const rule = { ...trust, issuer: 'kubernetes/serviceaccount', jwksUri };
    expect(change('workload_identity', { trust: rule })).toEqual({ trust: rule });
  });

  it('refuses a rule for every customer of a platform', () => {
    for (const subject of ['*', '***']) {
      expect(faultOf(() => change('workload_identity', { trust: { ...trust, subject } })).field).toBe('trust.subject');
      const rule = { ...trust, subject, claims: { repository: 'acme/site' } };
      expect(change('workload_identity', { trust: rule })).toEqual({ trust: rule });
    }
  });

  it('refuses methods and switches that the installation does not offer', () => {
    expect(faultOf(() => change('tls_client_auth', { tlsSubject }, {}, BARE)).field).toBe('authMethod');
    expect(faultOf(() => change('self_signed_tls_client_auth', { jwks }, {}, BARE)).field).toBe('authMethod');
    expect(faultOf(() => change('client_secret', { certificateBound: true }, {}, BARE)).field).toBe('certificateBound');
    expect(faultOf(() => change('client_secret', { introspects: ['docs', 'other'] })).field).toBe('introspects');
    expect(change('client_secret', { introspects: ['docs'] })).toEqual({ introspects: ['docs'] });
  });

  it('keeps what is absent, takes away what is null, and lets keys and address replace each other', () => {
    const before = { jwks, dpopRequired: true, tokensPerHour: 7 };
    expect(change('private_key_jwt', {}, before)).toEqual(before);
    expect(change('private_key_jwt', { dpopRequired: undefined, tokensPerHour: null }, before)).toEqual({ jwks, dpopRequired: true });
    expect(change('private_key_jwt', { jwksUri }, before)).toEqual({ jwksUri, dpopRequired: true, tokensPerHour: 7 });
    expect(change('private_key_jwt', { jwks }, { jwksUri })).toEqual({ jwks });
    expect(faultOf(() => change('private_key_jwt', { jwks: null }, before)).field).toBe('jwks');
    expect(faultOf(() => change('workload_identity', { trust: null }, { trust })).field).toBe('trust');
  });

  it('stores nothing that says nothing, inside a rule neither', () => {
    const input = { trust: { ...trust, jwksUri: null, audience: null, claims: undefined } };
    expect(change('workload_identity', input)).toEqual({ trust });
    expect(change('tls_client_auth', { tlsSubject: { ...tlsSubject, dn: null } })).toEqual({ tlsSubject });
  });

  it('stores no more than a text column of MySQL holds', () => {
    const big = { keys: [{ ...publicJwk(key), comment: 'é'.repeat(30_000) }] };
    expect(faultOf(() => change('private_key_jwt', { jwks: big })).message).toContain('20000 bytes');
  });
});

describe('a rule for a platform that signs for everybody', () => {
  const GITHUB = 'https://token.actions.githubusercontent.com';
  const rule = (subject: string, claims?: Members) => ({ trust: { issuer: GITHUB, subject, ...(claims ? { claims } : {}) } });

  it.each([
    rule('repo:acme/site:*'),
    rule('repo:acme/*'),
    rule('repository_owner:acme'),
    rule('*', { repository_owner_id: '42' }),
    rule('repo:*', { repository: 'acme/*' }),
    { trust: { issuer: 'https://gitlab.com', subject: 'project_path:acme/*' } },
  ])('names whose: %j', (input) => expect(change('workload_identity', input)).toEqual(input));

  it.each([rule('repo:*'), rule('repo:*:ref:refs/heads/main'), rule('repo:*', { environment: 'production' }), rule('repo:a*')])(
    'is refused where it lets in everybody: %j',
    (input) => expect(faultOf(() => change('workload_identity', input)).field).toBe('trust.subject'),
  );
});

describe('a grant that is switched off', () => {
  const without: ProofSurroundings = { ...AROUND, servesGrant: (type) => type === 'client_credentials' };

  it('cannot be given to a credential', () => {
    expect(faultOf(() => change('workload_identity', { trust }, {}, without)).field).toBe('authMethod');
    expect(faultOf(() => checkGrantTypes('client_secret', [EXCHANGE], without)).field).toBe('grantTypes');
    expect(checkGrantTypes('client_secret', ['client_credentials'], without)).toEqual(['client_credentials']);
  });
});

describe('checkGrantTypes', () => {
  it.each<[AuthMethod, GrantType[]]>([
    ['client_secret', ['client_credentials']],
    ['private_key_jwt', ['client_credentials', EXCHANGE]],
    ['private_key_jwt', [EXCHANGE]],
    ['workload_identity', [JWT_BEARER]],
  ])('lets %s have %j', (method, types) => expect(checkGrantTypes(method, [...types].reverse(), AROUND)).toEqual(types));

  it.each<[AuthMethod, GrantType[]]>([
    ['client_secret', [JWT_BEARER]],
    ['private_key_jwt', ['client_credentials', JWT_BEARER]],
    ['workload_identity', ['client_credentials']],
    ['workload_identity', [JWT_BEARER, EXCHANGE]],
  ])('does not let %s have %j', (method, types) => expect(faultOf(() => checkGrantTypes(method, types, AROUND)).field).toBe('grantTypes'));

  it('leaves the default to the method', () => expect(checkGrantTypes('workload_identity', null, AROUND)).toBeNull());
});
