import { describe, expect, it } from '@jest/globals';
import { extractWWWAuthenticateParams as extractWithClient } from '@modelcontextprotocol/client';
import { extractWWWAuthenticateParams as extractWithSdk } from '@modelcontextprotocol/sdk/client/auth.js';
import { OAuthError } from '../protocol/oauth-error.js';
import { digestOf } from '../tokens/token-digest.js';
import { extractToken, LastPresented, type TokenRequest } from './bearer-token.js';
import { insufficientScope, invalidToken, refusedProof, type Scheme } from './challenge.js';

const SERVER = {
  metadataUrl: 'https://host.example/.well-known/oauth-protected-resource/authed/mcp',
  scopes: [
    { name: 'mcp:search', permissions: [], default: true },
    { name: 'mcp:read', permissions: [], default: true },
    { name: 'mcp:write', permissions: [] },
  ],
};
const PLACE = `resource_metadata="${SERVER.metadataUrl}", scope="mcp:search mcp:read"`;
const ALGS = 'algs="ES256 RS256 PS256 EdDSA Ed25519"';
const DPOP = `DPoP ${ALGS}`;
const TOKEN = 'eyJhbGciOiJFUzI1NiJ9.e30.c2ln-_~+/==';

const request = (authorization: string | readonly string[], parts: Partial<TokenRequest> & { contentType?: string } = {}): TokenRequest => {
  const [first] = [authorization].flat();
  return {
    url: '/authed/mcp',
    headers: {
      ...(first === undefined ? {} : { authorization: first }),
      ...(parts.contentType ? { 'content-type': parts.contentType } : {}),
    },
    rawHeaders: [authorization].flat().flatMap((value) => ['Authorization', value]),
    body: undefined,
    ...parts,
  };
};

function refusal(act: () => unknown): OAuthError {
  try {
    act();
  } catch (error) {
    if (error instanceof OAuthError) return error;
    throw error;
  }
  throw new Error('It was not refused');
}

describe('extractToken', () => {
  it.each([`Bearer ${TOKEN}`, `bearer ${TOKEN}`, `BEARER   ${TOKEN}`])(
    'reads the token whatever the case of the scheme [R-BRR-12]',
    (authorization) => {
      expect(extractToken(request(authorization), SERVER)).toEqual({ scheme: 'Bearer', token: TOKEN, digest: digestOf(TOKEN) });
    },
  );

  it.each([`DPoP ${TOKEN}`, `dpop ${TOKEN}`, `DPOP   ${TOKEN}`])(
    'reads the token of the other scheme too (RFC 9449 §7.1) [R-DPP-05]',
    (authorization) => {
      expect(extractToken(request(authorization), SERVER)).toEqual({ scheme: 'DPoP', token: TOKEN, digest: digestOf(TOKEN) });
    },
  );

  it.each([
    ['no header', []],
    ['an unknown scheme', 'Foo x'],
    ['Basic', 'Basic YTpi'],
    ['a scheme that only begins like it', `Bearerx ${TOKEN}`],
    ['another that only begins like it', `DPoPx ${TOKEN}`],
    ['an empty header', ''],
  ])('challenges %s in both schemes and without an error code [R-BRR-02, R-BRR-03, R-BRR-04, R-DPP-10]', (_what, authorization) => {
    const error = refusal(() => extractToken(request(authorization), SERVER));
    expect(error.status).toBe(401);
    expect(error.headers['www-authenticate']).toBe(`Bearer ${PLACE}, ${DPOP}`);
  });

  it.each(['Bearer', 'Bearer ', 'Bearer a b', 'Bearer a,b', 'Bearer =', 'Bearer ä', `Bearer "${TOKEN}"`])(
    'refuses the malformed token in %j [R-BRR-05]',
    (authorization) => {
      const error = refusal(() => extractToken(request(authorization), SERVER));
      expect(error.status).toBe(401);
      expect(error.headers['www-authenticate']).toBe(
        `Bearer error="invalid_token", error_description="The access token is not valid here, has expired or was revoked.", ${PLACE}, ${DPOP}`,
      );
    },
  );

  it.each(['DPoP', 'DPoP ', 'DPoP a b', `DPoP "${TOKEN}"`])('refuses the malformed token in %j [R-BRR-05, R-DPP-10]', (authorization) => {
    const error = refusal(() => extractToken(request(authorization), SERVER));
    expect([error.status, error.detail]).toEqual([401, 'The token is not well-formed']);
    expect(error.headers['www-authenticate']).toBe(
      `Bearer ${PLACE}, DPoP error="invalid_token", error_description="The access token is not valid here, has expired or was revoked.", ${ALGS}`,
    );
  });

  it.each([
    ['in the query', request([], { url: `/authed/mcp?a=b&access_token=${TOKEN}` })],
    ['in the query, with an escaped name', request([], { url: `/authed/mcp?access%5Ftoken=${TOKEN}` })],
    ['in the query and in the header', request(`Bearer ${TOKEN}`, { url: `/authed/mcp?access_token=${TOKEN}` })],
    [
      'in a form',
      request([], { contentType: 'application/x-www-form-urlencoded; charset=utf-8', body: Buffer.from(`x=1&access_token=${TOKEN}`) }),
    ],
    [
      'in a form and in the header',
      request(`Bearer ${TOKEN}`, { contentType: 'Application/X-WWW-Form-Urlencoded', body: Buffer.from(`access_token=${TOKEN}`) }),
    ],
    ['twice in headers', request([`Bearer ${TOKEN}`, `Bearer ${TOKEN}`])],
    ['in both schemes (RFC 9449 §7.2)', request([`DPoP ${TOKEN}`, `Bearer ${TOKEN}`])],
    ['in the query and as DPoP', request(`DPoP ${TOKEN}`, { url: `/authed/mcp?access_token=${TOKEN}` })],
    ['in one header beside another scheme', request([`Bearer ${TOKEN}`, 'Basic YTpi'])],
  ])('answers a token %s with 400 invalid_request and the challenge, and does not repeat it [R-BRR-08, R-BRR-09]', (_where, misplaced) => {
    const error = refusal(() => extractToken(misplaced, SERVER));
    expect(error.status).toBe(400);
    expect(error.code).toBe('invalid_request');
    expect(error.headers['www-authenticate']).toContain('Bearer error="invalid_request"');
    expect(error.headers['www-authenticate']).toContain(PLACE);
    expect(`${error.message} ${error.detail} ${JSON.stringify(error.headers)}`).not.toContain(TOKEN);
  });

  it('leaves other queries and bodies alone', () => {
    const json = { contentType: 'application/json', body: Buffer.from('{"access_token":"x"}') };
    expect(extractToken(request(`Bearer ${TOKEN}`, { url: '/authed/mcp?token=1', ...json }), SERVER).token).toBe(TOKEN);
  });
});

