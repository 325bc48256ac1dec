import 'reflect-metadata';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type ArgumentsHost, Catch, Controller, type ExceptionFilter, Get, Module, Post } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyReply } from 'fastify';
import { type TestStorage, testStorage } from '../../test/support/database.js';
import { freePort } from '../../test/support/free-port.js';
import { ask, basic } from '../../test/support/gatehouse.js';
import { AuditModule } from '../audit/audit.module.js';
import { AuditService } from '../audit/audit.service.js';
import { Authorized, Public } from '../common/access.decorator.js';
import { newId } from '../common/ids.js';
import { generateSecret } from '../common/secret-format.js';
import { loadConfig } from '../config/load-config.js';
import { ConfigModule } from '../config/config.module.js';
import { RedisModule } from '../config/redis.module.js';
import { DatabaseModule } from '../database/database.module.js';
import { EgressModule } from '../egress/egress.module.js';
import { ProblemError } from '../protocol/problem.js';
import { RateLimitModule } from '../rate-limit/rate-limit.module.js';
import { AdminKey } from './admin-key.entity.js';
import { Admin, type Role, ROLES } from './admin.entity.js';
import { AdminModule } from './admin.module.js';
import { type AdminPrincipal, CurrentAdmin } from './current-admin.decorator.js';
import { EventsService } from './events.service.js';
import { hashPassword } from './passwords.js';

@Controller('probe')
class ProbeController {
  @Get('undeclared')
  undeclared(): string {
    return 'never';
  }

  @Get('public')
  @Public()
  open(): string {
    return 'open';
  }

  @Get('read')
  @Authorized('read')
  read(@CurrentAdmin() admin: AdminPrincipal): AdminPrincipal {
    return admin;
  }

  @Post('write')
  @Authorized('write')
  write(): string {
    return 'written';
  }

  @Post('own')
  @Authorized('own')
  own(): string {
    return 'owned';
  }
}

@Catch(ProblemError)
class ProblemFilter implements ExceptionFilter<ProblemError> {
  catch(problem: ProblemError, host: ArgumentsHost): void {
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    void reply.status(problem.status).headers(problem.headers).send(problem.toBody('/'));
  }
}

const PASSWORD = 'correct:horse:bättery';
let storage: TestStorage;
let app: NestFastifyApplication;
let url: string;

beforeAll(async () => {
  storage = await testStorage();
  const config = loadConfig({ RATE_LIMIT_SIGN_IN_FAILURES: '1000', ALLOWED_ORIGINS: 'https://app.example.com' });
  @Module({
    imports: [
      ConfigModule.with(config, storage.clock),
      RedisModule,
      DatabaseModule.with(storage),
      RateLimitModule,
      EgressModule,
      AuditModule,
      AdminModule,
    ],
    controllers: [ProbeController],
  })
  class ProbeModule {}
  app = await NestFactory.create<NestFastifyApplication>(ProbeModule, new FastifyAdapter(), { logger: false });
  app.useGlobalFilters(new ProblemFilter());
  const port = await freePort();
  await app.listen(port, '127.0.0.1');
  url = `http://127.0.0.1:${port}`;
  const passwordHash = await hashPassword(PASSWORD);
  for (const role of ROLES) {
    const rest = { passwordHash, createdAt: storage.clock(), createdBy: 'start', lastSignInAt: null, version: 1 };
    await storage.dataSource.getRepository(Admin).insert({ id: newId(), username: role, role, ...rest });
  }
});
afterAll(async () => {
  await app.close();
  await storage.remove();
});

const request = (path: string, init: { method?: string; headers?: Record<string, string> } = {}) => ask(`${url}${path}`, init);
const as = (role: Role) => ({ authorization: basic(role, PASSWORD) });
const statusOf = async (method: string, path: string, role: Role) => (await request(path, { method, headers: as(role) })).status;

