import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Client, type ClientOptions, ProtocolError, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { FetchUpstream } from '../../../test/support/eras/fetch-upstream.js';
import { bridge, type Front, serveUpstream } from '../../../test/support/eras/front.js';
import { until } from '../../../test/support/eras/http-server.js';
import { LEGACY_INFO, type LegacyServer, startLegacyServer } from '../../../test/support/eras/legacy-server.js';
import type { EraBridge } from './era-bridge.js';

const MODERN = '2026-07-28';
const META = {
  'io.modelcontextprotocol/protocolVersion': MODERN,
  'io.modelcontextprotocol/clientCapabilities': {},
};

let upstream: LegacyServer;
let inner: FetchUpstream;
let bridged: EraBridge;
let front: Front;
const clients: Client[] = [];

beforeEach(async () => {
  upstream = await startLegacyServer();
  inner = new FetchUpstream(upstream.url, 'legacy');
  bridged = bridge(inner);
  front = await serveUpstream(bridged);
});

afterEach(async () => {
  for (const client of clients.splice(0)) await client.close();
  await bridged.close();
  await front.close();
  await upstream.close();
});

async function connect(options: ClientOptions = {}, owner = 'c1'): Promise<Client> {
  const client = new Client({ name: 'test', version: '1.0.0' }, { versionNegotiation: { mode: { pin: MODERN } }, ...options });
  await client.connect(new StreamableHTTPClientTransport(new URL(front.url), { requestInit: { headers: { 'x-owner': owner } } }));
  clients.push(client);
  return client;
}

/** A request as the transport of 2026-07-28 wants it. */
async function ask(
  method: string,
  params: Record<string, unknown> = {},
  init: Parameters<Front['ask']>[1] = {},
): Promise<{ status: number; json: ReturnType<typeof JSON.parse> }> {
  const { _meta, ...rest } = params;
  const name = (rest['name'] ?? rest['uri']) as string | undefined;
  const headers = { 'mcp-protocol-version': MODERN, 'mcp-method': method, ...(name ? { 'mcp-name': name } : {}), ...init.headers };
  const message = { jsonrpc: '2.0', id: 'a', method, params: { ...rest, _meta: { ...META, ...(_meta as object) } } };
  const response = await front.ask(message, { ...init, headers });
  return { status: response.status, json: await response.json() };
}

const textOf = (result: object): string => (result as { content: { text: string }[] }).content[0]?.text ?? '';

