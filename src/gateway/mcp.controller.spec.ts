import { randomBytes } from 'node:crypto';
import type { Server as HttpServer } from 'node:http';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { DataSource } from 'typeorm';
import { AuditModule } from '../audit/audit.module.js';
import { AuditService } from '../audit/audit.service.js';
import { AuditEvent } from '../audit/event.entity.js';
import type { Clock } from '../common/clock.js';
import { ConfigModule } from '../config/config.module.js';
import { loadConfig } from '../config/load-config.js';
import { RedisModule } from '../config/redis.module.js';
import { ClientSecret } from '../credentials/client-secret.entity.js';
import { Credential } from '../credentials/credential.entity.js';
import { CREDENTIAL_TOPIC } from '../credentials/credential-directory.service.js';
import { openDatabase } from '../database/data-source.js';
import { DatabaseModule } from '../database/database.module.js';
import { Digester } from '../database/digester.js';
import { Sealer } from '../database/sealer.js';
import { UnitOfWork } from '../database/unit-of-work.service.js';
import { DocsServers } from '../docs-server/docs-servers.service.js';
import { ENTITIES } from '../entities.js';
import { Drain } from '../common/drain.js';
import { ErrorFilter } from '../http/error.filter.js';
import { TracingModule } from '../tracing/tracing.module.js';
import { RequestTallies } from '../metrics/request-tallies.js';
import { createAdapter, prepareInstance } from '../http/fastify.js';
import { RouteTable } from '../http/route-table.js';
import { changesToldTwice } from '../../test/support/gatehouse.js';
import { answerOf } from '../protocol/answer.js';
import type { Era, Exchange, McpUpstream, UpstreamAnswer } from '../protocol/exchange.js';
import { EgressModule } from '../egress/egress.module.js';
import { RateLimitModule } from '../rate-limit/rate-limit.module.js';
import { TokenIssuer } from '../tokens/token-issuer.js';
import { GatewayModule } from './gateway.module.js';
import { McpEndpoint } from './mcp-endpoint.service.js';

const PUBLIC_URL = 'http://localhost:3000';
const RESOURCE = `${PUBLIC_URL}/authed/mcp`;
const METADATA = `resource_metadata="${PUBLIC_URL}/.well-known/oauth-protected-resource/authed/mcp"`;
const VERSION = '2026-07-28';
const META = { 'io.modelcontextprotocol/protocolVersion': VERSION, 'io.modelcontextprotocol/clientCapabilities': {} };

interface Message {
  readonly id?: string | number;
  readonly method?: string;
  readonly params?: { readonly name?: string };
}

/** A server behind the gateway: it shows what it may, runs what it is asked, and keeps streams open. */
class TestUpstream implements McpUpstream {
  readonly appliesPolicy = true;
  readonly handled: Exchange[] = [];
  readonly ended: string[] = [];
  cancelled = 0;
  aborted = 0;

  eras(): readonly Era[] {
    return ['modern', 'legacy'];
  }

  async handle(exchange: Exchange): Promise<UpstreamAnswer> {
    return answerOf(await this.respond(exchange));
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  private respond(exchange: Exchange): Promise<Response> {
    this.handled.push(exchange);
    const { message, caller, request } = exchange;
    if (request.method === 'GET') return Promise.resolve(this.stream());
    if (Array.isArray(message))
      return Promise.resolve(Response.json(message.map(({ id }: Message) => ({ jsonrpc: '2.0', id, result: {} }))));
    const { id, method, params } = message as Message;
    if (id === undefined) return Promise.resolve(new Response(null, { status: 202 }));
    if (method === 'subscriptions/listen') return Promise.resolve(this.stream());
    if (method === 'tools/list') {
      const tools = ['search_docs', 'read_docs', 'delete_docs'].filter((target) => caller.isAllowed({ method: 'tools/call', target }));
      return Promise.resolve(
        Response.json({ jsonrpc: '2.0', id, result: { tools } }, { headers: { 'mcp-session-id': 's', 'set-cookie': 'a=b' } }),
      );
    }
    return this.call(exchange, id, params?.name ?? '');
  }

  endSessions(owner: string): void {
    this.ended.push(owner);
  }

  private call({ caller, request }: Exchange, id: string | number, target: string): Promise<Response> {
    if (target === 'search_challenge') return Promise.resolve(new Response('', { status: 401, headers: { 'www-authenticate': 'Bearer' } }));
    if (target === 'search_forever')
      return new Promise((_resolve, reject) =>
        request.signal.addEventListener('abort', () => (this.aborted++, reject(new Error('aborted')))),
      );
    const isKnown = caller.isAllowed({ method: 'tools/call', target });
    return Promise.resolve(
      Response.json({
        jsonrpc: '2.0',
        id,
        ...(isKnown ? { result: { target } } : { error: { code: -32602, message: `Unknown tool: ${target}` } }),
      }),
    );
  }

  private stream(): Response {
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(new TextEncoder().encode('data: hello\n\n')),
      cancel: () => {
        this.cancelled++;
      },
    });
    return new Response(body, { headers: { 'content-type': 'text/event-stream' } });
  }
}

