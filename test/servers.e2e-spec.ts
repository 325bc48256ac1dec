import { mkdirSync, mkdtempSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { Server } from '../src/servers/server.entity.js';
import { serveHttp } from './fixtures/everything/http.mjs';
import { type Answer, ask, basic, type NewCredential, startTestGatehouse, type TestGatehouse } from './support/gatehouse.js';
import { type McpOptions, META, MODERN, result, sendJson, startMcpUpstream, type TestUpstream, until } from './support/http-upstream.js';

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

const SCOPES = [{ name: 'notes', permissions: ['tools/call:*'], default: true }];

async function startUpstream(options: McpOptions = {}): Promise<TestUpstream> {
  const upstream = await startMcpUpstream(options);
  opened.push(upstream);
  return upstream;
}

const create = (body: Record<string, unknown>, headers: Record<string, string> = {}): Promise<Answer> =>
  gatehouse.admin('/servers', { body: { name: 'Notes', scopes: SCOPES, ...body }, headers });
const patch = (slug: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer> =>
  gatehouse.admin(`/servers/${slug}`, { method: 'PATCH', body, headers });
const remove = (path: string, headers: Record<string, string> = {}): Promise<Answer> =>
  gatehouse.admin(`/servers/${path}`, { method: 'DELETE', headers });
const events = async (kind: string, server: string): Promise<{ actor: string; detail: Record<string, unknown> }[]> =>
  (await gatehouse.admin(`/events?kind=${kind}&server=${server}`)).json['items'] as { actor: string; detail: Record<string, unknown> }[];

/** A stored http server with an upstream that is there. */
async function newServer(more: Record<string, unknown> = {}, options: McpOptions = {}): Promise<{ slug: string; upstream: TestUpstream }> {
  const upstream = await startUpstream(options);
  const slug = `notes-${++count}`;
  const { auth = { type: 'none' }, ...rest } = more;
  const created = await create({ slug, upstream: { kind: 'http', url: upstream.url, auth }, ...rest });
  expect([created.status, created.text]).toEqual([201, expect.any(String)]);
  return { slug, upstream };
}

function callTool(url: string, token: string | undefined, name = 'echo', values: object = {}): Promise<Answer> {
  return ask(url, {
    method: 'POST',
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': MODERN,
      'mcp-method': 'tools/call',
      'mcp-name': name,
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: values, _meta: META } }),
  });
}

async function tokenFor(
  slug: string,
  more: Record<string, unknown> = {},
): Promise<{ credential: NewCredential; token: string; url: string }> {
  const credential = await gatehouse.createCredential({ servers: [slug], ...more });
  const { json } = await gatehouse.token(credential);
  return { credential, token: json['access_token'] as string, url: `${gatehouse.url}/authed/mcp/${slug}` };
}

const isRefused = (status: number, code: string, field?: string) => ({
  status,
  json: expect.objectContaining({
    status,
    code,
    ...(field === undefined ? {} : { errors: expect.arrayContaining([{ field, message: expect.any(String) }]) }),
  }),
});

