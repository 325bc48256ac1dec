import { describe, expect, it } from '@jest/globals';
import { McpError } from '../protocol/mcp-error.js';
import type { HttpCall } from './http-call.js';
import { readMessage, type ReadMessage } from './read-message.js';

const VERSION = 'io.modelcontextprotocol/protocolVersion';
const CAPABILITIES = 'io.modelcontextprotocol/clientCapabilities';
const META = { [VERSION]: '2026-07-28', [CAPABILITIES]: {} };

type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** A request as Node would show it: repeated headers joined, raw ones in turn. */
function request(method: string, headers: Headers, body?: unknown): HttpCall {
  const sent = Object.entries<string | string[] | undefined>({ 'content-type': 'application/json', accept: '*/*', ...headers });
  const present = sent.flatMap(([name, value]) => (value === undefined ? [] : [{ name, values: [value].flat() }]));
  return {
    method,
    headers: Object.fromEntries(present.map(({ name, values }) => [name.toLowerCase(), values.join(', ')])),
    rawHeaders: present.flatMap(({ name, values }) => values.flatMap((value) => [name, value])),
    body: toBytes(body),
    address: '192.0.2.1',
  };
}

function toBytes(body: unknown): Buffer | undefined {
  if (body === undefined || Buffer.isBuffer(body)) return body;
  return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
}

const legacy = (body: unknown, headers: Headers = {}): ReadMessage => readMessage(request('POST', headers, body));

const call = (method: string, params: object = {}, meta: object = META) => ({
  jsonrpc: '2.0',
  id: 7,
  method,
  params: { ...params, _meta: meta },
});

const modern = (body: unknown, headers: Headers = {}): ReadMessage => {
  const method = (body as { method?: string }).method;
  return readMessage(request('POST', { 'MCP-Protocol-Version': '2026-07-28', 'Mcp-Method': method, ...headers }, body));
};

function refusal(act: () => unknown): { status: number; code: number; id?: unknown; data?: unknown; headers: unknown } {
  try {
    act();
  } catch (error) {
    if (!(error instanceof McpError)) throw error;
    const { status, code, id, data, headers } = error;
    return { status, code, id, data, headers };
  }
  throw new Error('It was not refused');
}

const LIST = { jsonrpc: '2.0', id: 1, method: 'tools/list' };
const SEARCH = { jsonrpc: '2.0', id: 'a', method: 'tools/call', params: { name: 'search_docs', arguments: { q: 'x' } } };