interface World {
  readonly app: NestFastifyApplication;
  readonly url: string;
  readonly upstream: TestUpstream;
  token(parts?: { clientId?: string; scopes?: readonly string[]; audience?: string; lifetime?: number }): Promise<string>;
  credential(clientId: string, parts?: Partial<Credential>): Promise<void>;
  change(clientId: string, parts: Partial<Credential>): Promise<void>;
  events(): Promise<AuditEvent[]>;
}

let now = Date.now();
const clock: Clock = () => now;

async function start(env: Readonly<Record<string, string>> = {}): Promise<World> {
  const config = loadConfig({ PUBLIC_URL, PORT: '3000', ALLOWED_ORIGINS: 'https://app.example.com', LOG_LEVEL: 'silent', ...env });
  const dataSource = await openDatabase({ kind: 'sqlite', file: ':memory:' }, ENTITIES);
  const storage = { dataSource, sealer: new Sealer(randomBytes(32)), digester: new Digester(randomBytes(32)) };
  const upstream = new TestUpstream();
  const platform = [
    ConfigModule.with(config, clock),
    RedisModule,
    DatabaseModule.with(storage),
    EgressModule,
    RateLimitModule,
    AuditModule,
    TracingModule,
    { module: class Draining {}, global: true, providers: [Drain], exports: [Drain] },
  ];
  const testing = await Test.createTestingModule({ imports: [...platform, GatewayModule] })
    .overrideProvider(DocsServers)
    .useValue({ open: () => ({ upstream }) })
    .compile();
  const adapter = createAdapter(config);
  const routes = new RouteTable();
  prepareInstance(adapter.getInstance(), routes, { drain: new Drain() });
  const options = { bodyParser: false, logger: false as const };
  const app = testing.createNestApplication<NestFastifyApplication>(adapter, options);
  app.useGlobalFilters(new ErrorFilter(routes, new RequestTallies()));
  await app.listen(0, '127.0.0.1');
  const world: World = {
    app,
    upstream,
    url: (await app.getUrl()).replace('[::1]', '127.0.0.1'),
    token: async ({ clientId = 'c1', scopes = ['mcp:search'], audience = RESOURCE, lifetime = 3600 } = {}) =>
      (await app.get(TokenIssuer).issue({ clientId, scopes, audience, lifetime, authId: `k-${clientId}` })).token,
    credential: async (clientId, parts = {}) => {
      const id = `i-${clientId}`;
      const access = { isEnabled: true, servers: ['docs'], scopes: null, tokenTtl: null, allowedIps: null, expiresAt: null };
      const times = { createdAt: now, updatedAt: now, lastUsedAt: null };
      const row = { id, clientId, label: clientId, authMethod: 'client_secret' as const, createdBy: 'test', version: 1 };
      await dataSource.getRepository(Credential).insert(Object.assign(new Credential(), row, access, times, parts));
      const secret = { id: `k-${clientId}`, credentialId: id, digest: clientId.padEnd(64, '0'), hint: 'hint' };
      const state = { createdAt: now, expiresAt: null, lastUsedAt: null, lastUsedIp: null };
      await dataSource.getRepository(ClientSecret).insert(Object.assign(new ClientSecret(), secret, state));
    },
    change: (clientId, parts) =>
      app.get(UnitOfWork).run(async ({ manager, changed }) => {
        await manager.update(Credential, { clientId }, parts);
        await changed(CREDENTIAL_TOPIC, `i-${clientId}`);
      }),
    events: async () => {
      await app.get(AuditService).flush();
      return dataSource.getRepository(AuditEvent).find({ order: { id: 'ASC' } });
    },
  };
  await world.credential('c1');
  return world;
}