describe('a server', () => {
  it('is callable as soon as it is created, with what the gateway signs in with and nothing of the caller (R-GWC-05)', async () => {
    const { slug, upstream } = await newServer({ auth: { type: 'bearer', token: 'upstream-token' } });
    const { token, url } = await tokenFor(slug);
    expect((await callTool(url, token)).status).toBe(200);
    expect(upstream.asked.at(-1)?.headers.authorization).toBe('Bearer upstream-token');
  });

  it('is answered with everything but its secrets, which nobody reads back', async () => {
    const { slug, upstream } = await newServer({
      auth: { type: 'headers', headers: { 'X-Api-Key': 'key-of-the-upstream', 'x-team': 'core' } },
      description: 'Of the team',
      limits: { perCredential: 100, timeoutSeconds: 5 },
      tokenTtl: 120,
    });
    const read = await gatehouse.admin(`/servers/${slug}`);
    expect(read.headers.get('etag')).toBe('"1"');
    expect(read.json).toEqual({
      slug,
      name: 'Notes',
      description: 'Of the team',
      access: 'authenticated',
      upstream: { kind: 'http', url: upstream.url, auth: { type: 'headers', headerNames: ['x-api-key', 'x-team'] } },
      scopes: [{ name: 'notes', description: null, permissions: ['tools/call:*'], default: true }],
      limits: { perCredential: 100, timeoutSeconds: 5 },
      tokenTtl: 120,
      isDefault: false,
      resource: `${gatehouse.url}/authed/mcp/${slug}`,
      health: expect.objectContaining({ status: expect.any(String) }),
      warnings: [],
      createdAt: expect.any(String),
      updatedAt: expect.any(String),
    });
    const list = await gatehouse.admin('/servers?limit=200');
    const trail = await gatehouse.admin(`/events?server=${slug}`);
    for (const { text } of [read, list, trail]) expect(text).not.toContain('key-of-the-upstream');
    const { upstreamSecrets } = await gatehouse.app.get(DataSource).getRepository(Server).findOneByOrFail({ slug });
    expect(upstreamSecrets).toMatch(/^v1\./);
  });

  it('comes in pages, oldest first', async () => {
    await newServer();
    const first = await gatehouse.admin('/servers?limit=1');
    expect((first.json['items'] as { slug: string }[]).map(({ slug }) => slug)).toEqual(['docs']);
    const second = await gatehouse.admin(`/servers?limit=1&cursor=${first.json['nextCursor'] as string}`);
    expect((second.json['items'] as { slug: string }[])[0]?.slug).not.toBe('docs');
  });

  it('is created once under an Idempotency-Key', async () => {
    const slug = `once-${++count}`;
    const body = { slug, upstream: { kind: 'docs' } };
    const [first, second] = [await create(body, { 'idempotency-key': slug }), await create(body, { 'idempotency-key': slug })];
    expect([first.status, second.status, second.headers.get('idempotency-replayed')]).toEqual([201, 201, 'true']);
    expect(second.json).toEqual(first.json);
    expect(await create(body)).toMatchObject(isRefused(409, 'name_taken'));
  });

  it('warns of what works and is perhaps not meant', async () => {
    const { slug } = await newServer({ scopes: [], access: 'both', auth: { type: 'bearer', token: 't' } });
    const { json } = await gatehouse.admin(`/servers/${slug}`);
    expect(json['warnings']).toEqual([
      expect.stringContaining('No scope is granted by default'),
      expect.stringContaining('Everybody may call it'),
    ]);
  });

  it('needs an operator to change, and any admin to read', async () => {
    await gatehouse.admin('/admins', { body: { username: 'looker', role: 'viewer', password: 'a password that is long' } });
    const asViewer = { user: 'looker', password: 'a password that is long' };
    expect((await gatehouse.admin('/servers/docs', asViewer)).status).toBe(200);
    for (const [path, method] of [
      ['/servers', 'POST'],
      ['/servers/docs', 'PATCH'],
      ['/servers/docs', 'DELETE'],
      ['/servers/test', 'POST'],
    ] as const) {
      expect((await gatehouse.admin(path, { ...asViewer, method, body: {} })).status).toBe(403);
    }
  });

  it('refuses what is not valid, field by field', async () => {
    const http = (more: object) => ({ upstream: { kind: 'http', url: 'https://mcp.example.com/mcp', ...more } });
    const scope = (more: object) => ({ scopes: [{ name: 's', permissions: [], ...more }] });
    const cases: [Record<string, unknown>, string][] = [
      [{ slug: 'oauth' }, 'slug'],
      [{ slug: 'well-known' }, 'slug'],
      [{ slug: 'With-Capital' }, 'slug'],
      [{ slug: '-a' }, 'slug'],
      [{ slug: 'a/b' }, 'slug'],
      [{ slug: 'a'.repeat(65) }, 'slug'],
      [{ name: '' }, 'name'],
      [{ access: 'nobody' }, 'access'],
      [{ upstream: null }, 'upstream'],
      [{ upstream: [] }, 'upstream'],
      [{ upstream: { kind: 'gopher' } }, 'upstream.kind'],
      [{ upstream: { kind: 'constructor' } }, 'upstream.kind'],
      [{ upstream: { kind: 'http' } }, 'upstream.url'],
      [http({ url: 'http://mcp.example.com@evil.example/' }), 'upstream.url'],
      [http({ url: 'https://user:pw@mcp.example.com/' }), 'upstream.url'],
      [http({ url: 'https://mcp.example.com/#a' }), 'upstream.url'],
      [http({ url: 'https://169.254.169.254/' }), 'upstream.url'],
      [http({ url: 'https://10.0.0.1/' }), 'upstream.url'],
      [http({ url: 'ftp://mcp.example.com/' }), 'upstream.url'],
      [http({ url: 'https://mcp.example.com/?api_key=abc' }), 'upstream.url'],
      [http({ url: `${gatehouse.url}/authed/mcp` }), 'upstream.url'],
      [http({ auth: 'bearer' }), 'upstream.auth'],
      [http({ auth: { type: 'magic' } }), 'upstream.auth.type'],
      [http({ auth: { type: 'bearer' } }), 'upstream.auth.token'],
      [http({ auth: { type: 'bearer', token: 'a b' } }), 'upstream.auth.token'],
      [http({ auth: { type: 'bearer', token: null } }), 'upstream.auth.token'],
      [http({ auth: { type: 'headers' } }), 'upstream.auth.headers'],
      [http({ auth: { type: 'headers', headers: { host: 'x' } } }), 'upstream.auth.headers'],
      [http({ auth: { type: 'headers', headers: { 'mcp-session-id': 'x' } } }), 'upstream.auth.headers'],
      [http({ auth: { type: 'headers', headers: { 'x y': 'x' } } }), 'upstream.auth.headers'],
      [http({ auth: { type: 'headers', headers: { x: 'a\r\nb: c' } } }), 'upstream.auth.headers'],
      [
        http({ auth: { type: 'client_credentials', tokenUrl: 'https://10.0.0.1/', clientId: 'a', clientSecret: 'b' } }),
        'upstream.auth.tokenUrl',
      ],
      [http({ auth: { type: 'client_credentials', tokenUrl: 'https://a.example/', clientId: 'a' } }), 'upstream.auth.clientSecret'],
      [
        { ...http({ auth: { type: 'token_exchange', tokenUrl: 'https://a.example/', clientId: 'a', clientSecret: 'b' } }), access: 'both' },
        'access',
      ],
      [{ upstream: { kind: 'stdio', command: 'sh' } }, 'upstream.command'],
      [{ upstream: { kind: 'docs', dir: '/etc' } }, 'upstream.dir'],
      [{ upstream: { kind: 'docs', dir: '..' } }, 'upstream.dir'],
      [{ upstream: { kind: 'docs', dir: 'absent' } }, 'upstream.dir'],
      [{ upstream: { kind: 'group', members: [] } }, 'upstream.members'],
      [{ upstream: { kind: 'group', members: [{ server: 'nobody' }] } }, 'upstream.members'],
      [{ upstream: { kind: 'group', members: [{ server: 'docs' }, { server: 'docs' }] } }, 'upstream.members'],
      [{ upstream: { kind: 'group', members: [{ server: 'docs', prefix: 'a b' }] } }, 'upstream.members.0.prefix'],
      [scope({ name: 'a b' }), 'scopes.0.name'],
      [scope({ name: 'a"b' }), 'scopes.0.name'],
      [scope({ permissions: ['tools/cal:x'] }), 'scopes.0.permissions'],
      [scope({ permissions: ['tools/list:x'] }), 'scopes.0.permissions'],
      [scope({ permissions: [{ permission: 'tools/call:x', arguments: { a: { like: 'b' } } }] }), 'scopes.0.permissions'],
      [{ scopes: [SCOPES[0], SCOPES[0]] }, 'scopes'],
      [{ limits: { perCredential: 0 } }, 'limits.perCredential'],
      [{ limits: { timeoutSeconds: 601 } }, 'limits.timeoutSeconds'],
      [{ tokenTtl: 59 }, 'tokenTtl'],
      [{ isDefault: 'yes' }, 'isDefault'],
      [{ extra: 1 }, 'extra'],
    ];
    for (const [body, field] of cases) {
      const answer = await create({ slug: `bad-${++count}`, upstream: { kind: 'docs' }, ...body });
      expect({ body, status: answer.status, json: answer.json }).toMatchObject({ body, ...isRefused(400, 'validation_failed', field) });
    }
  });
});

