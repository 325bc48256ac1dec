import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createMcpHandler } from '@modelcontextprotocol/server';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from '../../test/support/properties.js';
import type { Caller, Era, UpstreamAnswer } from '../protocol/exchange.js';
import { answerDirectly, type DocsExchange } from './direct-answer.js';
import { DocsLibrary } from './docs-library.js';
import { partsOf } from './docs-upstream.js';
import type { DocsServerParts } from './docs-answers.js';
import { createMcpServer } from './mcp-server.js';
import { ShellThreads } from './shell/shell-threads.js';

const VERSION = 'io.modelcontextprotocol/protocolVersion';
const CAPABILITIES = 'io.modelcontextprotocol/clientCapabilities';
const CLIENT = 'io.modelcontextprotocol/clientInfo';
const META = { [VERSION]: '2026-07-28', [CAPABILITIES]: {}, [CLIENT]: { name: 'test', version: '1' } };

const ALICE: Caller = { owner: 'alice', audience: 'authenticated', groups: [], isAllowed: () => true };
const READER: Caller = { owner: 'bob', audience: 'authenticated', groups: [], isAllowed: ({ target }) => target === 'read_docs' };
const ANYONE: Caller = { owner: 'public', audience: 'public', groups: [], isAllowed: () => true };

let dir: string;
let library: DocsLibrary;
let shell: ShellThreads;
let parts: DocsServerParts;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'direct-answer-'));
  await writeFile(join(dir, 'index.md'), '---\npublic: true\n---\n# Wélcome 😀\n\nStart "here".\n\n## More\n\nText\n');
  await writeFile(join(dir, 'inner.md'), '# Inner\n\nStart there.\n');
  library = new DocsLibrary({ dir, indexFile: join(dir, '.index/docs.sqlite'), allPublic: false, warn: () => undefined });
  await library.open();
  shell = new ShellThreads();
  parts = partsOf({ library, name: 'Docs', suffix: 'docs', shell, keepFeedback: () => Promise.resolve(0) });
});

afterAll(async () => {
  await shell.close();
  await library.close();
  await rm(dir, { recursive: true });
});

interface Sent {
  readonly method?: unknown;
  readonly params?: { readonly [member: string]: unknown } | undefined;
}

function requestFor({ method, params }: Sent): Request {
  const plain = (value: unknown) => (typeof value === 'string' && /^[\x21-\x7e]+$/.test(value) ? value : 'x');
  const headers = {
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    'mcp-protocol-version': '2026-07-28',
    'mcp-method': plain(method),
    ...(params?.['name'] === undefined ? {} : { 'mcp-name': plain(params['name']) }),
  };
  return new Request('http://localhost/authed/mcp', { method: 'POST', headers });
}

async function answerOfSdk(message: Sent, caller: Caller): Promise<Response> {
  const handler = createMcpHandler(() => createMcpServer(parts, () => caller), { legacy: 'reject' });
  const response = await handler.fetch(requestFor(message), { parsedBody: message });
  const whole = new Response(await response.text(), response);
  await handler.close();
  return whole;
}

const textOf = ({ body }: UpstreamAnswer): string => (Buffer.isBuffer(body) ? body.toString('utf8') : '');

/** An exchange whose `Request` must not be needed. */
const exchangeOf = (message: unknown, caller: Caller, era: Era = 'modern'): DocsExchange => ({
  era,
  message,
  caller,
  get request(): Request {
    throw new Error('The request was made');
  },
});

const request = (method: string, params: Record<string, unknown> = {}, id: unknown = 1) => ({
  jsonrpc: '2.0',
  id,
  method,
  params: { ...params, _meta: META },
});

