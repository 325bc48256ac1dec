import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Answer, ask, basic, type NewCredential, PASSWORD, startTestGatehouse, type TestGatehouse } from './support/gatehouse.js';

let gatehouse: TestGatehouse;
beforeAll(async () => {
  gatehouse = await startTestGatehouse({ env: { RATE_LIMIT_SIGN_IN_FAILURES: '5' } });
});
afterAll(() => gatehouse.remove());

const MCP_LIST = JSON.stringify({
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 't', version: '1' } },
});
const call = (token: string) =>
  ask(`${gatehouse.url}/authed/mcp`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
    body: MCP_LIST,
  });
const problem = (status: number, code: string) => ({
  status,
  json: expect.objectContaining({
    status,
    code,
    type: `urn:gatehouse:problem:${code}`,
    title: expect.any(String),
    detail: expect.any(String),
  }),
});

describe('a credential', () => {
  it('is created with a secret that no later answer holds (R-ADM-01)', async () => {
    const created = await gatehouse.admin('/credentials', {
      body: { label: ' nightly build ', expiresAt: '2099-01-01T00:00:00Z', tokenTtl: 600 },
    });
    expect(created.status).toBe(201);
    expect(created.headers.get('cache-control')).toBe('no-store');
    expect(created.headers.get('etag')).toBe('"1"');
    expect(created.json).toMatchObject({
      label: 'nightly build',
      status: 'enabled',
      authMethod: 'client_secret',
      servers: ['docs'],
      scopes: null,
      tokenTtl: 600,
      createdBy: 'admin',
      expiresAt: '2099-01-01T00:00:00.000Z',
      lastUsedAt: null,
      secrets: [{ hint: (created.json['clientSecret'] as string).slice(-4), expiresAt: null, lastUsedAt: null }],
    });
    const read = await gatehouse.admin(`/credentials/${created.json['id'] as string}`);
    const { clientSecret, ...rest } = created.json;
    expect(read.json).toEqual(rest);
    expect(clientSecret).toMatch(/^mcs_[0-9A-Za-z]{49}$/);
    const list = await gatehouse.admin('/credentials');
    expect(list.text).not.toContain(clientSecret);
  });

  it('shows when and from where each secret was last used', async () => {
    const credential = await gatehouse.createCredential();
    await gatehouse.token(credential);
    let secret: { lastUsedAt: string | null; lastUsedIp: string | null } = { lastUsedAt: null, lastUsedIp: null };
    for (let i = 0; i < 30 && !secret.lastUsedAt; i++) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      [secret] = (await gatehouse.admin(`/credentials/${credential.id}`)).json['secrets'] as [typeof secret];
    }
    expect(Date.parse(secret.lastUsedAt ?? '')).toBeGreaterThan(Date.now() - 10_000);
    expect(secret.lastUsedIp).toMatch(/^(127\.0\.0\.1|::1|::ffff:127\.0\.0\.1)$/);
  });

  it('changes, with what is absent left as it was', async () => {
    const { id } = await gatehouse.createCredential({ tokenTtl: 600 });
    const changed = await gatehouse.admin(`/credentials/${id}`, { method: 'PATCH', body: { label: 'renamed', scopes: ['mcp:search'] } });
    expect(changed).toMatchObject({ status: 200, json: { label: 'renamed', scopes: ['mcp:search'], tokenTtl: 600 } });
    const cleared = await gatehouse.admin(`/credentials/${id}`, { method: 'PATCH', body: { tokenTtl: null, scopes: null } });
    expect(cleared.json).toMatchObject({ tokenTtl: null, scopes: null, label: 'renamed' });
  });

  it('loses tokens and calls at once when it is disabled, and gets new tokens when enabled (R-ADM-02, R-REV-06)', async () => {
    const credential = await gatehouse.createCredential();
    const token = await gatehouse.accessToken(credential);
    expect((await call(token)).status).toBe(200);
    expect((await gatehouse.admin(`/credentials/${credential.id}/disable`, { method: 'POST' })).json).toMatchObject({ status: 'disabled' });
    expect((await call(token)).status).toBe(401);
    expect((await gatehouse.token(credential)).status).toBe(401);
    expect((await gatehouse.admin(`/credentials/${credential.id}/enable`, { method: 'POST' })).json).toMatchObject({ status: 'enabled' });
    expect((await gatehouse.token(credential)).status).toBe(200);
  });

  it('is gone for good when it is deleted, with its tokens', async () => {
    const credential = await gatehouse.createCredential();
    const token = await gatehouse.accessToken(credential);
    expect((await gatehouse.admin(`/credentials/${credential.id}`, { method: 'DELETE' })).status).toBe(204);
    expect((await call(token)).status).toBe(401);
    expect((await gatehouse.token(credential)).status).toBe(401);
    expect(await gatehouse.admin(`/credentials/${credential.id}`)).toMatchObject(problem(404, 'not_found'));
  });

  it('rotates with an overlap: both secrets work, at most two are live (R-ADM-03)', async () => {
    const credential = await gatehouse.createCredential();
    const rotated = await gatehouse.admin(`/credentials/${credential.id}/rotate`, { method: 'POST', body: { overlapSeconds: 3600 } });
    expect(rotated.status).toBe(200);
    const renewed = { clientId: credential.clientId, clientSecret: rotated.json['clientSecret'] as string };
    expect(renewed.clientSecret).not.toBe(credential.clientSecret);
    expect([(await gatehouse.token(credential)).status, (await gatehouse.token(renewed)).status]).toEqual([200, 200]);
    const [old, young] = rotated.json['secrets'] as { id: string; expiresAt: string | null }[];
    expect(Date.parse(old!.expiresAt!)).toBeGreaterThan(Date.now() + 3_500_000);
    expect(young!.expiresAt).toBeNull();
    expect(await gatehouse.admin(`/credentials/${credential.id}/rotate`, { method: 'POST', body: {} })).toMatchObject(
      problem(409, 'too_many_secrets'),
    );
    await gatehouse.admin(`/credentials/${credential.id}/secrets/${old!.id}`, { method: 'DELETE' });
    expect([(await gatehouse.token(credential)).status, (await gatehouse.token(renewed)).status]).toEqual([401, 200]);
  });

  it('ends the tokens of a secret together with it', async () => {
    const credential = await gatehouse.createCredential();
    const token = await gatehouse.accessToken(credential);
    const rotated = await gatehouse.admin(`/credentials/${credential.id}/rotate`, { method: 'POST', body: { overlapSeconds: 0 } });
    expect((await call(token)).status).toBe(401);
    const renewed = { clientId: credential.clientId, clientSecret: rotated.json['clientSecret'] as string };
    expect((await call(await gatehouse.accessToken(renewed))).status).toBe(200);
  });

  it('rotates without a body', async () => {
    const { id } = await gatehouse.createCredential();
    expect((await gatehouse.admin(`/credentials/${id}/rotate`, { method: 'POST' })).status).toBe(200);
  });
});

