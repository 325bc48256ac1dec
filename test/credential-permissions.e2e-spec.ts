import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type EverythingServer, serveHttp } from './fixtures/everything/http.mjs';
import { type Answer, ask, type NewCredential, startTestGatehouse, type TestGatehouse } from './support/gatehouse.js';
import { META, MODERN } from './support/http-upstream.js';

const SCOPES = [
  { name: 'files:read', permissions: ['tools/call:test_echo', 'tools/call:test_simple_*'], default: true },
  { name: 'files:all', permissions: ['*'] },
];

let gatehouse: TestGatehouse;
let upstream: EverythingServer;
beforeAll(async () => {
  upstream = await serveHttp({ era: 'both' });
  gatehouse = await startTestGatehouse();
  for (const slug of ['files', 'other']) {
    const body = { slug, name: slug, upstream: { kind: 'http', url: upstream.url }, scopes: SCOPES };
    expect((await gatehouse.admin('/servers', { body })).status).toBe(201);
  }
});
afterAll(async () => {
  await gatehouse.remove();
  await upstream.close();
});

const credentialFor = (permissions: unknown, more: object = {}): Promise<NewCredential> =>
  gatehouse.createCredential({ servers: ['files'], scopes: ['files:all'], permissions, ...more });

async function tokenFor(credential: NewCredential, slug = 'files', form: Record<string, string> = {}): Promise<string> {
  const { json } = await gatehouse.token(credential, { resource: `${gatehouse.url}/authed/mcp/${slug}`, ...form });
  return json['access_token'] as string;
}

async function call(token: string, method: string, params: Record<string, unknown> = {}, slug = 'files'): Promise<Answer> {
  const name = params['name'] ?? params['uri'];
  return ask(`${gatehouse.url}/authed/mcp/${slug}`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': MODERN,
      'mcp-method': method,
      ...(typeof name === 'string' ? { 'mcp-name': name } : {}),
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: { ...params, _meta: META } }),
  });
}

