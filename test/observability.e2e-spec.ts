import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { generateSecret } from '../src/common/secret-format.js';
import { Drain } from '../src/common/drain.js';
import { ChangeFeed } from '../src/database/change-feed.service.js';
import { Metrics } from '../src/metrics/metrics.service.js';
import { type Answer, ask, startTestGatehouse, type TestGatehouse } from './support/gatehouse.js';
import { closedUrl, META, MODERN, startMcpUpstream, type TestUpstream, until } from './support/http-upstream.js';
import { addServer, removeServer } from './support/servers.js';

const METRICS_TOKEN = 'metrics-canary-0123456789abcdef0123456789';
const MCP = { 'content-type': 'application/json', accept: 'application/json, text/event-stream', 'mcp-protocol-version': MODERN };

/** Samples of the text format of Prometheus, by what stands before the value. */
function samplesOf(text: string): Map<string, number> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]));
}

describe('/metrics', () => {
  let gatehouse: TestGatehouse;
  let upstream: TestUpstream;
  const read = (headers: Record<string, string> = { authorization: `Bearer ${METRICS_TOKEN}` }): Promise<Answer> =>
    ask(`${gatehouse.url}/metrics`, { headers });
  const samples = async (): Promise<Map<string, number>> => samplesOf((await read()).text);
  const call = (slug: string, token: string, name: string): Promise<Answer> =>
    ask(`${gatehouse.url}/authed/mcp/${slug}`, {
      method: 'POST',
      headers: { ...MCP, authorization: `Bearer ${token}`, 'mcp-method': 'tools/call', 'mcp-name': name },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: {}, _meta: META } }),
    });

  beforeAll(async () => {
    upstream = await startMcpUpstream({ eras: ['modern'] });
    gatehouse = await startTestGatehouse({ env: { METRICS_TOKEN } });
    const scopes = [
      { name: 'mcp:some', permissions: ['tools/call:echo'], default: true },
      { name: 'mcp:more', permissions: ['tools/call:more'], default: false },
    ];
    await addServer(gatehouse, { slug: 'counted', upstream: { kind: 'http', url: upstream.url, auth: { type: 'none' } }, scopes });
    await addServer(gatehouse, { slug: 'away', upstream: { kind: 'http', url: await closedUrl(), auth: { type: 'none' } } });
  });
  afterAll(async () => {
    await gatehouse.remove();
    await upstream.close();
  });

  it('is for the holder of METRICS_TOKEN only, and says nothing to others', async () => {
    const answer = await read();
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, expect.stringMatching(/^text\/plain; version=0\.0\.4/)]);
    for (const authorization of [
      '',
      'Bearer ',
      'Bearer x',
      `Basic ${METRICS_TOKEN}`,
      `Bearer ${METRICS_TOKEN}x`,
      `Bearer ${METRICS_TOKEN.slice(1)}`,
    ]) {
      const refused = await read(authorization === '' ? {} : { authorization });
      expect([authorization, refused.status, refused.json['code']]).toEqual([authorization, 401, 'unauthorized']);
      expect(refused.headers.get('www-authenticate')).toMatch(/^Bearer/);
      expect(refused.text).not.toMatch(/gatehouse_|process_/);
    }
  });

  it('counts tokens by grant and outcome, calls by server and outcome, and decisions by reason', async () => {
    const credential = await gatehouse.createCredential({ servers: ['counted', 'away'], scopes: ['mcp:some', 'mcp:more', 'mcp:all'] });
    const token = (await gatehouse.token(credential, { resource: `${gatehouse.url}/authed/mcp/counted`, scope: 'mcp:some' })).json[
      'access_token'
    ] as string;
    const away = (await gatehouse.token(credential, { resource: `${gatehouse.url}/authed/mcp/away` })).json['access_token'] as string;
    await gatehouse.token({ ...credential, clientSecret: 'wrong' });
    await gatehouse.token(credential, { grant_type: 'made_up_by_a_client' });
    expect((await call('counted', token, 'echo')).status).toBe(200);
    expect((await call('counted', token, 'more')).status).toBe(403);
    await call('counted', token, 'hidden-one');
    expect((await call('counted', 'no-token', 'echo')).status).toBe(401);
    for (let i = 0; i < 5; i++) expect((await call('away', away, 'echo')).status).toBe(502);
    const found = await samples();
    expect(Object.fromEntries(found)).toMatchObject({
      'gatehouse_token_requests_total{grant="client_credentials",outcome="issued"}': 2,
      'gatehouse_token_requests_total{grant="client_credentials",outcome="invalid_client"}': 1,
      'gatehouse_token_requests_total{grant="other",outcome="unsupported_grant_type"}': 1,
      'gatehouse_calls_total{server="counted",outcome="ok"}': 1,
      'gatehouse_calls_total{server="counted",outcome="hidden"}': 1,
      'gatehouse_calls_total{server="counted",outcome="refused"}': 2,
      'gatehouse_calls_total{server="away",outcome="failed"}': 5,
      'gatehouse_gateway_decisions_total{decision="allowed",reason="none"}': 6,
      'gatehouse_gateway_decisions_total{decision="refused",reason="insufficient_scope"}': 1,
      'gatehouse_gateway_decisions_total{decision="refused",reason="hidden"}': 1,
      'gatehouse_gateway_decisions_total{decision="refused",reason="invalid_token"}': 1,
      'gatehouse_upstream_breaker_state{server="away",state="open"}': 1,
      'gatehouse_upstream_breaker_state{server="away",state="closed"}': 0,
      'gatehouse_upstream_breaker_state{server="counted",state="closed"}': 1,
      'gatehouse_upstream_breaker_state{server="counted",state="half_open"}': 0,
      'gatehouse_upstream_up{server="counted"}': 1,
      'gatehouse_upstream_up{server="away"}': 0,
      'gatehouse_http_request_duration_seconds_count{method="POST",route="/authed/mcp/:slug",status="401"}': 1,
      'gatehouse_http_request_duration_seconds_count{method="POST",route="/authed/mcp/:slug",status="502"}': 5,
      'gatehouse_http_request_duration_seconds_bucket{method="POST",route="/authed/mcp/oauth/token",status="200",le="+Inf"}': 2,
      'gatehouse_signing_keys{state="signing"}': 1,
      gatehouse_change_feed_fresh: 1,
      'gatehouse_queue_dropped_total{queue="audit"}': 0,
      gatehouse_draining: 0,
    });
    expect(found.get('gatehouse_upstream_duration_seconds_count{server="counted"}')).toBeGreaterThan(0);
    expect(found.get('gatehouse_cache_hits_total{cache="credentials"}')).toBeGreaterThan(0);
    expect(found.get('gatehouse_upstream_connections{server="counted",state="open"}')).toBeGreaterThan(0);
    expect(found.get('gatehouse_change_feed_staleness_seconds')).toBeLessThan(60);
    expect([...found.keys()]).toContain('nodejs_eventloop_lag_p99_seconds');
    expect([...found.keys()]).toContain('process_resident_memory_bytes');
  });

  it('has no label that a client could choose: no path, no tool, no client id', async () => {
    const credential = await gatehouse.createCredential({ servers: ['counted'], scopes: ['mcp:some'] });
    await ask(`${gatehouse.url}/nowhere/chosen-by-a-client`, { method: 'POST' });
    await ask(`${gatehouse.url}/api/v1/credentials/chosen-by-a-client`);
    await gatehouse.token(credential, { grant_type: 'chosen-by-a-client' });
    await call('chosen-by-a-client', await gatehouse.accessToken(credential), 'chosen-by-a-client');
    const { text } = await read();
    expect(text).not.toMatch(/chosen-by-a-client/);
    expect(text).not.toContain(credential.clientId);
    expect(text).not.toContain(credential.id);
    expect(samplesOf(text).get('gatehouse_http_request_duration_seconds_count{method="any",route="none",status="404"}')).toBeGreaterThan(0);
  });

  it('forgets a server that is gone', async () => {
    await addServer(gatehouse, { slug: 'brief', upstream: { kind: 'http', url: upstream.url, auth: { type: 'none' } } });
    const credential = await gatehouse.createCredential({ servers: ['brief'] });
    expect((await call('brief', await gatehouse.accessToken(credential), 'echo')).status).toBe(200);
    expect((await samples()).get('gatehouse_calls_total{server="brief",outcome="ok"}')).toBe(1);
    await removeServer(gatehouse, 'brief');
    await until(async () => ![...(await samples()).keys()].some((name) => name.includes('brief')));
  });

  it('is not there without METRICS_TOKEN', async () => {
    const closed = await startTestGatehouse();
    const answer = await ask(`${closed.url}/metrics`, { headers: { authorization: `Bearer ${METRICS_TOKEN}` } });
    await closed.remove();
    expect([answer.status, answer.json['code']]).toEqual([404, 'not_found']);
  });

  it('names every metric that the dashboard of Grafana and the rules of Prometheus ask for', () => {
    const names = gatehouse.app.get(Metrics, { strict: false }).exposition?.names ?? [];
    const known = new Set(names.flatMap((name) => [name, `${name}_bucket`, `${name}_sum`, `${name}_count`]));
    const files = { rules: 'deploy/prometheus/gatehouse.rules.yml', dashboard: 'deploy/grafana/gatehouse.json' };
    const expressions = {
      rules: (parse(readFileSync(files.rules, 'utf8')) as Rules).groups.flatMap(({ rules }) => rules.map(({ expr }) => expr)),
      dashboard: (JSON.parse(readFileSync(join(files.dashboard), 'utf8')) as Dashboard).panels.flatMap(({ targets = [] }) =>
        targets.map(({ expr }) => expr),
      ),
    };
    for (const [file, asked] of Object.entries(expressions)) {
      const used = asked.flatMap((expression) => expression.match(/\b(gatehouse|process|nodejs)_\w+/g) ?? []);
      expect(used.length).toBeGreaterThan(10);
      expect([file, [...new Set(used)].filter((name) => !known.has(name))]).toEqual([file, []]);
    }
  });
});