describe('races', () => {
  it('gives one of two rotations at once the second secret', async () => {
    const { id } = await gatehouse.createCredential();
    const answers = await Promise.all(
      [1, 2].map(() => gatehouse.admin(`/credentials/${id}/rotate`, { method: 'POST', body: { overlapSeconds: 60 } })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
    expect((await gatehouse.admin(`/credentials/${id}`)).json['secrets']).toHaveLength(2);
  });

  it('records two disables at once as one', async () => {
    const { id } = await gatehouse.createCredential();
    const answers = await Promise.all([1, 2].map(() => gatehouse.admin(`/credentials/${id}/disable`, { method: 'POST' })));
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect((await gatehouse.admin(`/events?credential=${id}&kind=credential.disabled`)).json['items']).toHaveLength(1);
  });

  it('creates once under the same Idempotency-Key, and answers all alike', async () => {
    const headers = { 'idempotency-key': 'create-once' };
    const answers = await Promise.all([1, 2, 3].map(() => gatehouse.admin('/credentials', { body: { label: 'once' }, headers })));
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201]);
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    expect(answers.filter((answer) => answer.headers.get('idempotency-replayed') === 'true')).toHaveLength(2);
    expect((await gatehouse.admin('/credentials?search=once')).json['items']).toHaveLength(1);
    expect(await gatehouse.admin('/credentials', { body: { label: 'other' }, headers })).toMatchObject(
      problem(422, 'idempotency_key_reused'),
    );
  });

  it('refuses a change on an older version, and takes one on the present', async () => {
    const { id } = await gatehouse.createCredential();
    const first = await gatehouse.admin(`/credentials/${id}`, { method: 'PATCH', body: { label: 'a' }, headers: { 'if-match': '"1"' } });
    expect(first.headers.get('etag')).toBe('"2"');
    expect(
      await gatehouse.admin(`/credentials/${id}`, { method: 'PATCH', body: { label: 'b' }, headers: { 'if-match': '"1"' } }),
    ).toMatchObject(problem(412, 'precondition_failed'));
    expect((await gatehouse.admin(`/credentials/${id}`)).json['label']).toBe('a');
  });
});