describe('a modern client on a legacy server', () => {
  it('learns from server/discover what the handshake says, as far as it works through the gateway [R-MOD-10, R-MOD-24]', async () => {
    const { json } = await ask('server/discover');
    expect(json.result).toMatchObject({
      resultType: 'complete',
      supportedVersions: [MODERN],
      instructions: 'Be kind.',
      ttlMs: 0,
      cacheScope: 'private',
      _meta: { 'io.modelcontextprotocol/serverInfo': LEGACY_INFO },
      capabilities: {
        logging: {},
        tools: { listChanged: true },
        resources: { subscribe: true, listChanged: true },
        completions: {},
        prompts: { listChanged: true },
      },
    });
  });

  it('lists, calls, reads and completes with the official client', async () => {
    const client = await connect();
    expect(client.getServerVersion()).toMatchObject(LEGACY_INFO);
    expect((await client.listTools()).tools.map(({ name }) => name)).toContain('echo');
    expect(textOf(await client.callTool({ name: 'echo', arguments: { text: 'hello' } }))).toBe('hello');
    expect((await client.callTool({ name: 'add', arguments: { a: 1, b: 2 } })).structuredContent).toEqual({ sum: 3 });
    expect((await client.getPrompt({ name: 'greet', arguments: { name: 'Ada' } })).messages).toHaveLength(1);
    expect((await client.listPrompts()).prompts).toHaveLength(1);
    expect((await client.listResources()).resources).toHaveLength(1);
    expect((await client.listResourceTemplates()).resourceTemplates).toHaveLength(1);
    expect((await client.readResource({ uri: 'test://pages/7' })).contents).toEqual([{ uri: 'test://pages/7', text: 'Page 7' }]);
    const ref = { type: 'ref/prompt' as const, name: 'greet' };
    expect((await client.complete({ ref, argument: { name: 'name', value: 'A' } })).completion.values).toEqual(['Ada', 'Alan']);
  });

  it('keeps one session for a caller, whose client names no session [R-MOD-12]', async () => {
    const [one, two] = await Promise.all([connect(), connect()]);
    await Promise.all([one, two].map((client) => client.callTool({ name: 'echo', arguments: { text: 'x' } })));
    await (await connect({}, 'c2')).callTool({ name: 'echo', arguments: { text: 'x' } });
    expect(upstream.sessions.size).toBe(2);
    const response = await front.ask(
      { jsonrpc: '2.0', id: 1, method: 'tools/list', params: { _meta: META } },
      { headers: { 'mcp-protocol-version': MODERN, 'mcp-method': 'tools/list' } },
    );
    expect(response.headers.get('mcp-session-id')).toBeNull();
  });

  it('opens another session where the server has forgotten the first, once', async () => {
    const client = await connect();
    upstream.restart();
    expect(textOf(await client.callTool({ name: 'echo', arguments: { text: 'again' } }))).toBe('again');
    expect(upstream.log.filter((line) => line === 'initialize')).toHaveLength(2);
  });

  it('ends the session of a caller whose credential ended', async () => {
    await connect();
    bridged.endSessions('c1');
    await until(() => upstream.sessions.size === 0, 'the session is deleted');
    expect(upstream.log).toContain('delete');
  });

  it('takes the modern members off the request, and leaves the rest of _meta as it is [R-MOD-25]', async () => {
    const { json } = await ask('tools/call', { name: 'trace', arguments: {}, _meta: { traceparent: '00-1', 'example.com/x': 1 } });
    const { meta, headers } = JSON.parse(textOf(json.result));
    expect(meta).toEqual({ traceparent: '00-1', 'example.com/x': 1 });
    expect(Object.keys(headers).filter((name) => /^mcp-(?:method|name)/.test(name))).toEqual([]);
    expect(headers['mcp-protocol-version']).toBe('2025-11-25');
  });

  it('brings progress to the request that wants it, under its own token', async () => {
    const client = await connect();
    const seen: number[][] = [[], []];
    const call = (i: number) =>
      client.callTool({ name: 'count', arguments: { to: 3 } }, { onprogress: ({ progress }) => void seen[i]?.push(progress) });
    await Promise.all([call(0), call(1)]);
    expect(seen).toEqual([
      [1, 2, 3],
      [1, 2, 3],
    ]);
  });

  it('shows log messages only to a request that asked for them, from its level on [R-MOD-20]', async () => {
    const messages = async (level?: string) => {
      const _meta = { ...META, ...(level ? { 'io.modelcontextprotocol/logLevel': level } : {}) };
      const message = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'count', arguments: { to: 1 }, _meta } };
      const headers = { 'mcp-protocol-version': MODERN, 'mcp-method': 'tools/call', 'mcp-name': 'count' };
      return (await (await front.ask(message, { headers })).text()).match(/"level":"\w+"/g) ?? [];
    };
    expect(await messages()).toEqual([]);
    expect(await messages('info')).toEqual(['"level":"info"']);
    expect(await messages('debug')).toEqual(['"level":"info"', '"level":"debug"']);
    expect(await messages('info')).toEqual(['"level":"info"']);
    expect(upstream.log.filter((line) => line.startsWith('level'))).toEqual(['level info', 'level debug']);
  });

  it('cancels on the server when the client leaves [R-MOD-13]', async () => {
    const leaving = new AbortController();
    const call = ask('tools/call', { name: 'wait', arguments: {} }, { signal: leaving.signal });
    await until(() => upstream.log.includes('waiting'), 'the tool runs');
    leaving.abort();
    await expect(call).rejects.toThrow();
    await until(() => upstream.log.includes('cancelled'), 'the tool is cancelled');
  });

  it('hears of changed lists and updated resources, each subscription of its own [R-MOD-15]', async () => {
    const [one, two] = [await connect(), await connect()];
    const heard: string[] = [];
    for (const client of [one, two]) {
      client.setNotificationHandler('notifications/tools/list_changed', () => void heard.push('tools'));
      client.setNotificationHandler('notifications/resources/updated', ({ params }) => void heard.push(params.uri));
    }
    const subscription = await one.listen({ toolsListChanged: true, promptsListChanged: true, resourceSubscriptions: ['test://readme'] });
    expect(subscription.honoredFilter).toEqual({
      toolsListChanged: true,
      promptsListChanged: true,
      resourceSubscriptions: ['test://readme'],
    });
    await two.listen({ resourceSubscriptions: ['test://readme'] });
    await upstream.announce();
    await until(() => heard.length === 3, 'three notifications');
    expect(heard.sort()).toEqual(['test://readme', 'test://readme', 'tools']);
    await subscription.close();
    await upstream.announce();
    await until(() => heard.length === 4, 'one more');
    expect(upstream.log.filter((line) => line.startsWith('unsub'))).toEqual([]);
  });

  it.each(['initialize', 'ping', 'logging/setLevel', 'resources/subscribe', 'resources/unsubscribe', 'tasks/list', 'unknown/method'])(
    'knows no %s [R-MOD-09]',
    async (method) => {
      expect(await ask(method)).toMatchObject({ status: 404, json: { id: 'a', error: { code: -32601 } } });
    },
  );

  it('speaks of a missing resource with the code of its era [R-MOD-22]', async () => {
    const { status, json } = await ask('resources/read', { uri: 'test://nowhere' });
    expect({ status, code: json.error.code }).toEqual({ status: 200, code: -32602 });
  });

  it('passes the errors of the server on', async () => {
    await expect((await connect()).getPrompt({ name: 'nothing' })).rejects.toBeInstanceOf(ProtocolError);
    expect((await ask('prompts/get', { name: 'nothing' })).json.error).toMatchObject({ code: -32602 });
  });

  it('answers 502 with the id of the request where the server is gone [R-GWC-08]', async () => {
    await upstream.close();
    expect(await ask('tools/list')).toMatchObject({ status: 502, json: { id: 'a', error: { code: -32603 } } });
  });
});