describe('a change of a server', () => {
  it('is in effect when it is answered: scopes, limits and where messages go', async () => {
    const { slug, upstream } = await newServer();
    const { token, url } = await tokenFor(slug);
    expect((await callTool(url, token)).status).toBe(200);
    const other = await startUpstream();
    expect((await patch(slug, { upstream: { kind: 'http', url: other.url } })).json).toMatchObject({ upstream: { url: other.url } });
    const calls = (one: TestUpstream) => one.asked.filter(({ message }) => message.method === 'tools/call').length;
    expect((await callTool(url, token)).status).toBe(200);
    expect([calls(upstream), calls(other)]).toEqual([1, 1]);
    await patch(slug, { scopes: [{ name: 'notes', permissions: ['tools/call:add'], default: true }] });
    expect((await callTool(url, token)).json).toMatchObject({ error: { code: -32602 } });
  });

  it('leaves what is absent, takes away with null, and merges limits', async () => {
    const { slug } = await newServer({
      description: 'a',
      limits: { perCredential: 5, perTool: 6 },
      tokenTtl: 100,
      auth: { type: 'bearer', token: 't' },
    });
    const changed = await patch(slug, { name: 'Renamed', description: null, limits: { perTool: null, perAddress: 7 } });
    expect(changed.json).toMatchObject({
      name: 'Renamed',
      description: null,
      limits: { perCredential: 5, perAddress: 7 },
      tokenTtl: 100,
      upstream: { auth: { type: 'bearer', hasToken: true } },
    });
    expect((await patch(slug, { limits: null, tokenTtl: null })).json).toMatchObject({ limits: {}, tokenTtl: null });
  });

  it('keeps secrets that are absent, header by header, and writes those that are there', async () => {
    const { slug, upstream } = await newServer({ auth: { type: 'headers', headers: { 'x-a': '1', 'x-b': '2' } } });
    const { token, url } = await tokenFor(slug);
    const auth = (headers: object) => patch(slug, { upstream: { kind: 'http', auth: { type: 'headers', headers } } });
    expect((await auth({ 'x-b': null, 'X-C': '3' })).json).toMatchObject({ upstream: { auth: { headerNames: ['x-a', 'x-c'] } } });
    await callTool(url, token);
    const { headers } = upstream.asked.at(-1)!;
    expect([headers['x-a'], headers['x-b'], headers['x-c']]).toEqual(['1', undefined, '3']);
    expect(await auth({ 'x-a': null, 'x-c': null })).toMatchObject(isRefused(400, 'validation_failed', 'upstream.auth.headers'));
  });

  it('moves no secret along to another host, so that an operator cannot send it to himself', async () => {
    const { slug, upstream } = await newServer({ auth: { type: 'bearer', token: 'upstream-token' } });
    const elsewhere = (auth?: object) =>
      patch(slug, { upstream: { kind: 'http', url: 'https://evil.example/mcp', ...(auth ? { auth } : {}) } });
    expect(await elsewhere()).toMatchObject(isRefused(400, 'validation_failed', 'upstream.auth'));
    expect(await elsewhere({ type: 'bearer' })).toMatchObject(isRefused(400, 'validation_failed', 'upstream.auth.token'));
    const test = await gatehouse.admin(`/servers/${slug}/test`, { body: { upstream: { kind: 'http', url: 'https://evil.example/mcp' } } });
    expect(test).toMatchObject(isRefused(400, 'validation_failed', 'upstream.auth'));
    const path = upstream.url.replace('/mcp', '/other');
    expect((await patch(slug, { upstream: { kind: 'http', url: path } })).json).toMatchObject({
      upstream: { url: path, auth: { hasToken: true } },
    });
  });

  it('moves no client secret along to another token endpoint', async () => {
    const endpoint = { tokenUrl: 'https://login.example.com/token', clientId: 'a', clientSecret: 's', scope: 'x' };
    const { slug } = await newServer({ auth: { type: 'client_credentials', ...endpoint } });
    const auth = (more: object) => patch(slug, { upstream: { kind: 'http', auth: { type: 'client_credentials', ...more } } });
    expect(await auth({ tokenUrl: 'https://evil.example/token' })).toMatchObject(
      isRefused(400, 'validation_failed', 'upstream.auth.clientSecret'),
    );
    expect((await auth({ clientId: 'b', scope: null })).json).toMatchObject({
      upstream: { auth: { tokenUrl: endpoint.tokenUrl, clientId: 'b', hasClientSecret: true, scope: null } },
    });
  });

  it('is refused on a version that is history (R-ADM-05)', async () => {
    const { slug } = await newServer();
    expect((await patch(slug, { name: 'a' }, { 'if-match': '"1"' })).headers.get('etag')).toBe('"2"');
    expect(await patch(slug, { name: 'b' }, { 'if-match': '"1"' })).toMatchObject(isRefused(412, 'precondition_failed'));
    expect(await remove(slug, { 'if-match': '"1"' })).toMatchObject(isRefused(412, 'precondition_failed'));
  });

  it('cannot give it another slug, or touch one that does not exist', async () => {
    const { slug } = await newServer();
    expect(await patch(slug, { slug: 'other' })).toMatchObject(isRefused(400, 'validation_failed', 'slug'));
    for (const path of ['absent', `${slug}%20`, slug.toUpperCase()])
      expect(await patch(path, { name: 'x' })).toMatchObject(isRefused(404, 'not_found'));
    expect(await gatehouse.admin(`/servers/${slug}%20`)).toMatchObject(isRefused(404, 'not_found'));
  });

  it('is in the audit trail with what changed, and of secrets that they were written', async () => {
    const { slug } = await newServer({ auth: { type: 'bearer', token: 'first-token' } });
    await patch(slug, { name: 'Renamed', upstream: { kind: 'http', auth: { type: 'bearer', token: 'second-token' } } });
    const [{ actor, detail }] = (await events('server.changed', slug)) as [{ actor: string; detail: Record<string, unknown> }];
    expect([actor, detail]).toEqual([
      'admin',
      { said: ['name', 'upstream'], fields: ['name'], changes: { name: { from: 'Notes', to: 'Renamed' } }, secretsWritten: true },
    ]);
    expect((await gatehouse.admin(`/events?server=${slug}`)).text).not.toMatch(/first-token|second-token/);
  });
});

