import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { eventually, hasEnded } from '../../../test/support/eventually.js';
import { settableClock } from '../../../test/support/database.js';
import { loadConfig } from '../../config/load-config.js';
import type { Caller, McpUpstream } from '../../protocol/exchange.js';
import { McpError } from '../../protocol/mcp-error.js';
import type { ServerState } from '../../servers/server-state.js';
import type { StdioUpstreamSettings } from '../../servers/upstream.js';
import type { LegacyConnection, LegacyConnections, LegacyRequest } from '../eras/legacy-connection.js';
import { messagesOf, modernExchange, readResult } from '../upstream-call.js';
import type { JsonObject } from '../message-shape.js';
import { StdioServers } from './stdio-servers.service.js';

const CALLER: Caller = { owner: 'one', audience: 'authenticated', groups: [], isAllowed: () => true };
const URL_ = 'http://localhost/authed/mcp/child';
const fixture = (name: string): string => new URL(`../../../test/fixtures/${name}`, import.meta.url).pathname;

const ROUGH = {
  command: process.execPath,
  args: [fixture('rough-child.mjs')],
  extraArgs: ['[a-z]+'],
  serverEnv: ['API_KEY'],
  startSeconds: 60,
  cwd: '/',
};
const COMMANDS = {
  rough: ROUGH,
  /** For children that say nothing: those that speak get the time that a busy machine needs. */
  hasty: { ...ROUGH, startSeconds: 2 },
  /** Half of it is for the question that a mute child does not answer, all of it for the second. */
  patient: { ...ROUGH, startSeconds: 6 },
  modern: { command: process.execPath, args: [fixture('everything/server.mjs'), '--transport', 'stdio', '--noise'] },
  few: { command: process.execPath, args: [fixture('rough-child.mjs')], maxConcurrent: 2, idleSeconds: 60 },
  absent: { command: process.execPath, args: [fixture('no-such-file.mjs')], startSeconds: 60 },
};

/** One set of children, with what belongs to it. */
class Scene {
  readonly time = settableClock();
  readonly log: string[] = [];
  readonly servers: StdioServers;
  private readonly dir = mkdtempSync(join(tmpdir(), 'gatehouse-stdio-'));

  constructor(env: Record<string, string> = {}) {
    const file = join(this.dir, 'commands.json');
    writeFileSync(file, JSON.stringify(COMMANDS));
    jest.spyOn(Logger.prototype, 'log').mockImplementation((line: unknown) => void this.log.push(String(line)));
    this.servers = new StdioServers(
      loadConfig({ PATH: process.env['PATH'], MASTER_KEY: '', STDIO_COMMANDS_FILE: file, ...env }),
      this.time.clock,
      undefined,
    );
  }

  open(command: string, options: { args?: string[]; env?: Record<string, string>; timeoutSeconds?: number } = {}): Opened {
    const { args = [], env = {}, timeoutSeconds = 60 } = options;
    const settings: StdioUpstreamSettings = { kind: 'stdio', command, args, env: Object.keys(env) };
    const state = { id: command, slug: command, limits: { timeoutSeconds }, openSecrets: () => ({ env }) } as unknown as ServerState;
    let connections: LegacyConnections | undefined;
    const upstream = this.servers.open(state, settings, (legacy) => {
      connections = legacy;
      return NO_BRIDGE;
    });
    return { upstream, session: () => connections!.open(CALLER, {}), close: () => upstream.close() };
  }

  async close(): Promise<void> {
    await this.servers.onApplicationShutdown();
    rmSync(this.dir, { recursive: true, force: true });
  }
}

interface Opened {
  readonly upstream: McpUpstream;
  session(): Promise<LegacyConnection>;
  close(): Promise<void>;
}

const NO_BRIDGE: McpUpstream = {
  eras: () => ['modern'],
  handle: () => Promise.reject(new Error('There is no bridge here')),
  endSessions: () => undefined,
  close: () => Promise.resolve(),
};

