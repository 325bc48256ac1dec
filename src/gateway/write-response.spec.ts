import { once } from 'node:events';
import { createServer, get, type IncomingMessage, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { afterEach, describe, expect, it } from '@jest/globals';
import { UpstreamBody } from './http-upstream/upstream-body.js';
import { answerHeaders, ResponseStream } from './write-response.js';

let close: () => void = () => undefined;
afterEach(() => close());

interface Source {
  readonly body: Readable;
  readonly send: (text: string) => void;
  readonly finish: () => void;
  readonly fail: () => void;
  isCancelled: boolean;
}

function source(): Source {
  const made = { isCancelled: false };
  const body = new Readable({
    read: () => undefined,
    destroy: (error, done) => {
      made.isCancelled = true;
      done(error);
    },
  });
  return Object.assign(made, {
    body,
    send: (text: string) => void body.push(text),
    finish: () => void body.push(null),
    fail: () => void body.destroy(new Error('gone')),
  });
}

async function open(handler: RequestListener): Promise<IncomingMessage> {
  const server = createServer(handler).listen(0, '127.0.0.1');
  close = () => {
    server.closeAllConnections();
    server.close();
  };
  await once(server, 'listening');
  const request = get({ port: (server.address() as AddressInfo).port, host: '127.0.0.1' });
  request.on('error', () => undefined);
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  response.on('error', () => undefined);
  return response;
}

/** Serves one stream, and gives both of its ends. */
async function stream(
  from: Source,
  farewell?: string,
): Promise<{ response: IncomingMessage; stream: ResponseStream; done: Promise<void> }> {
  let made: { stream: ResponseStream; done: Promise<void> } | undefined;
  const response = await open((_request, sink) => {
    const opened = new ResponseStream(from.body, sink, { isEventStream: true, farewell });
    made = { stream: opened, done: opened.run() };
  });
  if (!made) throw new Error('Not served');
  return { response, ...made };
}

async function textOf(response: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of response) text += String(chunk);
  return text;
}

describe('ResponseStream', () => {
  it('passes events on as they come, and ends with the upstream [R-GWC-10]', async () => {
    const from = source();
    const { response, done } = await stream(from, 'farewell');
    from.send('data: 1\n\n');
    expect(String((await once(response, 'data'))[0])).toBe('data: 1\n\n');
    from.send('data: 2\n\n');
    from.finish();
    expect(await textOf(response)).toBe('data: 2\n\n');
    await done;
  });

  it('ends from our side with its farewell, and lets the upstream know', async () => {
    const from = source();
    const { response, stream: opened, done } = await stream(from, 'data: end\n\n');
    from.send('data: 1\n\n');
    await once(response, 'data');
    opened.end();
    expect(await textOf(response)).toBe('data: end\n\n');
    await done;
    expect(from.isCancelled).toBe(true);
  });

  it('lets the upstream know when the client leaves', async () => {
    const from = source();
    const { response, done } = await stream(from);
    response.destroy();
    await done;
    expect(from.isCancelled).toBe(true);
  });

  it('breaks the connection where the upstream broke off, so that nobody takes the rest for complete', async () => {
    const from = source();
    const { response, done } = await stream(from);
    from.send('data: 1\n\n');
    await once(response, 'data');
    from.fail();
    await done;
    await expect(textOf(response)).rejects.toThrow('aborted');
  });

  it('breaks it where that happened before anybody read', async () => {
    const from = source();
    from.fail();
    from.body.once('error', () => undefined);
    await once(from.body, 'close').catch(() => undefined);
    const { response, done } = await stream(from);
    await expect(textOf(response)).rejects.toThrow();
    await done;
  });

  it.each(['before', 'after'])('breaks off a document of the upstream’s that breaks off %s its first part is passed on', async (when) => {
    const idle = { resume: () => undefined, stop: () => undefined, drain: () => undefined, linger: () => undefined };
    const body = new UpstreamBody(idle, { outlivesReader: false });
    const first = '{"jsonrpc":'.padEnd(20_000);
    const response = await open((_request, sink) => {
      sink.writeHead(200, { 'content-length': 100_000 }).flushHeaders();
      body.accept(Buffer.from(first));
      if (when === 'before') body.fail(new Error('gone'));
      void new ResponseStream(body, sink, { isEventStream: false }).run();
    });
    if (when === 'after') response.once('data', () => body.fail(new Error('gone')));
    await expect(textOf(response)).rejects.toThrow();
  });

  it('is over at once where the client has left before anybody read', async () => {
    const from = source();
    let left: Promise<void> | undefined;
    const response = await open((_request, sink) => {
      sink.flushHeaders();
      left = once(sink, 'close').then(() => new ResponseStream(from.body, sink, { isEventStream: true }).run());
    });
    response.destroy();
    await left;
    expect(from.isCancelled).toBe(true);
  });

  it('reads no faster than the client', async () => {
    let pulls = 0;
    const body = new Readable({
      read() {
        pulls++;
        this.push(Buffer.alloc(64 * 1024));
      },
    });
    let opened: ResponseStream | undefined;
    const response = await open((_request, sink) => {
      opened = new ResponseStream(body, sink, { isEventStream: true });
      void opened.run();
    });
    response.pause();
    await new Promise((resolve) => setTimeout(resolve, 200));
    const before = pulls;
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(pulls).toBe(before);
    opened?.end();
  });
});

describe('answerHeaders', () => {
  const upstream = (type: string) => ({
    headers: {
      'content-type': type,
      'set-cookie': 'a=b',
      server: 'x',
      'www-authenticate': 'Bearer',
      'mcp-session-id': 's',
      'access-control-allow-origin': '*',
    },
  });

  it('keeps an upstream from speaking in our name', () => {
    expect(answerHeaders(upstream('application/json'), 'legacy')).toEqual({
      'content-type': 'application/json',
      'mcp-session-id': 's',
      'cache-control': 'no-store',
    });
  });

  it('names no session in the modern era [R-MOD-12]', () => {
    expect(answerHeaders(upstream('application/json'), 'modern')).not.toHaveProperty('mcp-session-id');
  });

  it('keeps proxies from holding events back [R-GWC-10]', () => {
    expect(answerHeaders(upstream('text/event-stream'), 'legacy')).toMatchObject({
      'x-accel-buffering': 'no',
      'cache-control': 'no-cache, no-transform',
    });
  });
});
