import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from '../../test/support/properties.js';
import { toResponse } from '../../test/support/answers.js';
import type { Caller, Era } from '../protocol/exchange.js';
import type { DocsExchange } from './direct-answer.js';
import { McpError } from '../protocol/mcp-error.js';
import { DocsLibrary } from './docs-library.js';
import { DocsUpstream } from './docs-upstream.js';
import type { Feedback } from './feedback-tool.js';
import { ShellThreads } from './shell/shell-threads.js';

const URL = 'http://localhost/authed/mcp';
const MODERN = '2026-07-28';
const META = {
  'io.modelcontextprotocol/protocolVersion': MODERN,
  'io.modelcontextprotocol/clientCapabilities': {},
};

const callerNamed = (owner: string, isAllowed: Caller['isAllowed'] = () => true): Caller => ({
  owner,
  audience: 'authenticated',
  groups: [],
  isAllowed,
});
const ALICE = callerNamed('alice');
const BOB = callerNamed('bob');
const ANYONE: Caller = { owner: 'public', audience: 'public', groups: [], isAllowed: () => true };

/** What the tests look at; each answer has one part of it. */
interface Body {
  readonly id?: unknown;
  readonly error: { readonly code: number; readonly message: string; readonly data?: unknown };
  readonly result: {
    readonly tools: readonly { readonly name: string }[];
    readonly capabilities: unknown;
    readonly structuredContent: { readonly results: readonly unknown[] };
    readonly content: unknown;
    readonly isError?: boolean;
    readonly _meta: Record<string, unknown>;
  };
}

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Body;
}

let dir: string;
let upstream: DocsUpstream;
let shell: ShellThreads;
const kept: Feedback[] = [];

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'docs-upstream-'));
  await mkdir(join(dir, 'guides'));
  await writeFile(join(dir, 'index.md'), '---\npublic: true\n---\n# Welcome\n\nStart here.\n');
  await writeFile(
    join(dir, 'guides/rotate.md'),
    '# Rotate a secret\n\nThe old secret ends by itself.\n\n## Overlap\n\nBoth work for a day.\n',
  );
  await writeFile(join(dir, 'staff.md'), '---\ngroups: [staff]\n---\n# Staff only\n\nThe safe is behind the picture.\n');
  for (const version of ['v1', 'v2'])
    await writeFile(join(dir, `old-${version}.md`), `---\nversion: ${version}\n---\n# Old ways\n\nThe ways of ${version}.\n`);
  await mkdir(join(dir, 'skills/rotate-secrets'), { recursive: true });
  await writeFile(
    join(dir, 'skills/rotate-secrets/SKILL.md'),
    '---\nname: rotate-secrets\ndescription: Rotates.\npublic: true\n---\nDo it.\n',
  );
  await writeFile(join(dir, 'skill.md'), '---\nname: break-in\ndescription: Opens the safe.\ngroups: [staff]\n---\nTurn it.\n');
  await writeFile(join(dir, 'hidden.md'), '---\nhidden: true\n---\n# Nobody reads this\n');
  const library = new DocsLibrary({ dir, indexFile: join(dir, '.index/docs.sqlite'), allPublic: false, warn: () => undefined });
  shell = new ShellThreads();
  const keepFeedback = (feedback: Feedback) => Promise.resolve(kept.push(feedback) > 3 ? 60 : 0);
  upstream = new DocsUpstream({ library, name: 'Docs', suffix: 'docs', shell, keepFeedback, onError: () => undefined });
});

afterAll(async () => {
  await upstream.close();
  await shell.close();
  await rm(dir, { recursive: true });
});

function exchangeOf(
  era: Era,
  message: unknown,
  options: { method?: string; headers?: Record<string, string>; caller?: Caller } = {},
): DocsExchange {
  const { method = 'POST', headers = {}, caller = ALICE } = options;
  const request = new Request(URL, {
    method,
    headers: {
      accept: 'application/json, text/event-stream',
      ...(method === 'POST' ? { 'content-type': 'application/json' } : {}),
      ...headers,
    },
  });
  return { request, message, era, caller };
}

