import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { freePort } from './support/free-port.js';
import { type NewCredential, startTestGatehouse, type TestGatehouse } from './support/gatehouse.js';
import { type Connect, OFFICIAL_CLIENTS, type OfficialClient } from './support/official-clients.js';

const programOf = (name: string): string =>
  join(dirname(createRequire(import.meta.url).resolve(`@modelcontextprotocol/${name}/package.json`)), 'dist/index.js');
const command = (name: string, ...args: string[]) => ({ command: process.execPath, args: [programOf(name), ...args] });

const SCOPES = [{ name: 'all', permissions: ['*'], default: true }];

let dir: string;
let gatehouse: TestGatehouse;
let credential: NewCredential;
let everything: ChildProcess;
let opened: OfficialClient[] = [];

beforeAll(async () => {
  // The SDK tells of every reconnection, and there are many when a client leaves.
  jest.spyOn(console, 'warn').mockReturnValue(undefined);
  dir = realpathSync(mkdtempSync(join(tmpdir(), 'gatehouse-official-')));
  writeFileSync(join(dir, 'note.txt'), 'Only a note.\n');
  writeFileSync(
    join(dir, 'commands.json'),
    JSON.stringify({
      everything: command('server-everything', 'stdio'),
      files: { ...command('server-filesystem'), extraArgs: ['/.+'] },
      memory: { ...command('server-memory'), env: { MEMORY_FILE_PATH: join(dir, 'memory.jsonl') } },
    }),
  );
  const port = await startEverything();
  gatehouse = await startTestGatehouse({ env: { PATH: process.env['PATH'] ?? '', STDIO_COMMANDS_FILE: join(dir, 'commands.json') } });
  const upstreams = {
    everything: { kind: 'stdio', command: 'everything' },
    files: { kind: 'stdio', command: 'files', args: [dir] },
    memory: { kind: 'stdio', command: 'memory' },
    'everything-http': { kind: 'http', url: `http://127.0.0.1:${port}/mcp` },
  };
  for (const [slug, upstream] of Object.entries(upstreams)) {
    const { status, text } = await gatehouse.admin('/servers', { body: { slug, name: slug, upstream, scopes: SCOPES } });
    expect([status, text]).toEqual([201, text]);
  }
  credential = await gatehouse.createCredential({ servers: Object.keys(upstreams) });
}, 60_000);
afterEach(async () => {
  for (const client of opened) await client.close();
  opened = [];
});
afterAll(async () => {
  await gatehouse.remove();
  everything.kill();
  rmSync(dir, { recursive: true, force: true });
  jest.restoreAllMocks();
});

/** The reference server over Streamable HTTP, in a process of its own. */
async function startEverything(): Promise<number> {
  const port = await freePort();
  everything = spawn(process.execPath, [programOf('server-everything'), 'streamableHttp'], {
    env: { PORT: String(port) },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  await new Promise<void>((resolve, reject) => {
    everything.stderr?.on('data', (chunk: Buffer) => String(chunk).includes('listening') && resolve());
    everything.once('exit', (code) => reject(new Error(`server-everything ended with ${code}`)));
  });
  return port;
}

async function open(connect: Connect, slug: string): Promise<OfficialClient> {
  const client = await connect({ url: `${gatehouse.url}/authed/mcp/${slug}`, issuer: `${gatehouse.url}/authed/mcp`, credential });
  opened.push(client);
  return client;
}

const textOf = ({ content }: { content?: unknown }): string => (content as { text: string }[])[0]!.text;

describe.each(OFFICIAL_CLIENTS)('an official client in front of official servers: %s', (_name, connect, version) => {
  it.each(['everything', 'everything-http'])('uses tools, prompts, resources and completion of %s', async (slug) => {
    const client = await open(connect, slug);
    expect(client.version).toBe(version);
    expect(await client.tools()).toEqual(expect.arrayContaining(['echo', 'get-sum', 'get-structured-content', 'get-tiny-image']));
    expect(textOf(await client.call('echo', { message: 'Grüße' }))).toBe('Echo: Grüße');
    expect(await client.call('get-structured-content', { location: 'Chicago' })).toMatchObject({
      structuredContent: { temperature: expect.any(Number) },
    });
    expect(await client.prompts()).toContain('args-prompt');
    expect(JSON.stringify(await client.prompt('args-prompt', { city: 'Bern' }))).toContain('Bern');
    const [uri = ''] = await client.resources();
    expect(await client.read(uri)).toMatchObject([{ uri, text: expect.any(String) }]);
    expect(await client.complete('completable-prompt', { name: 'department', value: 'E' })).toEqual(['Engineering']);
    await expect(client.call('no-such-tool', {})).resolves.toMatchObject({ isError: true });
  });

  it.each(['everything', 'everything-http'])('hears of the progress of a long operation of %s', async (slug) => {
    const client = await open(connect, slug);
    const heard: number[] = [];
    const result = await client.call(
      'trigger-long-running-operation',
      { duration: 0.3, steps: 3 },
      (progress) => void heard.push(progress),
    );
    expect(textOf(result)).toContain('completed');
    expect(heard).toEqual([1, 2, 3]);
  });

  it('reads files of the folder that the server was given, and no others', async () => {
    const client = await open(connect, 'files');
    expect(await client.tools()).toContain('read_text_file');
    expect(textOf(await client.call('read_text_file', { path: join(dir, 'note.txt') }))).toBe('Only a note.\n');
    expect(await client.call('read_text_file', { path: '/etc/hostname' })).toMatchObject({ isError: true });
  });

  it('keeps what it learns in the memory that all callers share', async () => {
    const client = await open(connect, 'memory');
    const name = `entity ${version} ${Math.random()}`;
    await client.call('create_entities', { entities: [{ name, entityType: 'test', observations: ['seen'] }] });
    expect(textOf(await client.call('open_nodes', { names: [name] }))).toContain('seen');
  });
});

describe('clients side by side on one child', () => {
  it('each get the answers to their own calls, though they number them alike', async () => {
    const clients = await Promise.all(OFFICIAL_CLIENTS.map(([, connect]) => open(connect, 'everything')));
    const calls = Array.from({ length: 100 }, async (_, i) => {
      expect(textOf(await clients[i % clients.length]!.call('get-sum', { a: i, b: 1 }))).toContain(`${i + 1}`);
    });
    await Promise.all(calls);
    expect(calls).toHaveLength(100);
  });
});

describe('what a server asks of its client', () => {
  it('reaches the client whose call it belongs to over HTTP', async () => {
    for (const [, connect] of OFFICIAL_CLIENTS) {
      const client = await open(connect, 'everything-http');
      const result = await client.call('trigger-sampling-request', { prompt: 'Say something', maxTokens: 10 });
      expect(textOf(result)).toContain('sampled');
    }
  });

  it('reaches nobody from a child that callers share', async () => {
    for (const [, connect] of OFFICIAL_CLIENTS)
      expect(await (await open(connect, 'everything')).tools()).not.toContain('trigger-sampling-request');
  });
});
