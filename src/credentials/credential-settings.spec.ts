import { describe, expect, it } from '@jest/globals';
import { AUTH_METHODS, type CredentialSettings, defaultGrantTypes, JWT_BEARER, proofFingerprint } from './credential-settings.js';

const TRUST = { issuer: 'https://issuer.example', subject: 'x', claims: { ref: ['a', 'b'], environment: 'production' } };

describe('defaultGrantTypes', () => {
  it('gives workloads the jwt-bearer grant, and everybody else client_credentials', () => {
    for (const method of AUTH_METHODS) {
      expect(defaultGrantTypes(method)).toEqual([method === 'workload_identity' ? JWT_BEARER : 'client_credentials']);
    }
  });
});

describe('proofFingerprint', () => {
  const ofTrust = (trust: object): string | undefined => proofFingerprint('workload_identity', { trust } as CredentialSettings);

  it('is none for secrets and registered keys, which have ids of their own', () => {
    expect(proofFingerprint('client_secret', {})).toBeUndefined();
    expect(proofFingerprint('private_key_jwt', { jwks: { keys: [] } })).toBeUndefined();
    expect(proofFingerprint('self_signed_tls_client_auth', { jwks: { keys: [] } })).toBeUndefined();
  });

  it('tells every other proof from every other', () => {
    const jwksUri = 'https://client.example/jwks';
    const all = [
      proofFingerprint('private_key_jwt', { jwksUri }),
      proofFingerprint('private_key_jwt', { jwksUri: `${jwksUri}2` }),
      proofFingerprint('tls_client_auth', { tlsSubject: { dn: 'CN=a' } }),
      proofFingerprint('tls_client_auth', { tlsSubject: { sanDns: 'CN=a' } }),
      ofTrust(TRUST),
      ofTrust({ ...TRUST, issuer: 'https://issuer.example2' }),
      ofTrust({ ...TRUST, subject: 'y' }),
      ofTrust({ ...TRUST, audience: 'y' }),
      ofTrust({ ...TRUST, jwksUri }),
      ofTrust({ ...TRUST, claims: { ...TRUST.claims, environment: 'staging' } }),
      ofTrust({ ...TRUST, claims: { ...TRUST.claims, ref: ['a'] } }),
      ofTrust({ ...TRUST, claims: { ref: 'a,b', environment: 'production' } }),
      ofTrust({ ...TRUST, claims: undefined }),
    ];
    for (const one of all) expect(one).toMatch(/^[\w-]{43}$/);
    expect(new Set(all).size).toBe(all.length);
  });

  it('does not depend on the order in which a rule was sent, nor on the switches', () => {
    const { issuer, subject, claims } = TRUST;
    expect(ofTrust({ claims: { environment: claims.environment, ref: claims.ref }, subject, issuer })).toBe(ofTrust(TRUST));
    expect(proofFingerprint('workload_identity', { trust: TRUST, singleUseAssertion: true, dpopRequired: true })).toBe(ofTrust(TRUST));
  });
});
