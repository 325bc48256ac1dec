import type { IncomingMessage, ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { FetchUpstream } from '../../../test/support/eras/fetch-upstream.js';
import { bridge, type Front, serveUpstream } from '../../../test/support/eras/front.js';
import { guardedUpstream } from '../../../test/support/eras/guarded-upstream.js';
import { readBody, serve, type TestServer, until } from '../../../test/support/eras/http-server.js';
import type { Era } from '../../protocol/exchange.js';
import type { EraBridge } from './era-bridge.js';

const MODERN = '2026-07-28';
type Lie = (response: ServerResponse, id: unknown) => void;

/** What comes instead of an answer to `tools/list`; undefined for a good one. */
let lie: Lie | undefined;
/** What comes instead of an answer to the handshake: `initialize`, `server/discover`. */
let lieOfHandshake: Lie | undefined;
/** What the server speaks; undefined for both. */
let spoken: Era | undefined;
let upstream: TestServer;
let bridged: EraBridge;
let front: Front;
const received: Record<string, unknown>[] = [];

beforeEach(() => {
  lie = undefined;
  lieOfHandshake = undefined;
  spoken = undefined;
  received.splice(0);
});
afterEach(async () => {
  await bridged.close();
  await front.close();
  await upstream.close();
});

const json = (response: ServerResponse, body: unknown, status = 200, headers: Record<string, string> = {}): void =>
  void response
    .writeHead(status, { 'content-type': 'application/json', ...headers })
    .end(typeof body === 'string' ? body : JSON.stringify(body));

const events = (response: ServerResponse, ...messages: unknown[]): void => {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  for (const message of messages) response.write(`data: ${JSON.stringify(message)}\n\n`);
};

/** A server that knows the handshake, `server/discover` and one list. */
async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.method !== 'POST') return void response.writeHead(405).end();
  const message = JSON.parse(String(await readBody(request))) as Record<string, unknown>;
  received.push(message);
  const { id, method } = message;
  const result = (body: object, headers: Record<string, string> = {}): void =>
    json(response, { jsonrpc: '2.0', id, result: body }, 200, headers);
  if (id === undefined || method === undefined) return void response.writeHead(202).end();
  const handshake = method === 'initialize' ? 'legacy' : method === 'server/discover' ? 'modern' : undefined;
  if (handshake && spoken && handshake !== spoken)
    return json(response, { jsonrpc: '2.0', id, error: { code: -32601, message: 'No' } }, 404);
  if (handshake && lieOfHandshake) return lieOfHandshake(response, id);
  if (method === 'initialize') {
    const body = { protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo: { name: 'liar', version: '1' } };
    return result(body, { 'mcp-session-id': 's1' });
  }
  if (method === 'server/discover')
    return result({ resultType: 'complete', supportedVersions: [MODERN], capabilities: { tools: {} }, ttlMs: 0, cacheScope: 'private' });
  if (lie) lie(response, id);
  else result({ tools: [], resultType: 'complete', ttlMs: 0, cacheScope: 'private' });
}

async function start(era: Era): Promise<void> {
  upstream = await serve(answer);
  bridged = bridge(new FetchUpstream(upstream.url, era));
  front = await serveUpstream(bridged);
}

interface Answered {
  readonly status: number;
  readonly text: string;
}

/** In front of the upstream that the gateway itself uses. */
async function startOverHttp(era: Era): Promise<void> {
  spoken = era;
  upstream = await serve(answer);
  bridged = bridge(guardedUpstream(upstream.url));
  front = await serveUpstream(bridged);
}

async function listModern(signal?: AbortSignal, owner = 'c1'): Promise<Answered> {
  const _meta = { 'io.modelcontextprotocol/protocolVersion': MODERN, 'io.modelcontextprotocol/clientCapabilities': {} };
  const headers = { 'mcp-protocol-version': MODERN, 'mcp-method': 'tools/list', 'x-owner': owner };
  const message = { jsonrpc: '2.0', id: 'm', method: 'tools/list', params: { _meta } };
  const response = await front.ask(message, { headers, ...(signal ? { signal } : {}) });
  return { status: response.status, text: await response.text() };
}

const INITIALIZE = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'raw', version: '1' } };

async function openLegacy(): Promise<Answered> {
  const response = await front.ask({ jsonrpc: '2.0', id: 'm', method: 'initialize', params: INITIALIZE });
  return { status: response.status, text: await response.text() };
}

async function listLegacy(): Promise<Answered> {
  const opened = await front.ask({ jsonrpc: '2.0', id: 0, method: 'initialize', params: INITIALIZE });
  const headers = { 'mcp-session-id': opened.headers.get('mcp-session-id') ?? '' };
  const response = await front.ask({ jsonrpc: '2.0', id: 'm', method: 'tools/list' }, { headers });
  return { status: response.status, text: await response.text() };
}

