import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DataSource, type DeepPartial } from 'typeorm';
import { ClientSecret } from '../src/credentials/client-secret.entity.js';
import { Credential } from '../src/credentials/credential.entity.js';
import { UsageCounters } from '../src/usage/usage-counters.service.js';
import { UsageHour } from '../src/usage/usage-hour.entity.js';
import { eventually } from './support/eventually.js';
import { type Answer, ask, type NewCredential, startTestGatehouse, type TestGatehouse } from './support/gatehouse.js';
import { build, type Replicas, startReplicas } from './support/replicas.js';

const DAY = 86_400_000;
const HOUR = 3_600_000;

interface Row {
  readonly at?: string;
  readonly kind?: string;
  readonly server?: string | null;
  readonly tool?: string | null;
  readonly outcome?: string;
  readonly credential?: { readonly id: string; readonly clientId: string | null; readonly label: string | null } | null;
  readonly count: number;
}

const callTool = (url: string, token: string, name: string): Promise<Answer> =>
  ask(`${url}/authed/mcp`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': 'tools/call',
      'mcp-name': name,
    },
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/call',
      params: {
        name,
        arguments: { query: 'zebra' },
        _meta: { 'io.modelcontextprotocol/protocolVersion': '2026-07-28', 'io.modelcontextprotocol/clientCapabilities': {} },
      },
    }),
  });

describe('GET /usage', () => {
  let gatehouse: TestGatehouse;
  let credential: NewCredential;
  let searchTool: string;
  beforeAll(async () => {
    gatehouse = await startTestGatehouse({ env: { DOCS_NAME: 'Handbook', RATE_LIMIT_DOCS_PER_CREDENTIAL: '3' } });
    searchTool = 'search_handbook';
    credential = await gatehouse.createCredential({ label: 'nightly build', scopes: ['mcp:search'] });
    const token = await gatehouse.accessToken(credential);
    for (let i = 0; i < 4; i++) await callTool(gatehouse.url, token, searchTool); // the fourth is one too many
    await callTool(gatehouse.url, token, 'read_handbook'); // no scope covers it
    await callTool(gatehouse.url, 'nonsense', searchTool);
    await gatehouse.token({ clientId: credential.clientId, clientSecret: 'wrong' });
    await eventually(async () => expect((await usage('')).at(0)?.count).toBe(8));
  });
  afterAll(() => gatehouse.remove());
  const page = (query: string): Promise<Answer> => gatehouse.admin(`/usage${query}`);
  const usage = async (query: string): Promise<Row[]> => (await page(query)).json['items'] as Row[];

  it('counts calls, refusals and tokens by kind and outcome', async () => {
    expect(await usage('?groupBy=kind,outcome')).toEqual([
      { kind: 'call', outcome: 'hidden', count: 1 },
      { kind: 'call', outcome: 'limited', count: 1 },
      { kind: 'call', outcome: 'ok', count: 3 },
      { kind: 'call', outcome: 'refused', count: 1 },
      { kind: 'token', outcome: 'issued', count: 1 },
      { kind: 'token', outcome: 'refused', count: 1 },
    ]);
  });

  it('counts by credential, server, tool and hour, and says whose credential it is', async () => {
    const [row] = await usage('?kind=call&outcome=ok&groupBy=hour,credential,server,tool');
    const hour = new Date(Date.now() - (Date.now() % HOUR)).toISOString();
    expect(row).toEqual({
      at: expect.any(String),
      credential: { id: credential.id, clientId: credential.clientId, label: 'nightly build' },
      server: 'docs',
      tool: searchTool,
      count: 3,
    });
    expect(Math.abs(Date.parse(row?.at ?? '') - Date.parse(hour))).toBeLessThanOrEqual(HOUR);
    const nobody = await usage('?kind=call&outcome=refused&groupBy=credential,tool');
    expect(nobody).toContainEqual({ credential: null, tool: null, count: 1 });
  });

  it.each([
    ['credential id', () => `?credential=${credential.id}`, 7],
    ['client id', () => `?credential=${credential.clientId}`, 7],
    ['an unknown credential', () => '?credential=mcc_nobody', undefined],
    ['server', () => '?server=docs&kind=token&outcome=issued', 1],
    ['tool', () => `?tool=${searchTool}&outcome=limited`, 1],
    ['a time before', () => `?from=2020-01-01&to=2020-02-01`, undefined],
    ['a time that holds it', () => `?from=${new Date(Date.now() - HOUR).toISOString()}`, 8],
  ])('filters by %s', async (_, query, count) => {
    expect((await usage(query())).at(0)?.count).toBe(count);
  });

  it('gives the greatest first where that is asked for, and pages', async () => {
    const first = await page('?groupBy=kind,outcome&order=count&limit=2');
    expect((first.json['items'] as Row[])[0]).toEqual({ kind: 'call', outcome: 'ok', count: 3 });
    const rest: Row[] = [];
    let cursor = first.json['nextCursor'];
    while (typeof cursor === 'string') {
      const next = await page(`?groupBy=kind,outcome&order=count&limit=2&cursor=${cursor}`);
      rest.push(...(next.json['items'] as Row[]));
      cursor = next.json['nextCursor'];
    }
    const all = [...(first.json['items'] as Row[]), ...rest];
    expect(all.reduce((sum, { count }) => sum + count, 0)).toBe(8);
    expect(new Set(all.map(({ kind, outcome }) => `${kind ?? ''} ${outcome ?? ''}`)).size).toBe(all.length);
  });

  it.each([
    '?groupBy=colour',
    '?groupBy=hour,hour',
    '?limit=1001',
    '?kind=other',
    '?outcome=x',
    '?from=yesterday',
    '?cursor=zzz',
    '?order=x',
    '?a=b',
  ])('refuses %s', async (query) => {
    expect(await page(query)).toMatchObject({ status: 400, json: { code: 'validation_failed' } });
  });

  it('is open to every role, and to nobody without one', async () => {
    await gatehouse.admin('/admins', { body: { username: 'reader', role: 'viewer', password: 'correct horse battery' } });
    for (const path of ['/usage', '/overview', '/settings']) {
      expect((await gatehouse.admin(path, { user: 'reader' })).status).toBe(200);
      expect((await ask(`${gatehouse.url}/api/v1${path}`)).status).toBe(401);
    }
  });

  it('forgets what is older than the retention', async () => {
    const hours = gatehouse.app.get(DataSource).getRepository(UsageHour);
    const row = { kind: 'call', credentialId: 'old', server: 'docs', tool: '', outcome: 'ok', count: 1 } as const;
    const now = Date.now() - (Date.now() % HOUR);
    await hours.insert(Array.from({ length: 2500 }, (_, i) => ({ ...row, hour: now - 91 * DAY - i * HOUR })));
    await hours.insert({ ...row, hour: now - 89 * DAY });
    await gatehouse.app.get(UsageCounters).prune();
    expect(await hours.countBy({ credentialId: 'old' })).toBe(1);
  });
});

