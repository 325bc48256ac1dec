import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TraceExports } from '../src/tracing/trace-exports.service.js';
import { type Answer, ask, basic, type NewCredential, startTestGatehouse, type TestGatehouse } from './support/gatehouse.js';
import {
  type Asked,
  closedUrl,
  META,
  MODERN,
  result,
  sendJson,
  startMcpUpstream,
  type TestUpstream,
  until,
} from './support/http-upstream.js';
import { attributesOf, type OtlpReceiver, type ReceivedSpan, startOtlpReceiver } from './support/otlp-receiver.js';
import { addServer } from './support/servers.js';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const CLIENT = '00f067aa0ba902b7';
const TRACEPARENT = `00-${TRACE}-${CLIENT}-01`;
const TRACESTATE = 'vendor=opaque';
const API_KEY = 'receiver-key-0123456789';
const SERVER = 2;
const CLIENT_KIND = 3;
const dir = mkdtempSync(join(tmpdir(), 'gatehouse-tracing-'));
const commandsFile = join(dir, 'commands.json');
const STDIO = { PATH: process.env['PATH'] ?? '', STDIO_COMMANDS_FILE: commandsFile };

beforeAll(() => {
  const entry = { command: process.execPath, args: [new URL('fixtures/modern-child.mjs', import.meta.url).pathname] };
  writeFileSync(commandsFile, JSON.stringify({ child: entry }));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

interface Init {
  readonly headers?: Record<string, string>;
  /** Members of `_meta`, or its very text. */
  readonly meta?: Record<string, unknown>;
  readonly body?: string;
}

/** A gatehouse with a modern, a legacy, an absent and a child upstream, and a client of each. */
class Scene {
  readonly gatehouse: TestGatehouse;
  readonly modern: TestUpstream;
  private readonly legacy: TestUpstream;
  /** Calls that the legacy upstream got, in the gateway's own session. */
  private readonly translated: readonly Asked[];

  private constructor(
    parts: { gatehouse: TestGatehouse; modern: TestUpstream; legacy: TestUpstream; translated: readonly Asked[] },
    readonly credential: NewCredential,
  ) {
    this.gatehouse = parts.gatehouse;
    this.modern = parts.modern;
    this.legacy = parts.legacy;
    this.translated = parts.translated;
  }

  static async start(env: Record<string, string>): Promise<Scene> {
    const modern = await startMcpUpstream({ eras: ['modern'], tools: [{ name: 'echo', inputSchema: { type: 'object' } }] });
    const translated: Asked[] = [];
    const legacy = await startMcpUpstream({
      eras: ['legacy'],
      hasSessions: false,
      tools: [{ name: 'echo', inputSchema: { type: 'object' } }],
      on: {
        echo: (asked, response) => {
          translated.push(asked);
          sendJson(response, result(asked, { content: [] }));
        },
      },
    });
    const gatehouse = await startTestGatehouse({ env: { ...STDIO, ...env } });
    const auth = { type: 'none' } as const;
    await addServer(gatehouse, { slug: 'modern', upstream: { kind: 'http', url: modern.url, auth } });
    await addServer(gatehouse, { slug: 'legacy', upstream: { kind: 'http', url: legacy.url, auth } });
    await addServer(gatehouse, { slug: 'away', upstream: { kind: 'http', url: await closedUrl(), auth } });
    await addServer(gatehouse, { slug: 'child', upstream: { kind: 'stdio', command: 'child' } });
    return new Scene(
      { gatehouse, modern, legacy, translated },
      await gatehouse.createCredential({ servers: ['modern', 'legacy', 'away', 'child'] }),
    );
  }

  async token(slug: string, headers: Record<string, string> = {}): Promise<string> {
    const { clientId, clientSecret } = this.credential;
    const { json } = await ask(`${this.gatehouse.url}/authed/mcp/oauth/token`, {
      method: 'POST',
      headers: { authorization: basic(clientId, clientSecret), ...headers },
      body: new URLSearchParams({ grant_type: 'client_credentials', resource: `${this.gatehouse.url}/authed/mcp/${slug}` }),
    });
    return json['access_token'] as string;
  }

  async call(slug: string, { headers, meta, body }: Init = {}, name = slug === 'child' ? 'line' : 'echo'): Promise<Answer> {
    const params = { name, arguments: {}, _meta: { ...META, ...meta } };
    return ask(`${this.gatehouse.url}/authed/mcp/${slug}`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${await this.token(slug)}`,
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        'mcp-protocol-version': MODERN,
        'mcp-method': 'tools/call',
        'mcp-name': name,
        ...headers,
      },
      body: body ?? JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params }),
    });
  }

  /** What the child got, as it got it. */
  async lineOf(init: Init): Promise<string> {
    const { json } = await this.call('child', init);
    return (json as { result: { content: { text: string }[] } }).result.content[0]!.text;
  }

  /** What the legacy upstream got last, as it got it. */
  get lastTranslated(): string {
    return this.translated.at(-1)!.text;
  }

  async close(): Promise<void> {
    await this.gatehouse.remove();
    await this.modern.close();
    await this.legacy.close();
  }
}

const metaIn = (text: string): Record<string, unknown> => (JSON.parse(text) as { params: { _meta: Record<string, unknown> } }).params._meta;
const lastCall = ({ asked }: TestUpstream) => asked.findLast(({ message }) => message.method === 'tools/call')!;

describe('without a receiver of traces', () => {
  let scene: Scene;
  beforeAll(async () => {
    scene = await Scene.start({});
  });
  afterAll(() => scene.close());

  it('passes the context of the client on to the upstream, in headers and in _meta, as it is (R-MOD-25)', async () => {
    const body = `{"jsonrpc":"2.0", "id":1,"method":"tools/call","params":{"name":"echo","arguments":{},"_meta":{"traceparent":"00-x","baggage":"a=1", "n":1.0,${JSON.stringify(META).slice(1)}}}`;
    await scene.call('modern', { headers: { traceparent: TRACEPARENT, tracestate: TRACESTATE, baggage: 'k=v' }, body });
    const { headers, text } = lastCall(scene.modern);
    expect(headers).toMatchObject({ traceparent: TRACEPARENT, tracestate: TRACESTATE, baggage: 'k=v' });
    expect(text).toBe(body);
    await scene.call('modern');
    expect(lastCall(scene.modern).headers['traceparent']).toBeUndefined();
  });

  it('puts it into _meta where the message is translated and so has none of its headers (SEP-414)', async () => {
    await scene.call('legacy', { headers: { traceparent: TRACEPARENT, tracestate: TRACESTATE } });
    expect(metaIn(scene.lastTranslated)).toMatchObject({ traceparent: TRACEPARENT, tracestate: TRACESTATE });
    await scene.call('legacy', { headers: { traceparent: TRACEPARENT }, meta: { traceparent: '00-own' } });
    expect(metaIn(scene.lastTranslated)['traceparent']).toBe('00-own');
    await scene.call('legacy');
    expect(scene.lastTranslated).not.toContain('traceparent');
  });

  it('puts it into _meta for a child, and leaves every other byte alone (R-GWC-03)', async () => {
    const meta = JSON.stringify(META).slice(1);
    const body = (trace: string) =>
      `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"big":12345678901234567890,"name":"line","arguments":{"y":1.0},"_meta":{${trace}${meta}}}`;
    const line = (await scene.lineOf({ headers: { traceparent: TRACEPARENT }, body: body('') })).replace(/"id":\d+/, '"id":1');
    expect(line).toBe(body(`"traceparent":"${TRACEPARENT}",`));
    const own = await scene.lineOf({ headers: { traceparent: TRACEPARENT }, body: body('"traceparent":"00-own",') });
    expect(own.replace(/"id":\d+/, '"id":1')).toBe(body('"traceparent":"00-own",'));
    expect((await scene.lineOf({ headers: { traceparent: 'made up' }, body: body('') })).replace(/"id":\d+/, '"id":1')).toBe(body(''));
  });
});

describe('with a receiver of traces', () => {
  let receiver: OtlpReceiver;
  let scene: Scene;
  let token: string;
  const seen: Record<string, string | undefined> = {};
  const spanOf = (isIt: (span: ReceivedSpan) => boolean): ReceivedSpan => {
    const span = receiver.spans.find(isIt);
    if (!span) throw new Error(`There is no such span among ${receiver.spans.map(({ name }) => name).join(', ')}`);
    return span;
  };
  const childOf = (parent: ReceivedSpan): ReceivedSpan => spanOf(({ parentSpanId }) => parentSpanId === parent.spanId);
  const callOf = (slug: string, parent?: string): ReceivedSpan =>
    spanOf(
      (span) =>
        span.kind === SERVER &&
        attributesOf(span)['gatehouse.server'] === slug &&
        span.name === 'tools/call' &&
        (parent === undefined || span.parentSpanId === parent),
    );

  // One scene whose spans are all there once it has shut down.
  beforeAll(async () => {
    receiver = await startOtlpReceiver();
    scene = await Scene.start({
      OTEL_EXPORTER_OTLP_ENDPOINT: `${receiver.url}/`,
      OTEL_EXPORTER_OTLP_HEADERS: `x-api-key=${API_KEY}`,
      OTEL_SERVICE_NAME: 'gatehouse-test',
    });
    token = await scene.token('modern', { traceparent: TRACEPARENT });
    await scene.call('modern', { headers: { traceparent: TRACEPARENT, tracestate: TRACESTATE } });
    seen['modern'] = lastCall(scene.modern).headers['traceparent'] as string;
    seen['state'] = lastCall(scene.modern).headers['tracestate'] as string;
    await scene.call('modern', { meta: { traceparent: `00-${TRACE}-aaaaaaaaaaaaaaaa-01` } });
    await scene.call('legacy', { headers: { traceparent: TRACEPARENT } });
    seen['legacy'] = String(metaIn(scene.lastTranslated)['traceparent']);
    seen['child'] = await scene.lineOf({ headers: { traceparent: TRACEPARENT } });
    await scene.call('away', { headers: { traceparent: TRACEPARENT } });
    await scene.gatehouse.token({ ...scene.credential, clientSecret: 'wrong' });
    await scene.call('modern', { headers: { traceparent: `00-${TRACE}-bbbbbbbbbbbbbbbb-00` } });
    seen['unsampled'] = lastCall(scene.modern).headers['traceparent'] as string;
    await scene.close();
  });
  afterAll(() => receiver.close());

  it('sends spans to /v1/traces, with the headers that the receiver asks for and the name of the service', () => {
    expect(receiver.requests.length).toBeGreaterThan(0);
    for (const { path, headers, text } of receiver.requests) {
      expect([path, headers['x-api-key'], headers['content-type']]).toEqual(['/v1/traces', API_KEY, 'application/json']);
      expect(text).toContain('"gatehouse-test"');
    }
  });

  it('shows a token request in the trace of its client, with grant, server and credential', () => {
    const span = spanOf((one) => one.name === 'POST /authed/mcp/oauth/token' && one.parentSpanId === CLIENT);
    expect([span.traceId, span.kind]).toEqual([TRACE, SERVER]);
    expect(attributesOf(span)).toEqual({
      'gatehouse.grant': 'client_credentials',
      'gatehouse.server': 'modern',
      'gatehouse.credential.id': scene.credential.id,
    });
  });

  it('shows a refusal as one, and no failure', () => {
    const span = spanOf((one) => attributesOf(one)['error.type'] === 'invalid_client');
    expect(attributesOf(span)['http.response.status_code']).toBe(401);
    expect(span.status.code ?? 0).toBe(0);
  });

  it('shows a call, its request to the upstream below it, and has the upstream go on below that', () => {
    const span = callOf('modern', CLIENT);
    expect(span.traceId).toBe(TRACE);
    expect(attributesOf(span)).toMatchObject({
      'mcp.method.name': 'tools/call',
      'gatehouse.target': 'echo',
      'gatehouse.era': 'modern',
      'gatehouse.credential.id': scene.credential.id,
      'http.response.status_code': 200,
    });
    const request = spanOf((one) => seen['modern'] === `00-${TRACE}-${one.spanId}-01`);
    expect([request.name, request.kind, request.parentSpanId]).toEqual(['POST', CLIENT_KIND, span.spanId]);
    expect(attributesOf(request)).toMatchObject({ 'server.address': '127.0.0.1', 'http.response.status_code': 200 });
    expect(seen['state']).toBe(TRACESTATE);
  });

  it('goes on with the trace that _meta names where no header does', () => {
    expect(callOf('modern', 'aaaaaaaaaaaaaaaa').traceId).toBe(TRACE);
  });

  it('leads through a translation and to a child in _meta', () => {
    const legacy = callOf('legacy');
    expect(seen['legacy']).toBe(`00-${TRACE}-${legacy.spanId}-01`);
    expect(childOf(legacy).name).toBe('POST');
    const line = spanOf((one) => String(metaIn(seen['child']!)['traceparent']) === `00-${TRACE}-${one.spanId}-01`);
    expect([line.name, line.kind, line.parentSpanId]).toEqual(['tools/call', CLIENT_KIND, callOf('child').spanId]);
  });

  it('shows what failed', () => {
    const span = callOf('away');
    expect([span.status.code, attributesOf(span)['http.response.status_code']]).toEqual([2, 502]);
    expect(attributesOf(childOf(span))).toMatchObject({ 'error.type': 'ECONNREFUSED' });
  });

  it('makes no spans of what its client does not sample, and says so to the upstream', () => {
    expect(receiver.spans.some(({ parentSpanId }) => parentSpanId === 'bbbbbbbbbbbbbbbb')).toBe(false);
    expect(seen['unsampled']).toMatch(new RegExp(`^00-${TRACE}-[0-9a-f]{16}-00$`));
  });

  it('holds no secret and no token (R-ADM-06)', () => {
    const all = receiver.requests.map(({ text }) => text).join('\n');
    expect(all.length).toBeGreaterThan(1000);
    for (const secret of [scene.credential.clientSecret, token, token.split('.')[2]!, API_KEY, 'Bearer', 'Basic '])
      expect(all).not.toContain(secret);
  });
});

describe('with a receiver of traces that is away', () => {
  it('serves as ever, and counts what is lost', async () => {
    const scene = await Scene.start({ OTEL_EXPORTER_OTLP_ENDPOINT: new URL(await closedUrl()).origin });
    expect((await scene.call('modern')).status).toBe(200);
    const { arrived, lost } = scene.gatehouse.app.get(TraceExports, { strict: false });
    const began = performance.now();
    await scene.close();
    expect(performance.now() - began).toBeLessThan(9000);
    await until(() => lost.count > 0);
    expect(arrived.count).toBe(0);
  });
});
