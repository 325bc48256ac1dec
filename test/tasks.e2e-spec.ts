import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { TaskOwner } from '../src/gateway/tasks/task-owner.entity.js';
import { TaskOwners } from '../src/gateway/tasks/task-owners.service.js';
import { type EverythingServer, serveHttp } from './fixtures/everything/http.mjs';
import { eventually } from './support/eventually.js';
import { type NewCredential, startTestGatehouse, type TestGatehouse } from './support/gatehouse.js';
import { comparable, errorOf, type Heard, resultOf, TASKS, Wire } from './support/wire.js';

const LEGACY = '2025-11-25';
const FIXTURE = resolve('test/fixtures/everything/server.mjs');
const SCOPES = [
  { name: 'jobs:all', permissions: ['*'], default: true },
  { name: 'jobs:greet', permissions: ['tools/call:greet'] },
];
const SERVERS = { jobs: 'both', legacy: 'legacy', modern: 'modern' } as const;

const upstreams: EverythingServer[] = [];
const urls: Record<string, string> = {};
let folder: string;
let gatehouse: TestGatehouse;
let offset = 0;
const clock = (): number => Date.now() + offset;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tasks-'));
  const commands = join(folder, 'commands.json');
  writeFileSync(
    commands,
    JSON.stringify({ jobs: { command: process.execPath, args: [FIXTURE, '--transport', 'stdio', '--era', 'modern'] } }),
  );
  gatehouse = await startTestGatehouse({ clock, env: { STDIO_COMMANDS_FILE: commands, PATH: process.env['PATH'] ?? '' } });
  for (const [slug, era] of Object.entries(SERVERS)) {
    const upstream = await serveHttp({ era });
    upstreams.push(upstream);
    urls[slug] = upstream.url;
    await addServer(slug, { kind: 'http', url: upstream.url });
  }
  await addServer('child', { kind: 'stdio', command: 'jobs' });
  await addServer('group', { kind: 'group', members: [{ server: 'jobs', prefix: 'a_' }, { server: 'modern' }] });
});
afterAll(async () => {
  await gatehouse.remove();
  for (const upstream of upstreams) await upstream.close();
  rmSync(folder, { recursive: true, force: true });
});

async function addServer(slug: string, upstream: object): Promise<void> {
  const body = { slug, name: slug, access: 'both', upstream, scopes: SCOPES };
  const { status, text } = await gatehouse.admin('/servers', { body });
  expect([status, text]).toEqual([201, text]);
}

const newCredential = (slug: string): Promise<NewCredential> =>
  gatehouse.createCredential({ servers: [slug], scopes: ['jobs:all', 'jobs:greet'] });

async function wireOf(slug: string, credential: NewCredential, form: Record<string, string> = {}): Promise<Wire> {
  const url = `${gatehouse.url}/authed/mcp/${slug}`;
  const { json } = await gatehouse.token(credential, { resource: url, ...form });
  return new Wire(url, json['access_token'] as string);
}

const newWire = async (slug: string): Promise<Wire> => wireOf(slug, await newCredential(slug));
const publicWire = (slug: string): Wire => new Wire(`${gatehouse.url}/mcp/${slug}`);

const isOver = (task: Record<string, unknown>): boolean => ['completed', 'failed', 'cancelled'].includes(String(task['status']));

async function finished(poll: () => Promise<Heard>): Promise<Heard> {
  let last = await poll();
  await eventually(async () => expect(isOver(resultOf((last = await poll())))).toBe(true));
  return last;
}

const compute = (seconds: number) => ({ name: 'slow_compute', arguments: { seconds, label: 'it' } });

/** Ids of requests are counted by the wire, and polls differ in number. */
const withoutIds = (heard: Heard): unknown => ({ ...heard, messages: heard.messages.map(({ id: _id, ...message }) => message) });