const deep = `${'['.repeat(10_000)}${']'.repeat(10_000)}`;
const LIES: [string, Lie][] = [
  ['another id', (response, id) => json(response, { jsonrpc: '2.0', id: `${String(id)}0`, result: { tools: [] } })],
  ['no body', (response) => void response.writeHead(200).end()],
  ['202', (response) => void response.writeHead(202).end()],
  ['HTML', (response) => void response.writeHead(200, { 'content-type': 'text/html' }).end('<p>')],
  ['broken JSON', (response) => json(response, '{"jsonrpc":"2.0","id":')],
  ['a result that is no object', (response, id) => json(response, { jsonrpc: '2.0', id, result: 7, error: 7 })],
  ['a result nested too deep', (response, id) => json(response, `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":{"tools":${deep}}}`)],
  ['a login page', (response) => void response.writeHead(302, { location: 'https://example.com' }).end()],
  ['a challenge', (response) => json(response, {}, 401, { 'www-authenticate': 'Bearer' })],
  ['a reset', (response) => void response.destroy()],
  ['a stream without a response', (response) => void (events(response, { jsonrpc: '2.0', method: 'notifications/x' }), response.end())],
  [
    'a stream that breaks off',
    (response) => void (events(response), response.write('data: {"js'), setTimeout(() => response.destroy(), 20)),
  ],
  [
    'a stream that is too long',
    (response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      const filler = `data: ${JSON.stringify({ jsonrpc: '2.0', method: 'notifications/x', params: { x: 'x'.repeat(100_000) } })}\n\n`;
      const push = (): void => {
        while (!response.destroyed && response.write(filler));
      };
      response.on('drain', push);
      push();
    },
  ],
];

/** With 200 where something was told before. */
const expectFault = ({ status, text }: Answered): void => {
  const body = JSON.parse(text.slice(text.lastIndexOf('{"jsonrpc"'))) as object;
  expect(body).toMatchObject({ id: 'm', error: { code: -32603 } });
  expect(status).toBe(text.startsWith('{') ? 502 : 200);
};

/** Refusals by HTTP alone, and of the kinds that a client of the server's own era would understand. */
const REFUSALS: [string, Lie][] = [
  ...[400, 404, 405, 500, 503].map((status): [string, Lie] => [`a bare ${status}`, (response) => void response.writeHead(status).end()]),
  ['an error', (response, id) => json(response, { jsonrpc: '2.0', id, error: { code: -32600, message: 'Not you' } })],
  ['an error on 400', (response, id) => json(response, { jsonrpc: '2.0', id, error: { code: -32602, message: 'Not so' } }, 400)],
  [
    'an error that names nothing',
    (response) => json(response, { jsonrpc: '2.0', id: null, error: { code: -32700, message: 'What?' } }, 400),
  ],
  ['another revision', (response, id) => json(response, { jsonrpc: '2.0', id, result: { protocolVersion: '1999-01-01' } })],
];
/** What a server says that speaks no revision that we know: it takes the handshake of the legacy era only. */
const isOfLegacyOnly = (what: string): boolean => what === 'another revision';

describe.each<[Era, () => Promise<Answered>]>([
  ['legacy', listModern],
  ['modern', listLegacy],
])('a %s server that lies', (era, list) => {
  it.each(LIES)('with %s fails that call and no other [R-GWC-07, R-GWC-08]', async (_what, told) => {
    await start(era);
    lie = told;
    expectFault(await list());
    lie = undefined;
    expect(await list()).toMatchObject({ status: 200 });
  });

  it('with two responses is heard once', async () => {
    await start(era);
    lie = (response, id) => {
      events(
        response,
        { jsonrpc: '2.0', id, result: { tools: [{ name: 'first' }] } },
        { jsonrpc: '2.0', id, result: { tools: [{ name: 'second' }] } },
      );
      response.end();
    };
    const { text } = await list();
    expect([text.includes('first'), text.includes('second')]).toEqual([true, false]);
  });
});

