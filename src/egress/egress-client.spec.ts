import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from '@jest/globals';
import fc from '../../test/support/properties.js';
import { EgressClient } from './egress-client.js';
import { EgressPolicy } from './egress-policy.js';
import type { Lookup } from './guarded-connector.js';

const LOOPBACK = ['127.0.0.0/8', '::1/128'];
const KIB = 1024;

const toClose: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of toClose.splice(0).reverse()) await close();
});

async function listen(server: Server, host = '127.0.0.1'): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => sockets.add(socket));
  server.listen(0, host);
  await once(server, 'listening');
  toClose.push(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return (server.address() as AddressInfo).port;
}

/** A server that speaks HTTP properly; `connections` counts. */
async function serve(answer: RequestListener, host?: string): Promise<{ url: string; port: number; seen: { connections: number } }> {
  const server = createServer(answer);
  const seen = { connections: 0 };
  server.on('connection', () => (seen.connections += 1));
  const port = await listen(server, host);
  return { url: `http://127.0.0.1:${port}`, port, seen };
}

/** A server that answers with these bytes, and then what `after` does. */
async function serveRaw(bytes: string | Buffer, after: (socket: Socket) => void = () => undefined): Promise<string> {
  const server = createTcpServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => {
      socket.write(bytes);
      after(socket);
    });
  });
  return `http://127.0.0.1:${await listen(server)}`;
}

function clientFor({ allow = LOOPBACK, lookup }: { allow?: readonly string[]; lookup?: Lookup } = {}): EgressClient {
  const client = new EgressClient(new EgressPolicy(allow), lookup);
  toClose.push(() => client.close());
  return client;
}

const hostOf = (address: string) => ({ address, family: address.includes(':') ? 6 : 4 });

