import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { type LegacyServer, startLegacyServer } from './support/eras/legacy-server.js';
import { type ModernServer, startModernServer } from './support/eras/modern-server.js';
import { ask, type NewCredential, startTestGatehouse, type TestGatehouse } from './support/gatehouse.js';
import { type Connect, OFFICIAL_CLIENTS, type OfficialClient } from './support/official-clients.js';

const ALL = [{ name: 'all', permissions: ['*'], default: true }];
const FEW = [{ name: 'few', permissions: ['tools/call:old_echo', 'tools/call:search_*'], default: true }];
const MEMBERS = [{ server: 'old', prefix: 'old_' }, { server: 'new' }, { server: 'docs' }];

let gatehouse: TestGatehouse;
let legacy: LegacyServer;
let modern: ModernServer;
let opened: OfficialClient[] = [];

beforeAll(async () => {
  jest.spyOn(console, 'warn').mockReturnValue(undefined); // the SDK tells of every reconnection
  [legacy, modern] = await Promise.all([startLegacyServer(), startModernServer()]);
  gatehouse = await startTestGatehouse();
  await create('old', { kind: 'http', url: legacy.url });
  await create('new', { kind: 'http', url: modern.url });
  await create('all', { kind: 'group', members: MEMBERS });
  await create('few', { kind: 'group', members: MEMBERS }, FEW);
}, 60_000);

afterEach(async () => {
  for (const client of opened.splice(0)) await client.close();
  opened = [];
});

afterAll(async () => {
  await gatehouse.remove();
  await Promise.all([legacy.close(), modern.close()]);
  jest.restoreAllMocks();
});

async function create(slug: string, upstream: object, scopes: object[] = ALL): Promise<void> {
  const { status, text } = await gatehouse.admin('/servers', { body: { slug, name: slug, upstream, scopes } });
  expect([status, text]).toEqual([201, text]);
}

async function open(connect: Connect, credential: NewCredential, slug = 'all'): Promise<OfficialClient> {
  const client = await connect({ url: `${gatehouse.url}/authed/mcp/${slug}`, issuer: `${gatehouse.url}/authed/mcp`, credential });
  opened.push(client);
  return client;
}

const textOf = ({ content }: { content?: unknown }): string => (content as { text: string }[])[0]?.text ?? '';

describe.each(OFFICIAL_CLIENTS)('a group behind the gateway, called by %s', (_name, connect) => {
  it('is one server: a legacy one, a modern one and the documentation', async () => {
    const client = await open(connect, await gatehouse.createCredential({ servers: ['all'] }));
    const tools = await client.tools();
    expect(tools).toEqual(expect.arrayContaining(['old_echo', 'echo', 'locate']));
    const search = tools.find((name) => name.startsWith('search_')) ?? '';
    expect(textOf(await client.call('old_echo', { text: 'one' }))).toBe('one');
    expect(textOf(await client.call('locate', { region: 'eu' }))).toBe('eu eu');
    expect(textOf(await client.call(search, { query: 'installer' }))).toMatch(/Install/);
    expect(await client.prompts()).toEqual(['old_greet', 'greet']);
    expect(await client.complete('old_greet', { name: 'name', value: 'A' })).toEqual(['Ada', 'Alan']);
    expect(await client.read('test://pages/5')).toMatchObject([{ text: 'Page 5' }]);
  });

  it('is ruled by its own scopes, whatever its members’ are [R-GWC-13]', async () => {
    const client = await open(connect, await gatehouse.createCredential({ servers: ['few'] }), 'few');
    const tools = await client.tools();
    expect(tools).toHaveLength(2);
    expect(tools).toEqual(expect.arrayContaining(['old_echo', expect.stringMatching(/^search_/)]));
    expect(textOf(await client.call('old_echo', { text: 'allowed' }))).toBe('allowed');
    await expect(client.call('echo', { text: 'hidden' })).rejects.toThrow(/Unknown tool/);
  });

  it.each(['old', 'new'])('gives nobody the server %s that is only a member', async (slug) => {
    await expect(open(connect, await gatehouse.createCredential({ servers: ['all'] }), slug)).rejects.toThrow();
  });

  it.each(['old', 'new'])('works with %s alone, whichever era it speaks', async (slug) => {
    const client = await open(connect, await gatehouse.createCredential({ servers: [slug] }), slug);
    expect(textOf(await client.call('echo', { text: slug }))).toBe(slug);
    const progress: number[] = [];
    await client.call('count', { to: 2 }, (told) => void progress.push(told));
    expect(progress).toEqual([1, 2]);
  });
});

describe('the configuration of a group', () => {
  const group = (members: object[]) => ({ slug: 'clashing', name: 'Clashing', upstream: { kind: 'group', members }, scopes: ALL });

  it('is refused where two members have a tool of the same name', async () => {
    const { status, json } = await gatehouse.admin('/servers', { body: group([{ server: 'old' }, { server: 'new' }]) });
    expect(status).toBe(400);
    expect(json).toMatchObject({ code: 'validation_failed', errors: [{ field: 'upstream.members' }] });
    expect(JSON.stringify(json)).toMatch(/the tool echo is of old and new/);
    const change = { method: 'PATCH', headers: { 'if-match': '*' } };
    const { status: changed } = await gatehouse.admin('/servers/all', {
      ...change,
      body: { upstream: { kind: 'group', members: [{ server: 'old' }, { server: 'new' }] } },
    });
    expect(changed).toBe(400);
  });

  it('is accepted where a prefix tells them apart', async () => {
    const { status } = await gatehouse.admin('/servers', { body: group([{ server: 'old' }, { server: 'new', prefix: 'new.' }]) });
    expect(status).toBe(201);
    expect((await ask(`${gatehouse.url}/authed/mcp/clashing`, { method: 'POST' })).status).toBe(401);
  });
});