interface Rules {
  readonly groups: readonly { readonly rules: readonly { readonly expr: string }[] }[];
}
interface Dashboard {
  readonly panels: readonly { readonly targets?: readonly { readonly expr: string }[] }[];
}

describe('health', () => {
  it('tells live from ready, and why', async () => {
    const gatehouse = await startTestGatehouse({ env: { STATE_MAX_STALENESS: '60' } });
    const ready = await ask(`${gatehouse.url}/health/ready`);
    expect([ready.status, ready.json]).toEqual([
      200,
      {
        status: 'up',
        reasons: [],
        database: 'up',
        state: 'fresh',
        keys: 'up',
        docs: 'up',
        writes: 'up',
        ...(process.env['TEST_REDIS_URL'] ? { redis: 'up' } : {}),
      },
    ]);
    Object.defineProperty(gatehouse.app.get(ChangeFeed), 'stalenessMs', { get: () => 5000 });
    const away = await ask(`${gatehouse.url}/health/ready`);
    expect([away.status, away.json]).toEqual([503, expect.objectContaining({ status: 'down', reasons: ['database'], state: 'fresh' })]);
    expect((await ask(`${gatehouse.url}/health/live`)).json).toEqual({ status: 'up' });
    await gatehouse.remove();
  });

  it('says that it shuts down, and lives until it has', async () => {
    const gatehouse = await startTestGatehouse({ env: { METRICS_TOKEN } });
    gatehouse.app.get(Drain).begin();
    const ready = await ask(`${gatehouse.url}/health/ready`);
    expect([ready.status, ready.json]).toEqual([503, expect.objectContaining({ status: 'down', reasons: ['draining'] })]);
    expect((await ask(`${gatehouse.url}/health/live`)).status).toBe(200);
    const metrics = await ask(`${gatehouse.url}/metrics`, { headers: { authorization: `Bearer ${METRICS_TOKEN}` } });
    expect(metrics.text).toContain('gatehouse_draining 1');
    expect((await gatehouse.admin('/credentials')).status).toBe(503);
    await gatehouse.remove();
  });
});

