import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { generateSecret } from '../src/common/secret-format.js';
import { loadConfig } from '../src/config/load-config.js';
import { dataSourceOptions } from '../src/database/data-source.js';
import { ENTITIES } from '../src/entities.js';
import { startGatehouse } from '../src/http/create-app.js';
import { freePort } from './support/free-port.js';
import { ask, basic, PASSWORD, startTestGatehouse, type TestGatehouse } from './support/gatehouse.js';

const MCP = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
const INITIALIZE = JSON.stringify({
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 't', version: '1' } },
});

describe('a start', () => {
  const dir = mkdtempSync(join(tmpdir(), 'gatehouse-start-'));
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  it('makes key, database and first owner once, and a second start changes nothing', async () => {
    const env = { PORT: String(await freePort()), DATA_DIR: join(dir, 'data'), DOCS_DIR: join(dir, 'docs'), LOG_LEVEL: 'fatal' };
    const first = await startGatehouse(loadConfig(env));
    expect(first.firstOwner).toEqual({ username: 'admin', generatedPassword: expect.stringMatching(/^[\w-]{24}$/) });
    const jwks = await (await fetch(`${first.url}/authed/mcp/oauth/jwks`)).text();
    await first.close();
    expect(
      readdirSync(join(dir, 'data'))
        .filter((name) => !/-(wal|shm)$/.test(name))
        .sort(),
    ).toEqual(['docs', 'gatehouse.sqlite', 'gatehouse.sqlite.start', 'master.key']);
    expect(statSync(join(dir, 'data', 'master.key')).mode & 0o777).toBe(0o600);
    const second = await startGatehouse(loadConfig(env));
    expect(second.firstOwner).toBeUndefined();
    expect(await (await fetch(`${second.url}/authed/mcp/oauth/jwks`)).text()).toBe(jwks);
    await second.close();
  });

  it('refuses a taken port in one line', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as { port: number };
    const env = { PORT: String(port), DATA_DIR: join(dir, 'taken'), LOG_LEVEL: 'fatal' };
    await expect(startGatehouse(loadConfig(env))).rejects.toMatchObject({
      name: 'StartupError',
      message: expect.stringMatching(/^Cannot serve at 127\.0\.0\.1:\d+: port \d+ is taken\. Set PORT/),
    });
    server.close();
  });

  it('refuses an unreachable database in one line that holds no password', async () => {
    const port = await freePort();
    const env = {
      DATABASE_URL: `mysql://root:topsecret@127.0.0.1:${port}/gatehouse`,
      MASTER_KEY: Buffer.alloc(32, 1).toString('base64'),
      LOG_LEVEL: 'fatal',
    };
    const fault = await startGatehouse(loadConfig(env)).catch((error: unknown) => error as Error);
    expect(fault).toMatchObject({ name: 'StartupError', message: expect.stringContaining('ECONNREFUSED') });
    expect((fault as Error).message.split('\n')).toHaveLength(1);
    expect((fault as Error).message).not.toContain('topsecret');
  });

  it('refuses a data folder that is a file', async () => {
    writeFileSync(join(dir, 'file'), '');
    await expect(startGatehouse(loadConfig({ DATA_DIR: join(dir, 'file'), LOG_LEVEL: 'fatal' }))).rejects.toMatchObject({
      name: 'StartupError',
      message: expect.stringContaining('DATA_DIR'),
    });
  });

  it('refuses a master key that is not the one of the database', async () => {
    const env = {
      PORT: String(await freePort()),
      DATA_DIR: join(dir, 'data'),
      LOG_LEVEL: 'fatal',
      MASTER_KEY: Buffer.alloc(32, 9).toString('base64'),
    };
    await expect(startGatehouse(loadConfig(env))).rejects.toMatchObject({
      name: 'StartupError',
      message: expect.stringContaining('MASTER_KEY'),
    });
  });

  it('survives a folder of documents that cannot be read', async () => {
    mkdirSync(join(dir, 'closed'));
    chmodSync(join(dir, 'closed'), 0o000);
    const env = { PORT: String(await freePort()), DATA_DIR: join(dir, 'data2'), DOCS_DIR: join(dir, 'closed'), LOG_LEVEL: 'fatal' };
    const gatehouse = await startGatehouse(loadConfig(env));
    expect((await fetch(`${gatehouse.url}/health/ready`)).status).toBe(200);
    await gatehouse.close();
    chmodSync(join(dir, 'closed'), 0o700);
  });
});