describe('the default server', () => {
  it('moves at once with its URLs, and tokens for the one before do not open the next', async () => {
    const { slug, upstream } = await newServer();
    const both = await gatehouse.createCredential({ servers: ['docs', slug], scopes: ['mcp:search', 'notes'] });
    const before = await gatehouse.accessToken(both);
    expect((await callTool(`${gatehouse.url}/authed/mcp`, before, 'search_docs', { query: 'x' })).status).toBe(200);
    expect((await patch(slug, { isDefault: true })).json).toMatchObject({ isDefault: true, resource: `${gatehouse.url}/authed/mcp` });
    try {
      expect((await gatehouse.admin('/servers/docs')).json).toMatchObject({
        isDefault: false,
        resource: `${gatehouse.url}/authed/mcp/docs`,
      });
      expect((await callTool(`${gatehouse.url}/authed/mcp`, before)).status).toBe(401);
      const { json } = await gatehouse.token(both, { resource: `${gatehouse.url}/authed/mcp` });
      expect((await callTool(`${gatehouse.url}/authed/mcp`, json['access_token'] as string)).status).toBe(200);
      expect(upstream.asked.length).toBeGreaterThan(0);
      expect(await patch(slug, { isDefault: false })).toMatchObject(isRefused(409, 'conflict'));
      expect(await remove(slug)).toMatchObject(isRefused(409, 'conflict'));
    } finally {
      expect((await patch('docs', { isDefault: true })).status).toBe(200);
    }
    expect((await remove(`${slug}?detach=true`)).status).toBe(204);
  });
});