describe('every answer', () => {
  it('names its request: by a proxy that is trusted, else anew, and never by what looks like a secret', async () => {
    const direct = await startTestGatehouse();
    const proxied = await startTestGatehouse({ env: { TRUST_PROXY: '127.0.0.1, ::1' } });
    const idFrom = async (url: string, id?: string): Promise<string | null> =>
      (await ask(url, { headers: id === undefined ? {} : { 'x-request-id': id } })).headers.get('gatehouse-request-id');
    const paths = ['/health/live', '/nowhere', '/mcp/%ZZ', '/authed/mcp', '/api/v1/credentials'];
    for (const path of paths) expect([path, await idFrom(direct.url + path)]).toEqual([path, expect.stringMatching(/^[0-9a-f]{16}$/)]);
    expect(await idFrom(`${direct.url}/health/live`, 'from-anybody-1')).not.toBe('from-anybody-1');
    expect(await idFrom(`${proxied.url}/health/live`, 'from-a-proxy-1')).toBe('from-a-proxy-1');
    for (const odd of ['short', 'with space in it', 'x'.repeat(65), generateSecret('mcs_')])
      expect(await idFrom(`${proxied.url}/health/live`, odd)).toMatch(/^[0-9a-f]{16}$/);
    await direct.remove();
    await proxied.remove();
  });
});
