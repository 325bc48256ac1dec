import { Readable } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import { jsonAnswer } from '../../protocol/answer.js';
import type { Caller, Exchange, McpUpstream, UpstreamAnswer } from '../../protocol/exchange.js';
import { toOperation } from '../read-message.js';
import { modernExchange, OwnExchange } from '../upstream-call.js';
import { TaskGuard } from './task-guard.js';
import type { NewTask, OwnedTask, TaskLedger } from './task-ledger.js';
import { TASKS_EXTENSION } from './task-messages.js';

const { signal } = new AbortController();
const url = 'http://gatehouse.test/jobs';
const callerOf = (owner: string, may: (tool: string | undefined) => boolean = () => true): Caller => ({
  owner,
  audience: 'authenticated',
  groups: [],
  isAllowed: ({ target }) => may(target),
});

class MemoryLedger implements TaskLedger {
  readonly tasks = new Map<string, OwnedTask & { readonly keptMs: number | undefined }>();

  note(_serverId: string, { taskId, ...task }: NewTask): Promise<void> {
    this.tasks.set(taskId, task);
    return Promise.resolve();
  }

  find(): Promise<ReadonlyMap<string, OwnedTask>> {
    return Promise.resolve(this.tasks);
  }
}

function world(...answers: UpstreamAnswer[]): { guard: TaskGuard; ledger: MemoryLedger; asked: Exchange[] } {
  const asked: Exchange[] = [];
  const upstream: McpUpstream = {
    eras: () => ['modern', 'legacy'],
    handle: (exchange) => {
      asked.push(exchange);
      return Promise.resolve(answers[Math.min(asked.length, answers.length) - 1] ?? jsonAnswer({}));
    },
    endSessions: () => undefined,
    close: () => Promise.resolve(),
  };
  const ledger = new MemoryLedger();
  return { guard: new TaskGuard(upstream, 'server', ledger), ledger, asked };
}

function legacy(method: string, params: Record<string, unknown> = {}, caller = callerOf('alice'), isNotification = false): Exchange {
  const id = isNotification ? undefined : 1;
  const message = { jsonrpc: '2.0', ...(isNotification ? {} : { id }), method, params };
  return new OwnExchange({ headers: {}, message, id, operations: [toOperation(method, params)], era: 'legacy', url, caller, signal });
}

const resumed = (caller = callerOf('alice')): Exchange =>
  new OwnExchange({
    method: 'GET',
    headers: { 'last-event-id': '1' },
    message: undefined,
    id: undefined,
    operations: [],
    era: 'legacy',
    url,
    caller,
    signal,
  });

const call = (caller?: Caller) => legacy('tools/call', { name: 'job', arguments: {}, task: {} }, caller);
const response = (result: unknown, id = 1): unknown => ({ jsonrpc: '2.0', id, result });
const started = (taskId: string, ttl: unknown = 5000, id = 1): unknown => response({ task: { taskId, status: 'working', ttl } }, id);

const eventOf = (message: unknown, head = 'event: message\nid: 7\n'): string => `${head}data: ${JSON.stringify(message)}\n\n`;
/** In pieces, wherever they may be cut. */
const streamOf = (text: string, size = 7): UpstreamAnswer => ({
  status: 200,
  headers: { 'content-type': 'text/event-stream' },
  body: Readable.from(text.match(new RegExp(`[^]{1,${size}}`, 'g'))?.map((piece) => Buffer.from(piece)) ?? [], { objectMode: false }),
});