/** The answer as the gateway would give it: errors become responses. */
async function send(exchange: DocsExchange): Promise<Answer> {
  try {
    const response = toResponse(await upstream.handle(exchange));
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: JSON.parse(text || '{}') as Body };
  } catch (error) {
    if (!(error instanceof McpError)) throw error;
    return { status: error.status, headers: new Headers(error.headers), body: error.toBody() as unknown as Body };
  }
}

function modern(method: string, params: Record<string, unknown> = {}, caller = ALICE): Promise<Answer> {
  const name = params['name'];
  const headers = { 'mcp-protocol-version': MODERN, 'mcp-method': method, ...(typeof name === 'string' ? { 'mcp-name': name } : {}) };
  return send(exchangeOf('modern', { jsonrpc: '2.0', id: 1, method, params: { ...params, _meta: META } }, { headers, caller }));
}

async function initialize(protocolVersion = '2025-11-25', caller = ALICE): Promise<{ id: string; answer: Answer }> {
  const params = { protocolVersion, capabilities: {}, clientInfo: { name: 'test', version: '1' } };
  const answer = await send(exchangeOf('legacy', { jsonrpc: '2.0', id: 0, method: 'initialize', params }, { caller }));
  return { id: answer.headers.get('mcp-session-id') ?? '', answer };
}

const legacy = (session: string, message: unknown, options: { method?: string; headers?: Record<string, string>; caller?: Caller } = {}) =>
  send(exchangeOf('legacy', message, { ...options, headers: { 'mcp-session-id': session, ...options.headers } }));

const listOf = (answer: Answer): string[] => answer.body.result.tools.map(({ name }) => name);

