import { describe, expect, it } from '@jest/globals';
import { ClientSecret } from '../credentials/client-secret.entity.js';
import { Credential } from '../credentials/credential.entity.js';
import { CredentialState } from '../credentials/credential-state.js';
import { OAuthError } from '../protocol/oauth-error.js';
import type { Server } from '../servers/server.entity.js';
import { Sealer } from '../database/sealer.js';
import { toServerState } from '../servers/server-state.js';
import type { AccessTokenClaims } from '../tokens/claims.js';
import type { FindCredential } from '../credentials/token-parties.js';
import { Authenticator } from './principal.js';

const NOW = 1_800_000_000_000;
const SCOPES = [
  { name: 'mcp:search', permissions: ['tools/call:search_*'], default: true },
  { name: 'mcp:read', permissions: ['tools/call:read_*'], default: true },
  { name: 'mcp:write', permissions: ['tools/call:write_*'] },
];
const SERVER = toServerState(
  {
    id: 's1',
    slug: 'docs',
    name: 'Docs',
    access: 'both',
    isDefault: true,
    upstream: { kind: 'docs' },
    scopes: SCOPES,
  } as unknown as Server,
  { publicUrl: 'https://host.example', sealer: new Sealer(Buffer.alloc(32)) },
);
const PRESENTED = { scheme: 'Bearer', token: 't', digest: 'd' } as const;
const CLAIMS: AccessTokenClaims = {
  iss: 'https://host.example/authed/mcp',
  aud: SERVER.resource,
  sub: 'c1',
  client_id: 'c1',
  scope: 'mcp:search mcp:write',
  jti: 'j1',
  iat: NOW / 1000,
  exp: NOW / 1000 + 3600,
  auth_id: 'k1',
};

const credential = (parts: Partial<Credential> = {}, secret: Partial<ClientSecret> = {}): CredentialState => {
  const open = { scopes: null, tokenTtl: null, expiresAt: null, isEnabled: true, allowedIps: null };
  const method = { authMethod: 'client_secret' as const, settings: null, grantTypes: null, tokensNotBefore: null };
  const row = Object.assign(new Credential(), { id: 'i1', clientId: 'c1', servers: ['docs'], ...method, ...open, ...parts });
  return new CredentialState(row, [Object.assign(new ClientSecret(), { id: 'k1', digest: 'x', expiresAt: null, ...secret })]);
};

/** A verifier that knows one token, already or only after a look at its signature. */
const verifierOf = (claims: AccessTokenClaims | undefined, isWarm = true) => ({
  peek: () => (isWarm ? claims : undefined),
  verify: () =>
    claims ? Promise.resolve(claims) : Promise.reject(new OAuthError('invalid_token', 'public', { detail: 'The signature is wrong' })),
});

const authenticator = (find: FindCredential, isWarm = true, claims: AccessTokenClaims | undefined = CLAIMS) =>
  new Authenticator(verifierOf(claims, isWarm), find, () => NOW);

async function refusalOf(act: () => unknown): Promise<OAuthError> {
  try {
    await act();
  } catch (error) {
    if (error instanceof OAuthError) return error;
    throw error;
  }
  throw new Error('It was not refused');
}