/** undici connects anew after an aborted request, and Node does not count a silent connection as idle. */
async function stop({ app }: World): Promise<void> {
  const server: HttpServer = app.getHttpServer();
  const force = setTimeout(() => server.closeAllConnections(), 200);
  await app.close();
  clearTimeout(force);
}

interface Ask {
  readonly token?: string;
  readonly path?: string;
  readonly method?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

const ask = ({ url }: World, { token, path = '/authed/mcp', method = 'POST', body, headers, signal }: Ask = {}): Promise<Response> =>
  fetch(url + path, {
    method,
    headers: {
      accept: 'application/json, text/event-stream',
      ...(method === 'POST' ? { 'content-type': 'application/json' } : {}),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...headers,
    },
    ...(method === 'POST' ? { body: typeof body === 'string' ? body : JSON.stringify(body ?? LIST) } : {}),
    ...(signal ? { signal } : {}),
  });

const LIST = { jsonrpc: '2.0', id: 1, method: 'tools/list' };
const tool = (name: string, id: string | number = 1) => ({ jsonrpc: '2.0', id, method: 'tools/call', params: { name } });
const modern = (method: string, params: { name?: string } = {}): Pick<Ask, 'body' | 'headers'> => ({
  body: { jsonrpc: '2.0', id: 7, method, params: { ...params, _meta: META } },
  headers: { 'mcp-protocol-version': VERSION, 'mcp-method': method, ...(params.name ? { 'mcp-name': params.name } : {}) },
});

const until = async (condition: () => boolean): Promise<void> => {
  const deadline = Date.now() + 15_000;
  while (!condition() && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 10));
  expect(condition()).toBe(true);
};

let world: World;
beforeAll(async () => {
  world = await start();
});
afterAll(() => stop(world));
afterEach(() => {
  now = Date.now();
});