async function modernStory(wire: Wire): Promise<unknown> {
  const story: Heard[] = [];
  const tell = async (method: string, params?: Record<string, unknown>, capabilities?: object): Promise<Record<string, unknown>> => {
    const heard = await wire.modern(method, params, capabilities);
    story.push(heard);
    return resultOf(heard);
  };
  const start = async (name: string, args: object = {}): Promise<{ taskId: string }> => {
    const { taskId } = await tell('tools/call', { name, arguments: args });
    return { taskId: taskId as string };
  };
  const end = async (task: { taskId: string }): Promise<number> => story.push(await finished(() => wire.modern('tasks/get', task)));
  await tell('server/discover');
  await tell('tools/call', { name: 'greet', arguments: { name: 'A' }, task: { ttl: 1000 } });
  await tell('tools/call', compute(0), {});
  await tell('tools/call', { name: 'failing_job', arguments: {} }, {});
  for (const name of ['failing_job', 'protocol_error_job']) await end(await start(name));
  const slow = await start('slow_compute', { seconds: 600 });
  await tell('tasks/get', slow);
  await tell('tasks/get', slow, {});
  await tell('tasks/cancel', slow);
  await tell('tasks/cancel', slow);
  await end(slow);
  const asking = await start('multi_input');
  await eventually(async () => expect(resultOf(await wire.modern('tasks/get', asking))['status']).toBe('input_required'));
  await tell('tasks/get', asking);
  const accepted = { action: 'accept', content: { confirm: true } };
  await tell('tasks/update', { ...asking, inputResponses: { first: accepted } });
  await tell('tasks/get', asking);
  await tell('tasks/update', { ...asking, inputResponses: { second: accepted, third: accepted } });
  await end(asking);
  for (const method of ['tasks/get', 'tasks/cancel', 'tasks/update']) await tell(method, { taskId: 'nowhere', inputResponses: {} });
  for (const method of ['tasks/result', 'tasks/list']) await tell(method, slow);
  await tell('tasks/get', {});
  return comparable(story.map(withoutIds));
}

async function legacyStory(wire: Wire): Promise<unknown> {
  const story: Heard[] = [await wire.open(LEGACY)];
  const tell = async (method: string, params?: Record<string, unknown>): Promise<Record<string, unknown>> => {
    const heard = await wire.legacy(method, params);
    story.push(heard);
    return resultOf(heard);
  };
  const start = async (params: object): Promise<{ taskId: string }> =>
    (await tell('tools/call', { ...params, task: { ttl: 60_000 } }))['task'] as { taskId: string };
  await tell('tools/list');
  await tell('tools/call', { name: 'greet', arguments: { name: 'A' }, task: { ttl: 1000 } });
  await tell('tools/call', { name: 'failing_job', arguments: {} });
  const done = await start(compute(0.01));
  await tell('tasks/result', { taskId: done.taskId });
  await tell('tasks/get', { taskId: done.taskId });
  await tell('tasks/cancel', { taskId: done.taskId });
  for (const name of ['failing_job', 'protocol_error_job'])
    await tell('tasks/result', { taskId: (await start({ name, arguments: {} })).taskId });
  const slow = await start(compute(600));
  await tell('tasks/get', { taskId: slow.taskId });
  await tell('tasks/cancel', { taskId: slow.taskId });
  await tell('tasks/result', { taskId: slow.taskId });
  await tell('tasks/list');
  for (const method of ['tasks/get', 'tasks/result', 'tasks/cancel']) await tell(method, { taskId: 'nowhere' });
  await tell('tasks/update', { taskId: 'nowhere', inputResponses: {} });
  return comparable(story.map(withoutIds));
}

describe('tasks, through the gateway as with the server itself [R-CNF-05]', () => {
  it.each([false, true])('of 2025-11-25 (answers in JSON: %s)', async (json) => {
    const [direct, behind] = [await serveHttp({ era: 'both', json }), await serveHttp({ era: 'both', json })];
    try {
      const slug = `twin-${json ? 'json' : 'stream'}`;
      await addServer(slug, { kind: 'http', url: behind.url });
      const told = await legacyStory(new Wire(direct.url));
      expect(await legacyStory(await newWire(slug))).toEqual(told);
      expect(JSON.stringify(told)).toContain('"tasks":[{"taskId":"id-');
    } finally {
      await direct.close();
      await behind.close();
    }
  });

  it.each(['jobs', 'modern', 'child'])('of 2026-07-28, with the server %s', async (slug) => {
    const told = await modernStory(new Wire(urls['modern'] ?? ''));
    expect(await modernStory(await newWire(slug))).toEqual(told);
    expect(JSON.stringify(told)).toContain('Confirmed 2 of 2');
  });
});

/** The same deeds in either era. */
const ERAS = {
  modern: {
    open: () => Promise.resolve(),
    start: async (wire: Wire, seconds: number) => resultOf(await wire.modern('tools/call', compute(seconds)))['taskId'] as string,
    ask: (wire: Wire, method: string, params: Record<string, unknown>) => wire.modern(method, params),
    methods: ['tasks/get', 'tasks/update', 'tasks/cancel'],
  },
  legacy: {
    open: (wire: Wire) => wire.open(LEGACY),
    start: async (wire: Wire, seconds: number) => {
      const { task } = resultOf(await wire.legacy('tools/call', { ...compute(seconds), task: {} }));
      return (task as { taskId: string }).taskId;
    },
    ask: (wire: Wire, method: string, params: Record<string, unknown>) => wire.legacy(method, params),
    methods: ['tasks/get', 'tasks/result', 'tasks/cancel'],
  },
} as const;

