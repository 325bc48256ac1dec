import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { afterEach, describe, expect, it } from '@jest/globals';
import { Sealer } from '../../database/sealer.js';
import { EgressPolicy } from '../../egress/egress-policy.js';
import { GuardedPool } from '../../egress/guarded-pool.js';
import { resolveAll } from '../../egress/guarded-connector.js';
import type { Caller, Exchange, UpstreamAnswer } from '../../protocol/exchange.js';
import type { JsonRpcId } from '../../protocol/mcp-error.js';
import {
  type Asked,
  closedUrl,
  error,
  event,
  type JsonRpc,
  type McpOptions,
  META,
  MODERN,
  openStream,
  result,
  sendJson,
  startMcpUpstream,
  startUpstream,
  type TestUpstream,
  until,
  within,
} from '../../../test/support/http-upstream.js';
import { nameSourceOf } from '../mcp-headers.js';
import { NO_AUTH } from '../upstream-auth/no-auth.js';
import type { UpstreamAuthenticator } from '../upstream-auth/upstream-auth.js';
import { HttpUpstream } from './http-upstream.js';
import type { SharedMarks } from './pending-answers.js';

const URL_OF_SERVER = 'http://localhost:3000/authed/mcp/notes';
const opened: { close(): Promise<void> }[] = [];

afterEach(async () => {
  for (const each of opened.splice(0)) await each.close();
});

interface Parts {
  readonly auth?: UpstreamAuthenticator;
  readonly sealer?: Sealer;
  readonly timeoutSeconds?: number;
  readonly allow?: readonly string[];
  readonly shared?: SharedMarks;
  readonly serverId?: string;
}

const SEALER = new Sealer(randomBytes(32));

function connect(
  url: string,
  { auth = NO_AUTH, sealer = SEALER, timeoutSeconds = 5, allow = ['127.0.0.0/8'], shared, serverId }: Parts = {},
): HttpUpstream {
  const pool = new GuardedPool(new URL(url), new EgressPolicy(allow), resolveAll);
  const upstream = new HttpUpstream({
    serverId: serverId ?? 'server',
    url,
    resource: URL_OF_SERVER,
    pool,
    auth,
    sealer,
    clock: Date.now,
    timeoutSeconds,
    shared,
  });
  opened.push(upstream);
  return upstream;
}

async function both(options: McpOptions = {}, parts: Parts = {}): Promise<{ upstream: TestUpstream; http: HttpUpstream }> {
  const upstream = await startMcpUpstream(options);
  opened.push(upstream);
  return { upstream, http: connect(upstream.url, parts) };
}

const callerOf = (owner: string): Caller => ({ owner, audience: 'authenticated', groups: [], isAllowed: () => true });

interface Sent {
  readonly text?: string;
  readonly headers?: Record<string, string>;
  readonly owner?: string;
  readonly signal?: AbortSignal;
  readonly method?: string;
}

/** An exchange whose body has these very bytes. */
function exchangeOf(era: Exchange['era'], message: Record<string, unknown> | unknown[] | undefined, sent: Sent = {}): Exchange {
  const text = sent.text ?? (message === undefined ? undefined : JSON.stringify(message));
  const parsed: unknown = text === undefined ? undefined : JSON.parse(text);
  const messages = [parsed].flat().filter((each) => each !== undefined) as JsonRpc[];
  const operations = messages.flatMap(({ method, params }) =>
    method === undefined ? [] : [{ method, ...(params?.['name'] === undefined ? {} : { target: params['name'] as string }) }],
  );
  return {
    method: sent.method ?? 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', ...sent.headers },
    body: text === undefined ? undefined : Buffer.from(text),
    message: parsed,
    id: Array.isArray(parsed) || messages[0]?.method === undefined ? undefined : messages[0].id,
    operations,
    era,
    url: URL_OF_SERVER,
    caller: callerOf(sent.owner ?? 'c1'),
    signal: sent.signal ?? new AbortController().signal,
    request: new Request(URL_OF_SERVER),
  };
}

function modern(method: string, params: Record<string, unknown> = {}, sent: Sent & { id?: JsonRpcId } = {}): Exchange {
  const name = params[nameSourceOf(method) ?? ''] as string | undefined;
  const headers = {
    'mcp-protocol-version': MODERN,
    'mcp-method': method,
    ...(name === undefined ? {} : { 'mcp-name': name }),
    ...sent.headers,
  };
  return exchangeOf('modern', { jsonrpc: '2.0', id: sent.id ?? 7, method, params: { ...params, _meta: META } }, { ...sent, headers });
}

const callTool = (name: string, sent: Sent & { id?: JsonRpcId } = {}): Exchange => modern('tools/call', { name, arguments: {} }, sent);