describe('DocsUpstream, modern era', () => {
  it('discovers itself: the one version it speaks, tools, instructions, and how to get a token [R-MOD-10, R-CCG-12]', async () => {
    const { status, body } = await modern('server/discover');
    expect(status).toBe(200);
    expect(body.result).toMatchObject({
      supportedVersions: [MODERN],
      capabilities: { tools: {}, resources: {}, completions: {}, extensions: { 'io.modelcontextprotocol/oauth-client-credentials': {} } },
      instructions: expect.stringMatching(/search_docs.*read_docs/),
      cacheScope: 'private',
      ttlMs: expect.any(Number),
    });
    expect(body.result._meta['io.modelcontextprotocol/serverInfo']).toMatchObject({ name: 'gatehouse-docs', title: 'Docs' });
  });

  it('does not tell public callers of client credentials', async () => {
    const { capabilities } = (await modern('server/discover', {}, ANYONE)).body.result;
    expect(capabilities).toEqual({ tools: {}, resources: {}, completions: {} });
  });

  it.each([
    [ALICE, 'private'],
    [ANYONE, 'public'],
  ])('marks lists as cacheable for the audience that they are for [R-MOD-18]', async (caller, cacheScope) => {
    const { body } = await modern('tools/list', {}, caller);
    expect(body.result).toMatchObject({ ttlMs: expect.any(Number), cacheScope, resultType: 'complete' });
  });

  it('describes tools that only read, and one that reports', async () => {
    const { body } = await modern('tools/list');
    const annotations = { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false };
    const shape = { title: expect.any(String), description: expect.any(String), outputSchema: { type: 'object' }, annotations };
    expect(body.result.tools).toMatchObject([
      { name: 'search_docs', ...shape, inputSchema: { required: ['query'] } },
      { name: 'read_docs', ...shape, inputSchema: { required: ['path'] } },
      { name: 'query_docs_filesystem_docs', ...shape, inputSchema: { required: ['command'] } },
      {
        name: 'submit_feedback',
        inputSchema: { required: ['path', 'description'] },
        annotations: { readOnlyHint: false, destructiveHint: false },
      },
    ]);
  });

  it('lists what the caller may call, and answers to the rest as to a tool that does not exist [R-GWC-13]', async () => {
    const reader = callerNamed('reader', ({ method, target }) => method === 'tools/call' && target === 'read_docs');
    expect(listOf(await modern('tools/list', {}, reader))).toEqual(['read_docs']);
    const hidden = await modern('tools/call', { name: 'search_docs', arguments: { query: 'x' } }, reader);
    const missing = await modern('tools/call', { name: 'search_nope', arguments: { query: 'x' } }, reader);
    expect(hidden.body).toEqual({ jsonrpc: '2.0', id: 1, error: { code: -32602, message: 'Unknown tool: search_docs' } });
    expect({ ...missing, headers: [...missing.headers] }).toEqual({
      status: hidden.status,
      headers: [...hidden.headers],
      body: { ...hidden.body, error: { code: -32602, message: 'Unknown tool: search_nope' } },
    });
  });

  it('answers a search with text and structure', async () => {
    const { body } = await modern('tools/call', { name: 'search_docs', arguments: { query: 'rotate secret' } });
    const [first] = body.result.structuredContent.results;
    expect(first).toEqual({
      title: 'Rotate a secret',
      path: 'guides/rotate',
      heading: 'Rotate a secret',
      link: '/guides/rotate#rotate-a-secret',
      snippet: 'The old secret ends by itself.',
    });
    expect(body.result.content).toEqual([{ type: 'text', text: expect.stringContaining('path: guides/rotate') }]);
  });

  it.each([
    [{}, 'query'],
    [{ query: '' }, 'query'],
    [{ query: 'x'.repeat(401) }, 'query'],
    [{ query: 'x', limit: 51 }, 'limit'],
    [{ query: 'x', limit: 0 }, 'limit'],
    [{ query: 'x', limit: '5' }, 'limit'],
    [{ query: 'x', other: 1 }, 'other'],
  ])('tells the model what is wrong with the arguments %j', async (args, name) => {
    const { status, body } = await modern('tools/call', { name: 'search_docs', arguments: args });
    expect(status).toBe(200);
    expect(body.result).toMatchObject({ isError: true, content: [{ text: expect.stringContaining(name) }] });
  });

  it('reads no page that the audience may not see', async () => {
    const read = async (path: string, caller: Caller) =>
      (await modern('tools/call', { name: 'read_docs', arguments: { path } }, caller)).body.result.isError ?? false;
    expect(await read('index', ANYONE)).toBe(false);
    expect(await read('guides/rotate', ANYONE)).toBe(true);
    expect(await read('guides/rotate', ALICE)).toBe(false);
    expect(await read('hidden', ALICE)).toBe(true);
  });

  describe('resources', () => {
    const STAFF: Caller = { ...callerNamed('carol'), groups: ['staff'] };
    const urisOf = async (caller: Caller): Promise<string[]> =>
      ((await modern('resources/list', {}, caller)).body.result as unknown as { resources: { uri: string }[] }).resources.map(
        ({ uri }) => uri,
      );
    const readUri = (uri: string, caller: Caller) =>
      send(
        exchangeOf(
          'modern',
          { jsonrpc: '2.0', id: 1, method: 'resources/read', params: { uri, _meta: META } },
          { caller, headers: { 'mcp-protocol-version': MODERN, 'mcp-method': 'resources/read', 'mcp-name': uri } },
        ),
      );

    it('lists pages and skills, each to those who may see them', async () => {
      expect(await urisOf(ANYONE)).toEqual(['skill://docs/rotate-secrets/SKILL.md', 'docs://docs/index']);
      expect(await urisOf(ALICE)).toEqual([
        'skill://docs/rotate-secrets/SKILL.md',
        'docs://docs/guides/rotate',
        'docs://docs/index',
        'docs://docs/old-v1',
        'docs://docs/old-v2',
      ]);
      expect(await urisOf(STAFF)).toEqual(expect.arrayContaining(['skill://docs/break-in/SKILL.md', 'docs://docs/staff']));
    });

    it('lists and reads what the caller may read, and answers to the rest as to what does not exist [R-GWC-13]', async () => {
      const only = callerNamed('only', ({ method, target }) => method === 'resources/read' && target === 'docs://docs/index');
      expect(await urisOf(only)).toEqual(['docs://docs/index']);
      expect((await readUri('docs://docs/index', only)).body.result).toMatchObject({
        contents: [{ uri: 'docs://docs/index', mimeType: 'text/markdown', text: '# Welcome\n\nStart here.\n' }],
        cacheScope: 'private',
        ttlMs: expect.any(Number),
      });
      const missing = (await readUri('docs://docs/nope', ALICE)).body.error;
      for (const [uri, caller] of [
        ['docs://docs/guides/rotate', only],
        ['docs://docs/guides/rotate', ANYONE],
        ['docs://docs/staff', ALICE],
        ['docs://docs/hidden', STAFF],
        ['skill://docs/break-in/SKILL.md', ALICE],
        ['docs://docs/../../etc/passwd', STAFF],
        ['docs://docs/%E0%A4%A', STAFF],
        ['file:///etc/passwd', STAFF],
      ] as const) {
        const { error } = (await readUri(uri, caller)).body;
        expect({ ...error, message: error.message.replace(uri, ''), data: undefined }).toEqual({
          ...missing,
          message: missing.message.replace('docs://docs/nope', ''),
          data: undefined,
        });
      }
    });

    it('marks lists and pages of the public face as cacheable by all [R-MOD-18]', async () => {
      for (const method of ['resources/list', 'resources/templates/list']) {
        expect((await modern(method, {}, ANYONE)).body.result).toMatchObject({ cacheScope: 'public', ttlMs: expect.any(Number) });
      }
    });

    it('completes paths from what the caller may read', async () => {
      const complete = async (value: string, caller: Caller) =>
        (
          (
            await modern(
              'completion/complete',
              { ref: { type: 'ref/resource', uri: 'docs://docs/{+path}' }, argument: { name: 'path', value } },
              caller,
            )
          ).body.result as unknown as { completion: { values: string[] } }
        ).completion.values;
      expect(await complete('', ANYONE)).toEqual(['index']);
      expect(await complete('gui', ALICE)).toEqual(['guides/rotate']);
      expect(await complete('st', ALICE)).toEqual([]);
      expect(await complete('st', STAFF)).toEqual(['staff']);
      const wrong = await modern('completion/complete', {
        ref: { type: 'ref/resource', uri: 'x://{y}' },
        argument: { name: 'y', value: '' },
      });
      expect(wrong.body.error.code).toBe(-32602);
    });

    it('refuses a cursor that is not its own', async () => {
      expect((await modern('resources/list', { cursor: 'x' })).body.error.code).toBe(-32602);
    });
  });

  it('finds, reads and lists pages of groups for their members alone', async () => {
    const call = async (name: string, args: object, groups: readonly string[]) =>
      JSON.stringify((await modern('tools/call', { name, arguments: args }, { ...ALICE, groups })).body.result);
    for (const [name, args] of [
      ['search_docs', { query: 'safe picture' }],
      ['read_docs', { path: 'staff' }],
      ['query_docs_filesystem_docs', { command: 'cat staff.md' }],
    ] as const) {
      expect(await call(name, args, ['other'])).not.toContain('behind the picture');
      expect(await call(name, args, ['other', 'staff'])).toContain('behind the picture');
    }
    expect(await call('read_docs', { path: 'staf' }, [])).not.toContain('Nearest: staff');
    expect(await call('submit_feedback', { path: 'staff', description: 'x' }, [])).toContain('There is no page');
  });

  it('offers versions where the caller may see several, and searches one of them', async () => {
    const choices = async (caller: Caller) => {
      const [search] = (await modern('tools/list', {}, caller)).body.result.tools as unknown as { inputSchema: { properties: object } }[];
      return search?.inputSchema.properties;
    };
    expect(await choices(ALICE)).toMatchObject({ version: { enum: ['v1', 'v2'] } });
    expect(Object.keys((await choices(ANYONE)) ?? {})).toEqual(['query', 'limit']);
    const search = async (args: object) =>
      (await modern('tools/call', { name: 'search_docs', arguments: args })).body.result.structuredContent.results as { path: string }[];
    const ofOne = (await search({ query: 'old ways', version: 'v1' })).map(({ path }) => path);
    expect(ofOne[0]).toBe('old-v1');
    expect(ofOne).not.toContain('old-v2');
    expect((await search({ query: 'start', version: 'v1' })).map(({ path }) => path)).toContain('index');
    const unknown = await modern('tools/call', { name: 'search_docs', arguments: { query: 'x', version: 'v9' } });
    expect(unknown.body.result).toMatchObject({ isError: true, content: [{ text: 'There is no version "v9". There are: v1, v2.' }] });
  });

  it('keeps reports on pages, and says when there are too many', async () => {
    const report = async (args: object) => (await modern('tools/call', { name: 'submit_feedback', arguments: args })).body.result;
    kept.length = 0;
    expect(await report({ path: '/guides/rotate.md#overlap', description: ' How long? ' })).toMatchObject({
      structuredContent: { isKept: true },
    });
    expect(kept).toEqual([{ page: 'guides/rotate', description: 'How long?', owner: 'alice' }]);
    kept.length = 3;
    expect(await report({ path: 'index', description: 'x' })).toMatchObject({
      isError: true,
      content: [{ text: 'Too many reports. Try again in 60 seconds.' }],
    });
    expect(await report({ path: 'index' })).toMatchObject({ isError: true });
  });

  it.each(['initialize', 'ping', 'logging/setLevel', 'resources/subscribe', 'resources/unsubscribe', 'prompts/list', 'x/y', '__proto__'])(
    'does not know the method %s [R-MOD-09, R-MOD-22]',
    async (method) => {
      const { status, body } = await modern(method);
      expect([status, body.error.code, body.id]).toEqual([404, -32601, 1]);
    },
  );

  const LIST = { jsonrpc: '2.0', id: 'q', method: 'tools/list' };
  const HEADERS = { 'mcp-protocol-version': MODERN, 'mcp-method': 'tools/list' };
  const VERSION = 'io.modelcontextprotocol/protocolVersion';
  const CAPABILITIES = 'io.modelcontextprotocol/clientCapabilities';

  // Lists and calls that look as they should are not compared with their headers once more: the gateway has done that.
  const DISCOVER = { ...LIST, method: 'server/discover' };
  const OF_DISCOVER = { ...HEADERS, 'mcp-method': 'server/discover' };

  it.each<[string, unknown, Record<string, string>, number]>([
    ['no params', DISCOVER, OF_DISCOVER, -32602],
    ['no capabilities [R-MOD-03]', { ...DISCOVER, params: { _meta: { [VERSION]: MODERN } } }, OF_DISCOVER, -32602],
    ['no version in _meta [R-MOD-03]', { ...DISCOVER, params: { _meta: { [CAPABILITIES]: {} } } }, OF_DISCOVER, -32602],
    ['another version in _meta [R-MOD-04]', { ...DISCOVER, params: { _meta: { ...META, [VERSION]: 'v999.0.0' } } }, OF_DISCOVER, -32020],
    ['no version header [R-MOD-04]', { ...DISCOVER, params: { _meta: META } }, { 'mcp-method': 'server/discover' }, -32020],
    [
      'an unknown version [R-MOD-05]',
      { ...DISCOVER, params: { _meta: { ...META, [VERSION]: 'v9' } } },
      { ...OF_DISCOVER, 'mcp-protocol-version': 'v9' },
      -32022,
    ],
    [
      'another method in the header [R-MOD-06]',
      { ...DISCOVER, params: { _meta: META } },
      { ...OF_DISCOVER, 'mcp-method': 'SERVER/DISCOVER' },
      -32020,
    ],
    ['no method header [R-MOD-06]', { ...DISCOVER, params: { _meta: META } }, { 'mcp-protocol-version': MODERN }, -32020],
    [
      'no name header [R-MOD-06]',
      { ...DISCOVER, method: 'tools/call', params: { name: 'x', _meta: META } },
      { ...OF_DISCOVER, 'mcp-method': 'tools/call' },
      -32020,
    ],
  ])('refuses a request with %s', async (_, message, headers, code) => {
    const { status, body } = await send(exchangeOf('modern', message, { headers }));
    expect([status, body.error.code, body.id]).toEqual([400, code, 'q']);
    if (code === -32022) expect(body.error.data).toEqual({ supported: [MODERN], requested: 'v9' });
  });

  it('knows no sessions: ids are ignored, and none is made [R-MOD-12]', async () => {
    const headers = { ...HEADERS, 'mcp-session-id': 'abc', 'last-event-id': '5' };
    const answer = await send(exchangeOf('modern', { ...LIST, params: { _meta: META } }, { headers }));
    expect([answer.status, answer.headers.get('mcp-session-id')]).toEqual([200, null]);
  });

  it('accepts a notification without a body in return [R-MOD-21]', async () => {
    const message = { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1, _meta: META } };
    const { status, body } = await send(exchangeOf('modern', message, { headers: { 'mcp-protocol-version': MODERN } }));
    expect([status, body]).toEqual([202, {}]);
  });

  it.each(['GET', 'DELETE'])('offers no %s [R-MOD-01]', async (method) => {
    const answer = await send(exchangeOf('modern', undefined, { method, headers: { 'mcp-protocol-version': MODERN } }));
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'POST']);
  });

  it('acknowledges a subscription and, as its list never changes, completes it at once [R-MOD-15]', async () => {
    const message = {
      jsonrpc: '2.0',
      id: 'sub',
      method: 'subscriptions/listen',
      params: { notifications: { toolsListChanged: true }, _meta: META },
    };
    const headers = { 'mcp-protocol-version': MODERN, 'mcp-method': 'subscriptions/listen' };
    const response = toResponse(await upstream.handle(exchangeOf('modern', message, { headers })));
    const events = (await response.text())
      .split('\n')
      .flatMap((line) => (line.startsWith('data: ') ? [JSON.parse(line.slice(6)) as unknown] : []));
    const _meta = expect.objectContaining({ 'io.modelcontextprotocol/subscriptionId': 'sub' });
    expect(events).toEqual([
      { jsonrpc: '2.0', method: 'notifications/subscriptions/acknowledged', params: { notifications: {}, _meta } },
      { jsonrpc: '2.0', id: 'sub', result: { resultType: 'complete', _meta } },
    ]);
  });
});

