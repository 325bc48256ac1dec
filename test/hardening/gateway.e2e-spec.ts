import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { ask, startTestGatehouse, type TestGatehouse } from '../support/gatehouse.js';
import { type Respond, result, sendJson, startUpstream, until } from '../support/http-upstream.js';
import { call, callTool, legacy, makeWorld, namesIn, openSession, tokenFor, tool, type World } from './world.js';

const ALL = [{ name: 'mcp:all', permissions: ['*'], default: true }];

let gatehouse: TestGatehouse;
let world: World;

beforeAll(async () => {
  gatehouse = await startTestGatehouse();
  world = await makeWorld(gatehouse, {
    // Without a prototype: tools are called `toString` here.
    on: Object.assign(Object.create(null) as object, {
      read_forged: (asked, response) =>
        sendJson(response, result(asked, { content: [{ type: 'text', text: 'a\n\ndata: {"forged":true}\n\n' }] })),
      read_hang: () => undefined,
      read_headers: (asked, response) =>
        sendJson(response, result(asked, { content: [] }), 200, {
          'set-cookie': 'a=b',
          connection: 'keep-alive',
          'x-internal': 'secret',
          'proxy-authenticate': 'x',
        }),
    } satisfies Record<string, Respond>),
    tools: ['read_page', 'read_forged', 'read_hang', 'read_headers', 'write_page', 'toString', '__proto__', 'constructor'].map(tool),
  });
});
afterAll(async () => {
  await world.upstream.close();
  await gatehouse.remove();
});

it('confused deputy: a call without a token of ours never reaches an upstream', async () => {
  const { upstream, url } = world;
  const before = upstream.asked.length;
  for (const token of [undefined, 'x', 'null', `${world.token}x`]) {
    expect((await callTool(url, token, 'read_page')).status).toBe(401);
  }
  expect(upstream.asked.length).toBe(before);
});

it('token passthrough: neither the token nor cookies nor what a proxy said of the caller go upstream', async () => {
  const { upstream, url, token } = world;
  const headers = { cookie: 'canary-cookie=1', 'x-forwarded-for': '203.0.113.9', 'x-forwarded-client-cert': 'canary-cert' };
  const before = upstream.asked.length;
  await call(url, token, { headers });
  await callTool(url, token, 'read_page', { headers });
  const session = await openSession(url, token);
  await legacy(url, token, { jsonrpc: '2.0', id: 1, method: 'tools/list' }, { ...session, ...headers });
  const sent = JSON.stringify(upstream.asked.slice(before).map(({ rawHeaders, text, path }) => [rawHeaders, text, path]));
  expect(upstream.asked.length).toBeGreaterThan(before);
  for (const secret of [token, 'canary', '203.0.113.9']) expect(sent).not.toContain(secret);
});

it('authentication only of what looks like MCP: no spelling of a request gets in without a token', async () => {
  const paths = [
    '/authed/mcp',
    '/authed/mcp/',
    '//authed/mcp',
    '/authed//mcp',
    '/AUTHED/mcp',
    '/authed%2fmcp',
    '/authed/mcp/%2e',
    '/authed/./mcp',
    `/authed/mcp/${world.slug}`,
    `/authed/mcp/${world.slug}/`,
  ];
  const before = world.upstream.asked.length;
  const bodies = ['{}', '[]', '[{"jsonrpc":"2.0","id":1,"method":"tools/list"}]', '{"jsonrpc":"2.0","id":1,"method":"tools/list"}', 'x'];
  for (const path of paths) {
    for (const method of ['GET', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'HEAD']) {
      const answer = await ask(gatehouse.url + path, {
        method,
        headers: { 'content-type': method === 'PUT' ? 'text/plain' : 'application/json' },
        ...(method === 'GET' || method === 'HEAD' ? {} : { body: bodies[path.length % bodies.length] ?? '' }),
      });
      // A preflight says what may be sent, and does nothing.
      if (method !== 'OPTIONS') expect([method, path, answer.status >= 400]).toEqual([method, path, true]);
    }
  }
  expect(world.upstream.asked.length).toBe(before);
});