describe('the deletion of a server', () => {
  it('takes its calls and tokens along, for good: a server of the same slug does not honour them', async () => {
    const { slug, upstream } = await newServer();
    const { credential, token, url } = await tokenFor(slug);
    expect((await callTool(url, token)).status).toBe(200);
    expect((await remove(`${slug}?detach=true`)).status).toBe(204);
    expect((await callTool(url, token)).status).toBe(404);
    expect((await gatehouse.admin(`/credentials/${credential.id}`)).json).toMatchObject({ servers: [] });
    await create({ slug, upstream: { kind: 'http', url: upstream.url } });
    expect((await callTool(url, token)).status).toBe(401);
    await gatehouse.admin(`/credentials/${credential.id}`, { method: 'PATCH', body: { servers: [slug] } });
    expect((await callTool(url, token)).status).toBe(401);
    const { json } = await gatehouse.token(credential);
    expect((await callTool(url, json['access_token'] as string)).status).toBe(200);
  });

  it('is refused while credentials or groups name it, unless it is to be taken out of them', async () => {
    const { slug } = await newServer();
    const group = `group-${++count}`;
    await create({ slug: group, upstream: { kind: 'group', members: [{ server: 'docs' }, { server: slug, prefix: 'n_' }] } });
    const { id } = await gatehouse.createCredential({ label: 'nightly', servers: [slug, 'docs'] });
    const resource = await gatehouse.createCredential({ introspects: [slug] });
    const refused = await remove(slug);
    expect(refused).toMatchObject(isRefused(409, 'server_in_use'));
    expect(refused.json['detail']).toMatch(new RegExp(`1 groups \\(${group}\\) and 2 credentials \\(nightly, test\\)`));
    expect(await create({ slug: `nested-${count}`, upstream: { kind: 'group', members: [{ server: group }] } })).toMatchObject(
      isRefused(400, 'validation_failed', 'upstream.members'),
    );
    expect(await patch(slug, { upstream: { kind: 'group', members: [{ server: 'docs' }] } })).toMatchObject(
      isRefused(400, 'validation_failed', 'upstream.kind'),
    );
    expect((await remove(`${slug}?detach=true`)).status).toBe(204);
    expect((await gatehouse.admin(`/credentials/${id}`)).json).toMatchObject({ servers: ['docs'] });
    expect((await gatehouse.admin(`/credentials/${resource.id}`)).json).toMatchObject({ introspects: [] });
    expect((await gatehouse.admin(`/servers/${group}`)).json).toMatchObject({ upstream: { members: [{ server: 'docs', prefix: null }] } });
    expect((await events('server.deleted', slug))[0]?.detail).toMatchObject({ detached: [group] });
    expect(await remove(slug)).toMatchObject(isRefused(404, 'not_found'));
  });

  it('lets a call finish that is under way', async () => {
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const { slug } = await newServer(
      {},
      { on: { echo: (asked, response) => void held.then(() => sendJson(response, result(asked, { content: [] }))) } },
    );
    const { token, url } = await tokenFor(slug);
    const calling = callTool(url, token);
    await until(() => opened.at(-1)?.asked.some(({ message }) => message.method === 'tools/call') ?? false);
    expect((await remove(`${slug}?detach=true`)).status).toBe(204);
    release();
    expect((await calling).json).toMatchObject({ result: { content: [] } });
    expect((await callTool(url, token)).status).toBe(404);
  });
});