describe('readMessage, either era', () => {
  it.each(['text/plain', undefined, 'application/x-www-form-urlencoded'])('refuses the content type %s [R-GWC-16]', (type) => {
    expect(refusal(() => legacy(LIST, { 'content-type': type }))).toMatchObject({ status: 415, code: -32600 });
  });

  it.each(['gzip', 'identity'])('refuses a content encoding: %s [R-GWC-16]', (encoding) => {
    expect(refusal(() => legacy(LIST, { 'content-encoding': encoding }))).toMatchObject({ status: 415, code: -32600 });
  });

  it('refuses an Accept that does not admit both answers [R-GWC-16]', () => {
    expect(refusal(() => legacy(LIST, { accept: 'application/json' }))).toMatchObject({ status: 406, code: -32600 });
  });

  it.each([undefined, '', '{', '{"a":1}x', '\ufeff{}', Buffer.from([0x22, 0xff, 0x22])])(
    'answers what is not JSON with -32700: %j',
    (body) => {
      expect(refusal(() => legacy(body))).toMatchObject({ status: 400, code: -32700, id: undefined });
    },
  );

  it.each([
    ['duplicate members [R-GWC-04]', '{"jsonrpc":"2.0","id":1,"method":"tools/list","method":"tools/call"}'],
    ['a body that is nested too deeply', `{"jsonrpc":"2.0","id":1,"method":"x","params":{"a":${'['.repeat(70)}${']'.repeat(70)}}}`],
    ['a string', '"tools/list"'],
    ['null', 'null'],
    ['no jsonrpc', '{"id":1,"method":"ping"}'],
    ['jsonrpc 1.0', '{"jsonrpc":"1.0","id":1,"method":"ping"}'],
    ['a null id', '{"jsonrpc":"2.0","id":null,"method":"ping"}'],
    ['an object for an id', '{"jsonrpc":"2.0","id":{},"method":"ping"}'],
    ['an id beyond all numbers', '{"jsonrpc":"2.0","id":1e309,"method":"ping"}'],
    ['a boolean id', '{"jsonrpc":"2.0","id":true,"method":"ping"}'],
    ['a method that is no string', '{"jsonrpc":"2.0","id":1,"method":5}'],
    ['neither method nor result', '{"jsonrpc":"2.0","id":1}'],
    ['a method and a result', '{"jsonrpc":"2.0","id":1,"method":"ping","result":{}}'],
    ['a result and an error', '{"jsonrpc":"2.0","id":1,"result":{},"error":{}}'],
    ['a result without an id', '{"jsonrpc":"2.0","result":{}}'],
    ['two requests of an array with one id', '[{"jsonrpc":"2.0","id":1,"method":"ping"},{"jsonrpc":"2.0","id":1,"method":"ping"}]'],
    ['initialize without an id', '{"jsonrpc":"2.0","method":"initialize","params":{}}'],
    ['params that are an array', '{"jsonrpc":"2.0","id":1,"method":"ping","params":[]}'],
    ['params that are null', '{"jsonrpc":"2.0","id":1,"method":"ping","params":null}'],
  ])('answers %s with -32600', (_what, body) => {
    expect(refusal(() => legacy(body))).toMatchObject({ status: 400, code: -32600 });
  });

  it('names the id in an error wherever it can be read', () => {
    expect(refusal(() => legacy('{"jsonrpc":"2.0","id":"x","method":"ping","params":[]}')).id).toBe('x');
  });

  it.each(['tools/call', 'prompts/get', 'resources/read'])('answers %s without its target as the method would: 200, -32602', (method) => {
    expect(refusal(() => legacy({ jsonrpc: '2.0', id: 3, method }))).toMatchObject({ status: 200, code: -32602, id: 3 });
    expect(refusal(() => modern(call(method)))).toMatchObject({ status: 200, code: -32602, id: 7 });
    // A notification gets no response, and of an array nothing else is answered then: HTTP has to say that it was refused.
    expect(refusal(() => legacy({ jsonrpc: '2.0', method }))).toMatchObject({ status: 400, code: -32602, id: undefined });
    const batch = [
      { jsonrpc: '2.0', id: 2, method: 'ping' },
      { jsonrpc: '2.0', id: 3, method },
    ];
    expect(refusal(() => legacy(batch))).toMatchObject({ status: 400, code: -32602 });
  });

  it.each(['PUT', 'PATCH', 'HEAD', 'OPTIONS'])('offers no %s', (method) => {
    expect(refusal(() => readMessage(request(method, {})))).toMatchObject({ status: 405, headers: { allow: 'GET, POST, DELETE' } });
    const headers = { 'mcp-protocol-version': '2026-07-28' };
    expect(refusal(() => readMessage(request(method, headers)))).toMatchObject({ status: 405, headers: { allow: 'POST' } });
  });
});

describe('readMessage, era [R-GWC-02]', () => {
  it.each([
    ['no version at all', undefined, undefined, 'legacy'],
    ['a legacy header', '2025-11-25', undefined, 'legacy'],
    ['a modern header and _meta', '2026-07-28', '2026-07-28', 'modern'],
  ])('reads %s as such', (_what, header, claimed, era) => {
    const body = claimed === undefined ? LIST : call('tools/list');
    expect(readMessage(request('POST', { 'mcp-protocol-version': header, 'mcp-method': 'tools/list' }, body)).era).toBe(era);
  });

  it('is modern by _meta alone, whatever version that names', () => {
    expect(refusal(() => legacy(call('tools/list'))).code).toBe(-32020);
    expect(refusal(() => legacy(call('tools/list', {}, { ...META, [VERSION]: 5 }))).code).toBe(-32602);
  });

  it('is modern by a header that names a later version', () => {
    expect(refusal(() => legacy(LIST, { 'mcp-protocol-version': '2027-01-01' })).code).toBe(-32602);
  });

  it('is not decided by the method: initialize with modern metadata is a method like any other', () => {
    expect(modern(call('initialize'))).toMatchObject({ era: 'modern', operations: [{ method: 'initialize' }] });
  });
});