describe('the protected face, who calls', () => {
  it('asks for a token before it looks at the body [R-BRR-02, R-BRR-03, R-BRR-04, R-BRR-13]', async () => {
    const handled = world.upstream.handled.length;
    const answer = await ask(world, { body: '{not json' });
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toBe(
      `Bearer ${METADATA}, scope="mcp:search mcp:read", DPoP algs="ES256 RS256 PS256 EdDSA Ed25519"`,
    );
    expect(await answer.json()).toEqual({ error: 'invalid_token', error_description: 'An access token is required.' });
    expect(world.upstream.handled.length).toBe(handled);
  });

  it.each(['GET', 'DELETE', 'PUT', 'OPTIONS'])(
    'asks for a token for %s too, whatever session is named [R-BRR-01, R-BRR-14]',
    async (method) => {
      expect((await ask(world, { method, headers: { 'mcp-session-id': 's' } })).status).toBe(401);
    },
  );

  it('answers with a token', async () => {
    const answer = await ask(world, { token: await world.token() });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toContain('application/json');
    expect(answer.headers.get('content-length')).toMatch(/^\d+$/);
    expect(await answer.json()).toEqual({ jsonrpc: '2.0', id: 1, result: { tools: ['search_docs'] } });
  });

  it('refuses a forged, a foreign and an expired token with invalid_token [R-BRR-05, R-BRR-10]', async () => {
    const token = await world.token();
    const foreign = await world.token({ audience: `${RESOURCE}/other` });
    const short = await world.token({ lifetime: 60, scopes: [] });
    now += 120_000;
    for (const refused of [`${token.slice(0, -8)}AAAAAAAA`, 'x.y.z', foreign, short]) {
      const answer = await ask(world, { token: refused, body: tool('delete_docs') });
      expect(answer.status).toBe(401);
      expect(answer.headers.get('www-authenticate')).toContain('error="invalid_token"');
      expect(answer.headers.get('www-authenticate')).toContain(METADATA);
    }
  });

  it('refuses a token in the query, and two of them [R-BRR-08, R-BRR-09]', async () => {
    const token = await world.token();
    for (const other of [{}, { token }]) {
      const answer = await ask(world, { path: `/authed/mcp?access_token=${token}`, ...other });
      expect(answer.status).toBe(400);
      expect(await answer.json()).toMatchObject({ error: 'invalid_request' });
    }
  });

  it('refuses the token of a credential at once when it is disabled, and takes it again when it is enabled', async () => {
    await world.credential('c2');
    const token = await world.token({ clientId: 'c2' });
    expect((await ask(world, { token })).status).toBe(200);
    await world.change('c2', { isEnabled: false });
    expect((await ask(world, { token })).status).toBe(401);
    await world.change('c2', { isEnabled: true });
    expect((await ask(world, { token })).status).toBe(200);
    await world.change('c2', { servers: [] });
    expect((await ask(world, { token })).status).toBe(401);
  });

  it('reads no database for a call that is known', async () => {
    const token = await world.token();
    // What the tests before have changed comes back through the change feed, and is read anew once.
    await changesToldTwice(world);
    await ask(world, { token });
    const dataSource = world.app.get(DataSource);
    let queries = 0;
    const logQuery = (sql: string): void => {
      // The last use of secrets is written at any time.
      if (/^select/i.test(sql) && sql.includes('credentials')) queries++;
    };
    dataSource.setOptions({ logging: ['query'], logger: { logQuery } as never });
    for (let i = 0; i < 5; i++) await ask(world, { token, body: tool('search_docs') });
    expect(queries).toBe(0);
  });

  it('knows no server of another name [R-PRM-06]', async () => {
    const answer = await ask(world, { path: '/authed/mcp/other' });
    expect(answer.status).toBe(404);
    expect(await answer.json()).toMatchObject({ error: { code: -32600 } });
  });

  it('serves the default server under its name too', async () => {
    expect((await ask(world, { path: '/authed/mcp/docs', token: await world.token() })).status).toBe(200);
  });
});