async function textOf({ body }: UpstreamAnswer): Promise<string> {
  if (!(body instanceof Readable)) return body?.toString('utf8') ?? '';
  const chunks: Buffer[] = [];
  for await (const chunk of body as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

interface JsonAnswer {
  readonly id: number;
  readonly result: Record<string, unknown>;
  readonly error: { readonly code: number; readonly data: unknown };
}

const jsonOf = async (answer: UpstreamAnswer): Promise<JsonAnswer> => JSON.parse(await textOf(answer)) as JsonAnswer;

async function refusal(promise: Promise<unknown>): Promise<{ status: number; code: number; id: unknown; detail: string }> {
  try {
    await promise;
  } catch (thrown) {
    const { status, code, id, detail } = thrown as { status: number; code: number; id: unknown; detail: string };
    return { status, code, id, detail };
  }
  throw new Error('It was not refused');
}

async function initialize(
  http: HttpUpstream,
  sent: Sent & { version?: string } = {},
): Promise<{ session: string; answer: UpstreamAnswer }> {
  const params = { protocolVersion: sent.version ?? '2025-11-25', capabilities: {}, clientInfo: { name: 'test', version: '1' } };
  const answer = await http.handle(exchangeOf('legacy', { jsonrpc: '2.0', id: 0, method: 'initialize', params }, sent));
  return { session: answer.headers['mcp-session-id'] ?? '', answer };
}

const inSession = (session: string, message: Record<string, unknown> | unknown[] | undefined, sent: Sent = {}): Exchange =>
  exchangeOf('legacy', message, { ...sent, headers: { 'mcp-session-id': session, 'mcp-protocol-version': '2025-11-25', ...sent.headers } });

const request = (method: string, params: Record<string, unknown> = {}, id: JsonRpcId = 3): Record<string, unknown> => ({
  jsonrpc: '2.0',
  id,
  method,
  params,
});

describe('HttpUpstream', () => {
  describe('passing on', () => {
    it('forwards the very bytes of a message, and the very bytes of its answer [R-GWC-03]', async () => {
      const answer = '{ "jsonrpc":"2.0","id":"1" ,"result":{"n":12345678901234567890,"y":1.0}}';
      const { upstream, http } = await both({
        on: { echo: (_asked, response) => void response.writeHead(200, { 'content-type': 'application/json' }).end(answer) },
      });
      const meta = JSON.stringify(META);
      const text = `{ "jsonrpc":"2.0", "id":"1","method":"tools/call","params":{"name":"echo","arguments":{"x":12345678901234567890,"y":1.0},"_meta":${meta}}}`;
      const headers = { 'mcp-protocol-version': MODERN, 'mcp-method': 'tools/call', 'mcp-name': 'echo' };
      expect(await textOf(await http.handle(exchangeOf('modern', undefined, { text, headers })))).toBe(answer);
      expect(upstream.asked.at(-1)?.text).toBe(text);
    });

    it('sends what goes along with a message, Via, and the host of the upstream [R-GWC-06]', async () => {
      const { upstream, http } = await both();
      await http.handle(
        callTool('echo', { headers: { 'mcp-param-region': '=?base64?SGVsbG8=?=', traceparent: '00-a-b-01', 'x-own': 'kept' } }),
      );
      const { headers } = upstream.asked.at(-1) as Asked;
      expect(headers).toMatchObject({
        via: '1.1 gatehouse',
        host: new URL(upstream.url).host,
        'accept-encoding': 'identity',
        'mcp-param-region': '=?base64?SGVsbG8=?=',
        traceparent: '00-a-b-01',
        'x-own': 'kept',
        'mcp-name': 'echo',
      });
    });

    it('gives of the upstream’s headers only what is for the client', async () => {
      const { http } = await both({
        on: {
          echo: (asked, response) =>
            sendJson(response, result(asked, {}), 200, {
              'set-cookie': 'a=b',
              server: 'x',
              'x-accel-redirect': '/etc/passwd',
              'strict-transport-security': 'max-age=0',
              'mcp-session-id': 'sneaky',
              'x-request-id': 'r1',
            }),
        },
      });
      const { headers } = await http.handle(callTool('echo'));
      expect(headers).toEqual({ 'content-type': 'application/json', 'x-request-id': 'r1' });
    });

    it('passes events on as they come, with all their lines [R-GWC-10]', async () => {
      let go: () => void = () => undefined;
      const first = ': hello\nretry: 3000\nevent: message\ndata: {"jsonrpc":"2.0","method":"notifications/progress"}\n\n';
      const { http } = await both({
        on: {
          slow: (asked, response) => {
            openStream(response).write(first);
            go = () => response.end(event(result(asked, { done: true })));
          },
        },
      });
      const { body, headers } = await http.handle(callTool('slow'));
      expect(headers['content-type']).toBe('text/event-stream');
      const chunks: string[] = [];
      (body as Readable).on('data', (chunk: Buffer) => chunks.push(chunk.toString('utf8')));
      await until(() => chunks.length > 0);
      expect(chunks).toEqual([first]);
      go();
      await until(() => (body as Readable).readableEnded);
      expect(chunks[1]).toBe('event: message\ndata: {"jsonrpc":"2.0","id":7,"result":{"done":true}}\n\n');
    });

    it('passes long answers without holding them: the upstream is read no faster than its reader', async () => {
      let written = 0;
      const { http } = await both({
        on: {
          long: (_asked, response) => {
            response.writeHead(200, { 'content-type': 'application/json' });
            response.write(`{"jsonrpc":"2.0","id":7,"result":{"text":"`);
            const more = (): void => {
              while (written < 64 * 1024 * 1024) {
                written += 65536;
                if (!response.write('x'.repeat(65536))) return void response.once('drain', more);
              }
              response.end(`"}}`);
            };
            more();
          },
        },
      });
      const { body } = await http.handle(callTool('long'));
      await new Promise((resolve) => setTimeout(resolve, 300));
      const held = written;
      await new Promise((resolve) => setTimeout(resolve, 200));
      expect(written).toBe(held);
      expect(held).toBeLessThan(48 * 1024 * 1024);
      let size = 0;
      for await (const chunk of body as AsyncIterable<Buffer>) size += chunk.length;
      expect(size).toBeGreaterThan(64 * 1024 * 1024);
    }, 20_000);

    it('passes an upstream’s JSON-RPC error with its status [R-MOD-09, R-MOD-11]', async () => {
      const { http } = await both({
        on: {
          needy: (asked, response) =>
            sendJson(
              response,
              {
                jsonrpc: '2.0',
                id: asked.message.id,
                error: { code: -32021, message: 'no', data: { requiredCapabilities: { sampling: {} } } },
              },
              400,
            ),
        },
      });
      const answer = await http.handle(callTool('needy'));
      expect([answer.status, (await jsonOf(answer)).error.data]).toEqual([400, { requiredCapabilities: { sampling: {} } }]);
      const unknown = await http.handle(modern('ping'));
      expect([unknown.status, (await jsonOf(unknown)).error.code]).toEqual([404, -32601]);
    });

    it('answers a notification with 202 and no body [R-MOD-21]', async () => {
      const { http } = await both();
      const headers = { 'mcp-protocol-version': MODERN };
      const answer = await http.handle(
        exchangeOf('modern', { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1 } }, { headers }),
      );
      expect([answer.status, answer.body]).toEqual([202, undefined]);
    });

    it('names in server/discover only revisions that work through the gateway [R-MOD-10]', async () => {
      const { http } = await both();
      const { result: discovered } = await jsonOf(await http.handle(modern('server/discover')));
      expect(discovered).toMatchObject({ supportedVersions: [MODERN], ttlMs: 0, cacheScope: 'public' });
    });
  });

  describe('eras', () => {
    it.each([
      [['modern'], ['modern']],
      [['legacy'], ['legacy']],
      [
        ['modern', 'legacy'],
        ['modern', 'legacy'],
      ],
    ] as const)('finds out that an upstream speaks %p', async (speaks, expected) => {
      const { http } = await both({ eras: speaks });
      expect(await http.eras()).toEqual(expected);
      expect(http.eras()).toEqual(expected);
    });

    it('answers a modern request to a legacy-only upstream as a legacy server does [R-MOD-24]', async () => {
      const { upstream, http } = await both({ eras: ['legacy'] });
      expect(await refusal(http.handle(modern('server/discover')))).toMatchObject({ status: 400, code: -32600, id: 7 });
      expect(upstream.asked).toEqual([]);
    });

    it('ends the session by which it asked', async () => {
      const upstream = await startUpstream((asked, response) => {
        if (asked.message.method === 'initialize')
          return sendJson(
            response,
            result(asked, { protocolVersion: '2025-11-25', capabilities: {}, serverInfo: { name: 'x', version: '1' } }),
            200,
            { 'mcp-session-id': 's1' },
          );
        if (asked.method === 'DELETE') return void response.writeHead(204).end();
        sendJson(response, error(asked, -32000, 'Bad Request'), 400);
      });
      opened.push(upstream);
      expect(await connect(upstream.url).eras()).toEqual(['legacy']);
      expect(upstream.asked.at(-1)).toMatchObject({ method: 'DELETE', headers: { 'mcp-session-id': 's1' } });
    });

    it('says that an upstream speaks no MCP, and asks again the next time', async () => {
      let speaks = false;
      const upstream = await startUpstream((asked, response) => {
        if (!speaks) return void response.writeHead(200, { 'content-type': 'text/html' }).end('<p>hello');
        if (asked.message.method === 'server/discover') return sendJson(response, result(asked, { supportedVersions: [MODERN] }));
        sendJson(response, error(asked, -32601, 'x'), 404);
      });
      opened.push(upstream);
      const http = connect(upstream.url);
      expect(await refusal(Promise.resolve(http.eras()))).toMatchObject({ status: 502, code: -32603 });
      speaks = true;
      expect(await http.eras()).toEqual(['modern']);
    });
  });

  describe('faults', () => {
    it('answers 502 for an upstream that nobody serves, and 504 for one that does not answer [R-GWC-08]', async () => {
      const { http } = await both({ on: { silent: () => undefined } }, { timeoutSeconds: 0.3 });
      await http.eras();
      expect(await refusal(http.handle(callTool('silent', { id: 'q' })))).toMatchObject({ status: 504, code: -32603, id: 'q' });
      expect(await refusal(connect(await closedUrl()).handle(callTool('x')))).toMatchObject({ status: 502, code: -32603 });
    });

    it.each([401, 403, 302, 307])('does not pass %i on [R-GWC-07, R-GWC-17]', async (status) => {
      const { http } = await both({
        on: {
          guarded: (_asked, response) =>
            void response.writeHead(status, { location: 'http://127.0.0.1:1/', 'www-authenticate': 'Bearer' }).end('no'),
        },
      });
      expect(await refusal(http.handle(callTool('guarded')))).toMatchObject({ status: 502, code: -32603, id: 7 });
    });

    it.each([
      ['HTML', 200, { 'content-type': 'text/html' }, '<p>'],
      ['no type', 200, {}, '{"jsonrpc":"2.0","id":7,"result":{}}'],
      ['broken JSON', 200, { 'content-type': 'application/json' }, '{"jsonrpc":"2.0","id":7,"result":{'],
      ['another id', 200, { 'content-type': 'application/json' }, '{"jsonrpc":"2.0","id":8,"result":{}}'],
      ['the id as text', 200, { 'content-type': 'application/json' }, '{"jsonrpc":"2.0","id":"7","result":{}}'],
      [
        'two responses',
        200,
        { 'content-type': 'application/json' },
        '[{"jsonrpc":"2.0","id":7,"result":{}},{"jsonrpc":"2.0","id":7,"result":{}}]',
      ],
      ['a request', 200, { 'content-type': 'application/json' }, '{"jsonrpc":"2.0","id":7,"method":"roots/list"}'],
      ['no response', 202, {}, ''],
      ['an encoding', 200, { 'content-type': 'application/json', 'content-encoding': 'gzip' }, 'x'],
      ['its own fault', 500, { 'content-type': 'text/plain' }, 'oops'],
    ])('answers 502 where the upstream answered with %s [R-GWC-08]', async (_name, status, headers, text) => {
      const { http } = await both({
        on: { odd: (_asked, response) => void response.writeHead(status, headers as Record<string, string>).end(text) },
      });
      expect(await refusal(http.handle(callTool('odd')))).toMatchObject({ status: 502, code: -32603, id: 7 });
      expect((await http.handle(callTool('echo'))).status).toBe(200);
    });

    it('sees the wrong id at either end of a long answer', async () => {
      const text = 'x'.repeat(20_000);
      const { http } = await both({
        on: {
          tail: (_asked, response) =>
            void response
              .writeHead(200, { 'content-type': 'application/json' })
              .end(`{"result":{"text":"${text}"},"jsonrpc":"2.0","id":8}`),
          head: (_asked, response) =>
            void response
              .writeHead(200, { 'content-type': 'application/json' })
              .end(`{"jsonrpc":"2.0","id":8,"result":{"text":"${text}"}}`),
          good: (_asked, response) =>
            void response
              .writeHead(200, { 'content-type': 'application/json' })
              .end(`{"result":{"id":8,"text":"${text}"},"jsonrpc":"2.0","id":7}`),
        },
      });
      expect(await refusal(http.handle(callTool('tail')))).toMatchObject({ status: 502 });
      expect(await refusal(http.handle(callTool('head')))).toMatchObject({ status: 502 });
      expect((await http.handle(callTool('good'))).status).toBe(200);
    });

    it('keeps the status of a refusal that is no JSON-RPC', async () => {
      const { http } = await both({
        on: { busy: (_asked, response) => void response.writeHead(429, { 'retry-after': '3' }).end('slow down') },
      });
      expect(await refusal(http.handle(callTool('busy')))).toMatchObject({ status: 429, code: -32600, id: 7 });
    });

    it('goes nowhere that the egress policy forbids', async () => {
      const upstream = await startMcpUpstream();
      opened.push(upstream);
      const blocked = connect(upstream.url.replace('127.0.0.1', 'localhost'), { allow: ['10.0.0.0/8'] });
      expect(await refusal(blocked.handle(callTool('echo')))).toMatchObject({
        status: 502,
        detail: expect.stringContaining('EGRESS_ALLOW'),
      });
      expect(upstream.sockets.size).toBe(0);
    });

    it('leaves an upstream alone that does not answer, and tries again by itself', async () => {
      const { http } = await both({ on: { reset: (_asked, response) => void response.socket?.destroy() } });
      await http.eras();
      for (let i = 0; i < 5; i++) await refusal(http.handle(callTool('reset')));
      expect(http.state()).toMatchObject({ circuit: 'open', lastFault: expect.any(String) });
      expect(await refusal(http.handle(callTool('echo')))).toMatchObject({
        status: 502,
        detail: expect.stringContaining('left alone'),
      });
      await until(async () => {
        try {
          return (await http.handle(callTool('echo'))).status === 200;
        } catch {
          return false;
        }
      });
      expect(http.state()).toEqual({ circuit: 'closed', since: expect.any(Number), heardAt: expect.any(Number) });
    });

    it('asks twice where that does nothing twice, and a tool once', async () => {
      let resets = 0;
      let calls = 0;
      const { http } = await both({
        on: {
          'tools/list': (asked, response) =>
            resets++ === 0 ? void response.socket?.destroy() : sendJson(response, result(asked, { tools: [] })),
          once: (_asked, response) => void (calls++, response.socket?.destroy()),
        },
      });
      expect((await http.handle(modern('tools/list'))).status).toBe(200);
      expect(resets).toBe(2);
      expect(await refusal(http.handle(callTool('once')))).toMatchObject({ status: 502 });
      expect(calls).toBe(1);
    });
  });

  describe('the upstream’s credential', () => {
    it('is presented in place of anything the client sent, and renewed once where it is refused', async () => {
      const seen: unknown[] = [];
      const { http } = await both(
        {
          on: {
            guarded: (asked, response) => {
              seen.push(asked.headers.authorization);
              if (asked.headers.authorization === 'Bearer new') sendJson(response, result(asked, {}));
              else response.writeHead(401).end();
            },
          },
        },
        { auth: renewing() },
      );
      expect((await http.handle(callTool('guarded', { headers: { authorization: 'Bearer client' } }))).status).toBe(200);
      expect(seen).toEqual(['Bearer old', 'Bearer new']);
    });

    it('is given up where the new one is refused as well', async () => {
      const { http } = await both({ on: { guarded: (_asked, response) => void response.writeHead(401).end() } }, { auth: renewing() });
      expect(await refusal(http.handle(callTool('guarded')))).toMatchObject({ status: 502, detail: 'The upstream answered 401' });
    });
  });

  describe('streams of the modern era', () => {
    const streaming = (write: (asked: Asked, response: import('node:http').ServerResponse) => void): McpOptions => ({
      on: { stream: (asked, response) => write(asked, openStream(response)) },
    });
    const FAILURE =
      'event: message\ndata: {"jsonrpc":"2.0","id":7,"error":{"code":-32603,"message":"The upstream gave no valid answer."}}\n\n';

    it('ends with the final response, whatever else comes [R-MOD-14]', async () => {
      const { http } = await both(
        streaming((asked, response) => {
          const final = event(result(asked, { n: 1 }));
          response.write(final + event(result(asked, { n: 2 })));
        }),
      );
      expect(await within(textOf(await http.handle(callTool('stream'))))).toBe(event({ jsonrpc: '2.0', id: 7, result: { n: 1 } }));
    });

    it.each([
      ['a request of the server', { jsonrpc: '2.0', id: 1, method: 'roots/list' }],
      ['the response to another request', { jsonrpc: '2.0', id: 8, result: {} }],
      ['a request whose members are written another way', '{"jsonrpc":"2.0","\\u0069d":1,"method":"roots/list"}'],
      ['no JSON', '{"id":'],
    ])('breaks off with an error where it brings %s [R-MOD-14]', async (_name, message) => {
      const data = typeof message === 'string' ? `data: ${message}\n\n` : event(message);
      const { upstream, http } = await both(
        streaming((_asked, response) => void response.write(`data: {"jsonrpc":"2.0","method":"notifications/message"}\n\n${data}`)),
      );
      expect(await within(textOf(await http.handle(callTool('stream'))))).toBe(
        `data: {"jsonrpc":"2.0","method":"notifications/message"}\n\n${FAILURE}`,
      );
      await within(upstream.asked.at(-1)?.left ?? Promise.reject(new Error('Not asked')));
    });

    it('says so where it ends, or breaks, before the response', async () => {
      const { http } = await both(streaming((_asked, response) => void response.end(': nothing\n\n')));
      expect(await within(textOf(await http.handle(callTool('stream'))))).toBe(`: nothing\n\n${FAILURE}`);
      const broken = await both(
        streaming((_asked, response) => {
          response.write('data: {"half');
          setTimeout(() => response.socket?.destroy(), 20);
        }),
      );
      expect(await within(textOf(await broken.http.handle(callTool('stream'))))).toBe(FAILURE);
    });

    it('ends at the upstream when the client leaves, before the answer and in it [R-MOD-13]', async () => {
      const { upstream, http } = await both({
        on: { silent: () => undefined, stream: (_asked, response) => void openStream(response).write(': open\n\n') },
      });
      const aborter = new AbortController();
      const waiting = refusal(http.handle(callTool('silent', { signal: aborter.signal })));
      await until(() => upstream.asked.some(({ message }) => message.params?.['name'] === 'silent'));
      aborter.abort();
      expect(await waiting).toMatchObject({ status: 499 });
      await within(upstream.asked.at(-1)?.left ?? Promise.reject(new Error('Not asked')), 1000);
      const { body } = await http.handle(callTool('stream'));
      (body as Readable).destroy();
      await within(upstream.asked.at(-1)?.left ?? Promise.reject(new Error('Not asked')), 1000);
    });
  });

  describe('sessions', () => {
    it('gives its own id for the upstream’s, which any replica can read [R-LEG-05, R-LEG-09]', async () => {
      const { upstream, http } = await both();
      const { session, answer } = await initialize(http);
      expect(session).toMatch(/^[\x21-\x7e]{64,}$/);
      expect([...upstream.sessions].some((id) => session.includes(id))).toBe(false);
      expect((await jsonOf(answer)).result['protocolVersion']).toBe('2025-11-25');
      const other = connect(upstream.url);
      expect((await other.handle(inSession(session, request('tools/list')))).status).toBe(200);
      expect(upstream.asked.at(-1)?.headers['mcp-session-id']).toBe([...upstream.sessions][0]);
    });

    it('says so where the answer to initialize breaks off [R-GWC-08]', async () => {
      const upstream = await startUpstream((asked, response) => {
        if (asked.message.method !== 'initialize') return sendJson(response, error(asked, -32601, 'No'), 404);
        const value = { protocolVersion: '2025-11-25', capabilities: {}, serverInfo: { name: 'x', version: '1' } };
        const { name } = asked.message.params?.['clientInfo'] as { name: string };
        if (name === 'gatehouse') return sendJson(response, result(asked, value));
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': 100_000 }).flushHeaders();
        response.write('{"jsonrpc":', () => response.destroy());
      });
      opened.push(upstream);
      const http = connect(upstream.url);
      expect(await refusal(initialize(http))).toMatchObject({ status: 502, code: -32603, id: 0 });
    });

    it('knows a session of another credential, another server, another place or nobody’s making as little as one that ended [R-LEG-06, R-LEG-08]', async () => {
      const { upstream, http } = await both();
      const { session } = await initialize(http);
      const asked = upstream.asked.length;
      const changed = `${session.slice(0, -2)}${session.endsWith('A') ? 'B' : 'A'}A`;
      const foreign = [
        () => http.handle(inSession(session, request('tools/list'), { owner: 'c2' })),
        () => connect(upstream.url).handle(inSession(session, request('tools/list'), { owner: 'c2' })),
        () => connect(upstream.url, { serverId: 'other' }).handle(inSession(session, request('tools/list'))),
        () => connect(upstream.url, { sealer: new Sealer(randomBytes(32)) }).handle(inSession(session, request('tools/list'))),
        () => http.handle(inSession([...upstream.sessions][0] ?? '', request('tools/list'))),
        () => http.handle(inSession(changed, request('tools/list'))),
      ];
      for (const each of foreign) expect(await refusal(each())).toMatchObject({ status: 404, code: -32001 });
      expect(upstream.asked.length).toBe(asked);
    });

    it('asks for a session where the upstream gives them, and for none where it does not [R-LEG-07]', async () => {
      const { http } = await both();
      expect(await refusal(http.handle(exchangeOf('legacy', request('tools/list'))))).toMatchObject({ status: 400, code: -32000 });
      const without = await both({ hasSessions: false });
      expect((await initialize(without.http)).session).toBe('');
      expect((await without.http.handle(exchangeOf('legacy', request('tools/list')))).status).toBe(200);
    });

    it('passes DELETE on, after which the session is unknown [R-LEG-08, R-LEG-09]', async () => {
      const { upstream, http } = await both();
      const { session } = await initialize(http);
      expect((await http.handle(inSession(session, undefined, { method: 'DELETE' }))).status).toBe(200);
      expect(upstream.sessions.size).toBe(0);
      const answer = await http.handle(inSession(session, request('tools/list')));
      expect([answer.status, (await jsonOf(answer)).error.code]).toEqual([404, -32001]);
    });

    it('ends the sessions of a credential that ends, and no others [R-LEG-09]', async () => {
      const { upstream, http } = await both();
      await initialize(http);
      await initialize(http);
      await initialize(http, { owner: 'c2' });
      http.endSessions('c1');
      await until(() => upstream.sessions.size === 1);
    });

    it('asks for a revision that it speaks where a client asks for one that nobody knows [R-LEG-03]', async () => {
      const { upstream, http } = await both();
      await initialize(http, { version: '1999-01-01' });
      expect(upstream.asked.at(-1)?.message.params?.['protocolVersion']).toBe('2025-11-25');
      const { http: odd } = await both({ on: {} });
      await odd.eras();
    });

    it('refuses arrays in sessions of revisions that have none [R-LEG-15]', async () => {
      const { http } = await both();
      const { session } = await initialize(http, { version: '2025-06-18' });
      const batch = [request('ping', {}, 1), request('ping', {}, 2)];
      expect(await refusal(http.handle(exchangeOf('legacy', batch, { headers: { 'mcp-session-id': session } })))).toMatchObject({
        status: 400,
        code: -32600,
      });
      const old = await initialize(http, { version: '2025-03-26' });
      const answer = await http.handle(exchangeOf('legacy', batch, { headers: { 'mcp-session-id': old.session } }));
      expect(((await jsonOf(answer)) as unknown as { id: number }[]).map(({ id }) => id)).toEqual([1, 2]);
    });

    it('lets a call go on whose client leaves, and cancels it only when told to [R-LEG-10]', async () => {
      let finished = false;
      const { upstream, http } = await both({
        on: {
          long: (asked, response) => {
            openStream(response).write('data: {"jsonrpc":"2.0","method":"notifications/progress"}\n\n');
            setTimeout(() => response.end(event(result(asked, {})), () => (finished = true)), 100);
          },
        },
      });
      const { session } = await initialize(http);
      const { body } = await http.handle(inSession(session, request('tools/call', { name: 'long' })));
      (body as Readable).destroy();
      await until(() => finished);
      await expect(within(upstream.asked.at(-1)?.left ?? Promise.resolve(), 100)).rejects.toThrow();
    });

    it('leaves a stream that can be resumed, since the upstream keeps it', async () => {
      const { upstream, http } = await both({
        on: { long: (_asked, response) => void openStream(response).write('id: e1\ndata:\n\n') },
      });
      const { session } = await initialize(http);
      const { body } = await http.handle(inSession(session, request('tools/call', { name: 'long' })));
      (body as Readable).once('data', () => (body as Readable).destroy());
      await within(upstream.asked.at(-1)?.left ?? Promise.reject(new Error('Not asked')));
    });

    it('resumes with the id of an event of its own, never of another session [R-LEG-12]', async () => {
      const { upstream, http } = await both({
        on: {
          GET: (asked, response) =>
            void openStream(response).end(event({ jsonrpc: '2.0', id: 3, result: {} }, `${String(asked.headers['mcp-session-id'])}-1`)),
        },
      });
      const one = await initialize(http);
      const two = await initialize(http, { owner: 'c2' });
      const first = await http.handle(inSession(one.session, undefined, { method: 'GET', headers: { 'last-event-id': 'e0' } }));
      const id = /^id: (.*)$/m.exec(await textOf(first))?.[1] ?? '';
      expect(id).not.toBe('');
      const resume = (session: string, owner: string) =>
        http.handle(inSession(session, undefined, { owner, method: 'GET', headers: { 'last-event-id': id } }));
      expect((await resume(one.session, 'c1')).status).toBe(200);
      expect(upstream.asked.at(-1)?.headers['last-event-id']).toBe(id);
      expect(await refusal(resume(two.session, 'c2'))).toMatchObject({ status: 404 });
    });

    it('passes no response on a stream that resumes nothing [R-LEG-13]', async () => {
      const { http } = await both({
        on: {
          GET: (_asked, response) =>
            void openStream(response).write(
              `data: {"jsonrpc":"2.0","method":"notifications/message"}\n\n${event({ jsonrpc: '2.0', id: 3, result: {} })}`,
            ),
        },
      });
      const { session } = await initialize(http);
      const answer = await http.handle(inSession(session, undefined, { method: 'GET' }));
      expect(await within(textOf(answer))).toBe('data: {"jsonrpc":"2.0","method":"notifications/message"}\n\n');
    });

    describe('and the server’s own requests', () => {
      const asking: McpOptions = {
        on: {
          ask: (asked, response) =>
            void openStream(response).write(
              event({ jsonrpc: '2.0', id: `q-${String(asked.headers['mcp-session-id'])}`, method: 'roots/list' }),
            ),
        },
      };
      const response = (id: string) => ({ jsonrpc: '2.0', id, result: { roots: [] } });

      async function ask(http: HttpUpstream, owner: string): Promise<{ session: string; id: string; close: () => void }> {
        const { session } = await initialize(http, { owner });
        const { body } = await http.handle(inSession(session, request('tools/call', { name: 'ask' }), { owner }));
        (body as Readable).on('error', () => undefined); // it is ended below
        const chunk = await new Promise<Buffer>((resolve) => (body as Readable).once('data', resolve));
        const id = /"id":"([^"]*)"/.exec(chunk.toString())?.[1] ?? '';
        return { session, id, close: () => void (body as Readable).destroy(new Error('done')) };
      }

      it('brings the answer to the session that was asked, once, and no other [R-LEG-14]', async () => {
        const { upstream, http } = await both(asking);
        const one = await ask(http, 'c1');
        const two = await ask(http, 'c2');
        const asked = upstream.asked.length;
        expect(await refusal(http.handle(inSession(two.session, response(one.id), { owner: 'c2' })))).toMatchObject({
          status: 400,
          code: -32600,
        });
        expect(upstream.asked.length).toBe(asked);
        expect((await http.handle(inSession(one.session, response(one.id)))).status).toBe(202);
        expect(upstream.asked.at(-1)?.message).toEqual(response(one.id));
        expect(await refusal(http.handle(inSession(one.session, response(one.id))))).toMatchObject({ status: 400 });
        one.close();
        two.close();
      });

      it('brings it by way of another replica, as marks that both see allow', async () => {
        const marks = new Set<string>();
        const shared: SharedMarks = { set: (name) => void marks.add(name), take: (name) => Promise.resolve(marks.delete(name)) };
        const { upstream, http } = await both(asking, { shared });
        const other = connect(upstream.url, { shared });
        const one = await ask(http, 'c1');
        expect((await other.handle(inSession(one.session, response(one.id)))).status).toBe(202);
        expect(await refusal(other.handle(inSession(one.session, response(one.id))))).toMatchObject({ status: 400 });
        expect(await refusal(other.handle(inSession(one.session, response('made-up'))))).toMatchObject({ status: 400 });
        one.close();
      });
    });
  });

  describe('headers for parameters', () => {
    const tools = [
      {
        name: 'query',
        inputSchema: {
          type: 'object',
          properties: {
            region: { type: 'string', 'x-mcp-header': 'Region' },
            limit: { type: 'integer', 'x-mcp-header': 'Limit' },
            deep: { type: 'object', properties: { flag: { type: 'boolean', 'x-mcp-header': 'Flag' } } },
          },
        },
      },
      {
        name: 'plain',
        inputSchema: { type: 'object', properties: { items: { type: 'array', items: { type: 'string', 'x-mcp-header': 'Never' } } } },
      },
    ];
    const query = (values: Record<string, unknown>, headers: Record<string, string>, name = 'query') =>
      modern('tools/call', { name, arguments: values }, { headers });

    it('refuses a call whose headers differ from its body, before the upstream sees it [R-MOD-08]', async () => {
      const { upstream, http } = await both({ tools });
      const wrong = [
        query({ region: 'eu' }, {}),
        query({ region: 'eu' }, { 'mcp-param-region': 'us' }),
        query({ region: 'Hello' }, { 'mcp-param-region': '=?base64?SGVsbG8?=' }),
        query({ region: 'Hello' }, { 'mcp-param-region': '=?base64?SGVs!!!bG8=?=' }),
        query({ limit: 42 }, { 'mcp-param-limit': '43' }),
        query({ deep: { flag: true } }, { 'mcp-param-flag': 'false' }),
      ];
      for (const each of wrong) expect(await refusal(http.handle(each))).toMatchObject({ status: 400, code: -32020, id: 7 });
      expect(upstream.asked.some(({ message }) => message.method === 'tools/call')).toBe(false);
    });

    it('lets a call pass whose headers agree, and headers that it does not know', async () => {
      const { upstream, http } = await both({ tools });
      const right = [
        query({ region: 'eu' }, { 'mcp-param-region': ' eu ' }),
        query({ region: 'Hello' }, { 'mcp-param-region': '=?base64?SGVsbG8=?=' }),
        query({ region: 'SGVsbG8=' }, { 'mcp-param-region': 'SGVsbG8=' }),
        query({ region: '=?base64?SGVsbG8=' }, { 'mcp-param-region': '=?base64?SGVsbG8=' }),
        query({ limit: 42 }, { 'mcp-param-limit': '42.0' }),
        query({ region: null }, {}),
        query({}, { 'mcp-param-unknown': 'x', 'mcp-param-region': 'ignored' }),
        query({ items: ['x'] }, {}, 'plain'),
        query({ x: 1 }, {}, 'unlisted'),
      ];
      for (const each of right) expect((await http.handle(each)).status).toBe(200);
      expect(upstream.asked.filter(({ message }) => message.method === 'tools/list')).toHaveLength(1);
    });
  });
});

function renewing(): UpstreamAuthenticator {
  let token = 'old';
  return {
    headers: () => ({ authorization: `Bearer ${token}` }),
    refused: ({ authorization }) => {
      token = 'new';
      return authorization === 'Bearer old';
    },
  };
}
