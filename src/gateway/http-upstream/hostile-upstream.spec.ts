import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { type Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { META, MODERN, until, within } from '../../../test/support/http-upstream.js';
import { Sealer } from '../../database/sealer.js';
import { EgressPolicy } from '../../egress/egress-policy.js';
import { resolveAll } from '../../egress/guarded-connector.js';
import { GuardedPool } from '../../egress/guarded-pool.js';
import type { Exchange, UpstreamAnswer } from '../../protocol/exchange.js';
import { OwnExchange } from '../upstream-call.js';
import { NO_AUTH } from '../upstream-auth/no-auth.js';
import { HttpUpstream } from './http-upstream.js';

/** What an upstream does with the bytes of a connection, once it has read a call of this tool. */
type Misbehave = (socket: Socket) => void;

const GOOD = '{"jsonrpc":"2.0","id":7,"result":{}}';
const JSON_TYPE = 'content-type: application/json\r\n';
const withLength = (text: string, length = text.length): string =>
  `HTTP/1.1 200 OK\r\n${JSON_TYPE}content-length: ${length}\r\n\r\n${text}`;
const CHUNKED = `HTTP/1.1 200 OK\r\n${JSON_TYPE}transfer-encoding: chunked\r\n\r\n`;
const STREAM = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n';
const chunk = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`;

/** Writes again and again, no faster than it is read, until the other side has had enough. */
function endlessly(socket: Socket, text: string): void {
  const more = (): void => {
    while (!socket.destroyed) if (!socket.write(text)) return void socket.once('drain', more);
  };
  more();
}

/** Writes a little every now and then. */
function dripping(socket: Socket, text: string): void {
  const timer = setInterval(() => socket.write(text), 20);
  socket.once('close', () => clearInterval(timer));
}

const UNREACHABLE: Readonly<Record<string, Misbehave>> = {
  'resets the connection before it answers': (socket) => void socket.resetAndDestroy(),
  'ends the connection before it answers': (socket) => void socket.end(),
  'resets it within the status line': (socket) => void socket.write('HTTP/1.1 2', () => socket.resetAndDestroy()),
  'resets it within the headers': (socket) => void socket.write(`HTTP/1.1 200 OK\r\n${JSON_TYPE}`, () => socket.resetAndDestroy()),
  'resets it before the body': (socket) => void socket.write(withLength('', 100), () => setTimeout(() => socket.resetAndDestroy(), 20)),
  'ends it within the body': (socket) => void socket.end(withLength(GOOD.slice(0, 9), 100)),
  'resets it within a chunk': (socket) => void socket.write(`${CHUNKED}20\r\n{"jso`, () => setTimeout(() => socket.resetAndDestroy(), 20)),
};

const MALFORMED: Readonly<Record<string, Misbehave>> = {
  'is no HTTP server': (socket) => void socket.end('SSH-2.0-OpenSSH_9.2\r\n'),
  'sends more headers than anybody needs': (socket) =>
    void socket.write(`HTTP/1.1 200 OK\r\n${`x-filler: ${'x'.repeat(1000)}\r\n`.repeat(40)}`),
  'gives two lengths': (socket) => void socket.end(`HTTP/1.1 200 OK\r\n${JSON_TYPE}content-length: 3\r\ncontent-length: 36\r\n\r\n${GOOD}`),
  'gives a length and chunks': (socket) =>
    void socket.end(`HTTP/1.1 200 OK\r\n${JSON_TYPE}content-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`),
  'counts its chunks wrong': (socket) => void socket.end(`${CHUNKED}zz\r\n${GOOD}\r\n0\r\n\r\n`),
  'continues what was not interrupted': (socket) => void socket.end('HTTP/1.1 100 Continue\r\n\r\n'),
  'switches to another protocol': (socket) =>
    void socket.end('HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n'),
  'answers with half a document': (socket) => void socket.end(withLength(GOOD.slice(0, -1))),
  'answers for somebody else': (socket) => void socket.end(withLength(GOOD.replace('7', '8'))),
  'answers twice in one document': (socket) => void socket.end(withLength(`[${GOOD},${GOOD}]`)),
};

const LATE: Readonly<Record<string, Misbehave>> = {
  'says nothing': () => undefined,
  'drips a header': (socket) => {
    socket.write('HTTP/1.1 200 OK\r\nx-slow: ');
    dripping(socket, 'x');
  },
  'says again and again that it goes on': (socket) => dripping(socket, 'HTTP/1.1 103 Early Hints\r\n\r\n'),
  'stops within the body': (socket) => void socket.write(withLength(GOOD.slice(0, 9), 100)),
};

describe('an upstream that lies', () => {
  let server: Server;
  let http: HttpUpstream;
  let impatient: HttpUpstream;
  let misbehave: Misbehave | undefined;
  const late = new Map<Socket, string>();
  const sockets = new Set<Socket>();

  beforeEach(async () => {
    misbehave = undefined;
    server = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.once('close', () => sockets.delete(socket));
      socket.on('data', (data) => answer(socket, data.toString('latin1')));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`;
    http = connect(url, 10);
    impatient = connect(url, 0.5);
    await http.eras();
    await impatient.eras();
  });

  afterEach(async () => {
    await http.close();
    await impatient.close();
    for (const socket of sockets) socket.destroy();
    server.close();
  });

  /** One request after the other, each in one piece, as the gateway sends them. */
  function answer(socket: Socket, text: string): void {
    socket.write(late.get(socket) ?? '');
    late.delete(socket);
    if (text.includes('"server/discover"'))
      return void socket.write(withLength(`{"jsonrpc":"2.0","id":1,"result":{"supportedVersions":["${MODERN}"]}}`));
    if (!text.includes('"tools/call"')) return void socket.write('HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n');
    const once = misbehave;
    misbehave = undefined;
    if (once) once(socket);
    else socket.write(withLength(GOOD));
  }

  const call = (upstream = http): Promise<UpstreamAnswer> => upstream.handle(exchange());

  async function expectNextWorks(): Promise<void> {
    const answer = await within(call());
    expect([answer.status, await textOf(answer)]).toEqual([200, GOOD]);
  }

  it.each(Object.entries(UNREACHABLE))('and %s is answered with 502, and the next call works', async (_name, act) => {
    misbehave = act;
    await expect(within(call())).rejects.toMatchObject({ status: 502, code: -32603, id: 7 });
    await expectNextWorks();
  });

  it.each(Object.entries(MALFORMED))('and %s is answered with 502, and the next call works', async (_name, act) => {
    misbehave = act;
    await expect(within(call())).rejects.toMatchObject({ status: 502, code: -32603, id: 7 });
    await expectNextWorks();
  });

  it.each(Object.entries(LATE))('and %s is answered with 504, and the next call works', async (_name, act) => {
    misbehave = act;
    await expect(within(call(impatient), 8000)).rejects.toMatchObject({ status: 504, code: -32603, id: 7 });
    await expectNextWorks();
  });

  it.each([
    ['a stream', STREAM + chunk(': here\n\n')],
    ['a long document', withLength('', 10_000_000)],
  ])('and answers a notification with %s has that discarded', async (_name, text) => {
    misbehave = (socket) => void socket.write(text);
    const message = { jsonrpc: '2.0', method: 'notifications/x', params: { _meta: META, of: 'tools/call' } };
    const notification = new OwnExchange({ ...exchange(), message, id: undefined, operations: [{ method: message.method }] });
    expect(await http.handle(notification)).toMatchObject({ status: 202, body: undefined });
    await until(() => misbehave === undefined);
    await expectNextWorks();
  });

  it('and sends a second response behind the first has it discarded: nobody else gets it', async () => {
    misbehave = (socket) => void socket.write(withLength(GOOD) + withLength(GOOD.replace('{}', '{"poison":true}')));
    expect(await textOf(await within(call()))).toBe(GOOD);
    for (let i = 0; i < 5; i++) await expectNextWorks();
  });

  it.each([
    ['the wrong id', withLength(GOOD.replace('7', '8'))],
    [
      'an error for somebody else',
      withLength('{"jsonrpc":"2.0","id":8,"error":{"code":1,"message":""}}').replace('200 OK', '400 Bad Request'),
    ],
    ['no JSON', withLength('<html>')],
  ])('and answers one late behind %s loses the connection: nobody gets the answer of another', async (_what, text) => {
    misbehave = (socket) => {
      late.set(socket, withLength(GOOD.replace('{}', '{"poison":true}')));
      socket.write(text);
    };
    await expect(within(call())).rejects.toMatchObject({ id: 7 });
    for (let i = 0; i < 3; i++) await expectNextWorks();
  });

  it('and answers before it is asked has that discarded', async () => {
    await expectNextWorks();
    for (const socket of sockets) socket.write(withLength(GOOD.replace('{}', '{"poison":true}')));
    await until(() => sockets.size === 0);
    await expectNextWorks();
  });

  it('and never ends a document keeps memory flat, and is left when its reader leaves', async () => {
    misbehave = (socket) => {
      socket.write(`${CHUNKED}${chunk('{"jsonrpc":"2.0","id":7,"result":"')}`);
      endlessly(socket, chunk('x'.repeat(60_000)));
    };
    const { body } = await within(call());
    const before = process.memoryUsage.rss();
    let size = 0;
    for await (const part of body as AsyncIterable<Buffer>) {
      size += part.length;
      if (size > 96 * 1024 * 1024) break;
    }
    expect(process.memoryUsage.rss() - before).toBeLessThan(64 * 1024 * 1024);
    await until(() => sockets.size === 0);
    await expectNextWorks();
  }, 30_000);

  it('and breaks off a stream, or fills it with one endless event, leaves an error that the client understands or a break', async () => {
    misbehave = (socket) => void socket.write(`${STREAM}${chunk(': hello\n\n')}`, () => setTimeout(() => socket.resetAndDestroy(), 20));
    expect(await within(textOf(await within(call())))).toMatch(/^: hello\n\nevent: message\ndata: \{"jsonrpc":"2\.0","id":7,"error":/);
    misbehave = (socket) => {
      socket.write(STREAM);
      endlessly(socket, chunk(`data: ${'x'.repeat(60_000)}`));
    };
    const { body } = await within(call());
    const before = process.memoryUsage.rss();
    let size = 0;
    for await (const part of body as AsyncIterable<Buffer>) {
      size += part.length;
      if (size > 48 * 1024 * 1024) break;
    }
    expect(process.memoryUsage.rss() - before).toBeLessThan(40 * 1024 * 1024);
    await expectNextWorks();
  }, 30_000);

  it('and stops within a stream ends it in time', async () => {
    misbehave = (socket) => void socket.write(`${STREAM}${chunk(': hello\n\n')}`);
    expect(await within(textOf(await within(call(impatient))), 8000)).toContain('"code":-32603');
  });
});

function connect(url: string, timeoutSeconds: number): HttpUpstream {
  return new HttpUpstream({
    serverId: 'server',
    url,
    resource: 'http://localhost:3000/authed/mcp/x',
    pool: new GuardedPool(new URL(url), new EgressPolicy(['127.0.0.0/8']), resolveAll),
    auth: NO_AUTH,
    sealer: new Sealer(randomBytes(32)),
    clock: Date.now,
    timeoutSeconds,
  });
}

function exchange(): Exchange {
  const params = { name: 'x', arguments: {}, _meta: META };
  return new OwnExchange({
    headers: { 'content-type': 'application/json', 'mcp-protocol-version': MODERN, 'mcp-method': 'tools/call', 'mcp-name': 'x' },
    message: { jsonrpc: '2.0', id: 7, method: 'tools/call', params },
    id: 7,
    operations: [{ method: 'tools/call', target: 'x' }],
    era: 'modern',
    url: 'http://localhost:3000/authed/mcp/x',
    caller: { owner: 'c1', audience: 'authenticated', groups: [], isAllowed: () => true },
    signal: new AbortController().signal,
  });
}

async function textOf({ body }: UpstreamAnswer): Promise<string> {
  if (Buffer.isBuffer(body)) return body.toString('utf8');
  const chunks: Buffer[] = [];
  for await (const part of body as Readable as AsyncIterable<Buffer>) chunks.push(part);
  return Buffer.concat(chunks).toString('utf8');
}