describe('what a legacy server asks of a modern client', () => {
  const capabilities = { elicitation: { form: {}, url: {} }, sampling: {}, roots: {} };

  async function connectAnswering(): Promise<Client> {
    const client = await connect({ capabilities });
    client.setRequestHandler('elicitation/create', ({ params }) =>
      params.mode === 'url' ? { action: 'accept' } : { action: 'accept', content: { colour: 'blue' } },
    );
    client.setRequestHandler('sampling/createMessage', () => ({ role: 'assistant', model: 'm1', content: { type: 'text', text: 'hi' } }));
    client.setRequestHandler('roots/list', () => ({ roots: [{ uri: 'file:///work' }] }));
    return client;
  }

  it('comes as input_required, and the next round brings the answer', async () => {
    const client = await connectAnswering();
    expect(textOf(await client.callTool({ name: 'ask' }))).toBe('accept {"colour":"blue"}');
    const asked = await client.callTool({ name: 'ask-twice' });
    expect(JSON.parse(textOf(asked))).toEqual([{ type: 'text', text: 'hi' }, [{ uri: 'file:///work' }], 'm1']);
  });

  it('is a URL to visit, after which the request is made again', async () => {
    expect(textOf(await (await connectAnswering()).callTool({ name: 'visit' }))).toBe('signed in');
    const { status, json } = await ask('tools/call', { name: 'visit', arguments: {} });
    expect(status).toBe(400);
    expect(json.error).toMatchObject({ code: -32021, data: { requiredCapabilities: { elicitation: { url: {} } } } });
  });

  it('is refused where the client has not declared that it answers, and the call goes on', async () => {
    const result = await (await connect()).callTool({ name: 'ask' });
    expect(result.isError).toBe(true);
    expect(textOf(result)).toMatch(/elicitation/);
  });

  const declared = { _meta: { 'io.modelcontextprotocol/clientCapabilities': capabilities } };
  const call = { name: 'ask', arguments: {}, ...declared };
  const answer = (key: string) => ({ inputResponses: { [key]: { action: 'decline' } } });

  it('waits for the same caller and the same request only, once [R-MOD-16, R-MOD-17]', async () => {
    const { inputRequests, requestState } = (await ask('tools/call', call)).json.result;
    const [key = ''] = Object.keys(inputRequests);
    expect(inputRequests[key]).toMatchObject({ method: 'elicitation/create', params: { message: 'Which colour?' } });
    const refused = { status: 200, json: { error: { code: -32602 } } };
    const retry = { ...call, ...answer(key), requestState };
    expect(await ask('tools/call', { ...retry, requestState: `${String(requestState)}x` })).toMatchObject(refused);
    expect(await ask('tools/call', { ...retry, name: 'ask-twice' })).toMatchObject(refused);
    expect(await ask('tools/call', { ...retry, arguments: { a: 1 } })).toMatchObject(refused);
    expect(await ask('tools/call', retry, { headers: { 'x-owner': 'c2' } })).toMatchObject(refused);
    expect(textOf((await ask('tools/call', retry)).json.result)).toBe('decline {}');
    expect(await ask('tools/call', retry)).toMatchObject(refused);
  });

  it('is asked again where it was left out', async () => {
    const first = (await ask('tools/call', call)).json.result;
    const again = (await ask('tools/call', { ...call, inputResponses: {}, requestState: first.requestState })).json.result;
    expect(again.inputRequests).toEqual(first.inputRequests);
    const [key = ''] = Object.keys(again.inputRequests);
    expect(textOf((await ask('tools/call', { ...call, ...answer(key), requestState: again.requestState })).json.result)).toBe('decline {}');
  });

  it('is given up when the credential ends', async () => {
    const { requestState } = (await ask('tools/call', call)).json.result;
    bridged.endSessions('c1');
    expect((await ask('tools/call', { ...call, requestState, inputResponses: {} })).json.error).toMatchObject({ code: -32602 });
  });
});