describe.each(Object.keys(ERAS) as (keyof typeof ERAS)[])('a task of the %s era', (era) => {
  const { open, start, ask, methods } = ERAS[era];
  const opened = async (wire: Wire): Promise<Wire> => {
    await open(wire);
    return wire;
  };
  const statusOf = async (wire: Wire, taskId: string): Promise<unknown> => resultOf(await ask(wire, 'tasks/get', { taskId }))['status'];

  it('is to another credential, and to a public caller, one that does not exist [R-MOD-23]', async () => {
    const alice = await opened(await newWire('jobs'));
    const taskId = await start(alice, 600);
    for (const other of [await newWire('jobs'), publicWire('jobs')]) {
      await opened(other);
      for (const method of methods) {
        const inputResponses = { inputResponses: {} };
        const about = async (id: string) => errorOf(await ask(other, method, { taskId: id, ...inputResponses }));
        expect([method, await about(taskId)]).toEqual([method, [200, -32602, `Unknown task: ${taskId}`]]);
        expect([method, await about('nowhere')]).toEqual([method, [200, -32602, 'Unknown task: nowhere']]);
      }
    }
    expect(await statusOf(alice, taskId)).toBe('working');
    await ask(alice, 'tasks/cancel', { taskId });
    expect(await statusOf(alice, taskId)).toBe('cancelled');
  });

  it('of a public caller is none of a credential, and each public caller has it who knows its id', async () => {
    const taskId = await start(await opened(publicWire('jobs')), 600);
    expect(errorOf(await ask(await opened(await newWire('jobs')), 'tasks/cancel', { taskId }))).toEqual([
      200,
      -32602,
      `Unknown task: ${taskId}`,
    ]);
    expect(await statusOf(await opened(publicWire('jobs')), taskId)).toBe('working');
  });

  it('ends with the permission to call its tool, and comes back with it', async () => {
    const credential = await newCredential('jobs');
    const taskId = await start(await opened(await wireOf('jobs', credential)), 600);
    const narrow = await opened(await wireOf('jobs', credential, { scope: 'jobs:greet' }));
    expect(errorOf(await ask(narrow, 'tasks/get', { taskId }))).toEqual([200, -32602, `Unknown task: ${taskId}`]);
    const wide = await opened(await wireOf('jobs', credential));
    expect(await statusOf(wide, taskId)).toBe('working');
    const narrowing = { permissions: { jobs: ['tools/call:greet'] } };
    expect((await gatehouse.admin(`/credentials/${credential.id}`, { method: 'PATCH', body: narrowing })).status).toBe(200);
    expect(errorOf(await ask(wide, 'tasks/cancel', { taskId }))).toEqual([200, -32602, `Unknown task: ${taskId}`]);
  });

  it('cannot be started without the permission to call its tool', async () => {
    const narrow = await opened(await wireOf('jobs', await newCredential('jobs'), { scope: 'jobs:greet' }));
    expect((await ask(narrow, 'tools/call', { ...compute(0), task: {} })).status).toBe(403);
  });

  it('is asked for by an id that is a string', async () => {
    const wire = await opened(await newWire('jobs'));
    const { status, messages } = await ask(wire, 'tasks/get', { taskId: ['x'] });
    // In the modern era the header does not repeat it.
    expect([status, messages[0]?.error?.code]).toEqual(era === 'modern' ? [400, -32020] : [200, -32602]);
  });
});

it('lists to each credential its own tasks, and to the public none', async () => {
  const [alice, bob] = [await newWire('legacy'), await newWire('legacy')];
  const listed = async (wire: Wire) =>
    (resultOf(await wire.legacy('tasks/list'))['tasks'] as { taskId: string }[]).map(({ taskId }) => taskId);
  for (const wire of [alice, bob]) await wire.open(LEGACY);
  const started = [await ERAS.legacy.start(alice, 0), await ERAS.legacy.start(bob, 0), await ERAS.legacy.start(alice, 0)];
  expect(await listed(alice)).toEqual([started[0], started[2]]);
  expect(await listed(bob)).toEqual([started[1]]);
  const anybody = publicWire('legacy');
  await anybody.open(LEGACY);
  const own = await ERAS.legacy.start(anybody, 0);
  expect(await listed(anybody)).toEqual([]);
  expect(resultOf(await anybody.legacy('tasks/get', { taskId: own }))).toMatchObject({ taskId: own });
  expect(await listed(bob)).toEqual([started[1]]);
});