describe('races', () => {
  it('give one of two creations the slug', async () => {
    const slug = `race-${++count}`;
    const answers = await Promise.all([1, 2, 3].map(() => create({ slug, upstream: { kind: 'docs' } })));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409]);
  });

  it('let one of two changes of the same version through', async () => {
    const { slug } = await newServer();
    const answers = await Promise.all(['a', 'b', 'c'].map((name) => patch(slug, { name }, { 'if-match': '"1"' })));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 412, 412]);
    expect(await events('server.changed', slug)).toHaveLength(1);
  });

  it('leave one default server, whoever wants to be it', async () => {
    const slugs = await Promise.all([1, 2, 3].map(async () => (await newServer()).slug));
    try {
      const answers = await Promise.all(slugs.map((slug) => patch(slug, { isDefault: true })));
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
      const { json } = await gatehouse.admin('/servers?limit=200');
      expect((json['items'] as { isDefault: boolean }[]).filter(({ isDefault }) => isDefault)).toHaveLength(1);
    } finally {
      await patch('docs', { isDefault: true });
    }
  });

  it('leave no credential with a server that is gone', async () => {
    for (let round = 0; round < 5; round++) {
      const { slug } = await newServer();
      const [made, gone] = await Promise.all([
        gatehouse.admin('/credentials', { body: { label: 'racer', servers: [slug] } }),
        remove(slug),
      ]);
      const outcome = [made.status, gone.status];
      expect([
        [201, 409],
        [400, 204],
      ]).toContainEqual(outcome);
      const stands = (await gatehouse.admin(`/servers/${slug}`)).status === 200;
      expect(stands).toBe(made.status === 201);
    }
  });
});

