import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Client as NewClient, StreamableHTTPClientTransport as NewTransport } from '@modelcontextprotocol/client';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { ClientOptions } from '@modelcontextprotocol/sdk/client/index.js';
import {
  CreateMessageRequestSchema,
  ElicitRequestSchema,
  ListRootsRequestSchema,
  LoggingMessageNotificationSchema,
  ResourceUpdatedNotificationSchema,
  ToolListChangedNotificationSchema,
} from '@modelcontextprotocol/sdk/types.js';
import { FetchUpstream } from '../../../test/support/eras/fetch-upstream.js';
import { bridge, type Front, serveUpstream } from '../../../test/support/eras/front.js';
import { guardedUpstream } from '../../../test/support/eras/guarded-upstream.js';
import { until } from '../../../test/support/eras/http-server.js';
import { MODERN_INFO, type ModernServer, startModernServer } from '../../../test/support/eras/modern-server.js';
import type { EraBridge } from './era-bridge.js';

let upstream: ModernServer;
let inner: FetchUpstream;
let bridged: EraBridge;
let front: Front;
let now = 0;
const clients: Client[] = [];

beforeEach(async () => {
  now = Date.now();
  upstream = await startModernServer();
  inner = new FetchUpstream(upstream.url, 'modern');
  bridged = bridge(inner, { clock: () => now });
  front = await serveUpstream(bridged);
});

afterEach(async () => {
  for (const client of clients.splice(0)) await client.close();
  await bridged.close();
  await front.close();
  await upstream.close();
});

async function connect(options: ClientOptions = {}): Promise<Client> {
  const client = new Client({ name: 'test', version: '1.0.0' }, options);
  // The SDK's own types differ under exactOptionalPropertyTypes.
  await client.connect(new StreamableHTTPClientTransport(new URL(front.url)));
  clients.push(client);
  return client;
}

const textOf = (result: object): string => (result as { content: { text: string }[] }).content[0]?.text ?? '';

const request = (id: unknown, method: string, params: object = {}) => ({ jsonrpc: '2.0', id, method, params });

const initialize = (protocolVersion: string, capabilities: object = {}) =>
  request(0, 'initialize', { protocolVersion, capabilities, clientInfo: { name: 'raw', version: '1' } });

async function openSession(
  protocolVersion: string,
  capabilities: object = {},
  headers: Record<string, string> = {},
): Promise<Record<string, string>> {
  const response = await front.ask(initialize(protocolVersion, capabilities), { headers });
  return { ...headers, 'mcp-session-id': response.headers.get('mcp-session-id') ?? '' };
}

const responsesIn = (text: string): Record<string, unknown>[] =>
  [...text.matchAll(/^data: (.*)$/gm)].map(([, data = '']) => JSON.parse(data) as Record<string, unknown>);