async function textOf({ body }: UpstreamAnswer): Promise<string> {
  if (!(body instanceof Readable)) return body?.toString('utf8') ?? '';
  const chunks: Buffer[] = [];
  for await (const chunk of body) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

describe('TaskGuard', () => {
  it('notes who started a task, by which tool, and how long it is kept, before its client hears of it', async () => {
    const answer = jsonAnswer(started('t1'));
    const { guard, ledger } = world(answer);
    expect(await textOf(await guard.handle(call()))).toBe(await textOf(answer));
    expect([...ledger.tasks]).toEqual([['t1', { owner: 'alice', tool: 'job', keptMs: 5000 }]]);
  });

  it('notes the tasks of the extension, and those without an end', async () => {
    const { guard, ledger } = world(jsonAnswer(response({ resultType: 'task', taskId: 't1', ttlMs: null })));
    const _meta = { 'io.modelcontextprotocol/clientCapabilities': { extensions: { [TASKS_EXTENSION]: {} } } };
    await guard.handle(modernExchange({ method: 'tools/call', params: { name: 'job', _meta }, url, caller: callerOf('alice'), signal }));
    expect([...ledger.tasks]).toEqual([['t1', { owner: 'alice', tool: 'job', keptMs: Infinity }]]);
  });

  it.each([1, 3, 1000])('reads streams that come in pieces of %i bytes, and lets every byte pass', async (size) => {
    const text = `: hello\n\nid: 3\ndata:\n\n${eventOf({ jsonrpc: '2.0', method: 'notifications/message' })}${eventOf(started('t1'))}`;
    const { guard, ledger } = world(streamOf(text, size));
    expect(await textOf(await guard.handle(call()))).toBe(text);
    expect(ledger.tasks.get('t1')).toMatchObject({ owner: 'alice', tool: 'job' });
  });

  it('notes a task that its client hears of where it resumes the stream, with the tool that was called', async () => {
    const { guard, ledger } = world(streamOf('id: 1\ndata:\n\n'), streamOf(eventOf(started('t1'))));
    await textOf(await guard.handle(call()));
    expect(ledger.tasks.size).toBe(0);
    await textOf(await guard.handle(resumed()));
    expect(ledger.tasks.get('t1')).toMatchObject({ owner: 'alice', tool: 'job' });
  });

  it('takes the tasks of others out of a list, also of one that is repeated, and leaves every other character', async () => {
    const list =
      '{"jsonrpc":"2.0","id":1,"result":{"n":1.10,"tasks":[ {"taskId":"a1","x":1e3} , {"taskId":"b1"}, {"taskId":"?"}, {"taskId":"a2"}],"nextCursor":"x"}}';
    const rest = list.replace(/\[.*\]/, '[{"taskId":"a1","x":1e3},{"taskId":"a2"}]');
    const headers = { 'content-type': 'application/json', 'content-length': String(list.length) };
    const answers: [UpstreamAnswer, Exchange, string][] = [
      [{ status: 200, headers, body: Buffer.from(list) }, legacy('tasks/list'), rest],
      [{ status: 200, headers, body: Readable.from([Buffer.from(list)]) }, legacy('tasks/list'), rest],
      [streamOf(`id: 7\ndata: ${list}\n\n`), legacy('tasks/list'), `id: 7\ndata: ${rest}\n\n`],
      [streamOf(`id: 7\ndata: ${list}\n\n`), resumed(), `id: 7\ndata: ${rest}\n\n`],
    ];
    for (const [answer, exchange, expected] of answers) {
      const { guard, ledger } = world(answer);
      for (const taskId of ['a1', 'a2', 'b1'])
        await ledger.note('server', { taskId, owner: taskId.startsWith('a') ? 'alice' : 'bob', tool: 'job', keptMs: undefined });
      const passed = await guard.handle(exchange);
      expect(await textOf(passed)).toBe(expected);
      expect(passed.headers).not.toHaveProperty('content-length');
    }
  });

  it('leaves a list alone of which its caller may see all', async () => {
    const text = '{"jsonrpc":"2.0","id":1,"result":{"tasks":[ {"taskId" : "a1"} ]}}';
    const { guard, ledger } = world({ status: 200, headers: {}, body: Buffer.from(text) });
    await ledger.note('server', { taskId: 'a1', owner: 'alice', tool: undefined, keptMs: undefined });
    expect(await textOf(await guard.handle(legacy('tasks/list')))).toBe(text);
  });

  it('gives no list that it cannot read', async () => {
    const { guard } = world({ status: 200, headers: {}, body: Buffer.from('{"result":{"tasks":[{"taskId":"b1"}') });
    await expect(guard.handle(legacy('tasks/list'))).rejects.toMatchObject({ status: 502, id: 1 });
  });

  it('keeps requests and notifications about the tasks of others from the upstream', async () => {
    const { guard, ledger, asked } = world(jsonAnswer(response({})));
    await ledger.note('server', { taskId: 'b1', owner: 'bob', tool: 'job', keptMs: undefined });
    for (const method of ['tasks/get', 'tasks/result', 'tasks/cancel', 'tasks/of-tomorrow']) {
      const answer = await guard.handle(legacy(method, { taskId: 'b1' }));
      expect([answer.status, JSON.parse(await textOf(answer))]).toEqual([
        200,
        { jsonrpc: '2.0', id: 1, error: { code: -32602, message: 'Unknown task: b1' } },
      ]);
    }
    expect((await guard.handle(legacy('tasks/cancel', { taskId: 'b1' }, callerOf('alice'), true))).status).toBe(202);
    await expect(guard.handle(legacy('tasks/get', { taskId: 5 }))).rejects.toMatchObject({ status: 200, code: -32602 });
    expect(asked).toEqual([]);
    await guard.handle(legacy('tasks/get', { taskId: 'b1' }, callerOf('bob')));
    expect(asked).toHaveLength(1);
  });

  it('gives a task to whom its tool is allowed; where the tool is not known, to whom all are', async () => {
    const { guard, ledger, asked } = world(jsonAnswer(response({})));
    await ledger.note('server', { taskId: 'known', owner: 'alice', tool: 'job', keptMs: undefined });
    await ledger.note('server', { taskId: 'unknown', owner: 'alice', tool: undefined, keptMs: undefined });
    const ask = (taskId: string, may: (tool: string | undefined) => boolean) =>
      guard.handle(legacy('tasks/get', { taskId }, callerOf('alice', may)));
    for (const taskId of ['known', 'unknown']) await ask(taskId, (tool) => tool === 'other');
    await ask('unknown', (tool) => tool === 'job');
    expect(asked).toEqual([]);
    await ask('known', (tool) => tool === 'job');
    await ask('unknown', () => true);
    expect(asked).toHaveLength(2);
  });

  it('leaves a task that was not started here to the upstream', async () => {
    const { guard, asked } = world(jsonAnswer(response({})));
    await guard.handle(legacy('tasks/get', { taskId: 'elsewhere' }));
    expect(asked).toHaveLength(1);
  });

  it('hands on answers to calls that start no task as they are', async () => {
    const answer = jsonAnswer(started('t1'));
    const { guard, ledger } = world(answer);
    expect(await guard.handle(legacy('tools/call', { name: 'job' }))).toBe(answer);
    expect(ledger.tasks.size).toBe(0);
  });
});