it('list and call disagree: what is listed can be called, what is not listed cannot, for each credential', async () => {
  const all = await gatehouse.createCredential({ servers: [world.slug], scopes: ['notes:all'] });
  const wide = await tokenFor(gatehouse, all, world.url);
  for (const token of [world.token, wide, world.token]) {
    const listed = namesIn(await call(world.url, token));
    for (const name of ['read_page', 'write_page']) {
      expect([name, 'result' in (await callTool(world.url, token, name)).json]).toEqual([name, listed.includes(name)]);
    }
  }
});

it('header and body disagree: what is in the body is judged, and a header that says otherwise is refused', async () => {
  const { url, token } = world;
  expect((await callTool(url, token, 'write_page', { headers: { 'mcp-name': 'read_page' } })).status).toBeGreaterThanOrEqual(400);
  const mismatch = await callTool(url, token, 'read_page', { headers: { 'mcp-name': 'write_page' } });
  expect([mismatch.status, (mismatch.json['error'] as { code: number }).code]).toEqual([400, -32020]);
  const twice = '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"write_page","name":"read_page","arguments":{}}}';
  expect((await callTool(url, token, 'read_page', { body: twice })).status).toBe(400);
});

it('a batch smuggles a forbidden call: it never reaches the upstream beside an allowed one', async () => {
  const session = await openSession(world.url, world.token);
  const batch = ['read_page', 'write_page'].map((name, id) => ({
    jsonrpc: '2.0',
    id,
    method: 'tools/call',
    params: { name, arguments: {} },
  }));
  const before = world.upstream.asked.length;
  await legacy(world.url, world.token, batch, { ...session, 'mcp-protocol-version': '2025-03-26' });
  await call(world.url, world.token, { body: JSON.stringify(batch) });
  expect(JSON.stringify(world.upstream.asked.slice(before).map(({ text }) => text))).not.toContain('write_page');
});

it('session hijack: a session belongs to the credential that opened it', async () => {
  const session = await openSession(world.url, world.token);
  expect(session['mcp-session-id']?.length).toBeGreaterThanOrEqual(22);
  const thief = await gatehouse.createCredential({ servers: [world.slug] });
  const token = await tokenFor(gatehouse, thief, world.url);
  const message = { jsonrpc: '2.0', id: 1, method: 'tools/list' };
  expect((await legacy(world.url, token, message, session)).status).toBe(404);
  expect((await legacy(world.url, world.token, message, session)).status).toBe(200);
});

it('answers of one client reach another: 100 callers with the same id each get their own', async () => {
  const answers = await Promise.all(Array.from({ length: 100 }, (_, n) => callTool(world.url, world.token, `read_${n}`, { id: 0 })));
  answers.forEach(({ text }, n) => expect([n, text.includes(`"read_${n}"`)]).toEqual([n, true]));
});

it('cache poisoning across clients: warm lists of one scope are not those of another', async () => {
  const all = await gatehouse.createCredential({ servers: [world.slug], scopes: ['notes:all'] });
  const wide = await tokenFor(gatehouse, all, world.url);
  const [narrowList, wideList] = [namesIn(await call(world.url, world.token)), namesIn(await call(world.url, wide))];
  expect(wideList).toContain('write_page');
  expect(narrowList).not.toContain('write_page');
  expect(namesIn(await call(world.url, world.token))).toEqual(narrowList);
  const { headers } = await call(world.url, wide);
  expect(headers.get('cache-control')).toMatch(/no-store|private|^$/);
});