describe('the protected face, what is asked', () => {
  it.each([
    ['not JSON', '{', 400, -32700],
    ['no message', '{"id":null}', 400, -32600],
    ['an array in a later version', '[]', 400, -32600],
    ['no target', '{"jsonrpc":"2.0","id":1,"method":"tools/call"}', 200, -32602],
  ])('answers what is %s with its error', async (_what, body, status, code) => {
    const answer = await ask(world, { token: await world.token(), body });
    expect([answer.status, ((await answer.json()) as { error: { code: number } }).error.code]).toEqual([status, code]);
  });

  it('answers a method that is not offered with 405 and Allow [R-MOD-01]', async () => {
    const token = await world.token();
    expect((await ask(world, { token, method: 'PUT' })).headers.get('allow')).toBe('GET, POST, DELETE');
    const answer = await ask(world, { token, method: 'DELETE', headers: { 'mcp-protocol-version': VERSION } });
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'POST']);
  });

  it('answers a browser that asks for a page with 406', async () => {
    expect((await ask(world, { token: await world.token(), method: 'GET', headers: { accept: 'text/html,*/*' } })).status).toBe(406);
  });

  it('answers a body of more than 4 MiB with 413 [R-GWC-15]', async () => {
    expect((await ask(world, { token: await world.token(), body: `"${'x'.repeat(4 * 1024 * 1024)}"` })).status).toBe(413);
  });

  it('names the scope that is lacking [R-BRR-06]', async () => {
    const answer = await ask(world, { token: await world.token(), body: tool('read_docs') });
    expect(answer.status).toBe(403);
    expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer error="insufficient_scope", .*scope="mcp:read"$/);
    expect(await answer.json()).toMatchObject({ error: 'insufficient_scope' });
  });

  it('leaves a hidden tool to the upstream, which does not know it [R-GWC-13]', async () => {
    const answer = await ask(world, { token: await world.token(), body: tool('delete_docs') });
    expect(answer.status).toBe(200);
    expect(await answer.json()).toEqual({ jsonrpc: '2.0', id: 1, error: { code: -32602, message: 'Unknown tool: delete_docs' } });
  });

  it('runs nothing of a batch with one forbidden element [R-LEG-15]', async () => {
    const handled = world.upstream.handled.length;
    const token = await world.token();
    const body = [tool('search_docs', 1), tool('read_docs', 2)];
    expect((await ask(world, { token, body })).status).toBe(403);
    expect(world.upstream.handled.length).toBe(handled);
    expect((await ask(world, { token, body: [tool('search_docs', 1)] })).status).toBe(200);
  });

  it('answers a notification with 202 and no body [R-LEG-02, R-MOD-21]', async () => {
    const answer = await ask(world, { token: await world.token(), body: { jsonrpc: '2.0', method: 'notifications/initialized' } });
    expect([answer.status, answer.headers.get('content-length'), await answer.text()]).toEqual([202, '0', '']);
  });

  it('passes on neither the token nor what else names the client [R-GWC-05, R-BRR-11]', async () => {
    const token = await world.token();
    await ask(world, { token, headers: { cookie: 'a=b', 'x-forwarded-for': '1.2.3.4', 'x-other': 'kept' } });
    const exchange = world.upstream.handled.at(-1);
    const headers = Object.fromEntries(exchange?.request.headers ?? []);
    expect(headers).toMatchObject({ 'x-other': 'kept', accept: 'application/json, text/event-stream' });
    expect(JSON.stringify([headers, exchange?.request.url])).not.toMatch(/a=b|1\.2\.3\.4|Bearer|eyJ/);
    expect(exchange?.caller).toMatchObject({ owner: 'i-c1', audience: 'authenticated' });
  });

  it('has sessions in the legacy era only, and passes on no cookie [R-MOD-12]', async () => {
    const token = await world.token();
    const legacy = await ask(world, { token });
    expect([legacy.headers.get('mcp-session-id'), legacy.headers.get('set-cookie')]).toEqual(['s', null]);
    const answer = await ask(world, { token, ...modern('tools/list') });
    expect([answer.status, answer.headers.get('mcp-session-id')]).toEqual([200, null]);
  });

  it("does not relay an upstream's challenge [R-GWC-07]", async () => {
    const answer = await ask(world, { token: await world.token(), body: tool('search_challenge', 'x') });
    expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([502, null]);
    expect(await answer.json()).toMatchObject({ id: 'x', error: { code: -32603 } });
  });

  it('cancels what a modern client has left [R-MOD-13]', async () => {
    const aborter = new AbortController();
    const aborted = world.upstream.aborted;
    const pending = ask(world, { token: await world.token(), ...modern('tools/call', { name: 'search_forever' }), signal: aborter.signal });
    const handled = world.upstream.handled.length;
    await until(() => world.upstream.handled.length > handled);
    aborter.abort();
    await expect(pending).rejects.toThrow();
    await until(() => world.upstream.aborted === aborted + 1);
  });
});

describe('the public face', () => {
  it('serves whoever calls, as the public [R-GWC-12]', async () => {
    const answer = await ask(world, { path: '/mcp' });
    expect(await answer.json()).toMatchObject({ result: { tools: ['search_docs', 'read_docs', 'delete_docs'] } });
    expect(world.upstream.handled.at(-1)?.caller).toMatchObject({ owner: 'public', audience: 'public' });
  });

  it('pays no attention to a token', async () => {
    expect((await ask(world, { path: '/mcp', token: 'nonsense' })).status).toBe(200);
    expect(world.upstream.handled.at(-1)?.request.headers.has('authorization')).toBe(false);
  });
});