describe('secrets', () => {
  let gatehouse: TestGatehouse;
  beforeAll(async () => {
    gatehouse = await startTestGatehouse();
  });
  afterAll(() => gatehouse.remove());

  it('are in no event, error, log line or row (R-ADM-06, R-CLA-24)', async () => {
    const credential = await gatehouse.createCredential({ label: 'canary' });
    const token = await gatehouse.accessToken(credential);
    const rotated = await gatehouse.admin(`/credentials/${credential.id}/rotate`, { body: { overlapSeconds: 60 } });
    const created = await gatehouse.admin('/credentials', { body: { label: 'canary 2' }, headers: { 'idempotency-key': 'canary' } });
    const key = await gatehouse.admin('/admin-keys', { body: { label: 'canary', role: 'viewer' } });
    const secrets = [
      credential.clientSecret,
      rotated.json['clientSecret'],
      created.json['clientSecret'],
      key.json['secret'],
      token,
      PASSWORD,
    ] as string[];
    const url = `${gatehouse.url}/authed/mcp/oauth/token`;
    const answers = [
      await ask(`${url}?client_secret=${credential.clientSecret}`, {
        method: 'POST',
        body: new URLSearchParams({ grant_type: 'client_credentials' }),
      }),
      await ask(url, {
        method: 'POST',
        body: new URLSearchParams({
          grant_type: credential.clientSecret,
          client_id: credential.clientSecret,
          client_secret: credential.clientSecret,
        }),
      }),
      await ask(url, {
        method: 'POST',
        body: new URLSearchParams({
          grant_type: 'client_credentials',
          client_id: credential.clientSecret,
          client_secret: credential.clientSecret,
        }),
      }),
      await gatehouse.token(credential, { scope: credential.clientSecret, resource: credential.clientSecret }),
      await ask(`${gatehouse.url}/authed/mcp?access_token=${token}`, { method: 'POST', headers: MCP, body: INITIALIZE }),
      await ask(`${gatehouse.url}/authed/mcp`, {
        method: 'POST',
        headers: { ...MCP, authorization: `Bearer ${token}x` },
        body: INITIALIZE,
      }),
      await ask(`${gatehouse.url}/authed/mcp`, { method: 'POST', headers: { ...MCP, authorization: `Bearer ${token}` }, body: INITIALIZE }),
      await gatehouse.admin('/credentials', { user: PASSWORD, password: PASSWORD }),
      await gatehouse.admin(`/credentials/${credential.clientSecret}`),
    ];
    await gatehouse.flush();
    const events = (await gatehouse.admin('/events', { headers: { accept: 'application/x-ndjson' } })).text;
    expect(events.split('\n').length).toBeGreaterThan(8);
    const rows = await dumpDatabase(gatehouse);
    const bodies = answers.map(({ text }) => text).join('\n');
    for (const secret of secrets) {
      expect(secret.length).toBeGreaterThan(11);
      for (const form of [secret, Buffer.from(secret).toString('base64').replace(/=+$/, '')]) {
        expect(events).not.toContain(form);
        expect(bodies).not.toContain(form);
        expect(rows).not.toContain(form);
      }
    }
  });
});

async function dumpDatabase({ env }: TestGatehouse): Promise<string> {
  const { database } = loadConfig(env);
  const dataSource = await new DataSource(await dataSourceOptions(database, ENTITIES)).initialize();
  const rows = await Promise.all(ENTITIES.map((entity) => dataSource.getRepository<object>(entity).find()));
  await dataSource.destroy();
  const files = database.kind === 'sqlite' ? readFileSync(database.file, 'latin1') : '';
  return JSON.stringify(rows) + files;
}