let scenes: Scene[] = [];
afterEach(async () => {
  await Promise.all(scenes.map((scene) => scene.close()));
  scenes = [];
  jest.restoreAllMocks();
});
const newScene = (env?: Record<string, string>): Scene => {
  const scene = new Scene(env);
  scenes.push(scene);
  return scene;
};

const legacy = (method: string, params: JsonObject = {}, parts: Partial<LegacyRequest> = {}): LegacyRequest => ({
  method,
  params,
  caller: CALLER,
  signal: new AbortController().signal,
  ...parts,
});

const modern = (method: string, params: JsonObject, parts: { id?: number | string; signal?: AbortSignal } = {}) =>
  modernExchange({ method, params, url: URL_, caller: CALLER, signal: parts.signal ?? new AbortController().signal, id: parts.id ?? 1 });

describe('a child of the legacy era', () => {
  it('is started without a shell, in the environment that is named for it and nothing else', async () => {
    const session = await newScene()
      .open('rough', { args: ['quiet'], env: { API_KEY: 'sesame-open' } })
      .session();
    const seen = await session.request(legacy('environment'));
    expect(seen).toMatchObject({ args: ['quiet'], cwd: '/' });
    const { env } = seen as { env: Record<string, string> };
    expect(env['API_KEY']).toBe('sesame-open');
    expect(Object.keys(env).filter((name) => !['PATH', 'HOME', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR', 'API_KEY'].includes(name))).toEqual([]);
  });

  it('is initialized, whatever it says to the questions of the modern era', async () => {
    const scene = newScene();
    for (const [command, mode] of [
      ['rough', 'plain'],
      ['rough', 'brittle'],
      ['patient', 'mute'],
    ] as const) {
      const child = scene.open(command, { args: [mode] });
      expect((await child.session()).initializeResult).toMatchObject({ protocolVersion: '2025-06-18', serverInfo: { name: 'rough' } });
      await child.close();
    }
  });

  it('is one for all callers, and each gets the answer to its own request, though they number alike', async () => {
    const child = newScene().open('rough');
    const sessions = await Promise.all([child.session(), child.session()]);
    expect(sessions[0]).toBe(sessions[1]);
    const answers = await Promise.all(
      Array.from({ length: 30 }, (_, i) => sessions[i % 2]!.request(legacy('echo', { i, _meta: { progressToken: 'same' } }))),
    );
    answers.forEach((answer, i) => expect(answer).toMatchObject({ params: { i } }));
    const tokens = answers.map((answer) => (answer as { params: { _meta: { progressToken: unknown } } }).params._meta.progressToken);
    expect(new Set(tokens).size).toBe(30);
  });

  it('may write what is no message: it goes into the log', async () => {
    const scene = newScene();
    const session = await scene.open('rough').session();
    expect(await session.request(legacy('noise'))).toEqual({ survived: true });
    expect(scene.log.join('\n')).toContain('rough: stdout: Hello, I am no JSON');
    expect(await session.request(legacy('ping'))).toEqual({});
  });

  it('tells the log what it tells its standard error, bounded and without its secrets', async () => {
    const scene = newScene();
    const session = await scene.open('rough', { env: { API_KEY: 'sesame-open' } }).session();
    await session.request(legacy('complain', { lines: 500, text: `\u001b[31mKey sesame-open ${'y'.repeat(3000)}` }));
    await eventually(() => expect(scene.log.length).toBeGreaterThanOrEqual(99));
    expect(scene.log.length).toBeLessThanOrEqual(101);
    const [line = ''] = scene.log.filter((text) => text.includes('stderr'));
    expect(line).toMatch(/^rough: stderr: {1,2}\[31mKey \[redacted\] y+… \(\d+ more\)$/);
    expect(line.length).toBeLessThan(1100);
    expect(scene.log.join('')).not.toContain('sesame');
  });

  it('cannot ask anything of the callers that share it', async () => {
    const session = await newScene().open('rough').session();
    await session.request(legacy('ask', { method: 'sampling/createMessage' }, { onRequest: () => Promise.resolve({ leaked: true }) }));
    await session.request(legacy('ask', { method: 'ping' }));
    const { asked } = await session.request(legacy('asked'));
    expect(asked).toMatchObject([
      { id: 'of-the-server', error: { code: -32601, message: expect.stringContaining('shares') } },
      { result: {} },
    ]);
  });

  it('tells listeners of changes, and nobody what it logs', async () => {
    const child = newScene().open('rough');
    const session = await child.session();
    const heard: string[] = [];
    const stop = new AbortController();
    await session.listen({ onNotification: ({ method }) => void heard.push(method), onEnd: () => void heard.push('end') }, stop.signal);
    await session.request(legacy('change', {}, { onNotification: ({ method }) => void heard.push(`request: ${method}`) }));
    expect(heard).toEqual(['notifications/tools/list_changed']);
    await child.close();
    expect(heard).toEqual(['notifications/tools/list_changed', 'end']);
  });

  it('keeps levels of logging and numbers of subscribers to itself', async () => {
    const session = await newScene().open('rough').session();
    expect(await session.request(legacy('logging/setLevel', { level: 'debug' }))).toEqual({});
    await expect(session.request(legacy('resources/subscribe', { uri: 'x:1' }))).rejects.toMatchObject({ code: -32601 });
  });
});

describe('a child that fails', () => {
  it('takes its requests along with 502, and the next call starts it anew', async () => {
    const scene = newScene();
    const child = scene.open('rough');
    const session = await child.session();
    const { pid } = await session.request(legacy('environment'));
    const waiting = session.request(legacy('silence'));
    const died = session.request(legacy('die'));
    await expect(waiting).rejects.toMatchObject({ status: 502, code: -32603 });
    await expect(died).rejects.toMatchObject({ status: 502 });
    await expect(session.request(legacy('ping'))).rejects.toMatchObject({ name: 'SessionLostError' });
    const next = await (await child.session()).request(legacy('environment'));
    expect(next['pid']).not.toBe(pid);
    expect(scene.log.join('\n')).toContain('it ended with code 7; failed 1 times in a row');
  });

  it('is started again after growing pauses only (503, Retry-After)', async () => {
    const scene = newScene();
    const child = scene.open('rough', { args: ['exit'] });
    const pauses: unknown[] = [];
    for (let i = 0; i < 3; i++) {
      await expect(child.session()).rejects.toMatchObject({ status: 502 });
      const refusal = await child.session().then(
        () => undefined,
        (error: unknown) => error as McpError,
      );
      expect(refusal).toMatchObject({ status: 503 });
      pauses.push(Number(refusal?.headers['retry-after']));
      scene.time.advance(Number(refusal?.headers['retry-after']) * 1000);
    }
    expect(pauses).toEqual([...pauses].sort((a, b) => Number(a) - Number(b)));
    expect(pauses[0]).toBeLessThan(Number(pauses[2]));
  });

  it('answers 502 where the program is not there or ends at once, and 504 where it says nothing', async () => {
    const scene = newScene();
    await expect(scene.open('absent').session()).rejects.toMatchObject({ status: 502 });
    await expect(scene.open('hasty', { args: ['silent'] }).session()).rejects.toMatchObject({ status: 504 });
    expect(scene.log.join('\n')).toContain('Cannot find module');
  });

  it('fails a request that it answers with nothing (502), with too much (502), or not in time (504)', async () => {
    const scene = newScene();
    const session = await scene.open('rough').session();
    await expect(session.request(legacy('empty'))).rejects.toMatchObject({ status: 502 });
    await expect(session.request(legacy('long', { bytes: 17 * 1024 * 1024 }))).rejects.toMatchObject({ status: 502 });
    const impatient = await scene.open('rough', { timeoutSeconds: 1 }).session();
    await expect(impatient.request(legacy('silence'))).rejects.toMatchObject({ status: 504 });
    expect(await session.request(legacy('long', { bytes: 1024 * 1024 }))).toHaveProperty('text.length', 1024 * 1024);
  });

  it('is refused where the file does not allow what the server names', () => {
    const scene = newScene();
    expect(() => scene.open('sh')).toThrow(McpError);
    expect(() => scene.open('rough', { args: ['--eval'] })).toThrow(McpError);
    expect(() => scene.open('modern', { env: { API_KEY: 'x' } })).toThrow(McpError);
  });
});

describe('the number of children and of requests', () => {
  it('is bounded: what a child cannot take is refused with 503', async () => {
    const session = await newScene().open('few').session();
    const stop = new AbortController();
    const waiting = [1, 2].map(() => session.request(legacy('silence', {}, { signal: stop.signal })));
    await expect(session.request(legacy('ping'))).rejects.toMatchObject({ status: 503, headers: { 'retry-after': '1' } });
    stop.abort(new Error('enough'));
    for (const request of waiting) await expect(request).rejects.toThrow('enough');
    expect(await session.request(legacy('ping'))).toEqual({});
  });

  it('is bounded in all: a child that is idle gives way, and where none is, 503', async () => {
    const scene = newScene({ STDIO_MAX_CHILDREN: '1' });
    const first = scene.open('rough');
    const { pid } = await (await first.session()).request(legacy('environment'));
    const second = await scene.open('few').session();
    await hasEnded(pid);
    const waiting = expect(second.request(legacy('silence'))).rejects.toMatchObject({ status: 502 });
    await expect(first.session()).rejects.toMatchObject({ status: 503 });
    await scene.servers.onApplicationShutdown();
    await waiting;
  });

  it('falls to none when nobody calls: a child is stopped after its idle time and started by the next call', async () => {
    const scene = newScene();
    scene.servers.onModuleInit();
    const child = scene.open('few');
    const { pid } = await (await child.session()).request(legacy('environment'));
    scene.time.advance(61_000);
    await hasEnded(pid);
    expect(await (await child.session()).request(legacy('ping'))).toEqual({});
  });
});

describe('the end of a child', () => {
  it('comes whether it listens to signals or not, and takes along what it has started', async () => {
    const child = newScene().open('rough', { args: ['stubborn'] });
    const session = await child.session();
    const { pid } = await session.request(legacy('environment'));
    const grandchild = await session.request(legacy('grandchild'));
    await child.close();
    await hasEnded(pid);
    await hasEnded(grandchild['pid']);
    await expect(child.session()).rejects.toMatchObject({ status: 502 });
  });
});

describe('a child of the modern era', () => {
  let scene: Scene;
  let upstream: McpUpstream;
  beforeAll(() => {
    scene = new Scene();
    upstream = scene.open('modern').upstream;
  });
  afterAll(() => scene.close());

  const call = (name: string, args: JsonObject = {}, meta: JsonObject = {}) => ({ name, arguments: args, _meta: meta });

  it('answers with JSON, and with a stream where it reports on the way', async () => {
    const plain = await upstream.handle(modern('tools/call', call('test_simple_text'), { id: 'mine' }));
    expect(plain).toMatchObject({ status: 200, headers: { 'content-type': 'application/json' } });
    expect(await readResult(plain, 'mine')).toMatchObject({ resultType: 'complete', content: [{ type: 'text' }] });
    const streamed = await upstream.handle(
      modern('tools/call', call('test_tool_with_progress', {}, { progressToken: 'token' }), { id: 'mine' }),
    );
    expect(streamed.headers['content-type']).toBe('text/event-stream');
    const messages = [];
    for await (const message of messagesOf(streamed)) messages.push(message);
    expect(messages.map(({ method }) => method)).toEqual([...Array<string>(3).fill('notifications/progress'), undefined]);
    expect(messages[0]).toMatchObject({ params: { progressToken: 'token', progress: 0 } });
    expect(messages[3]).toMatchObject({ id: 'mine', result: { resultType: 'complete' } });
  });

  it('leaves numbers as they are on the way there and back (R-GWC-03)', async () => {
    const exchange = modern('tools/call', call('test_echo', { n: 1 }));
    const body = Buffer.from(exchange.body!.toString('utf8').replace('"n":1', '\n "n":1.0, "m": 1e2'));
    const answer = await upstream.handle(Object.create(exchange, { body: { value: body } }) as typeof exchange);
    expect(await readResult(answer, 1)).toMatchObject({ content: [{ text: expect.stringContaining('"n":1,"m":100') }] });
  });

  it.each([
    ['unknown/method', {}, 404, -32601],
    ['initialize', {}, 404, -32601],
    ['tools/call', { name: 'nothing' }, 200, -32602],
    ['tools/call', { name: 'test_missing_capability' }, 400, -32021],
    ['resources/read', { uri: 'test://nothing' }, 200, -32602],
  ])('answers %s %j with %d and %d', async (method, params, status, code) => {
    const answer = await upstream.handle(modern(method, params));
    expect(answer.status).toBe(status);
    await expect(readResult(answer, 1)).rejects.toMatchObject({ code });
  });

  it('keeps a subscription open under the id of whoever listens, apart from others', async () => {
    const listen = (id: string, notifications: JsonObject) => upstream.handle(modern('subscriptions/listen', { notifications }, { id }));
    const [tools, prompts] = await Promise.all([listen('a', { toolsListChanged: true }), listen('b', { promptsListChanged: true })]);
    const [toolMessages, promptMessages] = [tools, prompts].map((answer) => messagesOf(answer));
    const subscriptionOf = (message: IteratorResult<JsonObject>) => message.value as { method: string; params: { _meta: JsonObject } };
    for (const [messages, id] of [
      [toolMessages, 'a'],
      [promptMessages, 'b'],
    ] as const) {
      const first = subscriptionOf(await messages!.next());
      expect(first).toMatchObject({ method: 'notifications/subscriptions/acknowledged' });
      expect(first.params._meta).toMatchObject({ 'io.modelcontextprotocol/subscriptionId': id });
    }
    await readResult(await upstream.handle(modern('tools/call', call('test_trigger_prompt_change'))), 1);
    await readResult(await upstream.handle(modern('tools/call', call('test_trigger_tool_change'))), 1);
    expect(subscriptionOf(await toolMessages!.next())).toMatchObject({ method: 'notifications/tools/list_changed' });
    expect(subscriptionOf(await promptMessages!.next())).toMatchObject({ method: 'notifications/prompts/list_changed' });
  });

  it('passes what it logs to whoever asked, where nobody else can be meant', async () => {
    const log = { 'io.modelcontextprotocol/logLevel': 'info' };
    const methodsOf = async (id: number) => {
      const methods = [];
      for await (const { method } of messagesOf(await upstream.handle(modern('tools/call', call('test_logging_tool', {}, log), { id }))))
        methods.push(method);
      return methods;
    };
    expect(await methodsOf(1)).toEqual([...Array<string>(3).fill('notifications/message'), undefined]);
    const both = await Promise.all([methodsOf(1), methodsOf(2)]);
    expect(both.every((methods) => methods.length < 4)).toBe(true);
  });

  it('is told when whoever asked has left (R-MOD-13)', async () => {
    const gone = new AbortController();
    const waiting = upstream.handle(modern('tools/call', call('test_slow', { milliseconds: 600_000 }), { signal: gone.signal }));
    waiting.catch(() => undefined); // looked at below
    const seen = (text: string) =>
      eventually(async () => {
        const { content } = await readResult(await upstream.handle(modern('tools/call', call('test_slow_calls'))), 1);
        expect(content).toMatchObject([{ text }]);
      });
    await seen('{"started":1,"finished":0,"cancelled":0}');
    gone.abort(new Error('left'));
    await expect(waiting).rejects.toThrow('left');
    await seen('{"started":1,"finished":0,"cancelled":1}');
  });

  it('gets no notifications of one caller, which could name the requests of others', async () => {
    const exchange = modern('notifications/cancelled', { requestId: 1 });
    const answer = await upstream.handle(Object.create(exchange, { id: { value: undefined } }) as typeof exchange);
    expect(answer).toEqual({ status: 202, headers: {}, body: undefined });
  });

  it('takes POST in the modern era only', async () => {
    const exchange = modern('tools/list', {});
    await expect(upstream.handle(Object.create(exchange, { era: { value: 'legacy' } }) as typeof exchange)).rejects.toMatchObject({
      status: 405,
    });
  });
});