describe('bad input', () => {
  it.each(['/mcp', '/authed/mcp', '/authed/mcp/oauth/token', '/authed/mcp/oauth/revoke', '/api/v1/credentials'])(
    'is who has left before being read, and so has no address, at %s',
    async (path) => {
      const server = gatehouse.app.getHttpServer();
      server.once('connection', (socket: Socket) => Object.defineProperty(socket, 'remoteAddress', { value: undefined }));
      const { port, hostname, host } = new URL(gatehouse.url);
      const socket = connect(Number(port), hostname);
      socket.end(`POST ${path} HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
      let text = '';
      for await (const part of socket.setEncoding('utf8')) text += part as string;
      expect(text).toMatch(/^HTTP\/1\.1 400 /);
    },
  );

  it.each(['/health/live', '/mcp', '/authed/mcp/oauth/token', '/api/v1/credentials'])('is a second Host header at %s', async (path) => {
    const { port, hostname } = new URL(gatehouse.url);
    const socket = connect(Number(port), hostname);
    socket.end(`POST ${path} HTTP/1.1\r\nHost: one.example\r\nhost: other.example\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
    let text = '';
    for await (const part of socket.setEncoding('utf8')) text += part as string;
    expect(text).toMatch(/^HTTP\/1\.1 400 /);
  });

  const bad: [string, unknown, string][] = [
    ['no label', {}, 'label'],
    ['an empty label', { label: '  ' }, 'label'],
    ['a label that is too long', { label: 'x'.repeat(121) }, 'label'],
    ['control characters', { label: 'a\u0000b' }, 'label'],
    ['an unknown property', { label: 'x', isAdmin: true }, 'isAdmin'],
    ['an unknown server', { label: 'x', servers: ['nope'] }, 'servers'],
    ['an unknown scope', { label: 'x', scopes: ['nope'] }, 'scopes'],
    ['a lifetime that is too short', { label: 'x', tokenTtl: 59 }, 'tokenTtl'],
    ['an expiry in the past', { label: 'x', expiresAt: '2020-01-01T00:00:00Z' }, 'expiresAt'],
    ['an expiry that is no date', { label: 'x', expiresAt: 'tomorrow' }, 'expiresAt'],
    ['an address that is none', { label: 'x', allowedIps: ['localhost'] }, 'allowedIps'],
    ['another method', { label: 'x', authMethod: 'none' }, 'authMethod'],
    ['another type', { label: ['x'] }, 'label'],
  ];
  it.each(bad)('names the field for %s', async (_, body, field) => {
    const answer = await gatehouse.admin('/credentials', { body });
    expect(answer).toMatchObject(problem(400, 'validation_failed'));
    expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect(JSON.stringify(answer.json['errors'])).toContain(field);
  });

  it.each(['{', '[]', 'null', '"x"', '{"label":"x","__proto__":{"a":1}}', ''])('refuses the body %p', async (body) => {
    const answer = await ask(`${gatehouse.url}/api/v1/credentials`, {
      method: 'POST',
      headers: { authorization: basic('admin', PASSWORD), 'content-type': 'application/json' },
      body,
    });
    expect(answer.status).toBe(400);
    expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
  });

  it('answers other faults as problems too', async () => {
    const authorization = basic('admin', PASSWORD);
    expect(await ask(`${gatehouse.url}/api/v1/nothing`, { headers: { authorization } })).toMatchObject(problem(404, 'not_found'));
    expect(await ask(`${gatehouse.url}/nowhere`)).toMatchObject(problem(404, 'not_found'));
    const wrongMethod = await ask(`${gatehouse.url}/api/v1/credentials`, { method: 'PUT', headers: { authorization } });
    expect(wrongMethod).toMatchObject(problem(405, 'method_not_allowed'));
    expect(wrongMethod.headers.get('allow')).toBe('GET, HEAD, POST');
    expect(
      await ask(`${gatehouse.url}/api/v1/credentials`, {
        method: 'POST',
        headers: { authorization, 'content-type': 'text/plain' },
        body: 'x',
      }),
    ).toMatchObject(problem(415, 'unsupported_media_type'));
    const big = JSON.stringify({ label: 'x'.repeat(1024 * 1024) });
    expect(
      await ask(`${gatehouse.url}/api/v1/credentials`, {
        method: 'POST',
        headers: { authorization, 'content-type': 'application/json' },
        body: big,
      }),
    ).toMatchObject(problem(413, 'body_too_large'));
    expect((await ask(`${gatehouse.url}/api/v1/credentials/%ZZ`, { headers: { authorization } })).status).toBe(400);
    expect(await gatehouse.admin('/credentials?limit=0')).toMatchObject(problem(400, 'validation_failed'));
    expect(await gatehouse.admin('/credentials?cursor=!')).toMatchObject(problem(400, 'validation_failed'));
    expect(await gatehouse.admin(`/credentials?cursor=${'A'.repeat(35)}`)).toMatchObject({ status: 200 });
  });
});

describe('pages', () => {
  it('walk through all credentials once, newest first', async () => {
    const own = await startTestGatehouse();
    try {
      const made: string[] = [];
      for (let i = 0; i < 7; i++) made.push((await own.createCredential({ label: `page ${i}` })).id);
      const seen: string[] = [];
      let cursor: string | null = null;
      do {
        const page = await own.admin(`/credentials?limit=3${cursor ? `&cursor=${cursor}` : ''}`);
        seen.push(...(page.json['items'] as { id: string }[]).map(({ id }) => id));
        cursor = page.json['nextCursor'] as string | null;
      } while (cursor);
      expect(seen).toEqual([...made].reverse());
      expect((await own.admin('/credentials?search=PAGE%205')).json['items']).toHaveLength(1);
      expect((await own.admin('/credentials?search=%25')).json['items']).toHaveLength(0);
      expect((await own.admin('/credentials?server=docs')).json['items']).toHaveLength(7);
      expect((await own.admin('/credentials?server=doc')).json['items']).toHaveLength(0);
      expect(await own.admin('/credentials?server=%25')).toMatchObject(problem(400, 'validation_failed'));
      await own.admin(`/credentials/${made[0]!}/disable`, { method: 'POST' });
      expect((await own.admin('/credentials?status=disabled')).json['items']).toHaveLength(1);
      expect((await own.admin('/credentials?status=enabled')).json['items']).toHaveLength(6);
    } finally {
      await own.remove();
    }
  });
});

describe('the order of credentials', () => {
  let own: TestGatehouse;
  let clock = Date.parse('2026-11-01T00:00:00Z');
  beforeAll(async () => {
    own = await startTestGatehouse({ clock: () => (clock += 1000) });
    const inDays = (days: number): string => new Date(clock + days * 86_400_000).toISOString();
    const ada = await own.createCredential({ label: 'ada', expiresAt: inDays(20) });
    const bob = await own.createCredential({ label: 'Bob' });
    await own.createCredential({ label: 'carol', expiresAt: inDays(10) });
    await own.createCredential({ label: 'bob' });
    for (const credential of [bob, ada]) expect((await own.token(credential)).status).toBe(200);
    await own.flush();
  });
  afterAll(() => own.remove());

  /** Every label, in pages of `limit`. */
  async function walk(sort: string, limit: number): Promise<string[]> {
    const labels: string[] = [];
    let cursor: string | null = null;
    do {
      const page: Answer = await own.admin(`/credentials?sort=${sort}&limit=${limit}${cursor ? `&cursor=${cursor}` : ''}`);
      expect(page.status).toBe(200);
      labels.push(...(page.json['items'] as { label: string }[]).map(({ label }) => label));
      cursor = page.json['nextCursor'] as string | null;
    } while (cursor);
    return labels;
  }

  it.each([
    ['createdAt', ['ada', 'Bob', 'carol', 'bob']],
    ['label', ['ada', 'Bob', 'bob', 'carol']],
    ['lastUsedAt', ['carol', 'bob', 'Bob', 'ada']],
    ['expiresAt', ['carol', 'ada', 'Bob', 'bob']],
  ])('is by %s, in pages of any size, and the other way round with a hyphen', async (field, labels) => {
    expect(await walk(field, 50)).toEqual(labels);
    expect(await walk(field, 1)).toEqual(labels);
    expect(await walk(`-${field}`, 3)).toEqual([...labels].reverse());
  });

  it('skips nothing when the credential at which a page ended is deleted', async () => {
    const first = await own.admin('/credentials?sort=-label&limit=1');
    const [last] = first.json['items'] as { id: string; label: string }[];
    expect(last?.label).toBe('carol');
    await own.admin(`/credentials/${last?.id ?? ''}`, { method: 'DELETE' });
    const next = await own.admin(`/credentials?sort=-label&limit=1&cursor=${first.json['nextCursor'] as string}`);
    expect(next.json['items']).toMatchObject([{ label: 'bob' }]);
  });

  it('refuses another one, and a cursor of another one', async () => {
    expect(await own.admin('/credentials?sort=clientId')).toMatchObject(problem(400, 'validation_failed'));
    const cursor = (await own.admin('/credentials?sort=label&limit=1')).json['nextCursor'] as string;
    for (const sort of ['-label', 'expiresAt', 'createdAt'])
      expect(await own.admin(`/credentials?sort=${sort}&cursor=${cursor}`)).toMatchObject(problem(400, 'validation_failed'));
    const forged = Buffer.from(JSON.stringify(['label', 7, {}])).toString('base64url');
    expect(await own.admin(`/credentials?sort=label&cursor=${forged}`)).toMatchObject(problem(400, 'validation_failed'));
  });
});

describe('admins', () => {
  const as =
    (user: string, password: string) =>
    (path: string, init: Parameters<TestGatehouse['admin']>[1] = {}) =>
      gatehouse.admin(path, { ...init, user, password });

  it('need a password or a key', async () => {
    const anonymous = await ask(`${gatehouse.url}/api/v1/credentials`);
    expect(anonymous).toMatchObject(problem(401, 'unauthorized'));
    expect(anonymous.headers.get('www-authenticate')).toMatch(/^Basic realm="gatehouse admin"/);
  });

  it('may do what their role says', async () => {
    const viewer = (await gatehouse.admin('/admins', { body: { username: 'Vera', role: 'viewer' } })).json;
    expect(viewer).toMatchObject({ username: 'vera', role: 'viewer', password: expect.any(String) });
    const operator = (
      await gatehouse.admin('/admins', { body: { username: 'otto', role: 'operator', password: 'a:password:with:colons' } })
    ).json;
    expect(operator).not.toHaveProperty('password');
    const [asViewer, asOperator] = [as('VERA', viewer['password'] as string), as('otto', 'a:password:with:colons')];
    expect((await asViewer('/credentials')).status).toBe(200);
    expect(await asViewer('/credentials', { body: { label: 'x' } })).toMatchObject(problem(403, 'forbidden'));
    expect((await asOperator('/credentials', { body: { label: 'x' } })).json).toMatchObject({ createdBy: 'otto' });
    expect(await asOperator('/admins', { body: { username: 'x', role: 'owner' } })).toMatchObject(problem(403, 'forbidden'));
    expect(await asOperator('/signing-keys/rotate', { method: 'POST' })).toMatchObject(problem(403, 'forbidden'));
    expect((await asViewer('/admins/me')).json).toMatchObject({ name: 'vera', role: 'viewer', kind: 'admin' });
    expect(await asViewer('/admins/me/password', { body: { currentPassword: 'wrong', newPassword: 'a new long password' } })).toMatchObject(
      problem(400, 'validation_failed'),
    );
    expect(
      (await asViewer('/admins/me/password', { body: { currentPassword: viewer['password'], newPassword: 'a new long password' } })).status,
    ).toBe(204);
    expect((await asViewer('/credentials')).status).toBe(401);
    expect((await as('vera', 'a new long password')('/credentials')).status).toBe(200);
    expect(await gatehouse.admin('/admins', { body: { username: 'otto', role: 'viewer' } })).toMatchObject(problem(409, 'name_taken'));
    expect((await gatehouse.admin(`/admins/${viewer['id'] as string}`, { method: 'DELETE' })).status).toBe(204);
    expect((await as('vera', 'a new long password')('/credentials')).status).toBe(401);
  });

  it('always include an owner', async () => {
    const { json } = await gatehouse.admin('/admins/me');
    const id = json['id'] as string;
    expect(await gatehouse.admin(`/admins/${id}`, { method: 'DELETE' })).toMatchObject(problem(409, 'last_owner'));
    expect(await gatehouse.admin(`/admins/${id}`, { method: 'PATCH', body: { role: 'viewer' } })).toMatchObject(problem(409, 'last_owner'));
    const second = (await gatehouse.admin('/admins', { body: { username: 'second', role: 'owner', password: 'another long password' } }))
      .json['id'] as string;
    const asSecond = as('second', 'another long password');
    const answers = await Promise.all([
      gatehouse.admin(`/admins/${second}`, { method: 'PATCH', body: { role: 'viewer' } }),
      asSecond(`/admins/${id}`, { method: 'PATCH', body: { role: 'viewer' } }),
    ]);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    const owner = answers[0].status === 200 ? gatehouse.admin : asSecond;
    expect((await owner(`/admins/${answers[0].status === 200 ? second : id}`, { method: 'PATCH', body: { role: 'owner' } })).status).toBe(
      200,
    );
  });

  it('can be scripts with keys, by Basic and as Bearer', async () => {
    const key = (await gatehouse.admin('/admin-keys', { body: { label: 'terraform', role: 'operator' } })).json;
    const secret = key['secret'] as string;
    expect(secret).toMatch(/^mka_/);
    expect((await as(key['id'] as string, secret)('/credentials')).status).toBe(200);
    const bearer = (token: string) => ask(`${gatehouse.url}/api/v1/credentials`, { headers: { authorization: `Bearer ${token}` } });
    expect((await bearer(secret)).status).toBe(200);
    expect((await bearer(`${secret.slice(0, -1)}~`)).status).toBe(401);
    expect((await gatehouse.admin('/admin-keys')).text).not.toContain(secret);
    await gatehouse.admin(`/admin-keys/${key['id'] as string}`, { method: 'DELETE' });
    expect((await bearer(secret)).status).toBe(401);
  });

  it('are not opened by MCP credentials or tokens, nor the other way round (R-ADM-05)', async () => {
    const credential = await gatehouse.createCredential();
    const token = await gatehouse.accessToken(credential);
    expect((await as(credential.clientId, credential.clientSecret)('/credentials')).status).toBe(401);
    expect((await ask(`${gatehouse.url}/api/v1/credentials`, { headers: { authorization: `Bearer ${token}` } })).status).toBe(401);
    const key = (await gatehouse.admin('/admin-keys', { body: { label: 'k', role: 'owner' } })).json['secret'] as string;
    expect((await call(key)).status).toBe(401);
  });

  it('are slowed when they guess, name by name', async () => {
    const own = await startTestGatehouse({ env: { RATE_LIMIT_SIGN_IN_FAILURES: '3' } });
    try {
      const wrong = () => own.admin('/credentials', { password: 'wrong' });
      const answers = [await wrong(), await wrong(), await wrong(), await wrong()];
      expect(answers.map(({ status }) => status)).toEqual([401, 401, 401, 429]);
      const blocked = await own.admin('/credentials');
      expect(blocked).toMatchObject(problem(429, 'too_many_requests'));
      expect(Number(blocked.headers.get('retry-after'))).toBeGreaterThan(0);
    } finally {
      await own.remove();
    }
  });

  it('are protected from changes that another site makes in their browser', async () => {
    for (const headers of [{ origin: 'https://evil.example' }, { 'sec-fetch-site': 'cross-site' }] as Record<string, string>[]) {
      const headersWithLogin = { authorization: basic('admin', PASSWORD), 'content-type': 'application/json', ...headers };
      expect(
        await ask(`${gatehouse.url}/api/v1/credentials`, { method: 'POST', headers: headersWithLogin, body: '{"label":"x"}' }),
      ).toMatchObject(problem(403, 'origin_not_allowed'));
    }
  });
});

describe('the audit trail', () => {
  it('holds every admin act with its actor, and can be filtered and streamed', async () => {
    const credential = await gatehouse.createCredential({ label: 'audited' });
    await gatehouse.admin(`/credentials/${credential.id}/rotate`, { method: 'POST', body: {} });
    await gatehouse.token(credential);
    await gatehouse.token({ ...credential, clientSecret: 'wrong' });
    await gatehouse.flush();
    const { json } = await gatehouse.admin(`/events?credential=${credential.id}`);
    const items = json['items'] as { kind: string; actor: string | null; detail: Record<string, unknown> }[];
    expect(items.map(({ kind }) => kind)).toEqual(['token.refused', 'token.issued', 'credential.rotated', 'credential.created']);
    expect(items[3]).toMatchObject({ actor: 'admin', detail: { label: 'audited' } });
    const byClient = await gatehouse.admin(`/events?credential=${credential.clientId}&kind=token.*`);
    expect((byClient.json['items'] as { kind: string }[]).map(({ kind }) => kind)).toEqual(['token.refused', 'token.issued']);
    const stream = await gatehouse.admin(`/events?credential=${credential.clientId}`, { headers: { accept: 'application/x-ndjson' } });
    expect(stream.headers.get('content-type')).toMatch(/ndjson/);
    expect(
      stream.text
        .trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as { kind: string }).kind),
    ).toEqual(['token.refused', 'token.issued', 'credential.rotated', 'credential.created']);
    expect(await gatehouse.admin('/events?kind=%27')).toMatchObject(problem(400, 'validation_failed'));
  });
});