describe('every route', () => {
  let gatehouse: TestGatehouse;
  beforeAll(async () => {
    gatehouse = await startTestGatehouse();
  });
  afterAll(() => gatehouse.remove());

  const PUBLIC = new Set([
    'GET /.well-known/oauth-authorization-server/authed/mcp',
    'GET /.well-known/oauth-protected-resource/authed/mcp',
    'GET /.well-known/oauth-protected-resource/authed/mcp/{slug}',
    'GET /authed/mcp/oauth/jwks',
    'POST /authed/mcp/oauth/token',
    'POST /authed/mcp/oauth/revoke',
    'POST /authed/mcp/oauth/introspect',
    'POST /authed/mcp/oauth/leaked',
    'GET /api/v1/session/options',
    'POST /api/v1/session',
    'GET /.well-known/mcp',
    'GET /.well-known/mcp.json',
    'GET /.well-known/mcp/server-card.json',
    'GET /.well-known/mcp/server-cards.json',
    'GET /.well-known/agent-skills/index.json',
    'GET /.well-known/skills/index.json',
    'GET /.well-known/agent-skills/{name}/SKILL.md',
    'GET /.well-known/skills/{name}/SKILL.md',
    'GET /llms.txt',
    'GET /llms-full.txt',
    'GET /docs/{path}',
    'GET /skill.md',
    'POST /webhooks/docs/{slug}', // signed with a secret of its own
    'GET /health/live',
    'GET /health/ready',
    'GET /metrics', // asks for METRICS_TOKEN, and is not there without
  ]);

  it('is in the OpenAPI description as public or asks for an admin, and does (weakness 12)', async () => {
    const { json } = await ask(`${gatehouse.url}/api/docs-json`);
    const paths = json['paths'] as Record<string, Record<string, { security?: Record<string, unknown>[] }>>;
    const routes = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({
        name: `${method.toUpperCase()} ${path}`,
        method: method.toUpperCase(),
        path,
        operation,
      })),
    );
    expect(routes.length).toBeGreaterThan(25);
    for (const { name, method, path, operation } of routes) {
      const isAdmin = operation.security?.some((scheme) => 'admin' in scheme) ?? false;
      expect([name, isAdmin]).toEqual([name, !PUBLIC.has(name)]);
      if (!isAdmin) continue;
      const url = gatehouse.url + path.replace(/\{\w+\}/g, 'x');
      const anonymous = await ask(url, { method });
      expect([name, anonymous.status, anonymous.json['code']]).toEqual([name, 401, 'unauthorized']);
    }
  });

  it.each([
    ['a malformed escape', '%ZZ'],
    ['half a character', '%E0%A4%A'],
    ['a segment of 300 letters', 'a'.repeat(300)],
  ])('answers %s in the path in the language of its family, and does not repeat it (R-ERR-02)', async (_, odd) => {
    for (const [path, members] of [
      [`/authed/mcp/oauth/${odd}`, ['error', 'error_description']],
      [`/authed/mcp/${odd}`, ['error', 'jsonrpc']],
      [`/mcp/${odd}`, ['error', 'jsonrpc']],
      [`/api/v1/credentials/${odd}`, ['code', 'detail', 'instance', 'status', 'title', 'type']],
    ] as const) {
      const answer = await ask(gatehouse.url + path, { headers: { authorization: basic('admin', PASSWORD) } });
      expect([path, answer.status]).toEqual([path, odd.startsWith('%') ? 400 : 404]);
      expect(Object.keys(answer.json).sort()).toEqual(members);
      expect(answer.text).not.toMatch(/FST_|statusCode/);
    }
  });

  it('repeats no secret of ours that stands in the path (R-ADM-06)', async () => {
    const secret = generateSecret('mcs_');
    const { status, text } = await ask(`${gatehouse.url}/nowhere/client_secret=${secret}`);
    expect([status, text.includes(secret)]).toEqual([404, false]);
  });

  it('never sends the caller away, tells no framework’s name, and has nothing for old clients at the root (R-MTD-03, R-MTD-10, R-LEG-17)', async () => {
    for (const path of [
      '/api',
      '/api/v1',
      '/authed',
      '/authed/mcp/oauth',
      '/authed/mcp/oauth/x',
      '/.well-known/oauth-protected-resource',
      '/.well-known/openid-configuration',
      '/authed/mcp/.well-known/openid-configuration',
      '/sse',
      '/.well-known/oauth-authorization-server',
      '/token',
      '/authorize',
      '/register',
      '//authed/mcp',
      '/AUTHED/MCP',
      '/authed/mcp/',
      '/authed%2fmcp',
    ]) {
      const answer = await ask(gatehouse.url + path);
      expect([path, answer.status]).toEqual([path, path === '/authed/mcp/' ? expect.any(Number) : 404]);
      expect(answer.status).not.toBe(200);
      expect(answer.text).not.toMatch(/statusCode|fastify|nest/i);
      expect(answer.headers.get('server') ?? answer.headers.get('x-powered-by')).toBeNull();
    }
  });
});

