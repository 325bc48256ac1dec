import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type EverythingServer, serveHttp } from './fixtures/everything/http.mjs';
import { type NewCredential, startTestGatehouse, type TestGatehouse } from './support/gatehouse.js';
import { errorOf, type Heard, resultOf, type Rpc, Wire } from './support/wire.js';

const BATCHES = '2025-03-26';
const SCOPES = [
  { name: 'all', permissions: ['*'], default: true },
  { name: 'greet', permissions: ['tools/call:greet'] },
];

let gatehouse: TestGatehouse;
const upstreams: Record<string, EverythingServer> = {};
beforeAll(async () => {
  gatehouse = await startTestGatehouse();
  upstreams['stream'] = await serveHttp({ era: 'both' });
  upstreams['json'] = await serveHttp({ era: 'both', json: true });
  upstreams['modern'] = await serveHttp({ era: 'modern' });
  for (const [slug, { url }] of Object.entries(upstreams)) await addServer(slug, url);
});
afterAll(async () => {
  await gatehouse.remove();
  for (const upstream of Object.values(upstreams)) await upstream.close();
});

async function addServer(slug: string, url: string, limits: object = {}): Promise<void> {
  const body = { slug, name: slug, access: 'both', limits, upstream: { kind: 'http', url }, scopes: SCOPES };
  const { status, text } = await gatehouse.admin('/servers', { body });
  expect([status, text]).toEqual([201, text]);
}

async function wireOf(slug: string, credential: NewCredential, version = BATCHES, form: Record<string, string> = {}): Promise<Wire> {
  const url = `${gatehouse.url}/authed/mcp/${slug}`;
  const { json } = await gatehouse.token(credential, { resource: url, ...form });
  const wire = new Wire(url, json['access_token'] as string);
  await wire.open(version);
  return wire;
}

const through = async (slug: string, version?: string): Promise<Wire> =>
  wireOf(slug, await gatehouse.createCredential({ servers: [slug], scopes: ['all'] }), version);

async function direct(slug: string): Promise<Wire> {
  const wire = new Wire(upstreams[slug]?.url ?? '');
  await wire.open(BATCHES);
  return wire;
}

const request = (id: unknown, method = 'ping', params?: object): object => ({ jsonrpc: '2.0', id, method, ...(params ? { params } : {}) });
const greet = (id: unknown, name: string): object => request(id, 'tools/call', { name: 'greet', arguments: { name } });
const simple = (id: unknown): object => request(id, 'tools/call', { name: 'test_simple_text', arguments: {} });
const NOTIFICATION = { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 'nothing' } };
const pings = (count: number): object[] => Array.from({ length: count }, (_, id) => request(id));

/** Responses in whatever order they are ready. */
const inOrder = (messages: readonly Rpc[]): Rpc[] => messages.toSorted((a, b) => String(a.id).localeCompare(String(b.id)));
const shown = ({ status, type, messages }: Heard): unknown => ({ status, type, messages: inOrder(messages) });

const ANSWERED: [string, unknown[]][] = [
  ['of requests', [request(1), request('two', 'tools/list'), request(3, 'prompts/list')]],
  ['of one request', [request(1)]],
  ['of calls', [greet(1, 'A'), greet('1', 'B'), simple(2)]],
  ['of requests and notifications', [NOTIFICATION, request(1), NOTIFICATION, greet(2, 'A')]],
  ['of notifications', [NOTIFICATION, NOTIFICATION]],
  ['of requests that fail', [request(1, 'no/such'), request(2, 'resources/read', { uri: 'test://none' }), greet(3, 'A')]],
  ['of as many as there may be', pings(100)],
];
const REFUSED: [string, unknown][] = [
  ['that is empty', []],
  ['with a member that is no message', [request(1), { foo: 1 }]],
  ['with a member that is no object', [request(1), 5]],
  ['with a member that is an array', [request(1), [request(2)]]],
  [
    'with initialize',
    [request(1, 'initialize', { protocolVersion: BATCHES, capabilities: {}, clientInfo: { name: 'x', version: '1' } }), request(2)],
  ],
  ['of more than there may be', pings(101)],
];

describe.each(['stream', 'json'])('a batch of 2025-03-26, through the gateway as with the server itself, whose answers are %s', (slug) => {
  it.each(ANSWERED)('%s', async (_name, batch) => {
    const told = await (await direct(slug)).send(batch);
    expect(shown(await (await through(slug)).send(batch))).toEqual(shown(told));
    expect(told.status).toBe(batch.some((one) => 'id' in (one as object)) ? 200 : 202);
  });

  it.each(REFUSED)('%s', async (_name, batch) => {
    const refused = ({ status, messages }: Heard): unknown => [status, messages.map(({ error }) => error?.code)];
    const told = refused(await (await direct(slug)).send(batch));
    expect(refused(await (await through(slug)).send(batch))).toEqual(told);
    expect(told).toEqual([400, [-32600]]);
  });
});

