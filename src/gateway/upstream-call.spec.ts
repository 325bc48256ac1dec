import { Readable } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import { jsonAnswer } from '../protocol/answer.js';
import type { UpstreamAnswer } from '../protocol/exchange.js';
import { McpError } from '../protocol/mcp-error.js';
import type { JsonObject } from './message-shape.js';
import { modernExchange, readResult, RemoteError } from './upstream-call.js';

const caller = { owner: 'c1', audience: 'authenticated' as const, groups: [], isAllowed: () => true };
const { signal } = new AbortController();

const stream = (...parts: string[]): UpstreamAnswer => ({
  status: 200,
  headers: { 'content-type': 'text/event-stream' },
  body: Readable.from(parts.map((part) => Buffer.from(part))),
});

describe('modernExchange', () => {
  it('says in its headers what it says in its body, wrapped where a header cannot carry it [R-MOD-06, R-MOD-07]', () => {
    const params = { name: 'größe', _meta: { progressToken: 7 } };
    const { headers, body, operations } = modernExchange({ method: 'tools/call', params, id: 'a', url: 'http://x', caller, signal });
    expect(headers).toMatchObject({
      'mcp-method': 'tools/call',
      'mcp-name': '=?base64?Z3LDtsOfZQ==?=',
      'mcp-protocol-version': '2026-07-28',
    });
    expect(JSON.parse(String(body))).toEqual({
      jsonrpc: '2.0',
      id: 'a',
      method: 'tools/call',
      params: {
        name: 'größe',
        _meta: {
          'io.modelcontextprotocol/protocolVersion': '2026-07-28',
          'io.modelcontextprotocol/clientCapabilities': {},
          progressToken: 7,
        },
      },
    });
    expect(operations).toEqual([{ method: 'tools/call', target: 'größe', arguments: {} }]);
  });
});

describe('readResult', () => {
  it('reads a JSON answer, and hands on what comes before it in a stream, however it is cut', async () => {
    expect(await readResult(jsonAnswer({ jsonrpc: '2.0', id: 1, result: { a: 1 } }), 1)).toEqual({ a: 1 });
    const seen: JsonObject[] = [];
    const answer = stream(': hi\n\nda', 'ta: {"method":"notifications/progress"}\n\ndata: {"id":1,', '"result":{"a":"ä"}}\n\n');
    expect(await readResult(answer, 1, (message) => void seen.push(message))).toEqual({ a: 'ä' });
    expect(seen).toEqual([{ method: 'notifications/progress' }]);
  });

  it('throws what the upstream refused with', async () => {
    const refused = jsonAnswer({ jsonrpc: '2.0', id: 1, error: { code: -32602, message: 'Unknown tool', data: 7 } }, 400);
    const error = await readResult(refused, 1).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ name: 'RemoteError', code: -32602, message: 'Unknown tool', data: 7 });
    expect(error).toBeInstanceOf(RemoteError);
  });

  it.each<[string, UpstreamAnswer]>([
    ['no answer', { status: 202, headers: {}, body: undefined }],
    ['HTML', { status: 200, headers: { 'content-type': 'text/html' }, body: Buffer.from('<p>') }],
    ['an array of numbers', jsonAnswer([1])],
    ['another id', jsonAnswer({ jsonrpc: '2.0', id: '1', result: {} })],
    ['a stream that ends too early', stream('data: {"id":1')],
    ['a stream of broken JSON', stream('data: {"id":1\n\n')],
    [
      'an endless answer',
      {
        status: 200,
        headers: {},
        body: Readable.from(
          (function* () {
            for (;;) yield Buffer.alloc(1 << 20, ' ');
          })(),
        ),
      },
    ],
  ])('takes %s for a fault of the upstream [R-GWC-08]', async (_what, answer) => {
    const error = await readResult(answer, 1).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(McpError);
    expect(error).toMatchObject({ status: 502, code: -32603 });
  });
});