describe('readMessage, legacy', () => {
  it('names operation, target and id', () => {
    expect(legacy(SEARCH)).toEqual({
      era: 'legacy',
      operations: [{ method: 'tools/call', target: 'search_docs', arguments: { q: 'x' } }],
      message: SEARCH,
      id: 'a',
    });
    expect(legacy({ jsonrpc: '2.0', id: 0, method: 'resources/read', params: { uri: 'docs://a' } })).toMatchObject({
      operations: [{ method: 'resources/read', target: 'docs://a' }],
      id: 0,
    });
  });

  it('follows the body, not mirrored headers [R-LEG-16]', () => {
    expect(legacy(SEARCH, { 'mcp-method': 'ping', 'mcp-name': 'other' }).operations[0]).toEqual({
      method: 'tools/call',
      target: 'search_docs',
      arguments: { q: 'x' },
    });
  });

  it.each(['2025-03-26', '2025-06-18', '2025-11-25', undefined])('accepts the version header %s [R-LEG-04]', (version) => {
    expect(legacy(LIST, { 'mcp-protocol-version': version }).era).toBe('legacy');
  });

  it.each(['abc', '2024-11-05', '1999-01-01', ''])('refuses the version header %j with 400, -32600 [R-LEG-04]', (version) => {
    expect(refusal(() => legacy(LIST, { 'mcp-protocol-version': version }))).toMatchObject({ status: 400, code: -32600, id: 1 });
    expect(refusal(() => readMessage(request('DELETE', { 'mcp-protocol-version': version })))).toMatchObject({ status: 400, code: -32600 });
  });

  it('leaves the version asked for in initialize to the upstream [R-LEG-03]', () => {
    const initialize = { jsonrpc: '2.0', id: 1, method: 'initialize', params: { protocolVersion: '1999-01-01' } };
    expect(legacy(initialize).era).toBe('legacy');
  });

  it('reads a response as no operation [R-LEG-14]', () => {
    expect(legacy({ jsonrpc: '2.0', id: 4, result: {} })).toMatchObject({ era: 'legacy', operations: [], id: undefined });
    expect(legacy({ jsonrpc: '2.0', error: { code: 1, message: 'x' } }).operations).toEqual([]);
  });

  it('takes GET for an event stream and DELETE for a session [R-LEG-01]', () => {
    expect(readMessage(request('GET', { accept: 'text/event-stream' }))).toEqual({
      era: 'legacy',
      operations: [],
      message: undefined,
      id: undefined,
    });
    expect(readMessage(request('DELETE', {})).era).toBe('legacy');
  });

  it('refuses a GET that asks for no event stream, such as a browser makes', () => {
    expect(refusal(() => readMessage(request('GET', { accept: 'text/html,*/*;q=0.8' })))).toMatchObject({ status: 406 });
  });
});

describe('readMessage, batches [R-LEG-15]', () => {
  it.each(['2025-03-26', undefined])('names every operation of an array under the version %s', (version) => {
    const read = legacy([LIST, SEARCH, { jsonrpc: '2.0', id: 4, result: {} }], { 'mcp-protocol-version': version });
    expect(read.operations).toEqual([{ method: 'tools/list' }, { method: 'tools/call', target: 'search_docs', arguments: { q: 'x' } }]);
    expect(read.id).toBeUndefined();
  });

  it.each([
    ['under a later version', [LIST], '2025-06-18'],
    ['under the modern version [R-MOD-02]', [LIST], '2026-07-28'],
    ['that is empty', [], undefined],
    ['that is too long', Array.from({ length: 101 }, () => LIST), undefined],
    ['with an initialize', [LIST, { jsonrpc: '2.0', id: 1, method: 'initialize' }], undefined],
    ['with a modern element', [LIST, call('tools/list')], undefined],
    ['with an invalid element', [LIST, 5], undefined],
    ['within an array', [[LIST]], undefined],
  ])('refuses an array %s', (_what, body, version) => {
    expect(refusal(() => legacy(body, { 'mcp-protocol-version': version }))).toMatchObject({ status: 400, code: -32600 });
  });
});