describe('a legacy client on a modern server', () => {
  it('gets a handshake, made from server/discover', async () => {
    const client = await connect();
    expect(client.getServerVersion()).toEqual(MODERN_INFO);
    expect(client.getInstructions()).toBe('Be brief.');
    expect(client.getServerCapabilities()).toMatchObject({ tools: { listChanged: true }, resources: { subscribe: true }, logging: {} });
  });

  it.each([
    ['2025-03-26', '2025-03-26'],
    ['2025-06-18', '2025-06-18'],
    ['2025-11-25', '2025-11-25'],
    ['1999-01-01', '2025-11-25'],
    ['2026-07-28', '2025-11-25'],
  ])('that asks for %s is offered %s [R-LEG-03]', async (asked, offered) => {
    const { result } = (await (await front.ask(initialize(asked))).json()) as { result: object };
    expect(result).toMatchObject({ protocolVersion: offered });
  });

  it('is told what is wrong with a handshake that lacks something', async () => {
    const response = await front.ask(request(1, 'initialize', { protocolVersion: '2025-11-25' }));
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ id: 1, error: { code: -32602 } });
    const notified = await front.ask({ jsonrpc: '2.0', method: 'initialize', params: {} });
    expect(notified.status).toBe(400);
    expect(await notified.json()).toMatchObject({ error: { code: -32600 } });
  });

  it('lists, calls, reads and completes with the official client of either line', async () => {
    const client = await connect();
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toContain('echo');
    expect(textOf(await client.callTool({ name: 'echo', arguments: { text: 'hello' } }))).toBe('hello');
    expect((await client.getPrompt({ name: 'greet', arguments: { name: 'Ada' } })).messages).toHaveLength(1);
    expect((await client.listResources()).resources).toHaveLength(1);
    expect((await client.listResourceTemplates()).resourceTemplates).toHaveLength(1);
    expect(await client.readResource({ uri: 'test://pages/7' })).toEqual({ contents: [{ uri: 'test://pages/7', text: 'Page 7' }] });
    const ref = { type: 'ref/prompt' as const, name: 'greet' };
    expect((await client.complete({ ref, argument: { name: 'name', value: 'A' } })).completion.values).toEqual(['Ada', 'Alan']);
    expect(await client.ping()).toEqual({});
    const newer = new NewClient({ name: 'test', version: '2' }, { versionNegotiation: { mode: 'legacy' } });
    await newer.connect(new NewTransport(new URL(front.url)));
    expect(newer.getNegotiatedProtocolVersion()).toBe('2025-11-25');
    expect(textOf(await newer.callTool({ name: 'echo', arguments: { text: 'new' } }))).toBe('new');
    await newer.close();
  });

  it('sees nothing of the members that only the modern era has', async () => {
    const headers = await openSession('2025-11-25');
    const list = (await (await front.ask(request(1, 'tools/list'), { headers })).json()) as { result: object };
    expect(Object.keys(list.result)).toEqual(['tools']);
    const read = (await (await front.ask(request(2, 'resources/read', { uri: 'test://readme' }), { headers })).json()) as {
      result: object;
    };
    expect(read.result).toEqual({ contents: [{ uri: 'test://readme', text: 'Read me' }] });
  });

  it('gets output that is no object wrapped in one, as its schema says', async () => {
    const client = await connect();
    const { tools } = await client.listTools();
    const schema = tools.find(({ name }) => name === 'list')?.outputSchema;
    expect(schema).toMatchObject({ type: 'object', required: ['result'], properties: { result: { type: 'array' } } });
    // The client checks what it gets against that schema.
    const result = await client.callTool({ name: 'list' });
    expect(result).toMatchObject({ structuredContent: { result: [1, 2] }, content: [{ type: 'text', text: '[1,2]' }] });
  });

  it('need not know which arguments a tool wants in headers as well [R-MOD-08]', async () => {
    const client = await connect();
    expect(textOf(await client.callTool({ name: 'locate', arguments: { region: 'Zürich', big: true } }))).toMatch(/^Zürich =\?base64\?/);
    inner.sent.splice(0);
    expect(textOf(await client.callTool({ name: 'locate', arguments: { region: 'eu', big: false } }))).toBe('eu eu');
    expect(inner.sent).toHaveLength(1);
    expect(inner.sent[0]?.headers).toMatchObject({ 'mcp-param-region': 'eu', 'mcp-param-big': 'false' });
  });

  it('need not know them either where it is the gateway that compares them', async () => {
    const guarded = bridge(guardedUpstream(upstream.url));
    const over = await serveUpstream(guarded);
    const response = await over.ask(initialize('2025-11-25'));
    const headers = { 'mcp-session-id': response.headers.get('mcp-session-id') ?? '' };
    const call = request(1, 'tools/call', { name: 'locate', arguments: { region: 'eu', big: true } });
    expect(await (await over.ask(call, { headers })).json()).toMatchObject({ id: 1, result: { content: [{ text: 'eu eu' }] } });
    await guarded.close();
    await over.close();
  });

  it('says once what its server is told with every request', async () => {
    const client = await connect({ capabilities: { sampling: {}, roots: { listChanged: true } } });
    await client.setLoggingLevel('warning');
    const { meta, envelope } = JSON.parse(textOf(await client.callTool({ name: 'trace', _meta: { 'example.com/x': 1 } })));
    expect(meta).toEqual({ 'example.com/x': 1 });
    expect(envelope).toMatchObject({
      'io.modelcontextprotocol/clientCapabilities': { sampling: {}, roots: {} },
      'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1.0.0' },
      'io.modelcontextprotocol/logLevel': 'warning',
    });
  });

  it('gets progress and log messages of its call', async () => {
    const client = await connect();
    const messages: unknown[] = [];
    client.setNotificationHandler(LoggingMessageNotificationSchema, ({ params }) => void messages.push(params.data));
    const progress: number[] = [];
    const call = () =>
      client.callTool({ name: 'count', arguments: { to: 2 } }, undefined, { onprogress: (told) => void progress.push(told.progress) });
    await call();
    expect({ progress, messages }).toEqual({ progress: [1, 2], messages: [] });
    await client.setLoggingLevel('info');
    await call();
    expect(messages).toEqual(['at 1', 'at 2']);
  });

  it('cancels with notifications/cancelled, and with nothing else [R-LEG-10]', async () => {
    const client = await connect();
    const cancelling = new AbortController();
    const call = client.callTool({ name: 'wait' }, undefined, { signal: cancelling.signal });
    await until(() => upstream.log.includes('waiting'), 'the tool runs');
    cancelling.abort();
    await expect(call).rejects.toThrow();
    await until(() => upstream.log.includes('cancelled'), 'the tool is cancelled');
    const headers = await openSession('2025-11-25');
    const leaving = new AbortController();
    const other = front.ask(request(1, 'tools/call', { name: 'wait', arguments: {} }), { headers, signal: leaving.signal });
    await until(() => upstream.log.filter((line) => line === 'waiting').length === 2, 'the tool runs again');
    leaving.abort();
    await expect(other).rejects.toThrow();
    await client.ping();
    expect(upstream.log.filter((line) => line === 'cancelled')).toHaveLength(1);
  });

  it('hears of changed lists, and of resources that it has subscribed to', async () => {
    const client = await connect();
    const heard: string[] = [];
    client.setNotificationHandler(ToolListChangedNotificationSchema, () => void heard.push('tools'));
    client.setNotificationHandler(ResourceUpdatedNotificationSchema, ({ params }) => void heard.push(params.uri));
    const announced = async (): Promise<string[]> => {
      heard.splice(0);
      await until(() => {
        upstream.announce('test://readme');
        return heard.includes('tools');
      }, 'the list has changed');
      return [...new Set(heard)].sort();
    };
    expect(await announced()).toEqual(['tools']);
    await client.subscribeResource({ uri: 'test://readme' });
    await until(async () => (await announced()).includes('test://readme'), 'the resource is updated');
    await client.unsubscribeResource({ uri: 'test://readme' });
    await until(async () => !(await announced()).includes('test://readme'), 'the resource is no longer told of');
  });

  it('gets what its server wants to know as requests on the stream of the call [R-LEG-14]', async () => {
    const client = await connect({ capabilities: { elicitation: {}, sampling: {}, roots: {} } });
    client.setRequestHandler(ElicitRequestSchema, () => ({ action: 'accept', content: { colour: 'blue' } }));
    client.setRequestHandler(CreateMessageRequestSchema, () => ({ role: 'assistant', model: 'm1', content: { type: 'text', text: 'hi' } }));
    client.setRequestHandler(ListRootsRequestSchema, () => ({ roots: [{ uri: 'file:///work' }] }));
    expect(textOf(await client.callTool({ name: 'ask' }))).toBe('blue state-1');
    expect(JSON.parse(textOf(await client.callTool({ name: 'ask-all' })))).toEqual([
      { type: 'text', text: 'hi' },
      [{ uri: 'file:///work' }],
    ]);
    await expect(client.callTool({ name: 'ask-forever' })).rejects.toThrow(/still wanted more/);
  });

  it('is told why where it cannot be asked, or refuses', async () => {
    await expect((await connect()).callTool({ name: 'ask' })).rejects.toThrow(/elicitation/i);
    const refusing = await connect({ capabilities: { elicitation: {} } });
    refusing.setRequestHandler(ElicitRequestSchema, () => {
      throw new Error('Not now');
    });
    await expect(refusing.callTool({ name: 'ask' })).rejects.toThrow(/Not now/);
  });

  it.each([
    ['prompts/get', { name: 'nothing' }, -32602],
    ['resources/read', { uri: 'test://pages/404' }, -32002],
    ['unknown/method', {}, -32601],
    ['of no header \u0000', {}, -32601],
    ['élan', {}, -32601],
    ['server/discover', {}, -32601],
    ['subscriptions/listen', {}, -32601],
    ['tasks/list', {}, -32601],
    ['logging/setLevel', { level: 'loud' }, -32602],
    ['resources/subscribe', {}, -32602],
  ])('is answered on %s %j with %d and status 200', async (method, params, code) => {
    const response = await front.ask(request('x', method, params), { headers: await openSession('2025-11-25') });
    expect({ status: response.status, ...((await response.json()) as object) }).toMatchObject({ status: 200, id: 'x', error: { code } });
  });

  it('answers 502 with the id of the request where the server is gone [R-GWC-08]', async () => {
    const headers = await openSession('2025-11-25');
    await upstream.close();
    for (const message of [request(7, 'tools/list'), { ...initialize('2025-11-25'), id: 7 }]) {
      const response = await front.ask(message, { headers });
      expect(response.status).toBe(502);
      expect(await response.json()).toMatchObject({ id: 7, error: { code: -32603 } });
    }
  });
});

