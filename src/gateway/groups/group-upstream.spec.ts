import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { FetchUpstream } from '../../../test/support/eras/fetch-upstream.js';
import { bridge, type Front, serveUpstream } from '../../../test/support/eras/front.js';
import { until } from '../../../test/support/eras/http-server.js';
import { type LegacyServer, startLegacyServer } from '../../../test/support/eras/legacy-server.js';
import { type ModernServer, startModernServer } from '../../../test/support/eras/modern-server.js';
import { DurationTally } from '../../common/tally.js';
import { jsonAnswer } from '../../protocol/answer.js';
import type { Caller, Exchange, McpUpstream, UpstreamAnswer } from '../../protocol/exchange.js';
import type { EraBridge } from '../eras/era-bridge.js';
import type { GroupMember } from '../../servers/upstream.js';
import { isObject, type JsonObject } from '../message-shape.js';
import { modernExchange, readResult } from '../upstream-call.js';
import { CLASHES_KEY, UNAVAILABLE_KEY } from './group-lists.js';
import type { OpenMember } from './group-member.js';
import { GroupUpstream } from './group-upstream.js';

const MODERN = '2026-07-28';
const { signal } = new AbortController();

/** A member that answers from a table, and keeps what it was asked. */
class Scripted implements McpUpstream {
  readonly asked: Exchange[] = [];
  isAway = false;
  delayMs = 0;

  constructor(public answers: Readonly<Record<string, JsonObject>>) {}

  eras(): readonly ['modern'] {
    return ['modern'];
  }

  async handle(exchange: Exchange): Promise<UpstreamAnswer> {
    this.asked.push(exchange);
    if (this.delayMs > 0) await new Promise((resolve) => setTimeout(resolve, this.delayMs));
    if (this.isAway) throw new Error('ECONNREFUSED');
    const method = exchange.operations[0]?.method ?? '';
    const answer = this.answers[method];
    const error = { code: -32601, message: 'Method not found' };
    return jsonAnswer({ jsonrpc: '2.0', id: exchange.id, ...(answer ? { result: answer } : { error }) });
  }