describe('a batch', () => {
  it('is answered by a modern server as by a legacy one, message by message', async () => {
    const [told, translated] = [await direct('stream'), await through('modern')];
    for (const [, batch] of ANSWERED) {
      const [expected, heard] = [await told.send(batch), await translated.send(batch)];
      // The translation gives an unknown resource its legacy code; the fixture has the newer one in either era.
      const codeOf = ({ error }: Rpc) => (error?.code === -32002 ? -32602 : error?.code);
      const codes = ({ status, messages }: Heard) => [status, inOrder(messages).map((one) => [one.id, codeOf(one)])];
      expect(codes(heard)).toEqual(codes(expected));
    }
    const batch = [greet(1, 'A'), simple(2)];
    expect(inOrder((await translated.send(batch)).messages)).toEqual(inOrder((await told.send(batch)).messages));
  });

  it('is refused in every session of a later revision [R-LEG-15]', async () => {
    for (const version of ['2025-06-18', '2025-11-25'])
      for (const slug of ['stream', 'modern']) {
        const [status, code, message] = errorOf(await (await through(slug, version)).send([request(1), request(2)]));
        expect([slug, version, status, code]).toEqual([slug, version, 400, -32600]);
        expect(message).toContain(BATCHES);
      }
  });

  it('with two requests of one id is refused: their answers could not be told apart', async () => {
    expect(errorOf(await (await through('stream')).send([request(1), request(1)])).slice(0, 2)).toEqual([400, -32600]);
  });

  it('with tasks is refused: that revision has none', async () => {
    const refusal = [400, -32600, 'Tasks are not of 2025-03-26: an array of messages has none.'];
    const wire = await through('stream');
    for (const one of [
      request(2, 'tasks/list'),
      request(2, 'tasks/get', { taskId: 'x' }),
      request(2, 'tools/call', { name: 'greet', task: {} }),
    ])
      expect(errorOf(await wire.send([request(1), one]))).toEqual(refusal);
  });

  it('larger than a body may be is refused whole', async () => {
    const batch = [greet(1, 'x'.repeat(5 * 1024 * 1024)), greet(2, 'A')];
    expect((await (await through('stream')).send(batch)).status).toBe(413);
  });
});

describe.each(['stream', 'json', 'modern'])('the policy of a batch, with the server %s', (slug) => {
  const slow = (id: number) => request(id, 'tools/call', { name: 'test_slow', arguments: { milliseconds: 0 } });
  const slowCalls = async (): Promise<unknown> => {
    const wire = await through(slug);
    const { content } = resultOf(await wire.legacy('tools/call', { name: 'test_slow_calls', arguments: {} }));
    return JSON.parse((content as { text: string }[])[0]?.text ?? '');
  };

  it('runs nothing where one call needs a scope that the token does not have', async () => {
    const before = await slowCalls();
    const credential = await gatehouse.createCredential({ servers: [slug], scopes: ['all', 'greet'] });
    const wire = await wireOf(slug, credential, BATCHES, { scope: 'greet' });
    const { status } = await wire.send([greet(1, 'A'), slow(2)]);
    expect([status, await slowCalls()]).toEqual([403, before]);
    expect(resultOf(await wire.send([greet(1, 'A')]))).toMatchObject({ content: [{ text: 'Hello, A!' }] });
  });

  it('answers for a tool that is hidden as for one that does not exist, and runs the others', async () => {
    const before = await slowCalls();
    const wire = await wireOf(slug, await gatehouse.createCredential({ servers: [slug], scopes: ['greet'] }));
    const { status, messages } = await wire.send([slow(1), greet(2, 'A'), NOTIFICATION, request(3, 'tools/list')]);
    const [hidden, greeted, listed] = inOrder(messages);
    expect([status, hidden?.error, greeted?.result?.['content']]).toEqual([
      200,
      { code: -32602, message: 'Unknown tool: test_slow' },
      [{ type: 'text', text: 'Hello, A!' }],
    ]);
    expect((listed?.result?.['tools'] as { name: string }[]).map(({ name }) => name)).toEqual(['greet']);
    expect(await slowCalls()).toEqual(before);
  });

  it('counts each of its calls and messages, and runs nothing where one is too many', async () => {
    const limited = async (limits: object, batch: unknown[]): Promise<[number, string | undefined]> => {
      const name = `limited-${slug}-${Object.keys(limits)[0]?.toLowerCase() ?? ''}`;
      await addServer(name, upstreams[slug]?.url ?? '', limits);
      const { status, messages } = await (await through(name)).send(batch);
      return [status, messages.at(-1)?.error?.message];
    };
    const before = await slowCalls();
    const wait = expect.stringMatching(/^Too many requests\. Try again in \d+ seconds\.$/);
    expect(await limited({ perTool: 2 }, [slow(1), slow(2), slow(3)])).toEqual([429, wait]);
    // Two messages have opened the session.
    expect(await limited({ perCredential: 4 }, [slow(1), slow(2), slow(3)])).toEqual([429, wait]);
    expect(await limited({ concurrentCalls: 2 }, [slow(1), slow(2), slow(3)])).toEqual([429, 'Too many calls at the same time.']);
    expect(await slowCalls()).toEqual(before);
  });
});

it('counts each element of a batch of a public caller for its address', async () => {
  await addServer('limited-public', upstreams['stream']?.url ?? '', { perAddress: 5 });
  const wire = new Wire(`${gatehouse.url}/mcp/limited-public`);
  await wire.open(BATCHES);
  expect((await wire.send([request(1), request(2)])).status).toBe(200);
  expect((await wire.send([request(1), request(2)])).status).toBe(429);
});