describe('replicas that count the same hour', () => {
  let replicas: Replicas;
  beforeAll(async () => {
    build();
    replicas = await startReplicas({ DOCS_NAME: 'Handbook' });
  }, 120_000);
  afterAll(() => replicas.remove());

  it('lose nothing and count nothing twice', async () => {
    const { first, second } = replicas;
    const credential = await first.createCredential();
    const token = await ask(`${first.url}/authed/mcp/oauth/token`, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'client_credentials',
        client_id: credential.clientId,
        client_secret: credential.clientSecret,
      }),
    });
    const calls = Array.from({ length: 60 }, (_, i) =>
      callTool(i % 2 === 0 ? first.url : second.url, token.json['access_token'] as string, 'search_handbook'),
    );
    for (const answer of await Promise.all(calls)) expect(answer.status).toBe(200);
    const total = async () => {
      const { json } = await second.admin(`/usage?credential=${credential.id}&kind=call&outcome=ok`);
      return (json['items'] as Row[])[0]?.count;
    };
    await eventually(async () => expect(await total()).toBe(60));
    await new Promise((resolve) => setTimeout(resolve, 1200));
    expect(await total()).toBe(60);
  });
});

describe('GET /overview', () => {
  let gatehouse: TestGatehouse;
  beforeAll(async () => {
    gatehouse = await startTestGatehouse();
  });
  afterAll(() => gatehouse.remove());

  interface Attention {
    readonly reason: string;
    readonly credential: { readonly id: string };
    readonly [field: string]: unknown;
  }
  const overview = async (query = ''): Promise<Record<string, unknown>> => (await gatehouse.admin(`/overview${query}`)).json;
  const attentionOf = async (id: string): Promise<Attention[]> =>
    ((await overview())['attention'] as Attention[]).filter(({ credential }) => credential.id === id);
  const change = (id: string, values: DeepPartial<Credential>) =>
    gatehouse.app
      .get(DataSource)
      .getRepository(Credential)
      .update({ id }, values as never);

  it('adds up the window, hour by hour without gaps, and the window before it', async () => {
    const now = Date.now() - (Date.now() % HOUR);
    const row = { kind: 'call', credentialId: '01KAX2V7Q5R1D7X0C3G8M6Y9TB', server: 'docs', tool: 'search_x', outcome: 'ok' } as const;
    await gatehouse.app
      .get(DataSource)
      .getRepository(UsageHour)
      .insert([
        { ...row, hour: now - 2 * HOUR, count: 5 },
        { ...row, hour: now - 2 * HOUR, outcome: 'failed', count: 1 },
        { ...row, hour: now - 30 * HOUR, count: 7 },
        { ...row, hour: now - 20 * DAY, count: 11 },
      ]);
    const day = await overview();
    expect(day).toMatchObject({ step: 'hour', totals: { calls: 6, errors: 1 }, previous: { calls: 7, errors: 0 } });
    const series = day['series'] as { at: string; calls: number }[];
    expect(series).toHaveLength(24);
    expect(series.map(({ at }, i) => Date.parse(at) - Date.parse(series[0]!.at) === i * HOUR)).not.toContain(false);
    expect(series.filter(({ calls }) => calls > 0)).toEqual([
      expect.objectContaining({ at: new Date(now - 2 * HOUR).toISOString(), calls: 6 }),
    ]);
    expect(day).toMatchObject({
      topCredentials: [{ id: row.credentialId, label: row.credentialId, calls: 6 }],
      topTools: [{ id: 'search_x', server: 'docs', calls: 6 }],
    });
    const month = await overview('?window=30d');
    expect(month).toMatchObject({ step: 'day', totals: { calls: 24 } });
    expect(month['series']).toHaveLength(30);
    expect((await overview('?window=7d'))['series']).toHaveLength(168);
    expect(await gatehouse.admin('/overview?window=1y')).toMatchObject({ status: 400, json: { code: 'validation_failed' } });
  });

  it('shows each server with its health and what went on there', async () => {
    expect((await overview())['servers']).toEqual([
      {
        slug: 'docs',
        name: 'Documentation',
        access: 'both',
        kind: 'docs',
        isDefault: true,
        health: expect.objectContaining({ status: expect.stringMatching(/^(up|unknown)$/), lastError: null }),
        calls: 6,
        errors: 1,
        refusals: 0,
        limited: 0,
        tokens: 0,
        tokenRefusals: 0,
      },
    ]);
  });

  it('counts credentials by state', async () => {
    const [off, ended] = [await gatehouse.createCredential(), await gatehouse.createCredential(), await gatehouse.createCredential()];
    await gatehouse.admin(`/credentials/${off.id}/disable`, { method: 'POST' });
    await change(ended.id, { expiresAt: Date.now() - 1 });
    expect((await overview())['credentials']).toEqual({ total: 3, enabled: 1, disabled: 1, expired: 1, active: 1 });
  });

  it('names credentials that end within 14 days', async () => {
    const soon = new Date(Date.now() + 5.5 * DAY).toISOString();
    const { id } = await gatehouse.createCredential({ expiresAt: soon });
    const later = await gatehouse.createCredential({ expiresAt: new Date(Date.now() + 15 * DAY).toISOString() });
    expect(await attentionOf(id)).toMatchObject([{ reason: 'expiring', at: soon, days: 5, count: null }]);
    expect(await attentionOf(later.id)).toEqual([]);
  });

  it('names those that nobody has used for 90 days, also those that nobody ever used', async () => {
    const [never, once, young] = [
      await gatehouse.createCredential(),
      await gatehouse.createCredential(),
      await gatehouse.createCredential(),
    ];
    await change(never.id, { createdAt: Date.now() - 100.5 * DAY });
    await change(once.id, { createdAt: Date.now() - 300 * DAY, lastUsedAt: Date.now() - 91.5 * DAY });
    await change(young.id, { createdAt: Date.now() - 300 * DAY, lastUsedAt: Date.now() - 89 * DAY });
    expect(await attentionOf(never.id)).toMatchObject([{ reason: 'unused', at: null, days: 100 }]);
    expect(await attentionOf(once.id)).toMatchObject([{ reason: 'unused', at: expect.any(String), days: 91 }]);
    expect(await attentionOf(young.id)).toEqual([]);
    await gatehouse.admin(`/credentials/${never.id}/disable`, { method: 'POST' });
    expect(await attentionOf(never.id)).toEqual([]);
  });

  it('names those whose old secret is used although there is a new one', async () => {
    const credential = await gatehouse.createCredential();
    await gatehouse.token(credential);
    const used = () => gatehouse.app.get(DataSource).getRepository(ClientSecret).findOneByOrFail({ credentialId: credential.id });
    await eventually(async () => expect((await used()).lastUsedAt).not.toBeNull());
    const rotated = await gatehouse.admin(`/credentials/${credential.id}/rotate`, { method: 'POST', body: { overlapSeconds: 3600 } });
    expect(await attentionOf(credential.id)).toEqual([]);
    await gatehouse.token({ clientId: credential.clientId, clientSecret: rotated.json['clientSecret'] as string });
    await new Promise((resolve) => setTimeout(resolve, 5));
    await gatehouse.token(credential);
    await eventually(async () =>
      expect(await attentionOf(credential.id)).toMatchObject([
        { reason: 'old_secret_in_use', hint: credential.clientSecret.slice(-4), at: expect.any(String), endsAt: expect.any(String) },
        { reason: 'over_fetching', count: 2 },
      ]),
    );
  });

  it('forgets an old secret that has gone quiet: for a week, or for two lifetimes of its tokens', async () => {
    const credential = await gatehouse.createCredential();
    const rotate = { method: 'POST', body: { overlapSeconds: 30 * 24 * 3600 } };
    await gatehouse.admin(`/credentials/${credential.id}/rotate`, rotate);
    const secrets = gatehouse.app.get(DataSource).getRepository(ClientSecret);
    const [old, newer] = await secrets.find({ where: { credentialId: credential.id }, order: { createdAt: 'ASC', id: 'ASC' } });
    await secrets.update({ id: newer!.id }, { createdAt: Date.now() - 20 * DAY });
    await secrets.update({ id: old!.id }, { createdAt: Date.now() - 30 * DAY, lastUsedAt: Date.now() - 6.9 * DAY });
    expect(await attentionOf(credential.id)).toMatchObject([{ reason: 'old_secret_in_use' }]);
    await secrets.update({ id: old!.id }, { lastUsedAt: Date.now() - 7.1 * DAY });
    expect(await attentionOf(credential.id)).toEqual([]);
    await gatehouse.admin(`/credentials/${credential.id}`, { method: 'PATCH', body: { tokenTtl: 5 * 24 * 3600 } });
    expect(await attentionOf(credential.id)).toMatchObject([{ reason: 'old_secret_in_use' }]);
    await secrets.update({ id: old!.id }, { lastUsedAt: Date.now() - 10.1 * DAY });
    expect(await attentionOf(credential.id)).toEqual([]);
  });

  it('names those that hit limits, and forgives what was long ago', async () => {
    const credential = await gatehouse.createCredential({ tokensPerHour: 1 });
    for (let i = 0; i < 3; i++) await gatehouse.token(credential);
    await eventually(async () => expect(await attentionOf(credential.id)).toMatchObject([{ reason: 'hitting_limits', count: 2 }]));
    const hours = gatehouse.app.get(DataSource).getRepository(UsageHour);
    await hours.update({ credentialId: credential.id, outcome: 'limited' }, { hour: Date.now() - (Date.now() % HOUR) - 25 * HOUR });
    expect(await attentionOf(credential.id)).toEqual([]);
  });

  it('names nobody for what others do in their name', async () => {
    const own = await startTestGatehouse({ env: { RATE_LIMIT_TOKEN_FAILURES: '2' } });
    try {
      const credential = await own.createCredential();
      for (let i = 0; i < 6; i++) await own.token({ clientId: credential.clientId, clientSecret: 'a guess' });
      const limited = async () => (await own.admin('/usage?outcome=limited&groupBy=credential')).json['items'];
      await eventually(async () => expect(await limited()).toEqual([{ credential: null, count: expect.any(Number) }]));
      expect((await own.admin('/overview')).json['attention']).toEqual([]);
    } finally {
      await own.remove();
    }
  });
});