describe('discovery', () => {
  let gatehouse: TestGatehouse;
  beforeAll(async () => {
    gatehouse = await startTestGatehouse();
  });
  afterAll(() => gatehouse.remove());

  it('describes the authorization server, which registers nobody (R-MTD-01…09, R-CCG-13)', async () => {
    const issuer = `${gatehouse.url}/authed/mcp`;
    const algs = ['ES256', 'RS256', 'PS256', 'EdDSA', 'Ed25519'];
    const methods = ['client_secret_basic', 'client_secret_post', 'private_key_jwt'];
    const answer = await ask(`${gatehouse.url}/.well-known/oauth-authorization-server/authed/mcp`);
    expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
    expect(answer.json).toEqual({
      issuer,
      authorization_endpoint: `${issuer}/oauth/authorize`,
      token_endpoint: `${issuer}/oauth/token`,
      jwks_uri: `${issuer}/oauth/jwks`,
      scopes_supported: ['mcp:search', 'mcp:read'],
      response_types_supported: [],
      grant_types_supported: [
        'client_credentials',
        'urn:ietf:params:oauth:grant-type:jwt-bearer',
        'urn:ietf:params:oauth:grant-type:token-exchange',
      ],
      token_endpoint_auth_methods_supported: [...methods, 'none'],
      token_endpoint_auth_signing_alg_values_supported: algs,
      revocation_endpoint: `${issuer}/oauth/revoke`,
      revocation_endpoint_auth_methods_supported: methods,
      revocation_endpoint_auth_signing_alg_values_supported: algs,
      introspection_endpoint: `${issuer}/oauth/introspect`,
      introspection_endpoint_auth_methods_supported: methods,
      introspection_endpoint_auth_signing_alg_values_supported: algs,
      dpop_signing_alg_values_supported: algs,
    });
    for (const [name, url] of Object.entries(answer.json)) {
      if (name.endsWith('_endpoint')) expect([name, (await ask(String(url), { method: 'POST' })).status]).not.toEqual([name, 404]);
    }
  });

  it('lists exactly the grants that are on, and a client without proof only where one does without (R-MTD-06, R-MTD-07)', async () => {
    const small = await startTestGatehouse({ env: { OPTIONAL_GRANTS: 'token-exchange', REFRESH_TOKENS: 'on' } });
    const { json } = await ask(`${small.url}/.well-known/oauth-authorization-server/authed/mcp`);
    await small.remove();
    expect(json['grant_types_supported']).toEqual([
      'client_credentials',
      'refresh_token',
      'urn:ietf:params:oauth:grant-type:token-exchange',
    ]);
    expect(json['token_endpoint_auth_methods_supported']).not.toContain('none');
  });

  it('describes the protected resource, and no other (R-PRM-01…06)', async () => {
    const url = `${gatehouse.url}/.well-known/oauth-protected-resource`;
    const { json } = await ask(`${url}/authed/mcp`);
    expect(json).toEqual({
      resource: `${gatehouse.url}/authed/mcp`,
      authorization_servers: [`${gatehouse.url}/authed/mcp`],
      scopes_supported: ['mcp:search', 'mcp:read'],
      bearer_methods_supported: ['header'],
      resource_name: 'Documentation',
    });
    for (const path of ['', '/authed/mcp/other', '/authed/mcp/docs', '/mcp']) expect((await ask(url + path)).status).toBe(404);
  });

  it('derives nothing from the Host or forwarding headers of a request (weakness 23)', async () => {
    const headers = { 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'https', forwarded: 'host=evil.example' };
    const metadata = await ask(`${gatehouse.url}/.well-known/oauth-authorization-server/authed/mcp`, { headers });
    const refused = await ask(`${gatehouse.url}/authed/mcp`, { method: 'POST', headers });
    expect(metadata.text + (refused.headers.get('www-authenticate') ?? '')).not.toContain('evil');
  });

  it('has an authorization endpoint that always refuses and redirects nowhere (R-MTD-05)', async () => {
    const answer = await ask(
      `${gatehouse.url}/authed/mcp/oauth/authorize?response_type=code&client_id=x&redirect_uri=https://evil.example`,
    );
    expect(answer.status).toBe(400);
    expect(answer.headers.get('location')).toBeNull();
    expect(answer.text).toContain('unsupported_response_type');
  });
});