describe('challenges', () => {
  it('keeps the private reason private', () => {
    const error = invalidToken(SERVER, { detail: 'The credential is disabled' });
    expect(error.detail).toBe('The credential is disabled');
    expect(JSON.stringify([error.toBody(), error.headers])).not.toContain('disabled');
  });

  it('names the scopes that are needed [R-BRR-06]', () => {
    const error = insufficientScope(SERVER, ['mcp:read', 'mcp:write'], 'x');
    expect(error.status).toBe(403);
    expect(error.headers['www-authenticate']).toBe(
      `Bearer error="insufficient_scope", error_description="The access token lacks a scope that this needs.", resource_metadata="${SERVER.metadataUrl}", scope="mcp:read mcp:write"`,
    );
  });

  it('names them to a holder of a DPoP token where both kinds of client look for them [R-BRR-06, R-DPP-10]', () => {
    expect(insufficientScope(SERVER, ['mcp:write'], 'x', 'DPoP').headers['www-authenticate']).toBe(
      `Bearer resource_metadata="${SERVER.metadataUrl}", scope="mcp:write", DPoP error="insufficient_scope", error_description="The access token lacks a scope that this needs.", scope="mcp:write", ${ALGS}`,
    );
  });

  it('turns the refusal of a proof into one of the resource, and keeps its headers and its reason [R-DPP-05, R-DPP-09]', () => {
    const nonce = new OAuthError('use_dpop_nonce', 'Use the nonce.', {
      detail: 'No nonce',
      headers: { 'dpop-nonce': 'n', 'cache-control': 'no-store' },
    });
    const error = refusedProof(SERVER, nonce);
    expect([error.status, error.code, error.detail]).toEqual([401, 'use_dpop_nonce', 'No nonce']);
    expect(error.headers).toEqual({
      'dpop-nonce': 'n',
      'cache-control': 'no-store',
      'www-authenticate': `Bearer ${PLACE}, DPoP error="use_dpop_nonce", error_description="Use the nonce.", ${ALGS}`,
    });
  });

  it('is checked anew with every request of a connection, and parsed where its header has changed', () => {
    const connection = {};
    const last = new LastPresented();
    const extract = (parts: TokenRequest) => extractToken(parts, SERVER, last.on(connection));
    const first = extract(request(`Bearer ${TOKEN}`));
    expect(first).toEqual({ scheme: 'Bearer', token: TOKEN, digest: digestOf(TOKEN) });
    expect(extract(request(`Bearer ${TOKEN}`))).toBe(first);
    expect(extract(request('DPoP other')).token).toBe('other');
    expect(extract(request(`Bearer ${TOKEN}`))).toEqual(first);
    const refused = [
      request('Bearer not a token'),
      request([`Bearer ${TOKEN}`, 'Bearer other']),
      request(`Bearer ${TOKEN}`, { url: `/authed/mcp?access_token=${TOKEN}` }),
      request([]),
    ];
    for (const bad of refused) expect(refusal(() => extract(bad))).toBeInstanceOf(OAuthError);
    expect(extractToken(request('Bearer other'), SERVER, last.on({})).token).toBe('other');
  });

  const ofScheme = (scheme: Scheme) => invalidToken(SERVER, { scheme, detail: 'x' });
  it.each([
    ['no token', refusal(() => extractToken(request([]), SERVER)), undefined],
    ['a bad Bearer token', ofScheme('Bearer'), 'invalid_token'],
    ['a bad DPoP token', ofScheme('DPoP'), 'invalid_token'],
    ['a bad proof', refusedProof(SERVER, new OAuthError('invalid_dpop_proof', 'Bad proof.')), 'invalid_dpop_proof'],
    ['too small a DPoP token', insufficientScope(SERVER, ['mcp:search', 'mcp:read'], 'x', 'DPoP'), 'insufficient_scope'],
  ])('stays readable to both official MCP clients after %s [R-DPP-10]', (_what, { headers }, code) => {
    for (const extract of [extractWithSdk, extractWithClient]) {
      const found = extract(new Response(null, { status: 401, headers }));
      expect([found.resourceMetadataUrl?.href, found.scope, found.error]).toEqual([SERVER.metadataUrl, 'mcp:search mcp:read', code]);
    }
  });

  it('leaves scope out where the server has no default scopes, and stays in the character set [R-BRR-12]', () => {
    expect(invalidToken({ ...SERVER, scopes: [] }, { detail: 'x' }).headers['www-authenticate']).not.toContain('scope=');
    expect(insufficientScope(SERVER, ['a"b', 'ü'], 'x').headers['www-authenticate']).toContain(`scope="a'b ?"`);
  });
});