describe('a session of the gateway’s own', () => {
  const ping = async (headers: Record<string, string>): Promise<number> => (await front.ask(request(1, 'ping'), { headers })).status;

  it('is held by its id, on every replica [R-LEG-05, R-LEG-09]', async () => {
    const headers = await openSession('2025-11-25');
    expect(headers['mcp-session-id']).toMatch(/^[\x21-\x7e]+$/);
    const replica = await serveUpstream(bridge(inner, { clock: () => now }));
    expect((await replica.ask(request(1, 'ping'), { headers })).status).toBe(200);
    await replica.close();
  });

  it('belongs to the caller that opened it [R-LEG-06]', async () => {
    const headers = await openSession('2025-11-25');
    expect(await ping({ ...headers, 'x-owner': 'c2' })).toBe(404);
    expect(await ping(headers)).toBe(200);
    const tampered = `${headers['mcp-session-id'] ?? ''}A`;
    expect(await ping({ 'mcp-session-id': tampered })).toBe(404);
  });

  it('is needed, and over once it is deleted [R-LEG-07, R-LEG-08]', async () => {
    expect(await ping({})).toBe(400);
    const headers = await openSession('2025-11-25');
    expect((await front.ask(undefined, { method: 'DELETE', headers })).status).toBe(200);
    expect(await ping(headers)).toBe(404);
    expect((await front.ask(undefined, { method: 'DELETE', headers })).status).toBe(404);
  });

  it('ends with its credential, and after a day', async () => {
    const headers = await openSession('2025-11-25');
    now += 1000;
    bridged.endSessions('c1');
    expect(await ping(headers)).toBe(404);
    now += 1000;
    const next = await openSession('2025-11-25');
    expect(await ping(next)).toBe(200);
    now += 24 * 3600_000;
    expect(await ping(next)).toBe(404);
  });

  it('accepts notifications, and a response only to what was asked in it [R-LEG-02, R-LEG-14]', async () => {
    const headers = await openSession('2025-11-25', { elicitation: {} });
    const accepted = await front.ask({ jsonrpc: '2.0', method: 'notifications/initialized' }, { headers });
    expect({ status: accepted.status, body: await accepted.text() }).toEqual({ status: 202, body: '' });
    expect((await front.ask({ jsonrpc: '2.0', id: 'gatehouse-1', result: {} }, { headers })).status).toBe(400);
    const call = await front.ask(request(5, 'tools/call', { name: 'ask', arguments: {} }), { headers });
    const reading = call.text();
    const other = await openSession('2025-11-25');
    const response = { jsonrpc: '2.0', id: 'gatehouse-1', result: { action: 'accept', content: { colour: 'red' } } };
    expect((await front.ask(response, { headers: other })).status).toBe(400);
    expect((await front.ask(response, { headers })).status).toBe(202);
    expect(responsesIn(await reading)).toMatchObject([
      { id: 'gatehouse-1', method: 'elicitation/create' },
      { id: 5, result: { content: [{ text: 'red state-1' }] } },
    ]);
  });

  it('takes messages in arrays in 2025-03-26 only [R-LEG-15]', async () => {
    const batch = [
      request(1, 'tools/call', { name: 'echo', arguments: { text: 'a' } }),
      { jsonrpc: '2.0', method: 'notifications/initialized' },
      request(2, 'ping'),
    ];
    expect((await front.ask(batch, { headers: await openSession('2025-06-18') })).status).toBe(400);
    const headers = await openSession('2025-03-26');
    const responses = responsesIn(await (await front.ask(batch, { headers })).text());
    expect(responses.map(({ id }) => id).sort()).toEqual([1, 2]);
    expect((await front.ask([request(1, 'ping'), request(1, 'ping')], { headers })).status).toBe(400);
    expect((await front.ask([{ jsonrpc: '2.0', method: 'notifications/initialized' }], { headers })).status).toBe(202);
  });
});
