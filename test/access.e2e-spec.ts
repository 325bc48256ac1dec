import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type EverythingServer, serveHttp } from './fixtures/everything/http.mjs';
import { type Answer, ask, type NewCredential, startTestGatehouse, type TestGatehouse } from './support/gatehouse.js';
import { META, MODERN, until } from './support/http-upstream.js';

const SCOPES = [
  { name: 'files:read', permissions: ['tools/call:test_echo', 'tools/call:test_simple_*'], default: true },
  {
    name: 'files:write',
    permissions: [
      { permission: 'tools/call:test_large', arguments: { bytes: { min: 1, max: 100 } } },
      'prompts/get:*',
      'resources/read:test://*',
    ],
  },
  { name: 'files:all', permissions: ['*'] },
];

let gatehouse: TestGatehouse;
let upstream: EverythingServer;
let now = 0;
beforeAll(async () => {
  upstream = await serveHttp({ era: 'both' });
  gatehouse = await startTestGatehouse({ clock: () => Date.now() + now });
  const body = { slug: 'files', name: 'Files', upstream: { kind: 'http', url: upstream.url }, scopes: SCOPES };
  expect((await gatehouse.admin('/servers', { body })).status).toBe(201);
});
afterAll(async () => {
  await gatehouse.remove();
  await upstream.close();
});

const credentialFor = (more: Record<string, unknown> = {}): Promise<NewCredential> =>
  gatehouse.createCredential({ servers: ['files'], ...more });

async function call(token: string, method: string, params: Record<string, unknown> = {}, ...id: unknown[]): Promise<Answer> {
  const name = (params['name'] ?? params['uri']) as string | undefined;
  return ask(`${gatehouse.url}/authed/mcp/files`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': MODERN,
      'mcp-method': method,
      ...(name === undefined ? {} : { 'mcp-name': name }),
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: id.length > 0 ? id[0] : 1, method, params: { ...params, _meta: META } }),
  });
}