it('subscribes nobody to the tasks of others', async () => {
  const taskId = await ERAS.modern.start(await newWire('jobs'), 600);
  const heard = await (await newWire('jobs')).modern('subscriptions/listen', { notifications: { taskIds: [taskId] } });
  expect(errorOf(heard)).toEqual([200, -32602, `Unknown task: ${taskId}`]);
});

it('knows whose a task is for as long as it may exist, also after a restart', async () => {
  const credential = await newCredential('jobs');
  const taskId = await ERAS.modern.start(await wireOf('jobs', credential), 600);
  const stranger = await newCredential('jobs');
  await gatehouse.close();
  gatehouse = await startTestGatehouse({ clock, on: gatehouse });
  const unknown = [200, -32602, `Unknown task: ${taskId}`];
  expect(errorOf(await (await wireOf('jobs', stranger)).modern('tasks/get', { taskId }))).toEqual(unknown);
  expect(resultOf(await (await wireOf('jobs', credential)).modern('tasks/get', { taskId }))).toMatchObject({ status: 'working' });
  const rows = gatehouse.app.get(DataSource).getRepository(TaskOwner);
  const before = await rows.count();
  expect(JSON.stringify(await rows.find())).not.toContain(taskId);
  offset += 29 * 24 * 3600_000;
  await gatehouse.app.get(TaskOwners).prune();
  expect([before > 0, await rows.count()]).toEqual([true, before]);
  offset += 2 * 24 * 3600_000;
  await gatehouse.app.get(TaskOwners).prune();
  expect(await rows.count()).toBe(0);
  offset = 0;
});

describe('tasks are not translated between the eras', () => {
  const REASON = 'Tasks are not translated between 2026-07-28 and the revisions before it.';

  it('for a modern client of a legacy server: its tools answer at once, those that cannot are not shown', async () => {
    const wire = await newWire('legacy');
    const { capabilities } = resultOf(await wire.modern('server/discover'));
    expect(capabilities).not.toHaveProperty('tasks');
    expect(capabilities).not.toHaveProperty('extensions');
    const names = (resultOf(await wire.modern('tools/list'))['tools'] as { name: string }[]).map(({ name }) => name);
    expect([names.includes('slow_compute'), names.includes('failing_job')]).toEqual([true, false]);
    expect(resultOf(await wire.modern('tools/call', { ...compute(0), task: {} }))).toMatchObject({
      resultType: 'complete',
      content: [{ text: 'Computed it' }],
    });
    for (const method of ['tasks/get', 'tasks/update', 'tasks/cancel', 'tasks/result', 'tasks/list'])
      expect(errorOf(await wire.modern(method, { taskId: 'x' }))).toEqual([404, -32601, `Method not found: ${method}. ${REASON}`]);
  });

  it('for a legacy client of a modern server: its tools answer at once, or say what they need', async () => {
    const wire = await newWire('modern');
    expect(resultOf(await wire.open(LEGACY))['capabilities']).not.toHaveProperty('tasks');
    expect(resultOf(await wire.legacy('tools/call', { ...compute(0), task: {} }))).toEqual({
      content: [{ type: 'text', text: 'Computed it' }],
    });
    const { messages } = await wire.legacy('tools/call', { name: 'failing_job', arguments: {}, task: {} });
    expect(messages[0]?.error).toMatchObject({ code: -32600, data: { requiredCapabilities: { extensions: { [TASKS]: {} } } } });
    for (const method of ['tasks/get', 'tasks/result', 'tasks/cancel', 'tasks/list'])
      expect(errorOf(await wire.legacy(method, { taskId: 'x' }))).toEqual([200, -32601, `Method not found: ${method}. ${REASON}`]);
  });

  it('nor taken on by groups, whose members start none', async () => {
    const wire = await newWire('group');
    expect(resultOf(await wire.modern('server/discover'))['capabilities']).not.toHaveProperty('extensions');
    for (const name of ['a_slow_compute', 'slow_compute'])
      expect(resultOf(await wire.modern('tools/call', { ...compute(0), name }))).toMatchObject({ content: [{ text: 'Computed it' }] });
    const { messages } = await wire.modern('tools/call', { name: 'a_failing_job', arguments: {} });
    expect(messages[0]?.error).toMatchObject({ code: -32021 });
  });
});