it('authorization pinned in pooled sessions: changed upstream credentials are used at once', async () => {
  const seen: (string | undefined)[] = [];
  const upstream = await startUpstream((asked, response) => {
    seen.push(asked.headers.authorization);
    sendJson(
      response,
      result(asked, { resultType: 'complete', tools: [tool('read_page')], supportedVersions: ['2026-07-28'], capabilities: {} }),
    );
  });
  const server = (token: string) => ({ kind: 'http', url: upstream.url, auth: { type: 'bearer', token } });
  await gatehouse.admin('/servers', { body: { slug: 'pinned', name: 'Pinned', scopes: ALL, upstream: server('old-upstream-key') } });
  const url = `${gatehouse.url}/authed/mcp/pinned`;
  const credential = await gatehouse.createCredential({ servers: ['pinned'] });
  const token = await tokenFor(gatehouse, credential, url);
  await callTool(url, token, 'read_page');
  expect(seen.at(-1)).toBe('Bearer old-upstream-key');
  await gatehouse.admin('/servers/pinned', { method: 'PATCH', body: { upstream: server('new-upstream-key') } });
  const from = seen.length;
  await callTool(url, token, 'read_page');
  expect(new Set(seen.slice(from))).toEqual(new Set(['Bearer new-upstream-key']));
  await upstream.close();
});

it('injection into paths of an imported API: arguments never become part of an upstream URL', async () => {
  const paths = new Set(world.upstream.asked.map(({ path }) => path));
  for (const evil of ['../../admin', '%2e%2e/', '?x=1', '#x', 'a\r\nx: y'])
    await callTool(world.url, world.token, 'read_page', {
      headers: {},
      body: JSON.stringify({
        jsonrpc: '2.0',
        id: 1,
        method: 'tools/call',
        params: {
          name: 'read_page',
          arguments: { path: evil },
          _meta: { 'io.modelcontextprotocol/protocolVersion': '2026-07-28', 'io.modelcontextprotocol/clientCapabilities': {} },
        },
      }),
    });
  expect(new Set(world.upstream.asked.map(({ path }) => path))).toEqual(paths.size > 0 ? paths : new Set(['/mcp']));
});

it('body bombs: size, depth, number of members and compression are bounded', async () => {
  const { url, token } = world;
  const status = async (body: string): Promise<number> => (await call(url, token, { body })).status;
  expect(await status(`{"a":"${'x'.repeat(5 * 1024 * 1024)}"}`)).toBe(413);
  expect(await status(`{"jsonrpc":"2.0","id":1,"method":"tools/list","params":${'['.repeat(5000)}${']'.repeat(5000)}}`)).toBe(400);
  const zipped = await ask(url, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      'content-encoding': 'gzip',
      accept: 'application/json, text/event-stream',
    },
    body: new Uint8Array(gzipSync(Buffer.alloc(8 * 1024 * 1024, 32))),
  });
  expect(zipped.status).toBeGreaterThanOrEqual(400);
  expect(
    (await ask(`${gatehouse.url}/authed/mcp/oauth/token`, { method: 'POST', body: new URLSearchParams({ a: 'x'.repeat(100_000) }) }))
      .status,
  ).toBe(413);
});

it('streams that are dropped are freed, and one credential cannot take them all', async () => {
  const { url, token } = world;
  const session = await openSession(url, token);
  const abort = new AbortController();
  const opened = await Promise.all(
    Array.from({ length: 60 }, () =>
      fetch(url, { headers: { authorization: `Bearer ${token}`, accept: 'text/event-stream', ...session }, signal: abort.signal }).then(
        ({ status }) => status,
        () => 0,
      ),
    ),
  );
  expect(opened.filter((status) => status === 200).length).toBeLessThan(60);
  abort.abort();
  await until(async () => (await callTool(url, token, 'read_page')).status === 200);
});

it('a slow upstream holds nothing else: others are answered while one hangs', async () => {
  const abort = new AbortController();
  const hanging = Array.from({ length: 10 }, () =>
    fetch(world.url, {
      method: 'POST',
      signal: abort.signal,
      headers: {
        authorization: `Bearer ${world.token}`,
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        'mcp-protocol-version': '2026-07-28',
        'mcp-method': 'tools/call',
        'mcp-name': 'read_hang',
      },
      body: '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"read_hang","arguments":{},"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}',
    }).catch(() => undefined),
  );
  const start = performance.now();
  const others = await makeWorld(gatehouse);
  expect((await callTool(others.url, others.token, 'read_page')).status).toBe(200);
  expect(performance.now() - start).toBeLessThan(3000);
  abort.abort();
  await Promise.all(hanging);
  await others.upstream.close();
});