const resultOf = ({ json, text }: Answer): Record<string, unknown> =>
  (json['result'] ??
    (JSON.parse(/^data: (\{.*"result".*)$/m.exec(text)?.[1] ?? '{}') as Record<string, unknown>)['result'] ??
    json) as Record<string, unknown>;

const simulate = async ({ id }: NewCredential, operation: object, more: object = {}): Promise<Record<string, unknown>> =>
  (await gatehouse.admin(`/credentials/${id}/simulate`, { body: { server: 'files', operation, ...more } })).json;

const eventsOf = async ({ id }: NewCredential, kind: string): Promise<{ detail: Record<string, unknown> }[]> =>
  (await gatehouse.admin(`/events?credential=${id}&kind=${kind}`)).json['items'] as { detail: Record<string, unknown> }[];

const large = (bytes: unknown) => ({ name: 'test_large', arguments: { bytes } });

describe('a permission with conditions', () => {
  it('lets through what meets them, and says of the rest no more than that it may not be', async () => {
    const credential = await credentialFor({ scopes: ['files:read', 'files:write'] });
    const token = await gatehouse.accessToken(credential);
    const tools = resultOf(await call(token, 'tools/list'))['tools'] as { name: string }[];
    expect(tools.map(({ name }) => name)).toContain('test_large');
    expect(resultOf(await call(token, 'tools/call', large(100)))).toMatchObject({ content: expect.any(Array) });
    for (const bytes of [101, 0, '5', null]) {
      const refused = await call(token, 'tools/call', large(bytes));
      expect([refused.status, refused.json]).toEqual([
        200,
        {
          jsonrpc: '2.0',
          id: 1,
          error: { code: -32602, message: 'Invalid params: the tool may not be called with these arguments by this client.' },
        },
      ]);
    }
    expect((await call(token, 'tools/call', { name: 'test_large' })).json).toMatchObject({ error: { code: -32602 } });
    // A notification gets no response: HTTP has to say that it was refused.
    expect((await call(token, 'tools/call', large(102), undefined)).status).toBe(400);
    await until(async () => (await eventsOf(credential, 'call.refused')).length >= 5, 5000);
    expect((await eventsOf(credential, 'call.refused')).at(-1)?.detail).toMatchObject({
      method: 'tools/call',
      target: 'test_large',
      reason: 'arguments_refused',
      why: 'files:write: the argument bytes must be at most 100',
    });
  });

  it('asks for the scope without conditions where the credential may have it', async () => {
    const token = await gatehouse.accessToken(await credentialFor({ scopes: ['files:write', 'files:all'] }));
    const { json } = await gatehouse.token(await credentialFor({ scopes: ['files:write', 'files:all'] }), { scope: 'files:write' });
    expect((await call(token, 'tools/call', large(101))).status).toBe(200);
    const refused = await call(json['access_token'] as string, 'tools/call', large(101));
    expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([403, expect.stringContaining('scope="files:all"')]);
  });
});

describe('GET /credentials/{id}/access', () => {
  it('shows server by server what there is for it, and which scope gives it', async () => {
    const { id } = await credentialFor({ servers: ['files', 'docs'], scopes: null });
    const { status, json } = await gatehouse.admin(`/credentials/${id}/access`);
    expect([status, json['warnings']]).toEqual([200, []]);
    const [files, docs] = json['servers'] as Record<string, unknown>[];
    expect(files).toMatchObject({
      server: 'files',
      scopes: ['files:read'],
      defaultScopes: ['files:read'],
      prompts: [],
      problems: [],
      isCut: false,
    });
    expect(files!['tools']).toContainEqual({
      name: 'test_echo',
      title: null,
      scope: 'files:read',
      permission: 'tools/call:test_echo',
      byDefault: true,
    });
    expect(files!['hidden']).toBeGreaterThan(5);
    expect(docs).toMatchObject({
      server: 'docs',
      tools: [
        { name: 'search_docs', scope: 'mcp:search' },
        { name: 'read_docs', scope: 'mcp:read' },
        { name: 'query_docs_filesystem_docs', scope: 'mcp:read' },
        { name: 'submit_feedback', scope: 'mcp:read' },
      ],
    });
  });

  it('shows what must be asked for, and what has conditions', async () => {
    const { id } = await credentialFor({ scopes: ['files:read', 'files:all'] });
    const { json } = await gatehouse.admin(`/credentials/${id}/access`);
    const [files] = json['servers'] as {
      tools: { name: string; scope: string; permission: unknown }[];
      prompts: unknown[];
      hidden: number;
    }[];
    const tool = (name: string) => files?.tools.find((item) => item.name === name);
    expect([tool('test_echo')?.scope, tool('test_large')?.scope, files?.hidden]).toEqual(['files:read', 'files:all', 0]);
    expect(files?.prompts.length).toBeGreaterThan(0);
  });

  it('shows exactly what its token lists', async () => {
    const credential = await credentialFor({ scopes: ['files:read', 'files:write'] });
    const token = await gatehouse.accessToken(credential);
    const [files] = (await gatehouse.admin(`/credentials/${credential.id}/access`)).json['servers'] as Record<string, { name: string }[]>[];
    for (const [list, member, key] of [
      ['tools/list', 'tools', 'name'],
      ['prompts/list', 'prompts', 'name'],
      ['resources/list', 'resources', 'uri'],
    ] as const) {
      const listed = resultOf(await call(token, list))[member] as Record<string, string>[];
      expect(files![member]?.map(({ name }) => name).sort()).toEqual(listed.map((item) => item[key]).sort());
    }
  });

  it('says why there is nothing', async () => {
    await gatehouse.admin('/servers', {
      body: { slug: 'away', name: 'Away', upstream: { kind: 'http', url: 'http://127.0.0.1:9/mcp' }, scopes: SCOPES },
    });
    const { id } = await credentialFor({ servers: ['away'] });
    await gatehouse.admin(`/credentials/${id}/disable`, { method: 'POST' });
    const { json } = await gatehouse.admin(`/credentials/${id}/access`);
    expect(json['warnings']).toEqual(['The credential is disabled: at the moment it can do nothing.']);
    expect((json['servers'] as Record<string, unknown>[])[0]).toMatchObject({ tools: [], problems: [{ code: 'unreachable' }] });
    expect((await gatehouse.admin('/credentials/absent/access')).status).toBe(404);
  });
});

describe('POST /credentials/{id}/simulate', () => {
  const tool = (target: string, values?: object) => ({ method: 'tools/call', target, ...(values ? { arguments: values } : {}) });

  it('says what would become of a call, why, and with which challenge', async () => {
    const credential = await credentialFor({ scopes: ['files:read', 'files:write'] });
    expect(await simulate(credential, tool('test_echo'))).toMatchObject({
      allowed: true,
      decision: 'allowed',
      scope: 'files:read',
      permission: 'tools/call:test_echo',
      reason: 'The scope files:read of its token covers tools/call test_echo.',
      scopes: ['files:read', 'files:write'],
    });
    expect(await simulate(credential, { method: 'prompts/get', target: 'x' }, { scopes: ['files:read'] })).toMatchObject({
      allowed: false,
      decision: 'insufficient_scope',
      missingScopes: ['files:write'],
      status: 403,
      challenge: expect.stringMatching(/^Bearer error="insufficient_scope".*scope="files:write"$/),
    });
    expect(await simulate(credential, tool('test_large', { bytes: 101 }))).toMatchObject({
      decision: 'arguments_refused',
      unmet: [{ scope: 'files:write', reason: 'the argument bytes must be at most 100', permission: expect.any(Object) }],
    });
    expect(await simulate(credential, tool('test_large'))).toMatchObject({ allowed: true, scope: 'files:write' });
    expect(await simulate(credential, tool('test_slow'))).toMatchObject({ allowed: false, decision: 'hidden', challenge: null });
    expect(await simulate(credential, { method: 'ping' })).toMatchObject({ allowed: true, scope: null });
    expect(await simulate(credential, { method: 'tools/list' })).toMatchObject({ allowed: true });
  });

  it('agrees with the gateway', async () => {
    const credential = await credentialFor({ scopes: ['files:read', 'files:write'] });
    const token = await gatehouse.accessToken(credential);
    for (const [name, values] of [
      ['test_echo', {}],
      ['test_large', { bytes: 5 }],
      ['test_large', { bytes: 500 }],
      ['test_large', {}],
      ['test_slow', {}],
      ['absent', {}],
    ] as const) {
      const { allowed, decision } = await simulate(credential, tool(name, values));
      const answer = await call(token, 'tools/call', { name, arguments: values });
      const isRefused = 'error' in answer.json;
      expect([name, values, decision, isRefused]).toEqual([name, values, decision, !(allowed as boolean)]);
    }
  });

  it('says why there would be no token', async () => {
    const credential = await credentialFor();
    const reasonOf = async (operation: object, more: object = {}) => (await simulate(credential, operation, more))['reason'];
    expect(await reasonOf(tool('x'), { server: 'docs' })).toBe('The credential may not reach docs.');
    expect(await reasonOf(tool('x'), { scopes: ['files:all'] })).toBe('It can be granted none of files:all.');
    await gatehouse.admin(`/credentials/${credential.id}/disable`, { method: 'POST' });
    expect(await reasonOf(tool('x'))).toBe('The credential is disabled.');
  });

  it('refuses what is no question', async () => {
    const { id } = await credentialFor();
    const fieldOf = async (body: unknown) => {
      const { status, json } = await gatehouse.admin(`/credentials/${id}/simulate`, { body });
      return [status, (json['errors'] as { field: string }[] | undefined)?.[0]?.field];
    };
    expect(await fieldOf({ server: 'absent', operation: { method: 'ping' } })).toEqual([400, 'server']);
    expect(await fieldOf({ server: 'files', operation: { method: 'tools/call' } })).toEqual([400, 'operation.target']);
    expect(await fieldOf({ server: 'files', operation: { method: 'tools/call', target: 'x', arguments: [] } })).toEqual([
      400,
      'operation.arguments',
    ]);
    expect(await fieldOf({ server: 'files' })).toEqual([400, 'operation']);
  });
});

describe('observe mode', () => {
  it('lets everything pass, records what would have been refused, and suggests what was needed', async () => {
    const credential = await credentialFor({ observe: true });
    const view = (await gatehouse.admin(`/credentials/${credential.id}`)).json;
    expect(view).toMatchObject({ observe: true, warnings: [expect.stringContaining('In observe mode until')] });
    expect(Date.parse(view['observeUntil'] as string) - Date.now()).toBeLessThan(8 * 86_400_000);
    const token = await gatehouse.accessToken(credential);
    for (let i = 0; i < 3; i++)
      expect(resultOf(await call(token, 'tools/call', large(2000)))).toMatchObject({ content: expect.any(Array) });
    expect(resultOf(await call(token, 'tools/call', { name: 'test_echo', arguments: {} }))).toMatchObject({ content: expect.any(Array) });
    expect(await simulate(credential, { method: 'tools/call', target: 'test_slow' })).toMatchObject({
      allowed: true,
      observed: true,
      decision: 'hidden',
    });
    await until(async () => (await eventsOf(credential, 'call.observed')).length === 3, 5000);
    expect((await eventsOf(credential, 'call.observed'))[0]?.detail).toMatchObject({
      target: 'test_large',
      outcome: 'observed',
      wouldBe: 'hidden',
    });
    await until(async () => (await eventsOf(credential, 'call')).length === 4, 5000);
    const suggestion = (await gatehouse.admin(`/credentials/${credential.id}/suggestion?days=1`)).json;
    expect(suggestion).toMatchObject({
      isCut: false,
      servers: [
        {
          server: 'files',
          calls: 4,
          observed: 3,
          scopes: ['files:all'],
          permissions: [
            { permission: 'tools/call:test_large', calls: 3, targets: ['test_large'], coveredBy: ['files:all'] },
            { permission: 'tools/call:test_echo', calls: 1, coveredBy: ['files:read', 'files:all'] },
          ],
        },
      ],
    });
  });

  it('gives a token although no scope is granted, which is how a new server is explored', async () => {
    await gatehouse.admin('/servers', { body: { slug: 'new', name: 'New', upstream: { kind: 'http', url: upstream.url }, scopes: [] } });
    const body = { label: 'explorer', servers: ['new'] };
    const plain = (await gatehouse.admin('/credentials', { body })).json as unknown as NewCredential;
    expect((await gatehouse.token(plain)).json).toMatchObject({ error: 'invalid_scope' });
    const observed = (await gatehouse.admin('/credentials', { body: { ...body, observe: true } })).json as unknown as NewCredential;
    expect((await gatehouse.token(observed)).json).toMatchObject({ scope: '' });
  });

  it('is of its own credential only, and of none that acts for it', async () => {
    const observed = await credentialFor({ observe: true });
    const other = await credentialFor();
    await gatehouse.accessToken(observed);
    expect((await call(await gatehouse.accessToken(other), 'tools/call', large(2000))).json).toMatchObject({ error: { code: -32602 } });
    const agent = await credentialFor({ grantTypes: ['client_credentials', 'urn:ietf:params:oauth:grant-type:token-exchange'] });
    const { json } = await gatehouse.token(agent, {
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token: await gatehouse.accessToken(observed),
      subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    });
    expect((await call(json['access_token'] as string, 'tools/call', large(2000))).json).toMatchObject({ error: { code: -32602 } });
  });

  it('ends by itself, also for tokens that go on, and at once when it is switched off', async () => {
    const credential = await credentialFor({ observe: true, observeUntil: new Date(Date.now() + 600_000).toISOString() });
    const token = await gatehouse.accessToken(credential);
    expect('error' in (await call(token, 'tools/call', large(2000))).json).toBe(false);
    now = 601_000;
    try {
      expect((await call(token, 'tools/call', large(2000))).json).toMatchObject({ error: { code: -32602 } });
      expect((await gatehouse.admin(`/credentials/${credential.id}`)).json).toMatchObject({
        observe: false,
        observeUntil: null,
        warnings: [],
      });
    } finally {
      now = 0;
    }
    await gatehouse.admin(`/credentials/${credential.id}`, { method: 'PATCH', body: { observe: false } });
    expect((await call(token, 'tools/call', large(2000))).json).toMatchObject({ error: { code: -32602 } });
    const trail = await eventsOf(credential, 'credential.*');
    expect(trail.map(({ detail }) => detail['observeUntil'])).toEqual([null, expect.stringMatching(/^\d{4}-/)]);
  });

  it('never lasts longer than thirty days', async () => {
    const until = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString();
    const attempt = async (body: object) =>
      (await gatehouse.admin('/credentials', { body: { label: 'x', servers: ['files'], ...body } })).status;
    expect(await attempt({ observe: true, observeUntil: until(29.9) })).toBe(201);
    for (const body of [
      { observe: true, observeUntil: until(31) },
      { observe: true, observeUntil: until(-1) },
      { observe: false, observeUntil: until(1) },
      { observe: true, observeUntil: 'soon' },
    ]) {
      expect(await attempt(body)).toBe(400);
    }
  });
});