describe('DocsUpstream, legacy era', () => {
  const LIST = { jsonrpc: '2.0', id: 'q', method: 'tools/list' };

  it.each([
    ['2025-11-25', '2025-11-25'],
    ['2025-06-18', '2025-06-18'],
    ['2025-03-26', '2025-03-26'],
    ['1999-01-01', '2025-11-25'],
    ['2024-11-05', '2025-11-25'],
    [MODERN, '2025-11-25'],
  ])('asked for %s, agrees on %s [R-LEG-03]', async (asked, agreed) => {
    const { answer } = await initialize(asked);
    expect(answer.status).toBe(200);
    expect(answer.body.result).toMatchObject({
      protocolVersion: agreed,
      serverInfo: { name: 'gatehouse-docs', title: 'Docs', version: expect.stringMatching(/^\d/) },
      instructions: expect.stringMatching(/search_docs.*read_docs/),
    });
  });

  it('gives sessions ids of visible ASCII with more than 128 random bits [R-LEG-05]', async () => {
    const [one, two] = [await initialize(), await initialize()];
    expect(one.id).toMatch(/^[\x21-\x7e]{22,}$/);
    expect(one.id).not.toBe(two.id);
  });

  it('answers requests of a session, and takes notifications and responses without a word [R-LEG-02]', async () => {
    const { id } = await initialize();
    expect(listOf(await legacy(id, LIST))).toEqual(['search_docs', 'read_docs', 'query_docs_filesystem_docs', 'submit_feedback']);
    expect((await legacy(id, { ...LIST, method: 'ping' })).body).toEqual({ jsonrpc: '2.0', id: 'q', result: {} });
    for (const message of [
      { jsonrpc: '2.0', method: 'notifications/initialized' },
      { jsonrpc: '2.0', id: 1, result: {} },
    ]) {
      const { status, body } = await legacy(id, message);
      expect([status, body]).toEqual([202, {}]);
    }
  });

  it('answers unknown methods and tools within JSON-RPC', async () => {
    const { id } = await initialize();
    expect((await legacy(id, { ...LIST, method: 'server/discover' })).body.error.code).toBe(-32601);
    expect((await legacy(id, { ...LIST, method: 'tools/call', params: { name: 'x' } })).body.error).toEqual({
      code: -32602,
      message: 'Unknown tool: x',
    });
  });

  it('asks for the session id [R-LEG-07]', async () => {
    const { status, body } = await send(exchangeOf('legacy', LIST));
    expect([status, body.error.code]).toEqual([400, -32000]);
  });

  it('does not know a session of somebody else, an unknown one or an ended one [R-LEG-06, R-LEG-08]', async () => {
    const { id } = await initialize();
    const foreign = await legacy(id, LIST, { caller: BOB });
    const unknown = await legacy('nope', LIST);
    expect((await legacy(id, undefined, { method: 'DELETE', caller: BOB })).status).toBe(404);
    expect((await legacy(id, undefined, { method: 'DELETE' })).status).toBe(200);
    const ended = await legacy(id, LIST);
    for (const { status, body } of [foreign, unknown, ended]) {
      expect([status, body]).toEqual([
        404,
        { jsonrpc: '2.0', error: { code: -32001, message: 'Session not found. Start again with initialize.' } },
      ]);
    }
  });

  it('refuses a version that it does not speak, and takes none for the session’s own [R-LEG-04]', async () => {
    const { id } = await initialize();
    for (const version of ['abc', '2024-11-05', '']) {
      const { status, body } = await legacy(id, LIST, { headers: { 'mcp-protocol-version': version } });
      expect([status, body.error.code]).toEqual([400, -32600]);
    }
    expect((await legacy(id, LIST)).status).toBe(200);
    expect((await legacy(id, LIST, { headers: { 'mcp-protocol-version': '2025-11-25' } })).status).toBe(200);
  });

  it('takes arrays of messages in 2025-03-26 only [R-LEG-15]', async () => {
    const [old, later] = [await initialize('2025-03-26'), await initialize('2025-06-18')];
    const cancel = { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 'q' } };
    const batch = [LIST, cancel, { ...LIST, id: 2, method: 'tools/call', params: { name: 'x' } }];
    const answer = await legacy(old.id, batch);
    expect(answer.body).toMatchObject([
      { id: 'q', result: {} },
      { id: 2, error: { code: -32602 } },
    ]);
    expect((await legacy(old.id, [cancel])).status).toBe(202);
    const refused = await legacy(later.id, batch);
    expect([refused.status, refused.body.error.code]).toEqual([400, -32600]);
  });

  it.each([
    ['initialize', [{ jsonrpc: '2.0', id: 1, method: 'initialize', params: {} }]],
    ['nothing', []],
    ['no message', [5]],
    [
      'the same id twice',
      [
        { jsonrpc: '2.0', id: 1, method: 'ping' },
        { jsonrpc: '2.0', id: 1, method: 'ping' },
      ],
    ],
  ])('refuses an array with %s [R-LEG-15]', async (_, message) => {
    const { id } = await initialize('2025-03-26');
    const { status, body } = await legacy(id, message);
    expect([status, body.error.code]).toEqual([400, -32600]);
  });

  it('says what an initialize lacks', async () => {
    const { status, body } = await send(exchangeOf('legacy', { jsonrpc: '2.0', id: 7, method: 'initialize', params: {} }));
    expect([status, body.error.code, body.id]).toEqual([400, -32602, 7]);
  });

  it('lets another token of the same owner use the session with its own rights', async () => {
    const { id } = await initialize();
    const nothing = callerNamed('alice', () => false);
    expect(listOf(await legacy(id, LIST, { caller: nothing }))).toEqual([]);
    expect(listOf(await legacy(id, LIST))).toHaveLength(4);
  });

  const openStream = async (id: string, caller = ALICE): Promise<Response> =>
    toResponse(await upstream.handle(exchangeOf('legacy', undefined, { method: 'GET', headers: { 'mcp-session-id': id }, caller })));

  it('opens an event stream, and hands it over to a client that comes back [R-LEG-01]', async () => {
    const { id } = await initialize();
    const first = await openStream(id);
    expect([first.status, first.headers.get('content-type')]).toEqual([200, 'text/event-stream']);
    const second = await openStream(id);
    expect(second.status).toBe(200);
    expect(await first.text()).toBe('');
    await second.body?.cancel();
  });

  it('ends the streams and sessions of one caller at once', async () => {
    const [alice, bob] = [await initialize(), await initialize('2025-11-25', BOB)];
    const [stream, other] = [await openStream(alice.id), await openStream(bob.id, BOB)];
    upstream.endSessions('alice');
    expect(await stream.text()).toBe('');
    expect((await legacy(alice.id, LIST)).status).toBe(404);
    expect((await legacy(bob.id, LIST, { caller: BOB })).status).toBe(200);
    await other.body?.cancel();
  });
});