describe.each<[Era, () => Promise<Answered>]>([
  ['legacy', () => listModern(undefined, 'c2')],
  ['modern', openLegacy],
])('a %s server that does not shake hands', (era, shakeHands) => {
  const refusals = [...REFUSALS, ...LIES].filter(([what]) => era === 'legacy' || !isOfLegacyOnly(what));

  it.each(refusals)('but answers with %s is a fault of the upstream, told under the id of the client [R-GWC-08]', async (_what, told) => {
    await startOverHttp(era);
    // The server is known by then: only this handshake fails.
    expect(await (era === 'legacy' ? listModern() : openLegacy())).toMatchObject({ status: 200 });
    lieOfHandshake = told;
    const { status, text } = await shakeHands();
    expect({ status, body: JSON.parse(text) as unknown }).toMatchObject({ status: 502, body: { id: 'm', error: { code: -32603 } } });
    lieOfHandshake = undefined;
    expect(await shakeHands()).toMatchObject({ status: 200 });
  });

  it('and says nothing is one that did not answer in time', async () => {
    await startOverHttp(era);
    expect(await (era === 'legacy' ? listModern() : openLegacy())).toMatchObject({ status: 200 });
    lieOfHandshake = () => undefined;
    const { status, text } = await shakeHands();
    expect({ status, body: JSON.parse(text) as unknown }).toMatchObject({ status: 504, body: { id: 'm', error: { code: -32603 } } });
    lieOfHandshake = undefined;
    expect(await shakeHands()).toMatchObject({ status: 200 });
  });

  it.each<[string, Lie]>([
    ['a reset', (response) => void response.destroy()],
    ['a challenge', (response) => void response.writeHead(401).end()],
    ['503', (response) => void response.writeHead(503).end()],
  ])('when it is asked for the first time, with %s, is told under the id of the client, too', async (_what, told) => {
    await startOverHttp(era);
    lieOfHandshake = told;
    const { status, text } = await shakeHands();
    expect({ status, body: JSON.parse(text) as unknown }).toMatchObject({ status: 502, body: { id: 'm', error: { code: -32603 } } });
    lieOfHandshake = undefined;
    expect(await shakeHands()).toMatchObject({ status: 200 });
  });
});

describe.each<[Era, () => Promise<Answered>]>([
  ['legacy', listModern],
  ['modern', listLegacy],
])('a %s server that refuses a call', (era, list) => {
  it.each([400, 405, 415])('with HTTP %i alone has given no answer, for a client of the other era', async (status) => {
    await startOverHttp(era);
    expect(await list()).toMatchObject({ status: 200 });
    lie = (response) => void response.writeHead(status).end();
    expectFault(await list());
    lie = undefined;
    expect(await list()).toMatchObject({ status: 200 });
  });

  it.each([413, 429])('with HTTP %i says what holds in either era', async (status) => {
    await startOverHttp(era);
    expect(await list()).toMatchObject({ status: 200 });
    lie = (response) => void response.writeHead(status, { 'retry-after': '7' }).end();
    expect(await list()).toMatchObject({ status });
  });
});

describe('a legacy server', () => {
  it('that forgets its session at once is asked twice, not for ever', async () => {
    await start('legacy');
    lie = (response) => json(response, { jsonrpc: '2.0', id: null, error: { code: -32001, message: 'Session not found' } }, 404);
    expectFault(await listModern());
    expect(received.filter(({ method }) => method === 'initialize')).toHaveLength(2);
    expect(received.filter(({ method }) => method === 'tools/list')).toHaveLength(2);
  });

  it('gets a refusal for a request in the middle of a call that asks for none, and for one that makes no sense', async () => {
    await start('legacy');
    lie = (response, id) => {
      for (const [asked, method] of [
        ['q1', 'sampling/createMessage'],
        ['q2', 'no/such'],
        ['q3', 'ping'],
      ]) {
        events(response.headersSent ? silent(response) : response, { jsonrpc: '2.0', id: asked, method });
      }
      response.end(`data: ${JSON.stringify({ jsonrpc: '2.0', id, result: { tools: [] } })}\n\n`);
    };
    expect(await listModern()).toMatchObject({ status: 200 });
    await until(() => received.filter(({ method }) => method === undefined).length === 3, 'three responses');
    const responses = Object.fromEntries(received.filter(({ method }) => method === undefined).map((message) => [message['id'], message]));
    expect(responses).toMatchObject({ q1: { error: { code: -32601 } }, q2: { error: { code: -32601 } }, q3: { result: {} } });
  });

  it('that never answers is told that nobody waits any more', async () => {
    await start('legacy');
    lie = () => undefined;
    const leaving = new AbortController();
    const call = listModern(leaving.signal);
    await until(() => received.some(({ method }) => method === 'tools/list'), 'it is asked');
    leaving.abort();
    await expect(call).rejects.toThrow();
    await until(() => received.some(({ method }) => method === 'notifications/cancelled'), 'it is told');
  });
});

describe('a modern server', () => {
  it('that sends a request on the stream of a call is cut off [R-MOD-14]', async () => {
    await start('modern');
    lie = (response, id) => {
      events(response, { jsonrpc: '2.0', id: 'q', method: 'sampling/createMessage' }, { jsonrpc: '2.0', id, result: { tools: [] } });
    };
    expectFault(await listLegacy());
  });
});

/** The same response, whose head is out. */
function silent(response: ServerResponse): ServerResponse {
  response.writeHead = () => response;
  return response;
}
