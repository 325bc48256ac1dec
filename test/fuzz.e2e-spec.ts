import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { fuzz, type FuzzResult, type FuzzTarget } from '../fuzz/loop.mjs';
import { faultsOf, type FuzzAnswer, type FuzzRequest } from '../fuzz/oauth-oracle.mjs';
import { open as openMcp } from '../fuzz/mcp.mjs';
import { faultsOf as faultsOfMcp, type McpAnswer, type McpFuzzRequest } from '../fuzz/mcp-oracle.mjs';
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

/** What a run of MCP messages must come across: either era, every kind of server, and rows of the table. */
const MCP_ROWS = [
  'modern modern: 200',
  'legacy modern: 200',
  'modern legacy: 200',
  'legacy legacy: 200',
  'group modern: 200',
  'group legacy: 200',
  'docs modern: 200',
  'docs legacy: 200',
  'liar-modern legacy: 502 -32603',
  'liar-legacy modern: 502 -32603',
  'modern modern: 400 -32020',
  'modern modern: 400 -32600',
  'modern modern: 400 -32700',
  'modern modern: 401 invalid_token',
];
const MCP_REQUESTS = 500;
/** How servers lie is not decided by the seed, and some rows come at the handshake alone: it begins anew until each row was met. */
const MCP_MOST_RUNS = 10;

describe('the MCP endpoints under messages that nobody should send, in front of servers that lie', () => {
  let target: FuzzTarget | undefined;
  const results: FuzzResult[] = [];
  const metRows = () => results.flatMap(({ rows }) => Object.keys(rows));
  const missing = () => MCP_ROWS.filter((row) => !metRows().includes(row));

  beforeAll(async () => {
    do {
      await target?.close();
      target = await openMcp({ startGatehouse, loadConfig, isOverHttp: true });
      const from = results.length * MCP_REQUESTS;
      results.push(await fuzz(target, { seed: SEED, from, requests: MCP_REQUESTS, seconds: 600 }));
    } while (missing().length > 0 && results.length < MCP_MOST_RUNS);
  }, 660_000);
  afterAll(() => target?.close());

  it('answer with a response or a row of the error table, hold the policy, and leave nothing open (R-GWC-07, 08, 13)', () => {
    const faults = results.flatMap((result) => result.faults);
    expect(faults.map(({ fault, count, repro: { index } }) => `${count} × ${fault}, first at ${index}`)).toEqual([]);
    expect(results.map(({ requests }) => requests)).toEqual(results.map(() => MCP_REQUESTS));
  });

  it('were reached in every way that there is', () => {
    expect(missing()).toEqual([]);
    expect(metRows().filter((row) => row.endsWith('403 insufficient_scope'))).not.toEqual([]);
  });
});

describe('the judge of MCP messages', () => {
  const request = (changes: Partial<McpFuzzRequest> = {}): McpFuzzRequest => ({
    method: 'POST',
    era: 'modern',
    via: 'http',
    ids: [7],
    isMcp: true,
    mayLie: false,
    secrets: ['the-token'],
    ...changes,
  });
  const JSON_TYPE = { 'content-type': 'application/json' };
  const EVENTS = { 'content-type': 'text/event-stream' };
  const answer = (status: number, body: unknown, headers: McpAnswer['headers'] = JSON_TYPE): McpAnswer => ({
    status,
    headers,
    text: typeof body === 'string' ? body : JSON.stringify(body),
  });
  const RESULT = { jsonrpc: '2.0', id: 7, result: {} };
  const refusal = (code: number, id?: number) => ({ jsonrpc: '2.0', ...(id === undefined ? {} : { id }), error: { code, message: 'No' } });
  const event = (...messages: unknown[]) => messages.map((message) => `data: ${JSON.stringify(message)}\n\n`).join('');

  it('finds nothing wrong with results, streams and refusals', () => {
    expect(faultsOfMcp(request(), answer(200, RESULT))).toEqual([]);
    expect(faultsOfMcp(request(), answer(200, event({ jsonrpc: '2.0', method: 'x' }, RESULT), EVENTS))).toEqual([]);
    expect(faultsOfMcp(request(), answer(400, refusal(-32600)))).toEqual([]);
    expect(faultsOfMcp(request({ mayLie: true }), answer(502, refusal(-32603, 7)))).toEqual([]);
    const challenge = { ...JSON_TYPE, 'www-authenticate': 'Bearer error="invalid_token"' };
    expect(faultsOfMcp(request(), answer(401, { error: 'invalid_token' }, challenge))).toEqual([]);
  });

  it.each([
    ['a server error', request({ mayLie: true }), answer(500, refusal(-32603)), /status 500/],
    ['a fault of an upstream that has none', request(), answer(502, refusal(-32603, 7)), /honest upstream/],
    ['another id', request({ mayLie: true }), answer(200, { ...RESULT, id: 8 }), /something else/],
    ['an error under another id', request(), answer(400, refusal(-32600, 0)), /under the id of something else/],
    ['two responses', request({ mayLie: true }), answer(200, [RESULT, RESULT]), /two responses/],
    ['a stream without a response', request(), answer(200, event({ jsonrpc: '2.0', method: 'x' }), EVENTS), /without the response/],
    ['a framework body', request(), answer(404, { statusCode: 404 }), /no JSON-RPC/],
    ['text', request(), answer(400, 'Bad Request'), /no JSON object/],
    ['no challenge', request(), answer(401, { error: 'invalid_token' }), /www-authenticate/],
    ['success without a token', request({ isUnauthorized: true }), answer(200, RESULT), /proves nothing/],
    ['the token', request(), answer(200, { ...RESULT, result: { x: 'the-token' } }), /the token stands/],
    ['a secret of the upstream', request(), answer(200, { ...RESULT, result: { x: 'canary' } }), /only the upstream/],
    ['a stack', request(), answer(400, 'Error: x\n    at f (/srv/app.js:1:2)'), /a stack/],
    ['a refused good request', request({ statuses: [200] }), answer(400, refusal(-32600)), /to a good request/],
    ['429 without an end', request(), answer(429, refusal(429)), /retry-after/],
    ['silence', request(), answer(0, ''), /without an answer/],
  ])('finds %s', (_name, sent, received, fault) => {
    expect(faultsOfMcp(sent, received).join('; ')).toMatch(fault);
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
