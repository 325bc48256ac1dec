import { request as httpRequest } from 'node:http';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { ServerLimits } from '../src/servers/upstream.js';
import { type Answer, ask, type NewCredential, startTestGatehouse, type TestGatehouse } from './support/gatehouse.js';
import {
  event,
  type McpOptions,
  META,
  MODERN,
  openStream,
  result,
  sendJson,
  startMcpUpstream,
  type TestUpstream,
  until,
  within,
} from './support/http-upstream.js';
import { addServer, changeServer, removeServer } from './support/servers.js';

const SCOPES = [
  { name: 'notes:read', permissions: ['tools/call:read_*', 'resources/read:notes://public/*', 'prompts/get:brief'], default: true },
  { name: 'notes:write', permissions: ['tools/call:write_*'] },
  { name: 'notes:all', permissions: ['*'] },
];

let gatehouse: TestGatehouse;
let count = 0;
const opened: TestUpstream[] = [];

beforeAll(async () => {
  gatehouse = await startTestGatehouse();
});
afterAll(() => gatehouse.remove());
afterEach(async () => {
  for (const upstream of opened.splice(0)) await upstream.close();
});

interface World {
  readonly slug: string;
  readonly url: string;
  readonly upstream: TestUpstream;
  readonly credential: NewCredential;
  readonly token: string;
  call(message: unknown, headers?: Record<string, string>, method?: string): Promise<Answer>;
}

interface Setting extends McpOptions {
  readonly granted?: string[];
  readonly limits?: ServerLimits;
}

/** A server of its own with an upstream of its own, and a credential with the scopes that it may be granted. */
async function world({ granted, limits, ...options }: Setting = {}): Promise<World> {
  const upstream = await startMcpUpstream(options);
  opened.push(upstream);
  const slug = `notes-${++count}`;
  const setting = limits === undefined ? {} : { limits };
  await addServer(gatehouse, { slug, upstream: { kind: 'http', url: upstream.url, auth: { type: 'none' } }, scopes: SCOPES, ...setting });
  const credential = await gatehouse.createCredential({ servers: [slug], ...(granted ? { scopes: granted } : {}) });
  const url = `${gatehouse.url}/authed/mcp/${slug}`;
  const { json } = await gatehouse.token(credential, { resource: url });
  const token = json['access_token'] as string;
  const call: World['call'] = (message, headers = {}, method = 'POST') =>
    ask(url, {
      method,
      headers: { ...(message === undefined ? {} : JSON_TYPE), accept: ACCEPT, authorization: `Bearer ${token}`, ...headers },
      ...(message === undefined ? {} : { body: typeof message === 'string' ? message : JSON.stringify(message) }),
    });
  return { slug, url, upstream, credential, token, call };
}

const ACCEPT = 'application/json, text/event-stream';
const JSON_TYPE = { 'content-type': 'application/json' };

const modern = (method: string, params: Record<string, unknown> = {}): [unknown, Record<string, string>] => {
  const name = (params['name'] ?? params['uri']) as string | undefined;
  return [
    { jsonrpc: '2.0', id: 7, method, params: { ...params, _meta: META } },
    { 'mcp-protocol-version': MODERN, 'mcp-method': method, ...(name === undefined ? {} : { 'mcp-name': name }) },
  ];
};

const toolNamed = (name: string): unknown => ({ name, inputSchema: { type: 'object' } });
const TOOLS_TEXT = ['read_page', 'write_page', 'delete_page'].map(
  (name) => `{ "name": "${name}", "inputSchema": {"type":"object","x":1.0} }`,
);
const errorIn = (answer: Answer): { code: number; message: string } => answer.json['error'] as { code: number; message: string };

async function open({ call }: Pick<World, 'call'>, version = '2025-11-25'): Promise<Record<string, string>> {
  const params = { protocolVersion: version, capabilities: {}, clientInfo: { name: 'test', version: '1' } };
  const { headers } = await call({ jsonrpc: '2.0', id: 0, method: 'initialize', params });
  return { 'mcp-session-id': headers.get('mcp-session-id') ?? '', 'mcp-protocol-version': version };
}