describe('signing keys', () => {
  it('rotate without ending a token, and end tokens when removed (R-KEY-02, R-KEY-05)', async () => {
    const own = await startTestGatehouse();
    try {
      const credential: NewCredential = await own.createCredential();
      const callOwn = async (token: string) =>
        (
          await ask(`${own.url}/authed/mcp`, {
            method: 'POST',
            headers: {
              authorization: `Bearer ${token}`,
              'content-type': 'application/json',
              accept: 'application/json, text/event-stream',
            },
            body: MCP_LIST,
          })
        ).status;
      const before = await own.accessToken(credential);
      const rotated = await own.admin('/signing-keys/rotate', { method: 'POST' });
      expect((rotated.json['items'] as { status: string }[]).map(({ status }) => status)).toEqual(['upcoming', 'signing']);
      const after = await own.accessToken(credential);
      expect([await callOwn(before), await callOwn(after)]).toEqual([200, 200]);
      const jwks = await ask(`${own.url}/authed/mcp/oauth/jwks`);
      expect(jwks.json['keys']).toHaveLength(2);
      expect(jwks.headers.get('cache-control')).toBe('public, max-age=300');
      const kid = (rotated.json['items'] as { kid: string }[])[1]!.kid;
      expect((await own.admin(`/signing-keys/${kid}`, { method: 'DELETE' })).status).toBe(204);
      expect([await callOwn(before), await callOwn(after)]).toEqual([401, 401]);
      expect(await callOwn(await own.accessToken(credential))).toBe(200);
    } finally {
      await own.remove();
    }
  });
});