describe('EgressClient', () => {
  it('gives status, headers and body, and sends what it is told', async () => {
    const { url } = await serve((request, response) => {
      let text = '';
      request.on('data', (chunk: Buffer) => (text += chunk.toString()));
      request.on('end', () => {
        response
          .writeHead(201, { 'x-answer': '1' })
          .end(JSON.stringify({ method: request.method, url: request.url, headers: request.headers, text }));
      });
    });
    const { status, headers, body } = await clientFor().request({
      url: `${url}/a?b=c`,
      method: 'POST',
      headers: { 'content-type': 'text/plain', authorization: 'Bearer x' },
      body: 'hello',
    });
    expect([status, headers['x-answer']]).toEqual([201, '1']);
    const { headers: sent, ...rest } = JSON.parse(body.toString());
    expect(rest).toEqual({ method: 'POST', url: '/a?b=c', text: 'hello' });
    expect(sent).toEqual({
      host: new URL(url).host,
      connection: 'close',
      'user-agent': 'gatehouse',
      'accept-encoding': 'identity',
      'content-type': 'text/plain',
      authorization: 'Bearer x',
      'content-length': '5',
    });
  });

  it('sends back no cookie that it was given', async () => {
    const cookies: (string | undefined)[] = [];
    const { url } = await serve((request, response) => {
      cookies.push(request.headers.cookie);
      response.writeHead(200, { 'set-cookie': 'a=b' }).end('{}');
    });
    const client = clientFor();
    await client.request({ url });
    await client.request({ url });
    expect(cookies).toEqual([undefined, undefined]);
  });

  it.each(['Cookie', 'host', 'Content-Length', 'transfer-encoding', 'accept-encoding', 'Proxy-Authorization', 'connection'])(
    'lets no caller set %s',
    async (name) => {
      const { url, seen } = await serve((_, response) => response.end());
      await expect(clientFor().request({ url: `${url}/p?q`, headers: { [name]: 'value-1' } })).rejects.toMatchObject({
        code: 'refused',
        message: `${url}: the header ${name} is not the caller's to set`,
      });
      expect(seen.connections).toBe(0);
    },
  );

  it('refuses a header that would be two', async () => {
    const { url, seen } = await serve((_, response) => response.end());
    await expect(clientFor().request({ url, headers: { 'x-a': 'value-1\r\nx-b: c' } })).rejects.toMatchObject({
      code: 'refused',
      message: `${url}: the request is malformed`,
    });
    expect(seen.connections).toBe(0);
  });

  it('uses no proxy that the environment names', async () => {
    const proxy = await serve((_, response) => response.end('proxy'));
    const { url } = await serve((_, response) => response.end('server'));
    const before = { ...process.env };
    Object.assign(process.env, { http_proxy: proxy.url, HTTP_PROXY: proxy.url, ALL_PROXY: proxy.url, NO_PROXY: '' });
    try {
      expect((await clientFor().request({ url })).body.toString()).toBe('server');
      expect(proxy.seen.connections).toBe(0);
    } finally {
      process.env = before;
    }
  });

  describe('getJson', () => {
    it('gives the object', async () => {
      const { url } = await serve((request, response) => response.end(JSON.stringify({ accept: request.headers.accept })));
      await expect(clientFor().getJson(url)).resolves.toEqual({ accept: 'application/json' });
    });

    it.each(['', '[]', 'null', '7', '"keys"', '{"keys":', '<html>body-1</html>', '\ufffd', '['.repeat(100_000)])(
      'refuses a body that is no JSON object',
      async (text) => {
        const { url } = await serve((_, response) => response.end(text));
        await expect(clientFor().getJson(`${url}/path-1?query-1`)).rejects.toMatchObject({
          code: 'status',
          message: `${url}: answered with something else than a JSON object`,
        });
      },
    );

    it('refuses a body that is not UTF-8', async () => {
      const { url } = await serve((_, response) => response.end(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])));
      await expect(clientFor().getJson(url)).rejects.toMatchObject({ code: 'status' });
    });

    it.each([201, 204, 400, 401, 404, 500, 503])('refuses status %i', async (status) => {
      const { url } = await serve((_, response) => response.writeHead(status, 'reason-1').end(status === 204 ? undefined : '{}'));
      await expect(clientFor().getJson(`${url}/path-1?query-1`)).rejects.toMatchObject({
        code: 'status',
        message: `${url}: answered with status ${status}, not 200`,
      });
    });
  });

  describe('redirects', () => {
    it.each([300, 301, 302, 303, 304, 307, 308])('does not follow %i, nor say whereto', async (status) => {
      const target = await serve((_, response) => response.end('{}'));
      const { url } = await serve((_, response) => response.writeHead(status, { location: `${target.url}/secret` }).end());
      await expect(clientFor().request({ url: `${url}/path-1?query-1` })).rejects.toMatchObject({
        code: 'redirect',
        message: `${url}: answered with a redirect, which is not followed`,
      });
      expect(target.seen.connections).toBe(0);
    });

    it('asks one server once, however long the chain', async () => {
      let asked = 0;
      const { url } = await serve((_, response) => response.writeHead(302, { location: `/${(asked += 1)}` }).end('x'.repeat(KIB)));
      await expect(clientFor().getJson(url)).rejects.toMatchObject({ code: 'redirect' });
      expect(asked).toBe(1);
    });
  });

  describe('DNS', () => {
    it('judges the answer that it connects to: a name that has come to stand for the loopback is refused (DNS rebinding)', async () => {
      const { port, seen } = await serve((_, response) => response.end('{}'));
      const answers = ['93.184.215.14', '127.0.0.1'];
      const lookup: Lookup = () => Promise.resolve([hostOf(answers.shift() ?? '127.0.0.1')]);
      const policy = new EgressPolicy([]);
      const client = clientFor({ allow: [], lookup });
      const url = `https://rebind.example.com:${port}/`;
      policy.checkUrl(url);
      // What a check ahead of the request would have seen.
      const [first] = await lookup('rebind.example.com');
      expect(policy.isAllowedAddress(first?.address ?? '')).toBe(true);
      for (let i = 0; i < 3; i++) await expect(client.request({ url })).rejects.toMatchObject({ code: 'refused' });
      expect(seen.connections).toBe(0);
    });

    it('asks DNS once for a connection, and no other way', async () => {
      const { port, seen } = await serve((_, response) => response.end('{}'));
      const asked: string[] = [];
      const lookup: Lookup = (hostname) => Promise.resolve([hostOf(asked.push(hostname) === 1 ? '127.0.0.1' : '10.0.0.1')]);
      const client = clientFor({ lookup });
      const url = `http://some.example.com:${port}/`;
      await expect(client.getJson(url)).resolves.toEqual({});
      await expect(client.getJson(url)).rejects.toMatchObject({ code: 'refused' });
      expect([asked, seen.connections]).toEqual([['some.example.com', 'some.example.com'], 1]);
    });

    it('goes to those addresses of a name that are allowed, and to no other', async () => {
      const forbidden = await serve((_, response) => response.end('{"from":"127.0.0.1"}'));
      const allowed = createServer((_, response) => response.end('{"from":"127.0.0.2"}')).listen(forbidden.port, '127.0.0.2');
      await once(allowed, 'listening');
      toClose.push(() => allowed.close());
      const lookup: Lookup = () => Promise.resolve([hostOf('127.0.0.1'), hostOf('::1'), hostOf('127.0.0.2')]);
      const client = clientFor({ allow: ['127.0.0.2'], lookup });
      await expect(client.getJson(`http://some.example.com:${forbidden.port}/`)).resolves.toEqual({ from: '127.0.0.2' });
      expect(forbidden.seen.connections).toBe(0);
    });

    it('goes by http: to no public address, whatever name it has', async () => {
      const client = clientFor({ lookup: () => Promise.resolve([hostOf('93.184.215.14'), hostOf('2606:4700::1111')]) });
      await expect(client.request({ url: 'http://public.example.com/' })).rejects.toMatchObject({
        code: 'refused',
        message: 'http://public.example.com: the host does not stand for an address that EGRESS_ALLOW names',
      });
    });

    it('says so when a name is unknown or DNS fails', async () => {
      const failure = Object.assign(new Error('detail-1'), { code: 'ENOTFOUND' });
      await expect(clientFor({ lookup: () => Promise.reject(failure) }).request({ url: 'https://no.example.com/' })).rejects.toMatchObject({
        code: 'unreachable',
        message: 'https://no.example.com: gave no answer (ENOTFOUND)',
      });
      await expect(clientFor({ lookup: () => Promise.resolve([]) }).request({ url: 'https://no.example.com/' })).rejects.toMatchObject({
        code: 'refused',
      });
    });

    it('does not wait for DNS longer than for anything else', async () => {
      const client = clientFor({ lookup: () => new Promise(() => undefined) });
      const startedAt = performance.now();
      await expect(client.request({ url: 'https://slow.example.com/', timeoutMs: 50 })).rejects.toMatchObject({
        code: 'timeout',
        message: 'https://slow.example.com: no complete answer within 50 ms',
      });
      expect(performance.now() - startedAt).toBeLessThan(2000);
    });

    it('resolves by the system when it is not told otherwise', async () => {
      const { port } = await serve((_, response) => response.end('{}'));
      await expect(clientFor().getJson(`http://localhost:${port}/`)).resolves.toEqual({});
      await expect(clientFor({ allow: [] }).getJson(`https://localhost:${port}/`)).rejects.toMatchObject({ code: 'refused' });
    });
  });

  describe('time', () => {
    const inTime = async (work: Promise<unknown>): Promise<void> => {
      const startedAt = performance.now();
      await expect(work).rejects.toMatchObject({ code: 'timeout', message: expect.stringContaining('no complete answer within 150 ms') });
      expect(performance.now() - startedAt).toBeLessThan(2000);
    };

    it('ends when no answer comes', async () => {
      await inTime(clientFor().request({ url: await serveRaw(''), timeoutMs: 150 }));
    });

    it('ends when headers drip', async () => {
      const url = await serveRaw('HTTP/1.1 200 OK\r\n', (socket) => {
        const timer = setInterval(() => socket.write('x-a: b\r\n'), 20);
        socket.on('close', () => clearInterval(timer));
      });
      await inTime(clientFor().request({ url, timeoutMs: 150 }));
    });

    it('ends when the body drips', async () => {
      const url = await serveRaw('HTTP/1.1 200 OK\r\ncontent-length: 10000\r\n\r\n', (socket) => {
        const timer = setInterval(() => socket.write('x'), 20);
        socket.on('close', () => clearInterval(timer));
      });
      await inTime(clientFor().request({ url, timeoutMs: 150 }));
    });

    it('ends when interim answers never end', async () => {
      const url = await serveRaw('', (socket) => {
        const timer = setInterval(() => socket.write('HTTP/1.1 103 Early Hints\r\n\r\n'), 20);
        socket.on('close', () => clearInterval(timer));
      });
      await inTime(clientFor().request({ url, timeoutMs: 150 }));
    });
  });

  describe('size', () => {
    const tooLarge = (url: string, bytes: number) => ({ code: 'too_large', message: `${url}: the answer exceeds ${bytes} bytes` });

    it('takes as much as is allowed, and not a byte more', async () => {
      const { url } = await serve((_, response) => {
        response.write('x'.repeat(600));
        response.end('y'.repeat(400));
      });
      expect((await clientFor().request({ url, maxBytes: 1000 })).body).toHaveLength(1000);
      await expect(clientFor().request({ url, maxBytes: 999 })).rejects.toMatchObject(tooLarge(url, 999));
    });

    it('takes 256 KiB unless told otherwise', async () => {
      const { url } = await serve((request, response) => response.end('x'.repeat(Number(request.url?.slice(1)))));
      expect((await clientFor().request({ url: `${url}/262144` })).body).toHaveLength(256 * KIB);
      await expect(clientFor().request({ url: `${url}/262145` })).rejects.toMatchObject(tooLarge(url, 256 * KIB));
    });

    it('does not begin to read what announces too much', async () => {
      const url = await serveRaw('HTTP/1.1 200 OK\r\ncontent-length: 1001\r\n\r\n');
      await expect(clientFor().request({ url, maxBytes: 1000 })).rejects.toMatchObject(tooLarge(url, 1000));
    });

    it('breaks an endless body off', async () => {
      let sent = 0;
      let closed: Promise<unknown> = Promise.resolve();
      const { url } = await serve((_, response) => {
        closed = once(response, 'close');
        const pour = (): void => {
          while (!response.destroyed && response.write('x'.repeat(16 * KIB))) sent += 16 * KIB;
        };
        response.on('drain', pour);
        pour();
      });
      await expect(clientFor().request({ url, maxBytes: 100 * KIB })).rejects.toMatchObject(tooLarge(url, 100 * KIB));
      await closed;
      expect(sent).toBeLessThan(20 * KIB * KIB);
    });

    it('believes a Content-Length that says too little no further than the body', async () => {
      const url = await serveRaw(`HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}${'x'.repeat(KIB)}`);
      await expect(clientFor().request({ url, maxBytes: 1000 })).resolves.toMatchObject({ body: Buffer.from('{}') });
    });

    it('takes no body that is shorter than its Content-Length for complete', async () => {
      const url = await serveRaw('HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\n{}', (socket) => socket.end());
      await expect(clientFor().getJson(`${url}/path-1?query-1`)).rejects.toMatchObject({
        code: 'unreachable',
        message: `${url}: gave no answer (UND_ERR_SOCKET)`,
      });
    });

    it('does not unpack: what is compressed was not asked for', async () => {
      const bomb = gzipSync(Buffer.alloc(64 * KIB * KIB));
      const { url } = await serve((_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb));
      await expect(clientFor().getJson(url)).rejects.toMatchObject({
        code: 'refused',
        message: `${url}: answered with a Content-Encoding that was not asked for`,
      });
    });

    it.each(['one long header', 'many headers'])('takes no more than 16 KiB of headers: %s', async (kind) => {
      const headers = kind === 'many headers' ? 'x-a: b\r\n'.repeat(5000) : `x-a: ${'b'.repeat(20 * KIB)}\r\n`;
      const url = await serveRaw(`HTTP/1.1 200 OK\r\n${headers}content-length: 2\r\n\r\n{}`);
      await expect(clientFor().request({ url })).rejects.toMatchObject({
        code: 'too_large',
        message: `${url}: the headers exceed 16384 bytes`,
      });
    });
  });

  it('takes no more than 16 KiB of trailers', async () => {
    const trailers = 'x-a: b\r\n'.repeat(5000);
    const url = await serveRaw(`HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n${trailers}\r\n`);
    await expect(clientFor().request({ url })).rejects.toMatchObject({ code: 'too_large' });
  });

  describe('what is broken', () => {
    it.each([
      ['a connection that is reset', (socket: Socket) => socket.resetAndDestroy(), /gave no answer \((ECONNRESET|UND_ERR_SOCKET)\)/],
      ['a connection that is closed', (socket: Socket) => socket.end(), /gave no answer \(UND_ERR_SOCKET\)/],
    ])('%s gives no answer', async (_, after, message) => {
      const url = await serveRaw('', after);
      await expect(clientFor().request({ url })).rejects.toMatchObject({ code: 'unreachable', message: expect.stringMatching(message) });
    });

    it.each([
      'SSH-2.0-OpenSSH_9\r\n',
      'HTTP/1.1 200 OK\r\ncontent-length: secret-1\r\n\r\n',
      'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nsecret-1\r\n',
      'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n',
      'HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n',
    ])('%j gives no answer, and none of it is in the error', async (bytes) => {
      const url = await serveRaw(bytes, (socket) => socket.end());
      const error: unknown = await clientFor()
        .request({ url })
        .catch((reason: unknown) => reason);
      expect(error).toMatchObject({ name: 'EgressError', code: 'unreachable' });
      expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toMatch(/secret-1|SSH|upgrade: x/);
      expect(error).not.toHaveProperty('cause');
    });

    it('a port where nobody listens gives no answer', async () => {
      const server = createTcpServer();
      const port = await listen(server);
      await new Promise((resolve) => server.close(resolve));
      await expect(clientFor().request({ url: `http://127.0.0.1:${port}/` })).rejects.toMatchObject({
        code: 'unreachable',
        message: `http://127.0.0.1:${port}: gave no answer (ECONNREFUSED)`,
      });
    });

    it('works on after any of it', async () => {
      let asked = 0;
      const { url } = await serve((request, response) => ((asked += 1) % 2 === 1 ? request.socket.destroy() : response.end('{}')));
      const client = clientFor();
      for (let i = 0; i < 5; i++) {
        await expect(client.getJson(url)).rejects.toMatchObject({ code: 'unreachable' });
        await expect(client.getJson(url)).resolves.toEqual({});
      }
    });
  });

  describe('number', () => {
    it('opens 8 connections to an origin, and lets 32 requests wait for them', async () => {
      let open = 0;
      let most = 0;
      const { url } = await serve((_, response) => {
        most = Math.max(most, (open += 1));
        setTimeout(() => response.end('{}', () => (open -= 1)), 30);
      });
      const client = clientFor();
      const results = await Promise.allSettled(Array.from({ length: 40 }, () => client.getJson(url)));
      expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(32);
      expect(results.slice(32)).toEqual(
        Array(8).fill({
          status: 'rejected',
          reason: expect.objectContaining({ code: 'unreachable', message: `${url}: too many requests are under way` }),
        }),
      );
      expect(most).toBeLessThanOrEqual(8);
      await expect(client.getJson(url)).resolves.toEqual({});
    });

    it('has 512 requests under way, all origins together', async () => {
      const client = clientFor({ lookup: () => new Promise(() => undefined) });
      const results = await Promise.allSettled(
        Array.from({ length: 520 }, (_, i) => client.request({ url: `https://slow-${i}.example.com/`, timeoutMs: 300 })),
      );
      expect(results.filter((result) => result.status === 'rejected' && result.reason.code === 'timeout')).toHaveLength(512);
      expect(results.filter((result) => result.status === 'rejected' && result.reason.code === 'unreachable')).toHaveLength(8);
    });
  });

  it('ends what is under way when it is closed', async () => {
    const client = clientFor();
    const request = client.request({ url: await serveRaw('') });
    const outcome = expect(request).rejects.toMatchObject({ code: 'unreachable' });
    await new Promise((resolve) => setTimeout(resolve, 50));
    await client.close();
    await outcome;
  });

  it('gives the body as it was sent, or an EgressError, however it is cut into pieces (property)', async () => {
    let pieces: Uint8Array[] = [];
    const { url } = await serve((_, response) => {
      for (const piece of pieces) response.write(piece);
      response.end();
    });
    const client = clientFor();
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { maxLength: 8 }),
        fc.nat(1200),
        async (sent, maxBytes) => {
          pieces = sent;
          const whole = Buffer.concat(sent);
          const outcome = await client.request({ url, maxBytes }).then(
            ({ body }) => body.equals(whole),
            (error: unknown) => (error as { code: string }).code,
          );
          expect(outcome).toBe(whole.length > maxBytes ? 'too_large' : true);
        },
      ),
      { numRuns: 100 },
    );
  });
});