  endSessions(): void {
    // It has none.
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

const tools = (names: readonly string[], hint: object = { ttlMs: 60_000, cacheScope: 'private' }): Scripted =>
  new Scripted({
    'tools/list': { resultType: 'complete', tools: names.map((name) => ({ name, inputSchema: { type: 'object' } })), ...hint },
  });

const callerOf = (owner: string, audience: Caller['audience'] = 'authenticated'): Caller => ({
  owner,
  audience,
  groups: [],
  isAllowed: () => true,
});

function groupOf(upstreams: Readonly<Record<string, McpUpstream>>, members: readonly GroupMember[], deadlineMs = 2000): GroupUpstream {
  const openServer = (slug: string): OpenMember | undefined => {
    const upstream = upstreams[slug];
    const server = { name: slug, resource: `http://gatehouse.test/${slug}` };
    return upstream && { upstream, server, latency: new DurationTally(), enter: () => undefined, leave: () => undefined };
  };
  return new GroupUpstream({ name: 'All', members, openServer, deadlineMs });
}

async function ask(group: GroupUpstream, method: string, params: JsonObject = {}, caller = callerOf('c1')): Promise<JsonObject> {
  return readResult(await group.handle(modernExchange({ method, params, url: 'http://gatehouse.test/all', caller, signal })), 1);
}

const namesIn = ({ tools: listed }: JsonObject): unknown[] => (listed as { name: string }[]).map(({ name }) => name);

describe('a group', () => {
  it('lists its members’ tools with their prefixes, in the order of the members', async () => {
    const group = groupOf({ a: tools(['x', 'y']), b: tools(['x']) }, [{ server: 'a' }, { server: 'b', prefix: 'b_' }]);
    expect(namesIn(await ask(group, 'tools/list'))).toEqual(['x', 'y', 'b_x']);
  });

  it('changes the name in the body and in its header together, and nothing else [R-GWC-03, R-GWC-18]', async () => {
    const member = new Scripted({ 'tools/call': { content: [] } });
    const group = groupOf({ a: member }, [{ server: 'a', prefix: 'ä_' }]);
    const exchange = modernExchange({ method: 'tools/call', params: { name: 'ä_x' }, url: 'http://g', caller: callerOf('c1'), signal });
    const body = Buffer.from(String(exchange.body).replace('"params":{', '"params":{ "arguments":{"n":12345678901234567890,"name":1.0}, '));
    await group.handle({
      ...spread(exchange),
      body,
      message: JSON.parse(String(body)),
      headers: { ...exchange.headers, 'mcp-param-n': '1' },
    });
    const [sent] = member.asked;
    expect(sent?.headers).toMatchObject({ 'mcp-name': 'x', 'mcp-param-n': '1' });
    expect(String(sent?.body)).toBe(String(body).replace('"ä_x"', '"x"'));
    expect(sent?.operations).toMatchObject([{ method: 'tools/call', target: 'x', arguments: { name: 1 } }]);
  });

  it('gives a name that two members have to neither, says so, and refuses to guess', async () => {
    const [a, b] = [tools(['x', 'only']), tools(['x'])];
    const group = groupOf({ a, b }, [{ server: 'a' }, { server: 'b' }]);
    const list = await ask(group, 'tools/list');
    expect(namesIn(list)).toEqual(['only']);
    expect(list['_meta']).toEqual({ [CLASHES_KEY]: [{ name: 'x', servers: ['a', 'b'] }] });
    await expect(ask(group, 'tools/call', { name: 'x' })).rejects.toMatchObject({ code: -32602, data: { servers: ['a', 'b'] } });
    b.isAway = true;
    // Who is away keeps its names.
    await expect(ask(group, 'tools/call', { name: 'x' })).rejects.toMatchObject({ code: -32602 });
    expect(a.asked.filter(({ operations: [operation] }) => operation?.method === 'tools/call')).toEqual([]);
  });

  it('goes on without a member that is away or slow, and names it', async () => {
    const [away, slow] = [tools(['q']), tools(['r'])];
    away.isAway = true;
    slow.delayMs = 5000;
    const group = groupOf(
      { a: tools(['x']), away, slow },
      [{ server: 'a' }, { server: 'away' }, { server: 'slow' }, { server: 'gone' }],
      100,
    );
    const started = performance.now();
    const list = await ask(group, 'tools/list');
    expect(performance.now() - started).toBeLessThan(2000);
    expect(namesIn(list)).toEqual(['x']);
    const unavailable = (list['_meta'] as JsonObject)[UNAVAILABLE_KEY] as { server: string; reason: string }[];
    expect(unavailable.map(({ server }) => server)).toEqual(['away', 'slow', 'gone']);
    expect(JSON.stringify(unavailable)).not.toMatch(/ECONNREFUSED/);
    expect(list).toMatchObject({ ttlMs: 0 });
    await expect(ask(group, 'tools/call', { name: 'q' })).rejects.toMatchObject({ status: 502 });
    expect(await ask(group, 'tools/list')).toMatchObject({ tools: [{ name: 'x' }] });
    expect(slow.asked).toHaveLength(1); // it is left alone for a while
  });

  it('keeps lists as long as the shortest of them, private where one is [R-MOD-18]', async () => {
    const group = groupOf(
      { a: tools(['x'], { ttlMs: 60_000, cacheScope: 'public' }), b: tools(['y'], { ttlMs: 5000, cacheScope: 'private' }) },
      [{ server: 'a' }, { server: 'b' }],
    );
    const { ttlMs, cacheScope } = await ask(group, 'tools/list');
    expect(cacheScope).toBe('private');
    expect(ttlMs).toBeLessThanOrEqual(5000);
    expect(ttlMs).toBeGreaterThan(3000);
  });

  it('asks a member once for what is public, and once for each caller for what is private [R-MOD-19]', async () => {
    const [open, own] = [tools(['x'], { ttlMs: 60_000, cacheScope: 'public' }), tools(['y'])];
    const group = groupOf({ open, own }, [{ server: 'open' }, { server: 'own' }]);
    for (const owner of ['c1', 'c1', 'c2']) await ask(group, 'tools/list', {}, callerOf(owner));
    expect(open.asked).toHaveLength(1);
    expect(own.asked.map(({ caller }) => caller.owner)).toEqual(['c1', 'c2']);
    await ask(group, 'tools/list', {}, callerOf('public', 'public'));
    expect(open.asked).toHaveLength(2);
    group.endSessions('c1');
    await ask(group, 'tools/list');
    expect(own.asked).toHaveLength(4);
  });

  it('never keeps a list longer than its member says [R-MOD-19]', async () => {
    const member = tools(['x'], { ttlMs: 0, cacheScope: 'private' });
    const group = groupOf({ a: member }, [{ server: 'a' }]);
    await ask(group, 'tools/list');
    member.answers = tools(['z']).answers;
    expect(namesIn(await ask(group, 'tools/list'))).toEqual(['z']);
  });

  it('gives pages that together have every entry once', async () => {
    const names = (letter: string) => Array.from({ length: 300 }, (_, i) => `${letter}${i}`);
    const group = groupOf({ a: tools(names('a')), b: tools(names('b')) }, [{ server: 'a' }, { server: 'b' }]);
    const seen: unknown[] = [];
    let cursor: unknown;
    do {
      const page = await ask(group, 'tools/list', cursor === undefined ? {} : { cursor });
      seen.push(...namesIn(page));
      cursor = page['nextCursor'];
    } while (cursor !== undefined);
    expect(seen).toEqual([...names('a'), ...names('b')]);
  });

  it.each(['', '!', 'W10', Buffer.from('["z","x"]').toString('base64url'), 7])('refuses the cursor %j', async (cursor) => {
    const group = groupOf({ a: tools(['x']) }, [{ server: 'a' }]);
    await expect(ask(group, 'tools/list', { cursor })).rejects.toMatchObject({ code: -32602 });
  });

  it('lets the group’s own permissions decide, by the names that it gives', async () => {
    const member = tools(['x']);
    const group = groupOf({ a: member }, [{ server: 'a', prefix: 'a_' }]);
    const caller: Caller = { ...callerOf('c1'), isAllowed: ({ target }) => target === 'a_x' };
    await group.handle(modernExchange({ method: 'tools/call', params: { name: 'a_x' }, url: 'http://g', caller, signal }));
    const called = member.asked.at(-1)?.caller;
    expect(called?.isAllowed({ method: 'tools/call', target: 'x' })).toBe(true);
    expect(called?.isAllowed({ method: 'tools/call', target: 'y' })).toBe(false);
  });

  it('asks whoever has a template for a resource, then the others, until one has it', async () => {
    const missing = { code: -32602, message: 'Resource not found' };
    class Files extends Scripted {
      override async handle(exchange: Exchange): Promise<UpstreamAnswer> {
        if (exchange.operations[0]?.method !== 'resources/read') return super.handle(exchange);
        this.asked.push(exchange);
        const { uri } = (exchange.message as { params: { uri: string } }).params;
        const found = (this.answers['files'] as unknown as string[]).includes(uri);
        return jsonAnswer({
          jsonrpc: '2.0',
          id: exchange.id,
          ...(found ? { result: { contents: [{ uri, text: uri }] } } : { error: missing }),
        });
      }
    }
    const files = (template: string, ...uris: string[]) =>
      new Files({
        'resources/templates/list': { resourceTemplates: [{ uriTemplate: template, name: 't' }] },
        files: uris as unknown as JsonObject,
      });
    const [a, b] = [files('a://{x}', 'a://1', 'c://1'), files('b://{+x}', 'b://1/2')];
    const group = groupOf({ a, b }, [{ server: 'a' }, { server: 'b' }]);
    const reads = ({ asked }: Scripted) => asked.filter(({ operations: [operation] }) => operation?.method === 'resources/read').length;
    expect(await ask(group, 'resources/read', { uri: 'b://1/2' })).toMatchObject({ contents: [{ text: 'b://1/2' }] });
    expect([reads(a), reads(b)]).toEqual([0, 1]);
    expect(await ask(group, 'resources/read', { uri: 'c://1' })).toMatchObject({ contents: [{ text: 'c://1' }] });
    await expect(ask(group, 'resources/read', { uri: 'd://1' })).rejects.toMatchObject({ code: -32602 });
  });

  it('knows no method that it cannot share out', async () => {
    const answer = await groupOf({}, []).handle(modernExchange({ method: 'tasks/list', url: 'http://g', caller: callerOf('c1'), signal }));
    expect(answer.status).toBe(404);
  });
});

describe('a group of official servers of either era', () => {
  let legacy: LegacyServer;
  let modern: ModernServer;
  let group: GroupUpstream;
  let front: Front;
  let client: Client;
  let upstreams: Record<string, EraBridge>;

  beforeEach(async () => {
    [legacy, modern] = await Promise.all([startLegacyServer(), startModernServer()]);
    upstreams = { old: bridge(new FetchUpstream(legacy.url, 'legacy')), new: bridge(new FetchUpstream(modern.url, 'modern')) };
    group = groupOf(upstreams, [{ server: 'old', prefix: 'old_' }, { server: 'new' }]);
    front = await serveUpstream(bridge(group));
    client = await connect(MODERN);
  });

  afterEach(async () => {
    await client.close();
    await group.close();
    for (const upstream of Object.values(upstreams)) await upstream.close();
    await front.close();
    await Promise.all([legacy.close(), modern.close()]);
  });

  async function connect(version: string): Promise<Client> {
    const mode = version === MODERN ? { pin: version } : ('legacy' as const);
    const connected = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode }, capabilities: { elicitation: {} } });
    connected.setRequestHandler('elicitation/create', () => ({ action: 'accept', content: { colour: 'blue' } }));
    await connected.connect(new StreamableHTTPClientTransport(new URL(front.url)));
    return connected;
  }