describe('hosts and origins [R-GWC-01]', () => {
  it('refuses a foreign origin before anything else', async () => {
    for (const path of ['/mcp', '/authed/mcp', '/%6dcp', '/authed/mcp/docs']) {
      const answer = await ask(world, { path, headers: { origin: 'http://evil.example.com' } });
      expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([403, null]);
      expect(await answer.json()).toMatchObject({ error: { code: -32600 } });
    }
  });

  it('lets an allowed origin read answers and challenges', async () => {
    const headers = { origin: 'https://app.example.com' };
    for (const token of [undefined, await world.token()]) {
      const answer = await ask(world, { headers, ...(token ? { token } : {}) });
      expect(answer.status).toBe(token ? 200 : 401);
      expect(answer.headers.get('access-control-allow-origin')).toBe('https://app.example.com');
      expect(answer.headers.get('access-control-expose-headers')).toContain('WWW-Authenticate');
      expect(answer.headers.get('vary')).toContain('Origin');
    }
  });

  it('answers a preflight without a token', async () => {
    const headers = {
      origin: 'https://app.example.com',
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization,mcp-param-region,x-evil',
    };
    const answer = await ask(world, { method: 'OPTIONS', headers });
    expect([answer.status, answer.headers.get('access-control-allow-methods')]).toEqual([204, 'GET, POST, DELETE']);
    expect(answer.headers.get('access-control-allow-headers')).toMatch(/^Authorization, DPoP, Content-Type, .*mcp-param-region$/);
  });
});

describe('streams', () => {
  const open = async (token: string): Promise<{ answer: Response; reader: ReadableStreamDefaultReader<Uint8Array> }> => {
    const answer = await ask(world, { token, method: 'GET' });
    if (!answer.body) throw new Error('no body');
    return { answer, reader: answer.body.getReader() };
  };
  const text = (value: Uint8Array | undefined): string => new TextDecoder().decode(value);
  const rest = async (reader: ReadableStreamDefaultReader<Uint8Array>): Promise<string> => {
    let all = '';
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return all;
      all += text(value);
    }
  };

  it('passes events on at once [R-GWC-10]', async () => {
    const { answer, reader } = await open(await world.token());
    expect(answer.headers.get('content-type')).toBe('text/event-stream');
    expect(answer.headers.get('x-accel-buffering')).toBe('no');
    expect(text((await reader.read()).value)).toBe('data: hello\n\n');
    const cancelled = world.upstream.cancelled;
    await reader.cancel();
    await until(() => world.upstream.cancelled === cancelled + 1);
  });

  it('ends with the credential, sessions too [R-GWC-14, R-LEG-09]', async () => {
    await world.credential('c3');
    const { reader } = await open(await world.token({ clientId: 'c3' }));
    await reader.read();
    await world.change('c3', { isEnabled: false });
    expect(await rest(reader)).toBe('');
    await until(() => world.upstream.ended.includes('i-c3'));
  });

  it('outlives a change that leaves the credential its rights', async () => {
    await world.credential('c4');
    const { reader } = await open(await world.token({ clientId: 'c4' }));
    await reader.read();
    const cancelled = world.upstream.cancelled;
    await world.change('c4', { label: 'other' });
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(world.upstream.cancelled).toBe(cancelled);
    expect(world.upstream.ended).not.toContain('i-c4');
    await reader.cancel();
  });

  it('ends with the token [R-GWC-14]', async () => {
    const { reader } = await open(await world.token({ lifetime: 60 }));
    await reader.read();
    now += 61_000;
    expect(await rest(reader)).toBe('');
  });

  it('are so many for one credential, and then 429 [R-GWC-15]', async () => {
    await world.credential('c5');
    const token = await world.token({ clientId: 'c5' });
    const opened = await Promise.all(Array.from({ length: 20 }, () => open(token)));
    const refused = await ask(world, { token, method: 'GET' });
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '10']);
    expect((await ask(world, { token })).status).toBe(200);
    for (const { reader } of opened) await reader.cancel();
    // The server learns from the connections that they have ended.
    const deadline = Date.now() + 10_000;
    let again = await open(token);
    while (again.answer.status === 429 && Date.now() < deadline) again = await open(token);
    expect(again.answer.status).toBe(200);
    await again.reader.cancel();
  });
});