describe('readMessage, modern', () => {
  it('names operation, target and id', () => {
    const message = call('tools/call', { name: 'search_docs' });
    expect(modern(message, { 'mcp-name': 'search_docs' })).toEqual({
      era: 'modern',
      operations: [{ method: 'tools/call', target: 'search_docs', arguments: {} }],
      message,
      id: 7,
    });
  });

  it.each(['GET', 'DELETE'])('refuses %s with Allow: POST [R-MOD-01]', (method) => {
    const headers = { 'mcp-protocol-version': '2026-07-28', accept: 'text/event-stream' };
    expect(refusal(() => readMessage(request(method, headers)))).toMatchObject({ status: 405, headers: { allow: 'POST' } });
  });

  it('refuses a response [R-MOD-02]', () => {
    expect(refusal(() => modern({ jsonrpc: '2.0', id: 1, result: {} }))).toMatchObject({ status: 400, code: -32600 });
  });

  it.each([
    ['no _meta', { jsonrpc: '2.0', id: 7, method: 'tools/list' }],
    ['no version in _meta', call('tools/list', {}, { [CAPABILITIES]: {} })],
    ['no capabilities in _meta', call('tools/list', {}, { [VERSION]: '2026-07-28' })],
    ['capabilities that are no object', call('tools/list', {}, { ...META, [CAPABILITIES]: [] })],
  ])('answers %s with 400, -32602 and the id [R-MOD-03]', (_what, message) => {
    expect(refusal(() => modern(message))).toMatchObject({ status: 400, code: -32602, id: 7 });
  });

  it('needs no clientInfo [R-MOD-03]', () => {
    expect(modern(call('tools/list')).era).toBe('modern');
  });

  it.each([
    ['header absent', undefined, '2026-07-28'],
    ['header and _meta differ', '2026-07-28', 'v999.0.0'],
    ['legacy header', '2025-11-25', '2026-07-28'],
    ['header repeated', ['2026-07-28', '2026-07-28'], '2026-07-28'],
  ])('answers a version mismatch with 400, -32020 before support is looked at: %s [R-MOD-04]', (_what, header, claimed) => {
    const message = call('tools/list', {}, { ...META, [VERSION]: claimed });
    expect(refusal(() => modern(message, { 'MCP-Protocol-Version': header }))).toMatchObject({ status: 400, code: -32020, id: 7 });
  });

  it.each(['v999.0.0', '2027-01-01', '2025-11-25'])(
    'answers the version %s on both sides with 400, -32022 and what it supports [R-MOD-05]',
    (version) => {
      const message = call('tools/list', {}, { ...META, [VERSION]: version });
      expect(refusal(() => modern(message, { 'MCP-Protocol-Version': version }))).toMatchObject({
        status: 400,
        code: -32022,
        id: 7,
        data: { supported: ['2026-07-28'], requested: version },
      });
    },
  );

  it.each([undefined, 'TOOLS/LIST', 'tools/call', ['tools/list', 'tools/list']])(
    'answers Mcp-Method: %j with 400, -32020 [R-MOD-06]',
    (method) => {
      expect(refusal(() => modern(call('tools/list'), { 'Mcp-Method': method }))).toMatchObject({ status: 400, code: -32020, id: 7 });
    },
  );

  it.each([
    ['tools/call', { name: 'x' }],
    ['prompts/get', { name: 'x' }],
    ['resources/read', { uri: 'x' }],
    ['tasks/get', { taskId: 'x' }],
    ['tasks/update', { taskId: 'x' }],
    ['tasks/cancel', { taskId: 'x' }],
  ])('compares Mcp-Name of %s with its body [R-MOD-06]', (method, params) => {
    expect(modern(call(method, params), { 'mcp-name': ' x ' }).era).toBe('modern');
    expect(modern(call(method, params), { 'MCP-NAME': '=?base64?eA==?=' }).era).toBe('modern');
    for (const name of [undefined, 'X', 'y', '', '=?base64?eA?=', ['x', 'x']]) {
      expect(refusal(() => modern(call(method, params), { 'mcp-name': name }))).toMatchObject({ status: 400, code: -32020, id: 7 });
    }
  });

  it('ignores Mcp-Name where the method has none', () => {
    expect(modern(call('tools/list'), { 'mcp-name': 'x' }).era).toBe('modern');
  });

  it('takes a resource URI with a comma for what it is [R-MOD-07]', () => {
    expect(modern(call('resources/read', { uri: 'docs://a, b' }), { 'mcp-name': 'docs://a, b' }).era).toBe('modern');
  });

  it('has no header rules for notifications [R-MOD-21]', () => {
    const cancelled = { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1 } };
    expect(modern(cancelled, { 'Mcp-Method': undefined })).toMatchObject({ era: 'modern', id: undefined });
    expect(refusal(() => modern(cancelled, { 'MCP-Protocol-Version': '2027-01-01' }))).toMatchObject({ code: -32022, id: undefined });
  });

  it('checks in the order of section 18', () => {
    const both = call('tools/call', { name: 'a' }, { [VERSION]: 'v9' });
    expect(refusal(() => modern(both, { 'Mcp-Method': 'wrong' })).code).toBe(-32602);
    const version = call('tools/call', { name: 'a' }, { ...META, [VERSION]: 'v9' });
    expect(refusal(() => modern(version, { 'Mcp-Method': 'wrong' })).code).toBe(-32020);
    expect(refusal(() => modern(version, { 'Mcp-Method': 'wrong', 'MCP-Protocol-Version': 'v9' })).code).toBe(-32022);
  });
});