describe('the gateway in front of an HTTP upstream', () => {
  it('passes a call on without the token, cookies, claims of identity and hop-by-hop headers of its client [R-GWC-05, R-GWC-06, R-BRR-11]', async () => {
    const { call, upstream, token } = await world();
    const [message, headers] = modern('tools/call', { name: 'read_page', arguments: {} });
    const answer = await call(message, {
      ...headers,
      cookie: 'a=b',
      'x-forwarded-for': '203.0.113.9',
      forwarded: 'for=203.0.113.9',
      'x-real-ip': '203.0.113.9',
      origin: gatehouse.url,
      'mcp-session-id': 'x',
      'last-event-id': 'y',
      'x-own': 'kept',
    });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('mcp-session-id')).toBeNull();
    const asked = upstream.asked.at(-1);
    expect(JSON.stringify([asked?.rawHeaders, asked?.text])).not.toContain(token);
    expect(Object.keys(asked?.headers ?? {}).sort()).toEqual(
      [
        'accept',
        'accept-encoding',
        'accept-language',
        'connection',
        'content-length',
        'content-type',
        'host',
        'mcp-method',
        'mcp-name',
        'mcp-protocol-version',
        'sec-fetch-mode',
        'user-agent',
        'via',
        'x-own',
      ].sort(),
    );
  });

  it('does not ask the upstream without a token that holds', async () => {
    const { url, upstream } = await world();
    const before = upstream.sockets.size;
    const [message, headers] = modern('tools/list');
    expect(
      (await ask(url, { method: 'POST', headers: { ...JSON_TYPE, accept: ACCEPT, ...headers }, body: JSON.stringify(message) })).status,
    ).toBe(401);
    expect([upstream.asked.length, upstream.sockets.size]).toEqual([0, before]);
  });

  it('lets the first event through at once [R-GWC-10]', async () => {
    let sentAt = 0;
    const { url, token } = await world({
      on: {
        read_slow: (_asked, response) => {
          openStream(response).flushHeaders();
          setTimeout(() => {
            sentAt = performance.now();
            response.write('data: {"jsonrpc":"2.0","method":"notifications/progress"}\n\n');
          }, 100);
        },
      },
    });
    const [message, headers] = modern('tools/call', { name: 'read_slow', arguments: {} });
    const body = JSON.stringify(message);
    const delay = await new Promise<number>((resolve, reject) => {
      const request = httpRequest(
        url,
        { method: 'POST', headers: { ...JSON_TYPE, accept: ACCEPT, authorization: `Bearer ${token}`, ...headers } },
        (response) => {
          expect(response.headers).toMatchObject({ 'x-accel-buffering': 'no', 'cache-control': 'no-cache, no-transform' });
          response.once('data', () => {
            resolve(performance.now() - sentAt);
            request.destroy();
          });
        },
      );
      request.once('error', reject);
      request.end(body);
    });
    expect(delay).toBeLessThan(100);
  });

  it('ends a call at the upstream within a second of its client’s leaving [R-MOD-13]', async () => {
    const { url, token, upstream } = await world({ on: { read_slow: () => undefined } });
    const [message, headers] = modern('tools/call', { name: 'read_slow', arguments: {} });
    const aborter = new AbortController();
    const asking = ask(url, {
      method: 'POST',
      headers: { ...JSON_TYPE, accept: ACCEPT, authorization: `Bearer ${token}`, ...headers },
      body: JSON.stringify(message),
      signal: aborter.signal,
    });
    await until(() => upstream.asked.some(({ message: { method } }) => method === 'tools/call'));
    aborter.abort();
    await expect(asking).rejects.toThrow();
    await within(upstream.asked.at(-1)?.left ?? Promise.reject(new Error('Not asked')), 1000);
  });

  it('answers under the id of its client where it could not learn what the upstream speaks [R-GWC-08]', async () => {
    const { call, upstream } = await world();
    await upstream.close();
    opened.splice(0);
    const answer = await call(...modern('tools/list'));
    expect([answer.status, errorIn(answer).code, answer.json['id']]).toEqual([502, -32603, 7]);
  });

  describe('and its policy', () => {
    const lists: McpOptions = {
      on: {
        'tools/list': (_asked, response) =>
          void response
            .writeHead(200, { 'content-type': 'application/json' })
            .end(
              `{"jsonrpc":"2.0","id":7,"result":{"resultType":"complete", "tools" : [${TOOLS_TEXT.join(' , ')}],"ttlMs":1000,"cacheScope":"public"}}`,
            ),
        'resources/list': (asked, response) =>
          sendJson(
            response,
            result(asked, {
              resources: [{ uri: 'notes://public/a', name: 'a' }, { uri: 'notes://secret/b', name: 'b' }, { name: 'no uri' }],
            }),
          ),
        'resources/templates/list': (asked, response) =>
          sendJson(
            response,
            result(asked, {
              resourceTemplates: [
                { uriTemplate: 'notes://public/{id}', name: 'a' },
                { uriTemplate: 'notes://secret/{id}', name: 'b' },
              ],
            }),
          ),
        'prompts/list': (asked, response) => sendJson(response, result(asked, { prompts: [{ name: 'brief' }, { name: 'hidden' }] })),
      },
    };

    it('shows of a list what its caller may call, character for character, and as its own [R-GWC-13, R-MOD-18]', async () => {
      const { call } = await world(lists);
      const answer = await call(...modern('tools/list'));
      expect(answer.text).toBe(
        `{"jsonrpc":"2.0","id":7,"result":{"resultType":"complete", "tools" : [${TOOLS_TEXT[0] ?? ''}],"ttlMs":1000,"cacheScope":"private"}}`,
      );
      expect((await call(...modern('resources/list'))).json['result']).toEqual({
        cacheScope: 'private',
        resources: [{ uri: 'notes://public/a', name: 'a' }],
      });
      expect((await call(...modern('resources/templates/list'))).json['result']).toMatchObject({
        resourceTemplates: [{ uriTemplate: 'notes://public/{id}' }],
      });
      expect((await call(...modern('prompts/list'))).json['result']).toMatchObject({ prompts: [{ name: 'brief' }] });
    });

    it('leaves the list of somebody who may call everything as it is', async () => {
      const { call } = await world({ ...lists, granted: ['notes:all'] });
      expect((await call(...modern('tools/list'))).text).toContain(`[${TOOLS_TEXT.join(' , ')}],"ttlMs":1000,"cacheScope":"public"`);
    });

    it('filters lists in event streams, and in the legacy eras without a cacheScope', async () => {
      const { call } = await world({
        on: {
          'tools/list': (asked, response) =>
            void openStream(response).end(
              `: note\nid: 1\nevent: message\n${JSON.stringify(result(asked, { tools: ['read_page', 'delete_page'].map(toolNamed) }), undefined, 1).replace(/^/gm, 'data: ')}\n\n`,
            ),
        },
      });
      const session = await open({ call });
      const { text } = await call({ jsonrpc: '2.0', id: 4, method: 'tools/list' }, session);
      expect(text).toMatch(/^: note\nid: 1\nevent: message\ndata: /);
      expect(text).toContain('read_page');
      expect(text).not.toContain('delete_page');
      expect(text).not.toContain('cacheScope');
    });

    it('filters what a resumed stream repeats', async () => {
      const { call } = await world({
        on: {
          GET: (_asked, response) =>
            void openStream(response).end(
              event({ jsonrpc: '2.0', id: 4, result: { tools: ['read_page', 'delete_page'].map(toolNamed) } }, 'e2'),
            ),
        },
      });
      const session = await open({ call });
      const { text } = await call(undefined, { ...session, accept: 'text/event-stream', 'last-event-id': 'e1' }, 'GET');
      expect(text).toContain('read_page');
      expect(text).not.toContain('delete_page');
    });

    it('does not show a list that it cannot read', async () => {
      const { call } = await world({
        on: {
          'tools/list': (asked, response) =>
            void response
              .writeHead(200, { 'content-type': 'application/json' })
              .end(`{"jsonrpc":"2.0","id":${String(asked.message.id)},"result":{"tools":[],"tools":[{"name":"delete_page"}]}}`),
        },
      });
      const answer = await call(...modern('tools/list'));
      expect([answer.status, errorIn(answer).code]).toEqual([502, -32603]);
    });

    it('answers 502 where a list breaks off that had to be read', async () => {
      const { call } = await world({
        on: {
          'tools/list': (_asked, response) => {
            response.writeHead(200, { 'content-type': 'application/json', 'content-length': 100_000 }).flushHeaders();
            response.write('{"jsonrpc":', () => response.destroy());
          },
        },
      });
      const answer = await call(...modern('tools/list'));
      expect([answer.status, errorIn(answer).code, answer.json['id']]).toEqual([502, -32603, 7]);
    });

    it('answers a call of a hidden tool like one of a tool that does not exist, and does not pass it on [R-GWC-13]', async () => {
      const { call, upstream } = await world();
      await call(...modern('tools/call', { name: 'read_page', arguments: {} }));
      const asked = upstream.asked.length;
      for (const name of ['delete_page', 'never_heard_of']) {
        const answer = await call(...modern('tools/call', { name, arguments: {} }));
        expect([answer.status, answer.json]).toEqual([
          200,
          { jsonrpc: '2.0', id: 7, error: { code: -32602, message: `Unknown tool: ${name}` } },
        ]);
      }
      expect(errorIn(await call(...modern('resources/read', { uri: 'notes://secret/b' })))).toMatchObject({ code: -32602 });
      expect(errorIn(await call(...modern('prompts/get', { name: 'hidden' })))).toMatchObject({
        code: -32602,
        message: 'Unknown prompt: hidden',
      });
      expect(
        errorIn(
          await call(...modern('completion/complete', { ref: { type: 'ref/prompt', name: 'hidden' }, argument: { name: 'a', value: '' } })),
        ),
      ).toMatchObject({ code: -32602 });
      expect(
        errorIn(await call(...modern('subscriptions/listen', { notifications: { resourceSubscriptions: ['notes://secret/b'] } }))),
      ).toMatchObject({ code: -32602 });
      const session = await open({ call });
      const before = upstream.asked.length;
      expect(
        errorIn(await call({ jsonrpc: '2.0', id: 1, method: 'resources/read', params: { uri: 'notes://secret/b' } }, session)),
      ).toMatchObject({ code: -32002 });
      expect(
        errorIn(await call({ jsonrpc: '2.0', id: 1, method: 'resources/subscribe', params: { uri: 'notes://secret/b' } }, session)),
      ).toMatchObject({ code: -32002 });
      expect([asked, upstream.asked.length]).toEqual([asked, before]);
    });

    it('asks for the scope that would do, and passes nothing on [R-BRR-06]', async () => {
      const { call, upstream, slug } = await world({ granted: ['notes:read', 'notes:write'] });
      expect((await call(...modern('tools/call', { name: 'write_page', arguments: {} }))).status).toBe(200);
      const credential = await gatehouse.createCredential({ servers: [slug], scopes: ['notes:read', 'notes:write'] });
      const narrow = (await gatehouse.token(credential, { resource: `${gatehouse.url}/authed/mcp/${slug}`, scope: 'notes:read' })).json[
        'access_token'
      ] as string;
      const asked = upstream.asked.length;
      const answer = await call(modern('tools/call', { name: 'write_page', arguments: {} })[0], {
        ...modern('tools/call', { name: 'write_page' })[1],
        authorization: `Bearer ${narrow}`,
      });
      expect(answer.status).toBe(403);
      expect(answer.headers.get('www-authenticate')).toContain('scope="notes:write"');
      expect(upstream.asked.length).toBe(asked);
    });

    it('passes on what an upstream says of all of a message, though a part of it was hidden [R-LEG-08]', async () => {
      const { call, upstream } = await world();
      const session = await open({ call }, '2025-03-26');
      upstream.sessions.clear();
      const tool = (id: number, name: string) => ({ jsonrpc: '2.0', id, method: 'tools/call', params: { name } });
      const answer = await call([tool(1, 'delete_page'), tool(2, 'read_page')], session);
      expect([answer.status, errorIn(answer).code]).toEqual([404, -32001]);
    });

    it('runs of an array what is not hidden, and none where a scope is missing [R-LEG-15]', async () => {
      const { call, upstream } = await world();
      const session = await open({ call }, '2025-03-26');
      const element = (id: number, name: string): string =>
        `{"jsonrpc":"2.0", "id":${id},"method":"tools/call","params":{"name":"${name}","x":1.0}}`;
      const text = `[${element(1, 'delete_page')}, ${element(2, 'read_page')} ,${element(3, 'delete_all')}]`;
      const { json } = await call(text, session);
      const answers = json as unknown as { id: number; error?: unknown }[];
      expect(answers.map(({ id, error }) => [id, error !== undefined])).toEqual([
        [1, true],
        [3, true],
        [2, false],
      ]);
      expect(upstream.asked.at(-1)?.text).toBe(`[${element(2, 'read_page')}]`);
      const nothing = await call(`[${element(1, 'delete_page')}]`, session);
      expect(nothing.json).toHaveLength(1);
    });
  });

  describe('and its sessions', () => {
    it('serves a legacy client from initialize to DELETE, and nobody else in its session [R-LEG-06, R-LEG-08]', async () => {
      const one = await world();
      const session = await open(one);
      expect((await one.call({ jsonrpc: '2.0', method: 'notifications/initialized' }, session)).status).toBe(202);
      const called = await one.call(
        { jsonrpc: '2.0', id: 'x', method: 'tools/call', params: { name: 'read_page' } },
        { ...session, 'mcp-name': 'delete_page', 'mcp-method': 'tools/list' },
      );
      expect(called.json).toMatchObject({ id: 'x', result: {} });
      expect(one.upstream.asked.at(-1)?.headers).not.toHaveProperty('mcp-name');
      const other = await gatehouse.createCredential({ servers: [one.slug] });
      const foreign = (await gatehouse.token(other, { resource: one.url })).json['access_token'] as string;
      const stolen = await one.call({ jsonrpc: '2.0', id: 1, method: 'tools/list' }, { ...session, authorization: `Bearer ${foreign}` });
      expect([stolen.status, errorIn(stolen).code]).toEqual([404, -32001]);
      expect((await one.call({ jsonrpc: '2.0', id: 1, method: 'tools/list' })).status).toBe(400);
      expect((await one.call(undefined, session, 'DELETE')).status).toBe(200);
      expect((await one.call({ jsonrpc: '2.0', id: 1, method: 'tools/list' }, session)).status).toBe(404);
    });

    it('ends them at the upstream with the credential [R-LEG-09]', async () => {
      const one = await world();
      const session = await open(one);
      const stream = one.call(undefined, { ...session, accept: 'text/event-stream' }, 'GET');
      await until(() => one.upstream.asked.some(({ method }) => method === 'GET'));
      await gatehouse.admin(`/credentials/${one.credential.id}/disable`, { method: 'POST' });
      await until(() => one.upstream.sessions.size === 0);
      expect((await within(stream)).status).toBe(200);
    });
  });

  it('takes an absolute URL as the target of a request (RFC 9112 §3.2.2)', async () => {
    const { call, url, token } = await world();
    const [message, headers] = modern('tools/call', { name: 'read_page', arguments: {} });
    expect((await call(message, headers)).status).toBe(200);
    const { hostname, port } = new URL(url);
    const all = { ...headers, ...JSON_TYPE, accept: ACCEPT, authorization: `Bearer ${token}` };
    const status = await new Promise((resolve, reject) => {
      const request = httpRequest({ hostname, port, path: url, method: 'POST', headers: all }, (response) => {
        resolve(response.resume().statusCode);
      });
      request.on('error', reject).end(JSON.stringify(message));
    });
    expect(status).toBe(200);
  });

  it('completes a subscription with its credential, once [R-MOD-15, R-GWC-14]', async () => {
    const one = await world({ on: { 'subscriptions/listen': (_asked, response) => void openStream(response).write('data: \n\n') } });
    const listening = one.call(...modern('subscriptions/listen', { notifications: {} }));
    await until(() => one.upstream.asked.some(({ message }) => message.method === 'subscriptions/listen'));
    await gatehouse.admin(`/credentials/${one.credential.id}/disable`, { method: 'POST' });
    const completion = { resultType: 'complete', _meta: { 'io.modelcontextprotocol/subscriptionId': 7 } };
    expect((await within(listening)).text).toBe(`data: \n\n${event({ jsonrpc: '2.0', id: 7, result: completion })}`);
  });

  describe('and changes of a server', () => {
    it('calls the new upstream at once, and finishes on the old one what is under way', async () => {
      let finish: () => void = () => undefined;
      const one = await world({
        on: {
          read_slow: (asked, response) => {
            openStream(response).write(': open\n\n');
            finish = () => response.end(event(result(asked, { from: 'old' })));
          },
        },
      });
      const slow = one.call(...modern('tools/call', { name: 'read_slow', arguments: {} }));
      await until(() => one.upstream.asked.some(({ message }) => message.params?.['name'] === 'read_slow'));
      const other = await startMcpUpstream();
      opened.push(other);
      await changeServer(gatehouse, one.slug, { upstream: { kind: 'http', url: other.url, auth: { type: 'none' } } });
      expect((await one.call(...modern('tools/call', { name: 'read_page', arguments: {} }))).status).toBe(200);
      expect(other.asked.at(-1)?.message.params?.['name']).toBe('read_page');
      finish();
      expect((await within(slow)).text).toContain('"from":"old"');
      await until(() => one.upstream.sockets.size === 0);
    });

    it('keeps connections and sessions where the upstream stays what it is', async () => {
      const one = await world();
      const session = await open(one);
      await changeServer(gatehouse, one.slug, { scopes: [...SCOPES, { name: 'notes:more', permissions: ['tools/call:more_*'] }] });
      expect((await one.call({ jsonrpc: '2.0', id: 1, method: 'tools/list' }, session)).status).toBe(200);
    });

    it('closes what belongs to a server that is gone', async () => {
      const one = await world();
      await one.call(...modern('tools/list'));
      expect(one.upstream.sockets.size).toBeGreaterThan(0);
      await removeServer(gatehouse, one.slug);
      await until(() => one.upstream.sockets.size === 0);
      expect((await one.call(...modern('tools/list'))).status).toBeGreaterThanOrEqual(400);
    });
  });
});