describe('a documentation server', () => {
  it('is made from a folder below DOCS_DIR, and from nowhere else, wherever links lead', async () => {
    const docs = join(gatehouse.dir, 'docs');
    mkdirSync(join(docs, 'team'), { recursive: true });
    const outside = mkdtempSync(join(tmpdir(), 'outside-'));
    symlinkSync(outside, join(docs, 'way-out'));
    const dir = (path: string) => create({ slug: `folder-${++count}`, upstream: { kind: 'docs', dir: path } });
    expect((await dir('team')).json).toMatchObject({ upstream: { kind: 'docs', dir: join(docs, 'team'), git: null } });
    for (const path of [outside, 'way-out', '../..', '/', join(docs, '..', 'data')]) {
      expect(await dir(path)).toMatchObject(isRefused(400, 'validation_failed', 'upstream.dir'));
    }
    const inexistent = await dir('/etc/absent');
    const existent = await dir('/etc/passwd');
    expect(inexistent.json['detail']).toBe(existent.json['detail']);
  });

  it('serves another folder as soon as it is told to', async () => {
    const slug = `moving-${++count}`;
    await create({ slug, access: 'public', upstream: { kind: 'docs', dir: 'guides' } });
    const list = async () => (await gatehouse.admin(`/servers/${slug}/test`, { method: 'POST' })).json;
    expect(await list()).toMatchObject({ ok: true, tools: { count: 4 } });
    const read = async (path: string) => (await callTool(`${gatehouse.url}/mcp/${slug}`, undefined, 'read_notes', { path })).text;
    await until(async () => (await read('install')).includes('Run the installer'));
    await patch(slug, { upstream: { kind: 'docs', dir: null } });
    await until(async () => (await read('guides/install')).includes('Run the installer'));
  });
});