describe('Authenticator', () => {
  it('answers at once where token and credential are in memory, with the same principal each time', () => {
    const state = credential();
    const known = authenticator(() => state);
    const principal = known.authenticate(PRESENTED, SERVER, '192.0.2.1');
    expect(principal).toMatchObject({ credential: state, claims: CLAIMS, server: SERVER });
    expect(known.authenticate(PRESENTED, SERVER, '192.0.2.1')).toBe(principal);
  });

  it('waits for a credential that must be read, and for a signature', async () => {
    const state = credential();
    await expect(authenticator(() => Promise.resolve(state)).authenticate(PRESENTED, SERVER, '192.0.2.1')).resolves.toMatchObject({
      credential: state,
    });
    await expect(authenticator(() => state, false).authenticate(PRESENTED, SERVER, '192.0.2.1')).resolves.toMatchObject({
      credential: state,
    });
  });

  it('makes another principal when the credential has changed', () => {
    let state = credential();
    const known = authenticator(() => state);
    const principal = known.authenticate(PRESENTED, SERVER, '192.0.2.1');
    state = credential({ scopes: ['mcp:write'] });
    expect(known.authenticate(PRESENTED, SERVER, '192.0.2.1')).not.toBe(principal);
  });

  it('leaves a token the scopes that its credential may still have', () => {
    expect(authenticator(() => credential()).authenticate(PRESENTED, SERVER, '')).toMatchObject({
      scopes: ['mcp:search'],
      ceiling: ['mcp:search', 'mcp:read'],
    });
    expect(authenticator(() => credential({ scopes: ['mcp:write'] })).authenticate(PRESENTED, SERVER, '')).toMatchObject({
      scopes: ['mcp:write'],
    });
  });

  it('takes a broader ceiling for a narrower token (R-BRR-07)', () => {
    const broad = { name: 'mcp:all', permissions: ['*'] };
    const server = { ...SERVER, scopes: [...SERVER.scopes, broad] };
    const state = credential({ scopes: ['mcp:all'] });
    const principal = authenticator(() => state, true, { ...CLAIMS, scope: 'mcp:search' }).authenticate(PRESENTED, server, '');
    expect(principal).toMatchObject({ scopes: ['mcp:search'], ceiling: expect.arrayContaining(['mcp:all', 'mcp:search']) });
  });

  describe('with a token that was exchanged', () => {
    const ORIGINAL = { client_id: 'mcc_subject', auth_id: 'k1', jti: 'first', iat: CLAIMS.iat };
    const EXCHANGED: AccessTokenClaims = { ...CLAIMS, sub: 'mcc_subject', act: { sub: CLAIMS.client_id }, via: [ORIGINAL] };
    const subjectOf = (more: Parameters<typeof credential>[0] = {}) => credential({ id: 'subject', clientId: 'mcc_subject', ...more });
    const withSubject = (subject: ReturnType<typeof credential> | undefined, agent = credential()) =>
      authenticator((clientId) => (clientId === 'mcc_subject' ? subject : agent), true, EXCHANGED);

    it('lets the agent do what both credentials may', async () => {
      const agent = credential({ scopes: ['mcp:search', 'mcp:write'] });
      const principal = await withSubject(subjectOf({ scopes: ['mcp:search', 'mcp:read'] }), agent).authenticate(PRESENTED, SERVER, '');
      expect(principal).toMatchObject({ credential: agent, ceiling: ['mcp:search'], scopes: ['mcp:search'] });
      expect(principal.credentialIds).toEqual([agent.id, 'subject']);
    });

    it.each([
      ['is deleted', undefined],
      ['is disabled', subjectOf({ isEnabled: false })],
      ['lost its server', subjectOf({ servers: ['other'] })],
      ['had its tokens revoked', subjectOf({ tokensNotBefore: (CLAIMS.iat + 1) * 1000 })],
    ])('refuses it once the credential that it stands for %s', async (_what, subject) => {
      const error = await refusalOf(() => withSubject(subject).authenticate(PRESENTED, SERVER, ''));
      expect(error.code).toBe('invalid_token');
    });
  });

  it.each([
    ['deleted', undefined, 'A credential that the token depends on does not exist'],
    ['disabled', credential({ isEnabled: false }), 'The credential is disabled or has expired'],
    ['expired', credential({ expiresAt: NOW }), 'The credential is disabled or has expired'],
    ['without the secret', credential({}, { id: 'k2' }), 'The secret or key that the token was made with has ended'],
    ['with an ended secret', credential({}, { expiresAt: NOW }), 'The secret or key that the token was made with has ended'],
    ['without this server', credential({ servers: ['other'] }), 'The credential may not reach this server any more'],
    ['elsewhere', credential({ allowedIps: ['10.0.0.0/8'] }), 'The credential may not come from this address'],
  ])('refuses the token of a credential that is %s, with one public answer [R-BRR-05]', async (_what, state, detail) => {
    for (const isWarm of [true, false]) {
      const error = await refusalOf(() => authenticator(() => state, isWarm).authenticate(PRESENTED, SERVER, '192.0.2.1'));
      expect(error.detail).toBe(detail);
      expect(error.toBody()).toEqual({
        error: 'invalid_token',
        error_description: 'The access token is not valid here, has expired or was revoked.',
      });
      expect(error.headers['www-authenticate']).toContain('error="invalid_token"');
      expect(error.headers['www-authenticate']).toContain(
        'resource_metadata="https://host.example/.well-known/oauth-protected-resource/authed/mcp"',
      );
    }
  });

  it('adds the challenge to what the verifier refuses, and keeps its reason private', async () => {
    const known = new Authenticator(
      verifierOf(undefined),
      () => credential(),
      () => NOW,
    );
    const error = await refusalOf(() => known.authenticate(PRESENTED, SERVER, ''));
    expect(error.detail).toBe('The signature is wrong');
    expect(error.headers['www-authenticate']).toContain('scope="mcp:search mcp:read"');
  });

  it('puts the error into the challenge of the scheme that was tried [R-DPP-10]', async () => {
    for (const isWarm of [true, false]) {
      const known = authenticator(() => undefined, isWarm);
      const error = await refusalOf(() => known.authenticate({ scheme: 'DPoP', token: 't', digest: 'd' }, SERVER, ''));
      expect(error.headers['www-authenticate']).toMatch(/^Bearer resource_metadata="[^"]+", scope="[^"]+", DPoP error="invalid_token", /);
    }
  });

  it('lets a fault of the database be one of ours', async () => {
    const lost = authenticator(() => Promise.reject(new Error('lost')));
    await expect(Promise.resolve(lost.authenticate(PRESENTED, SERVER, ''))).rejects.toThrow('lost');
  });

  it('says why a principal is at its end [R-GWC-14]', async () => {
    let state: CredentialState | undefined = credential();
    let now = NOW;
    const known = new Authenticator(
      verifierOf(CLAIMS),
      () => state,
      () => now,
    );
    const principal = await known.authenticate(PRESENTED, SERVER, '');
    await expect(known.findEnd(principal, '')).resolves.toBeUndefined();
    now = CLAIMS.exp * 1000;
    await expect(known.findEnd(principal, '')).resolves.toBe('The token has expired');
    now = NOW;
    state = undefined;
    await expect(known.findEnd(principal, '')).resolves.toBe('A credential that the token depends on does not exist');
  });
});