const bodyOf = ({ json, text }: Answer): Record<string, unknown> =>
  Object.keys(json).length > 0 ? json : (JSON.parse(/^data: (\{.*)$/m.exec(text)?.[1] ?? '{}') as Record<string, unknown>);

async function toolsOf(token: string, slug = 'files'): Promise<string[]> {
  const { result } = bodyOf(await call(token, 'tools/list', {}, slug)) as { result: { tools: { name: string }[] } };
  return result.tools.map(({ name }) => name).sort();
}

const echo = { name: 'test_echo', arguments: { text: 'hello' } };
const simulate = async ({ id }: NewCredential, operation: object): Promise<Record<string, unknown>> =>
  (await gatehouse.admin(`/credentials/${id}/simulate`, { body: { server: 'files', operation } })).json;

describe('Permissions of a credential', () => {
  it('narrow what its scopes give, in lists and in calls; the rest looks as if it did not exist', async () => {
    const credential = await credentialFor({ files: ['tools/call:test_echo'] });
    const token = await tokenFor(credential);
    expect(await toolsOf(token)).toEqual(['test_echo']);
    expect(bodyOf(await call(token, 'tools/call', echo))).toHaveProperty('result');
    const narrowed = await call(token, 'tools/call', { name: 'test_simple_text', arguments: {} });
    const unknown = await call(token, 'tools/call', { name: 'no_such_tool', arguments: {} });
    expect(narrowed.status).toBe(unknown.status);
    expect(JSON.stringify(bodyOf(narrowed)).replace('test_simple_text', 'no_such_tool')).toBe(JSON.stringify(bodyOf(unknown)));
    expect(bodyOf(await call(token, 'resources/list'))).toMatchObject({ result: { resources: [] } });
  });

  it('narrow only the server that they name', async () => {
    const credential = await credentialFor({ files: ['tools/call:test_echo'] }, { servers: ['files', 'other'] });
    expect(await toolsOf(await tokenFor(credential, 'other'), 'other')).toContain('test_simple_text');
    expect(await toolsOf(await tokenFor(credential))).toEqual(['test_echo']);
  });

  it('give nothing that no scope gives', async () => {
    const credential = await credentialFor({ files: ['*'] }, { scopes: ['files:read'] });
    const token = await tokenFor(credential);
    expect(await toolsOf(token)).not.toContain('test_large');
  });

  it('hold at once for live tokens, and are taken away with null', async () => {
    const credential = await credentialFor(undefined);
    const token = await tokenFor(credential);
    expect((await toolsOf(token)).length).toBeGreaterThan(3);
    const path = `/credentials/${credential.id}`;
    const narrowed = await gatehouse.admin(path, { method: 'PATCH', body: { permissions: { files: ['tools/call:test_echo'] } } });
    expect(narrowed.json).toMatchObject({ permissions: { files: ['tools/call:test_echo'] } });
    expect(await toolsOf(token)).toEqual(['test_echo']);
    const free = await gatehouse.admin(path, { method: 'PATCH', body: { permissions: null } });
    expect(free.json['permissions']).toBeNull();
    expect((await toolsOf(token)).length).toBeGreaterThan(3);
  });

  it('may have conditions on arguments', async () => {
    const credential = await credentialFor({ files: [{ permission: 'tools/call:test_echo', arguments: { text: { prefix: 'hel' } } }] });
    const token = await tokenFor(credential);
    expect(bodyOf(await call(token, 'tools/call', echo))).toHaveProperty('result');
    const refused = await call(token, 'tools/call', { name: 'test_echo', arguments: { text: 'other' } });
    expect(bodyOf(refused)).toMatchObject({ error: { code: -32602 } });
    const said = await simulate(credential, { method: 'tools/call', target: 'test_echo', arguments: { text: 'other' } });
    expect(said).toMatchObject({ decision: 'arguments_refused', unmet: [{ scope: null }] });
    expect(said['reason']).toContain('the credential: the argument text must begin with "hel"');
  });

  it('show in what an admin is told of its access', async () => {
    const credential = await credentialFor({ files: ['tools/call:test_echo'] });
    const access = await gatehouse.admin(`/credentials/${credential.id}/access`);
    expect(access.json['servers']).toMatchObject([
      { server: 'files', permissions: ['tools/call:test_echo'], tools: [{ name: 'test_echo', scope: 'files:all' }], prompts: [] },
    ]);
    expect(await simulate(credential, { method: 'tools/call', target: 'test_simple_text' })).toMatchObject({
      allowed: false,
      decision: 'hidden',
      reason:
        'The permissions of the credential itself do not cover tools/call test_simple_text: it looks like something that does not exist.',
    });
    expect(await simulate(credential, { method: 'tools/call', target: 'test_echo' })).toMatchObject({ allowed: true, scope: 'files:all' });
  });

  it('go on to hold for an agent that acts for it', async () => {
    const grantTypes = ['client_credentials', 'urn:ietf:params:oauth:grant-type:token-exchange'];
    const subject = await credentialFor({ files: ['tools/call:test_echo', 'tools/call:test_simple_text'] });
    const agent = await credentialFor({ files: ['tools/call:test_echo'] }, { grantTypes });
    const subjectToken = await tokenFor(subject);
    const form = {
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token: subjectToken,
      subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    };
    expect(await toolsOf(await tokenFor(agent, 'files', form))).toEqual(['test_echo']);
  });

  it('are recorded, not enforced, while it is observed', async () => {
    const credential = await credentialFor({ files: ['tools/call:test_echo'] }, { observe: true });
    const token = await tokenFor(credential);
    expect(bodyOf(await call(token, 'tools/call', { name: 'test_simple_text', arguments: {} }))).toHaveProperty('result');
  });

  it.each([
    ['a server that is not its own', { other: ['*'] }, 'permissions'],
    ['an empty list', { files: [] }, 'permissions'],
    ['what is no permission', { files: ['tools/run:x'] }, 'permissions'],
    ['what is no map', ['tools/call:test_echo'], 'permissions'],
    ['more than fits', { files: Array.from({ length: 500 }, (_, i) => `tools/call:${'x'.repeat(60)}${i}`) }, undefined],
  ])('are refused for %s', async (_what, permissions, field) => {
    const body = { label: 'refused', servers: ['files'], permissions };
    const { status, json } = await gatehouse.admin('/credentials', { body });
    expect(status).toBe(400);
    expect(json['code']).toBe('validation_failed');
    expect((json['errors'] as { field: string }[] | undefined)?.[0]?.field).toBe(field);
  });

  it('must go with a server that is taken out, and go by themselves with one that is deleted', async () => {
    await gatehouse.admin('/servers', {
      body: { slug: 'passing', name: 'passing', upstream: { kind: 'http', url: upstream.url }, scopes: SCOPES },
    });
    const permissions = { files: ['tools/call:test_echo'], passing: ['tools/call:test_echo'] };
    const { id } = await credentialFor(permissions, { servers: ['files', 'passing'] });
    const path = `/credentials/${id}`;
    expect((await gatehouse.admin(path, { method: 'PATCH', body: { servers: ['files'] } })).status).toBe(400);
    expect((await gatehouse.admin('/servers/passing?detach=true', { method: 'DELETE' })).status).toBe(204);
    expect((await gatehouse.admin(path)).json).toMatchObject({ servers: ['files'], permissions: { files: ['tools/call:test_echo'] } });
  });
});