it('request smuggling: ambiguous lengths are refused, and hop-by-hop headers of an upstream end here', async () => {
  const { port } = new URL(gatehouse.url);
  const raw = (head: string): Promise<string> =>
    new Promise((resolve) => {
      let text = '';
      const socket = connect(Number(port), 'localhost', () => socket.write(head));
      socket.on('data', (data) => (text += data.toString()));
      socket.on('close', () => resolve(text));
      socket.on('error', () => resolve(text));
      setTimeout(() => socket.destroy(), 1000);
    });
  for (const lengths of [
    'Content-Length: 2\r\nContent-Length: 3',
    'Content-Length: 2\r\nTransfer-Encoding: chunked',
    'Transfer-Encoding: xchunked',
  ]) {
    const text = await raw(
      `POST /authed/mcp HTTP/1.1\r\nHost: localhost:${port}\r\n${lengths}\r\n\r\n{}GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n`,
    );
    expect(text.slice(0, 12)).toBe('HTTP/1.1 400');
    expect(text.match(/HTTP\/1\.1 /g)?.length).toBe(1);
  }
  const { headers } = await callTool(world.url, world.token, 'read_headers');
  for (const name of ['set-cookie', 'x-internal', 'proxy-authenticate']) expect([name, headers.get(name)]).toEqual([name, null]);
});

it('prototype pollution and odd keys: names as __proto__ break nothing and merge nothing', async () => {
  const all = await gatehouse.createCredential({ servers: [world.slug], scopes: ['notes:all'] });
  const wide = await tokenFor(gatehouse, all, world.url);
  for (const name of ['toString', 'constructor']) {
    expect((await callTool(world.url, wide, name)).json).toHaveProperty('result');
    expect((await callTool(world.url, world.token, name)).json).not.toHaveProperty('result');
  }
  await callTool(world.url, wide, '__proto__');
  await call(world.url, wide, {
    body: '{"jsonrpc":"2.0","id":1,"method":"tools/list","__proto__":{"polluted":1},"params":{"__proto__":{"polluted":1}}}',
  });
  await gatehouse.admin('/credentials?__proto__[polluted]=1&constructor=x');
  await gatehouse.admin('/credentials', { body: JSON.parse('{"label":"x","__proto__":{"polluted":1}}') as unknown });
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  expect((await ask(`${gatehouse.url}/health/live`)).status).toBe(200);
});

it('events injected from upstream text: it reaches the client as one JSON string', async () => {
  const { text, json } = await callTool(world.url, world.token, 'read_forged');
  expect(text).not.toMatch(/^data: \{"forged"/m);
  expect((json['result'] as { content: { text: string }[] }).content[0]?.text).toContain('\n\ndata:');
});

it('collision of tool names between upstreams: each has a name of its own, the same every time', async () => {
  const other = await makeWorld(gatehouse);
  const group = (members: object[]) =>
    gatehouse.admin('/servers', { body: { slug: 'both', name: 'Both', scopes: ALL, upstream: { kind: 'group', members } } });
  const clash = await group([{ server: world.slug }, { server: other.slug }]);
  expect([clash.status, clash.json['code']]).toEqual([400, 'validation_failed']);
  expect((await group([{ server: world.slug }, { server: other.slug, prefix: 'other_' }])).status).toBe(201);
  const url = `${gatehouse.url}/authed/mcp/both`;
  const token = await tokenFor(gatehouse, await gatehouse.createCredential({ servers: ['both'] }), url);
  for (let round = 0; round < 3; round++) {
    const names = namesIn(await call(url, token));
    expect(names.filter((name) => name.endsWith('read_page'))).toEqual(['read_page', 'other_read_page']);
    expect(new Set(names).size).toBe(names.length);
  }
  const ofFirst = world.upstream.asked.length;
  await callTool(url, token, 'other_read_page');
  expect(world.upstream.asked.length).toBe(ofFirst);
  expect(other.upstream.asked.at(-1)?.message.params?.['name']).toBe('read_page');
  await other.upstream.close();
});