  const textOf = (result: object): string => (result as { content: { text: string }[] }).content[0]?.text ?? '';

  it('is one server to a client of either era', async () => {
    for (const version of [MODERN, '2025-11-25']) {
      const connected = await connect(version);
      expect(connected.getServerVersion()?.name).toBe('All');
      expect(connected.getInstructions()).toMatch(/## old\n\n.*old_\n\nBe kind\.\n\n## new\n\nBe brief\./s);
      const names = (await connected.listTools()).tools.map(({ name }) => name);
      expect(names).toEqual(expect.arrayContaining(['old_echo', 'echo', 'locate']));
      expect(textOf(await connected.callTool({ name: 'old_echo', arguments: { text: 'from the old one' } }))).toBe('from the old one');
      expect(textOf(await connected.callTool({ name: 'locate', arguments: { region: 'eu' } }))).toBe('eu eu');
      expect(textOf(await connected.callTool({ name: 'old_ask' }))).toBe('accept {"colour":"blue"}');
      expect(textOf(await connected.callTool({ name: 'ask' }))).toBe('blue state-1');
      const progress: number[] = [];
      await connected.callTool({ name: 'old_count', arguments: { to: 2 } }, { onprogress: (told) => void progress.push(told.progress) });
      expect(progress).toEqual([1, 2]);
      await connected.close();
    }
  });

  it('shares out prompts and completion by name, and refuses a resource that both list', async () => {
    expect((await client.listPrompts()).prompts.map(({ name }) => name)).toEqual(['old_greet', 'greet']);
    expect((await client.getPrompt({ name: 'old_greet', arguments: { name: 'Ada' } })).messages).toHaveLength(1);
    const complete = (name: string) => client.complete({ ref: { type: 'ref/prompt', name }, argument: { name: 'name', value: 'G' } });
    expect((await complete('old_greet')).completion.values).toEqual(['Grace']);
    expect((await complete('greet')).completion.values).toEqual(['Grace']);
    const { resources, _meta } = await client.listResources();
    expect(resources).toEqual([]);
    expect(_meta).toMatchObject({ [CLASHES_KEY]: [{ name: 'test://readme', servers: ['old', 'new'] }] });
    await expect(client.readResource({ uri: 'test://readme' })).rejects.toMatchObject({ code: -32602 });
    expect((await client.readResource({ uri: 'test://pages/3' })).contents).toMatchObject([{ text: 'Page 3' }]);
  });

  it('hears what its members announce, and lists anew', async () => {
    const heard: string[] = [];
    client.setNotificationHandler('notifications/tools/list_changed', () => void heard.push('tools'));
    const subscription = await client.listen({ toolsListChanged: true });
    expect(subscription.honoredFilter).toEqual({ toolsListChanged: true });
    await legacy.announce();
    await until(() => heard.length === 1, 'the legacy member is heard');
    modern.announce('test://readme');
    await until(() => heard.length === 2, 'the modern member is heard');
    await subscription.close();
  });

  it('goes on when one of them is gone', async () => {
    await legacy.close();
    const { tools: listed, _meta } = await client.listTools();
    expect(listed.map(({ name }) => name)).toContain('echo');
    expect(_meta).toMatchObject({ [UNAVAILABLE_KEY]: [{ server: 'old' }] });
    expect(textOf(await client.callTool({ name: 'echo', arguments: { text: 'still here' } }))).toBe('still here');
  });
});

/** An exchange as an object, for others to change. */
function spread(exchange: Exchange): Exchange {
  const { method, url, headers, body, message, id, operations, era, caller, signal: ending, request } = exchange;
  if (!isObject(message)) throw new Error('A request has a message');
  return { method, url, headers, body, message, id, operations, era, caller, signal: ending, request };
}