describe('POST /servers/test', () => {
  const test = (upstream: unknown): Promise<Answer> => gatehouse.admin('/servers/test', { body: { upstream } });

  it.each([
    ['modern', ['modern'], ['2026-07-28']],
    ['legacy', ['legacy'], ['2025-11-25']],
    ['both', ['modern', 'legacy'], ['2026-07-28', '2025-11-25']],
  ] as const)('connects to a server of the era %s and lists', async (era, eras, versions) => {
    const { url, close } = await serveHttp({ era });
    try {
      const { status, json } = await test({ kind: 'http', url });
      expect([status, json]).toEqual([200, expect.objectContaining({ ok: true, eras, versions, problems: [] })]);
      expect(json['serverInfo']).toMatchObject({ name: expect.any(String) });
      const tools = json['tools'] as { count: number; items: { name: string }[] };
      expect([tools.count, tools.items.some(({ name }) => name === 'test_echo')]).toEqual([tools.items.length, true]);
      expect([json['prompts'], json['resources'], json['resourceTemplates']].every((list) => (list as { count: number }).count > 0)).toBe(
        true,
      );
      expect(json['durationMs']).toBeGreaterThan(0);
      expect((await gatehouse.admin('/servers?limit=200')).text).not.toContain(url);
    } finally {
      await close();
    }
  });

  it('uses the stored secrets for a change that is tried at the same host', async () => {
    const { slug, upstream } = await newServer({ auth: { type: 'bearer', token: 'stored-token' } }, { eras: ['modern'] });
    const { json } = await gatehouse.admin(`/servers/${slug}/test`, { body: { upstream: { kind: 'http', url: `${upstream.url}?v=2` } } });
    expect(json).toMatchObject({ ok: true });
    expect(upstream.asked.at(-1)).toMatchObject({ path: '/mcp?v=2', headers: { authorization: 'Bearer stored-token' } });
    expect((await gatehouse.admin(`/servers/${slug}`)).json).toMatchObject({ upstream: { url: upstream.url } });
    await gatehouse.flush();
    const trail = await gatehouse.admin(`/events?kind=server.tested&server=${slug}`);
    const detail = { ok: true, kind: 'http', to: new URL(upstream.url).origin };
    expect(trail.json['items']).toEqual([expect.objectContaining({ actor: 'admin', detail })]);
  });

  it('says in plain words what does not work', async () => {
    const closed = await startUpstream();
    await closed.close();
    opened.pop();
    const server = createServer((request, response) => {
      const [, status, text = ''] = /^\/(\d+)\/(.*)$/.exec(request.url ?? '') ?? [];
      response.writeHead(Number(status), { 'content-type': 'text/html', location: 'https://elsewhere.example/' }).end(text);
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const at = (path: string): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}/${path}`;
    const http = (url: string, more: object = {}) => ({ kind: 'http', url, ...more });
    const signIn = { type: 'client_credentials', tokenUrl: at('400/'), clientId: 'a', clientSecret: 'b' };
    const cases: [unknown, string][] = [
      [http(closed.url), 'unreachable'],
      [http('https://no-such-host.invalid/mcp'), 'dns'],
      [http(at('200/').replace('http:', 'https:')), 'tls'],
      [http(at('401/')), 'unauthorized'],
      [http(at('403/')), 'unauthorized'],
      [http(at('302/')), 'redirect'],
      [http(at('200/html')), 'not_mcp'],
      [http(at('404/')), 'not_mcp'],
      [http(at('200/'), { auth: signIn }), 'token_endpoint'],
    ];
    for (const [upstream, code] of cases) {
      const { status, json } = await test(upstream);
      expect({ upstream, status, json }).toMatchObject({
        upstream,
        status: 200,
        json: { ok: false, problems: [{ code, message: expect.stringMatching(/^[A-Z].*\.$/) }] },
      });
    }
    server.closeAllConnections();
    server.close();
  });
});

describe('health', () => {
  it('shows in a server how it does, by its calls', async () => {
    const { slug, upstream } = await newServer();
    const { token, url } = await tokenFor(slug);
    await callTool(url, token);
    const health = async () => (await gatehouse.admin(`/servers/${slug}`)).json['health'] as Record<string, unknown>;
    expect(await health()).toMatchObject({ status: 'up', lastError: null, breaker: 'closed', checkedAt: expect.any(String) });
    await upstream.close();
    opened.splice(opened.indexOf(upstream), 1);
    await callTool(url, token);
    expect(await health()).toMatchObject({ status: 'down', lastError: expect.any(String) });
  });

  it('is asked for where nobody calls', async () => {
    const { slug } = await newServer();
    await until(async () => ((await gatehouse.admin(`/servers/${slug}`)).json['health'] as { status: string }).status === 'up', 20_000);
    expect((await gatehouse.admin('/servers/docs')).json['health']).toMatchObject({ status: 'up', breaker: null });
  });
});

it('describes every kind with an example in Swagger', async () => {
  const { json } = await ask(`${gatehouse.url}/api/docs-json`, { headers: { authorization: basic('admin', 'x') } });
  const paths = json['paths'] as Record<string, Record<string, { requestBody: { content: Record<string, { examples: object }> } }>>;
  const { examples } = paths['/api/v1/servers']!['post']!.requestBody.content['application/json']!;
  expect(Object.keys(examples)).toEqual(['http', 'headers', 'client_credentials', 'token_exchange', 'stdio', 'docs', 'docs_git', 'group']);
});