describe('what is recorded', () => {
  it('is every call and every refusal, with who and what, and never a token', async () => {
    const fresh = await start();
    const token = await fresh.token();
    await ask(fresh, { token, body: tool('search_docs') });
    await ask(fresh, { token, body: tool('read_docs') });
    await ask(fresh, { token, body: tool('delete_docs') });
    await ask(fresh, { token, body: LIST });
    await ask(fresh, { token: `${token.slice(0, -8)}AAAAAAAA` });
    await ask(fresh, { path: '/mcp', body: tool('read_docs') });
    const events = (await fresh.events()).filter(({ kind }) => kind.startsWith('call'));
    const seen = events.map(({ kind, clientId, server, address, detail }) => {
      const { method, target, outcome, reason } = JSON.parse(detail ?? '{}') as Record<string, unknown>;
      return [kind, clientId, server, address, method, target, outcome, reason];
    });
    expect(seen).toEqual([
      ['call', 'c1', 'docs', '127.0.0.1', 'tools/call', 'search_docs', 'ok', undefined],
      ['call.refused', 'c1', 'docs', '127.0.0.1', 'tools/call', 'read_docs', 'refused', 'insufficient_scope'],
      ['call.refused', 'c1', 'docs', '127.0.0.1', 'tools/call', 'delete_docs', 'hidden', undefined],
      ['call.refused', null, 'docs', '127.0.0.1', undefined, undefined, 'refused', 'invalid_token'],
      ['call', null, 'docs', '127.0.0.1', 'tools/call', 'read_docs', 'ok', undefined],
    ]);
    expect(JSON.stringify(events)).not.toContain(token.slice(0, 20));
    await stop(fresh);
  });
});

describe('limits [R-RLM-01, R-RLM-03]', () => {
  it('answers the call over a quota with 429 and Retry-After, and does not execute it', async () => {
    const fresh = await start({ RATE_LIMIT_DOCS_PER_CREDENTIAL: '2', RATE_LIMIT_DOCS_PER_ADDRESS: '1' });
    const token = await fresh.token();
    for (let i = 0; i < 2; i++) expect((await ask(fresh, { token, body: tool('search_docs') })).status).toBe(200);
    const handled = fresh.upstream.handled.length;
    const answer = await ask(fresh, { token, body: tool('search_docs', 'x') });
    expect(answer.status).toBe(429);
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await answer.json()).toMatchObject({ id: 'x', error: { code: 429 } });
    expect(fresh.upstream.handled.length).toBe(handled);
    expect((await ask(fresh, { path: '/mcp' })).status).toBe(200);
    expect((await ask(fresh, { path: '/mcp' })).status).toBe(429);
    await stop(fresh);
  });
});

describe('trouble', () => {
  it('refuses protected calls with 503 when the state is too old, and serves the public face', async () => {
    const fresh = await start({ STATE_MAX_STALENESS: '1' });
    const token = await fresh.token();
    expect((await ask(fresh, { token })).status).toBe(200);
    await fresh.app.get(DataSource).destroy();
    await new Promise((resolve) => setTimeout(resolve, 1500));
    const answer = await ask(fresh, { token });
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '5']);
    expect((await ask(fresh, { path: '/mcp' })).status).toBe(200);
    await stop(fresh).catch(() => undefined);
  });

  it('completes subscriptions at shutdown, and takes no more calls [R-MOD-15]', async () => {
    const fresh = await start();
    const answer = await ask(fresh, { token: await fresh.token(), ...modern('subscriptions/listen') });
    const reading = answer.text();
    await new Promise((resolve) => setTimeout(resolve, 50));
    await fresh.app.get(McpEndpoint).onModuleDestroy();
    expect(await reading).toBe(
      'data: hello\n\nevent: message\ndata: {"jsonrpc":"2.0","id":7,"result":{"resultType":"complete","_meta":{"io.modelcontextprotocol/subscriptionId":7}}}\n\n',
    );
    const refused = await ask(fresh, { path: '/mcp' });
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '5']);
    await stop(fresh);
  });
});