describe('the guard', () => {
  it('opens a route to those whose role allows it', async () => {
    const table = await Promise.all(
      (['viewer', 'operator', 'owner'] as const).map(async (role) => [
        await statusOf('GET', '/probe/read', role),
        await statusOf('POST', '/probe/write', role),
        await statusOf('POST', '/probe/own', role),
      ]),
    );
    expect(table).toEqual([
      [200, 403, 403],
      [200, 201, 403],
      [200, 201, 201],
    ]);
  });

  it('opens public routes to everybody', async () => {
    expect(await request('/probe/public')).toMatchObject({ status: 200, text: 'open' });
  });

  it('closes a route that declares nothing, even to owners', async () => {
    expect(await request('/probe/undeclared', { headers: as('owner') })).toMatchObject({ status: 403, json: { code: 'forbidden' } });
    expect((await request('/probe/undeclared')).status).toBe(401);
  });

  it('says who is signed in', async () => {
    const { json } = await request('/probe/read', { headers: as('operator') });
    expect(json).toEqual({ id: expect.any(String), name: 'operator', role: 'operator', kind: 'admin' });
  });

  it('takes an admin key as Basic and as Bearer', async () => {
    const [id, secret] = [newId(), generateSecret('mka_')];
    const rest = { hint: secret.slice(-4), createdAt: storage.clock(), createdBy: 'owner', expiresAt: null, lastUsedAt: null };
    await storage.dataSource
      .getRepository(AdminKey)
      .insert({ id, label: 'ci', role: 'operator', digest: storage.digester.digest(secret), ...rest });
    for (const authorization of [basic(id, secret), `Bearer ${secret}`, `bearer ${secret}`]) {
      const answer = await request('/probe/write', { method: 'POST', headers: { authorization } });
      expect(answer.status).toBe(201);
    }
    expect((await request('/probe/own', { method: 'POST', headers: { authorization: `Bearer ${secret}` } })).status).toBe(403);
  });

  it.each([
    ['nothing', undefined],
    ['a wrong password', basic('owner', 'wrong')],
    ['an unknown name', basic('nobody', PASSWORD)],
    ['half a header', 'Basic'],
    ['no colon', `Basic ${Buffer.from('owner').toString('base64')}`],
    ['a scheme that only contains Basic', basic('owner', PASSWORD).replace('Basic', 'NotBasic')],
    ['an MCP access token', 'Bearer eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln'],
    ['a client credential', basic('mcc_01kax2v7q5r1d7x0c3g8m6y9tb', generateSecret('mcs_'))],
    ['a client secret as Bearer', `Bearer ${generateSecret('mcs_')}`],
    ['an admin key that does not exist', `Bearer ${generateSecret('mka_')}`],
  ])('asks for a sign-in by Basic when it gets %s (R-ADM-05)', async (_, authorization) => {
    const answer = await request('/probe/read', { headers: authorization === undefined ? {} : { authorization } });
    expect(answer).toMatchObject({ status: 401, json: { code: 'unauthorized' } });
    expect(answer.headers.get('www-authenticate')).toBe('Basic realm="gatehouse admin", charset="UTF-8"');
  });
});

describe('a request from a browser', () => {
  const write = (headers: Record<string, string>) =>
    request('/probe/write', { method: 'POST', headers: { ...as('operator'), ...headers } });

  it.each<Record<string, string>>([
    { origin: 'https://evil.example' },
    { origin: 'null' },
    { origin: 'https://app.example.com.evil.example' },
    { 'sec-fetch-site': 'cross-site' },
    { origin: 'https://app.example.com', 'sec-fetch-site': 'cross-site' },
  ])('changes nothing with %p', async (headers) => {
    expect(await write(headers)).toMatchObject({ status: 403, json: { code: 'origin_not_allowed' } });
  });

  it.each<Record<string, string>>([
    {},
    { origin: 'http://localhost:3000' },
    { origin: 'https://app.example.com', 'sec-fetch-site': 'same-site' },
    { 'sec-fetch-site': 'same-origin' },
    { 'sec-fetch-site': 'none' },
  ])('changes things with %p', async (headers) => {
    expect((await write(headers)).status).toBe(201);
  });

  it('reads from anywhere, since another site cannot see the answer', async () => {
    expect((await request('/probe/read', { headers: { ...as('viewer'), origin: 'https://evil.example' } })).status).toBe(200);
  });
});

describe('the stream of events', () => {
  it('ends when the client goes away, without having read the rest', async () => {
    const audit = app.get(AuditService);
    for (let i = 0; i < 6000; i++) audit.note({ kind: 'call', detail: { padding: 'x'.repeat(8000) } });
    await audit.flush();
    const watched = watchStream(app.get(EventsService));
    const abort = new AbortController();
    const headers = { ...as('viewer'), accept: 'application/x-ndjson' };
    const response = await fetch(`${url}/api/v1/events?kind=call`, { headers, signal: abort.signal });
    expect(response.headers.get('content-type')).toContain('application/x-ndjson');
    const first = await response.body!.getReader().read();
    expect(first.value?.length).toBeGreaterThan(0);
    expect(watched.isEnded).toBe(false);
    abort.abort();
    for (let i = 0; i < 50 && !watched.isEnded; i++) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(watched.isEnded).toBe(true);
    expect(watched.batches).toBeLessThan(12);
    expect((await request('/probe/read', { headers: as('viewer') })).status).toBe(200);
  });

  /** Sees how far the service's own stream is read, and whether it was closed. */
  function watchStream(events: EventsService): { batches: number; isEnded: boolean } {
    const watched = { batches: 0, isEnded: false };
    const stream = events.stream.bind(events);
    events.stream = async function* (query) {
      try {
        for await (const batch of stream(query)) {
          watched.batches++;
          yield batch;
        }
      } finally {
        watched.isEnded = true;
      }
    };
    return watched;
  }
});
