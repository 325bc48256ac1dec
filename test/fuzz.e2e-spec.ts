import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { fuzz, type FuzzResult, type FuzzTarget } from '../fuzz/loop.mjs';
import { faultsOf, type FuzzAnswer, type FuzzRequest } from '../fuzz/oauth-oracle.mjs';
import { open } from '../fuzz/token.mjs';
import { loadConfig } from '../src/config/load-config.js';
import { startGatehouse } from '../src/http/create-app.js';

const SEED = 20261124;
const REQUESTS = 3000;

/** What a run must come across, or it has looked at nothing: successes, and every row that needs no accident (R-ERR-03). */
const ROWS = [
  'token: 200',
  'token: 400 invalid_request',
  'token: 401 invalid_client',
  'token: 400 invalid_grant',
  'token: 400 unauthorized_client',
  'token: 400 unsupported_grant_type',
  'token: 400 invalid_scope',
  'token: 400 invalid_target',
  'token: 400 invalid_dpop_proof',
  'token: 400 use_dpop_nonce',
  'token: 429 temporarily_unavailable',
  'token: 405 invalid_request',
  'token: 413 invalid_request',
  'introspect: 200 active: true',
  'introspect: 200 active: false',
  'introspect: 403 unauthorized_client',
  'revoke: 200',
  'revoke: 400 invalid_grant',
  'leaked: 200',
  'other: 404 invalid_request',
];

describe('the OAuth endpoints under requests that nobody should send', () => {
  let target: FuzzTarget | undefined;
  let result: FuzzResult;

  beforeAll(async () => {
    target = await open({ startGatehouse, loadConfig, isOverHttp: true });
    result = await fuzz(target, { seed: SEED, requests: REQUESTS, seconds: 600 });
  }, 660_000);
  afterAll(() => target?.close());

  it('answer with a success or a row of the error table, and nothing else (R-ERR-01…03, R-RSP-04)', () => {
    // `FUZZ_SEED=… FUZZ_FROM=… FUZZ_REQUESTS=1 npm run fuzz -- token` makes one of them again.
    expect(result.faults.map(({ fault, count, repro: { index } }) => `${count} × ${fault}, first at ${index}`)).toEqual([]);
    expect(result.requests).toBe(REQUESTS);
  });

  it('were reached in every way that there is', () => {
    expect(ROWS.filter((row) => !(row in result.rows))).toEqual([]);
  });
});

describe('the judge of the fuzzer', () => {
  const SECRET = 'mcs_a-secret-of-somebody';
  const HEADERS = { 'cache-control': 'no-store', pragma: 'no-cache', 'content-type': 'application/json; charset=utf-8' };
  const request = (changes: Partial<FuzzRequest> = {}): FuzzRequest => ({
    endpoint: 'token',
    method: 'POST',
    secrets: [SECRET],
    mustFail: false,
    via: 'inject',
    ...changes,
  });
  const answer = (status: number, body: unknown, headers: FuzzAnswer['headers'] = {}): FuzzAnswer => ({
    status,
    headers: { ...HEADERS, ...headers },
    text: typeof body === 'string' ? body : JSON.stringify(body),
  });
  const TOKEN = { access_token: 'a.b.c', token_type: 'Bearer', expires_in: 60, scope: 'mcp:read' };
  const REFUSED = { error: 'invalid_client', error_description: 'Client authentication failed.' };
  const CHALLENGE = { 'www-authenticate': 'Basic realm="token"' };

  it('finds nothing wrong with a token, nor with a refusal', () => {
    expect(faultsOf(request(), answer(200, TOKEN))).toEqual([]);
    expect(faultsOf(request({ mustFail: true }), answer(401, REFUSED, CHALLENGE))).toEqual([]);
    expect(faultsOf(request({ endpoint: 'introspect' }), answer(200, { active: false }))).toEqual([]);
  });

  it.each([
    ['a server error', request(), answer(500, { error: 'server_error' }), /status 500/],
    ['a 503 that names no reason', request(), answer(503, { error: 'temporarily_unavailable' }), /status 503/],
    ['a code of no row', request(), answer(400, { error: 'bad_request' }), /no row of the error table: 400 "bad_request"/],
    ['a row with the status of another', request(), answer(400, REFUSED, CHALLENGE), /no row/],
    ['a row of another endpoint', request({ endpoint: 'revoke' }), answer(400, { error: 'invalid_scope' }), /no row/],
    ['a framework body', request(), answer(400, { statusCode: 400, message: 'Bad Request' }), /strange members/],
    ['text instead of JSON', request(), answer(400, 'Bad Request'), /no JSON object/],
    ['no challenge', request(), answer(401, REFUSED), /invalid_client without exactly one www-authenticate/],
    ['two nonces', request(), answer(400, { error: 'use_dpop_nonce' }, { 'dpop-nonce': ['a', 'b'] }), /exactly one dpop-nonce/],
    ['a cacheable answer', request(), answer(200, TOKEN, { 'cache-control': 'max-age=60' }), /no-store is missing/],
    ['another media type', request(), answer(200, TOKEN, { 'content-type': 'text/html' }), /media type text\/html/],
    ['an umlaut in the description', request(), answer(400, { error: 'invalid_scope', error_description: 'ä' }), /characters/],
    ['an echo', request(), answer(400, { error: 'invalid_scope', error_description: `not ${SECRET}` }), /a secret of the request/],
    ['an echo in a header', request(), answer(200, TOKEN, { location: `/?x=${SECRET}` }), /a secret of the request/],
    ['success without proof', request({ mustFail: true }), answer(200, TOKEN), /accepted what proves nothing/],
    ['a token that is none', request(), answer(200, { ...TOKEN, access_token: '' }), /no access token/],
    ['a member too many', request(), answer(200, { ...TOKEN, id: 7 }), /strange members: id/],
    ['an inactive token described', request({ endpoint: 'introspect' }), answer(200, { active: false, sub: 'x' }), /says more/],
    ['an active token not described', request({ endpoint: 'introspect' }), answer(200, { active: true }), /introspection lacks/],
    ['silence', request({ via: 'socket' }), answer(0, ''), /without an answer/],
  ])('finds %s', (_name, sent, received, fault) => {
    expect(faultsOf(sent, received).join('; ')).toMatch(fault);
  });
});