describe('DocsUpstream, odd input', () => {
  const METHODS = [
    'initialize',
    'ping',
    'tools/list',
    'tools/call',
    'server/discover',
    'subscriptions/listen',
    'notifications/cancelled',
    'x',
    '',
  ];
  const ODD = fc.oneof(
    fc.jsonValue(),
    fc.record(
      {
        jsonrpc: fc.constantFrom('2.0', '1.0'),
        id: fc.oneof(fc.string(), fc.integer(), fc.double(), fc.constant(null)),
        method: fc.oneof(fc.constantFrom(...METHODS), fc.jsonValue()),
        params: fc.oneof(
          fc.jsonValue(),
          fc.record(
            {
              name: fc.oneof(fc.constantFrom('search_docs', 'read_docs', 'submit_feedback'), fc.jsonValue()),
              arguments: fc.jsonValue(),
              _meta: fc.jsonValue(),
            },
            { requiredKeys: [] },
          ),
          fc.record({
            name: fc.constantFrom('search_docs', 'read_docs', 'submit_feedback'),
            arguments: fc.record({ query: fc.string(), path: fc.string(), section: fc.string() }, { requiredKeys: [] }),
            _meta: fc.constant(META),
          }),
        ),
      },
      { requiredKeys: [] },
    ),
  );

  it('is never a fault of ours, and is always answered', async () => {
    const { id } = await initialize('2025-03-26');
    await fc.assert(
      fc.asyncProperty(fc.oneof(ODD, fc.array(ODD, { maxLength: 4 })), fc.boolean(), async (message, isModern) => {
        const named = message as { method?: unknown; params?: { name?: unknown } } | null;
        const plain = (value: unknown) => (typeof value === 'string' && /^[\x21-\x7e]+$/.test(value) ? value : 'x');
        const headers: Record<string, string> = isModern
          ? { 'mcp-protocol-version': MODERN, 'mcp-method': plain(named?.method), 'mcp-name': plain(named?.params?.name) }
          : { 'mcp-session-id': id };
        const exchange = exchangeOf(isModern ? 'modern' : 'legacy', message, { headers });
        const response = await upstream.handle(exchange).then(toResponse, (error: unknown) => {
          if (error instanceof McpError) return new Response(null, { status: error.status });
          throw error;
        });
        expect(response.status).toBeLessThan(500);
        await response.body?.cancel();
      }),
      { numRuns: 1000 },
    );
  });
});