describe('answerDirectly', () => {
  const REQUESTS: readonly (readonly [what: string, message: ReturnType<typeof request>])[] = [
    ['a list', request('tools/list')],
    ['a list asked for under a name', request('tools/list', {}, 'é"1')],
    ['a search', request('tools/call', { name: 'search_docs', arguments: { query: 'start' } })],
    ['a search without hits', request('tools/call', { name: 'search_docs', arguments: { query: 'zebra' } })],
    ['a page', request('tools/call', { name: 'read_docs', arguments: { path: 'index' } })],
    ['a section', request('tools/call', { name: 'read_docs', arguments: { path: 'index', section: 'more' } })],
    ['a page that does not exist', request('tools/call', { name: 'read_docs', arguments: { path: 'nope' } })],
    ['arguments that do not fit', request('tools/call', { name: 'read_docs', arguments: { path: 7 } })],
    ['files', request('tools/call', { name: 'query_docs_filesystem_docs', arguments: { command: 'ls -a /' } })],
    ['a report', request('tools/call', { name: 'submit_feedback', arguments: { path: 'index', description: 'Unclear.' } })],
    ['no arguments', request('tools/call', { name: 'read_docs' })],
  ];

  it.each(REQUESTS)('answers %s with the very bytes of the SDK, for every caller', async (_, message) => {
    for (const caller of [ALICE, ANYONE, READER]) {
      const direct = await answerDirectly(parts, exchangeOf(message, caller));
      const sdk = await answerOfSdk(message, caller);
      if (caller !== READER) expect(direct).toBeDefined();
      if (!direct) continue;
      expect([direct.status, Object.entries(direct.headers), textOf(direct)]).toEqual([sdk.status, [...sdk.headers], await sdk.text()]);
    }
  });

  it.each<[string, unknown]>([
    ['a tool that is hidden', request('tools/call', { name: 'search_docs', arguments: { query: 'x' } })],
    ['a tool that does not exist', request('tools/call', { name: 'constructor' })],
    ['a tool without a name', request('tools/call', {})],
    ['arguments that are no object', request('tools/call', { name: 'read_docs', arguments: [] })],
    ['an argument named __proto__', request('tools/call', { name: 'read_docs', arguments: JSON.parse('{"__proto__":1}') as unknown })],
    ['members it does not know', request('tools/call', { name: 'read_docs', arguments: { path: 'index' }, task: {} })],
    ['a cursor', request('tools/list', { cursor: 'x' })],
    ['another method', request('server/discover')],
    ['no id', { jsonrpc: '2.0', method: 'tools/list', params: { _meta: META } }],
    ['an id that is no string or integer', request('tools/list', {}, 1.5)],
    ['no params', { jsonrpc: '2.0', id: 1, method: 'tools/list' }],
    ['another version', { ...request('tools/list'), params: { _meta: { ...META, [VERSION]: '2027-01-01' } } }],
    ['no capabilities', { ...request('tools/list'), params: { _meta: { [VERSION]: '2026-07-28' } } }],
    ['more in _meta', { ...request('tools/list'), params: { _meta: { ...META, progressToken: {} } } }],
    ['an odd client', { ...request('tools/list'), params: { _meta: { ...META, [CLIENT]: { name: 1 } } } }],
    ['an array', [request('tools/list')]],
    ['nothing', undefined],
  ])('leaves %s to the SDK', (_, message) => {
    expect(answerDirectly(parts, exchangeOf(message, READER))).toBeUndefined();
  });

  it('leaves the legacy era to its sessions', () => {
    expect(answerDirectly(parts, exchangeOf(request('tools/list'), ALICE, 'legacy'))).toBeUndefined();
  });

  it('never says anything else than the SDK, whatever the message', async () => {
    const meta = fc.oneof(
      { weight: 9, arbitrary: fc.constant(META) },
      fc.record({ [VERSION]: fc.constant('2026-07-28'), [CAPABILITIES]: fc.constant({}), [CLIENT]: fc.jsonValue() }, { requiredKeys: [] }),
    );
    const values = fc.oneof(
      fc.record({ query: fc.string(), limit: fc.integer() }, { requiredKeys: [] }),
      fc.record({ path: fc.constantFrom('index', 'inner', 'x', ''), section: fc.string() }, { requiredKeys: [] }),
      fc.jsonValue(),
    );
    const name = fc.oneof({ weight: 9, arbitrary: fc.constantFrom('search_docs', 'read_docs', '__proto__') }, fc.jsonValue());
    const message = fc.record({
      jsonrpc: fc.constant('2.0'),
      id: fc.oneof(fc.integer(), fc.string()),
      method: fc.constantFrom('tools/list', 'tools/call'),
      params: fc.oneof(
        fc.record({ name, arguments: values, _meta: meta }),
        fc.record({ name, arguments: values, _meta: meta }, { requiredKeys: ['_meta'] }),
      ),
    });
    let answered = 0;
    await fc.assert(
      fc.asyncProperty(message, async (sent) => {
        const direct = await answerDirectly(parts, exchangeOf(sent, ALICE));
        if (!direct) return;
        answered++;
        const sdk = await answerOfSdk(sent, ALICE);
        expect([direct.status, textOf(direct)]).toEqual([sdk.status, await sdk.text()]);
      }),
      { numRuns: 500 },
    );
    expect(answered).toBeGreaterThan(50);
  });
});
