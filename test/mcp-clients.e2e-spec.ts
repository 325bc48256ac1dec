import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  Client,
  ClientCredentialsProvider,
  StreamableHTTPClientTransport,
  type VersionNegotiationOptions,
} from '@modelcontextprotocol/client';
import { ClientCredentialsProvider as OldProvider } from '@modelcontextprotocol/sdk/client/auth-extensions.js';
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as OldTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { DOCS_TOOLS } from './support/docs-tools.js';
import { type Answer, ask, type NewCredential, startTestGatehouse, type TestGatehouse } from './support/gatehouse.js';

const MODERN = '2026-07-28';
const LEGACY = '2025-11-25';
const INFO = { name: 'test', version: '1.0.0' };

const PAGES = Object.fromEntries(
  Array.from({ length: 10 }, (_, i) => [`pages/p${i}.md`, `# Page ${i}\n\nThe mark of this page is mark${i}.\n`]),
);
const DOCS = {
  'index.md': '---\ntitle: Welcome\npublic: true\n---\n\n# Welcome\n\nA handbook for testing.\n',
  'guides/secrets.md': '# Rotating secrets\n\nThe zebra protocol rotates every secret.\n\n## Overlap\n\nBoth work for a day.\n',
  ...PAGES,
};

/** What an answer to `tools/call` holds, whichever client read it. */
interface Result {
  readonly isError?: boolean | undefined;
  readonly content?: unknown;
  readonly structuredContent?: unknown;
}

/** A connected client, whichever SDK made it. */
interface Connected {
  readonly version: string | undefined;
  tools(): Promise<string[]>;
  call(name: string, args: Record<string, unknown>): Promise<Result>;
  close(): Promise<void>;
}

/** Where a client connects to, and as whom; as nobody without a credential. The endpoint's URL is the issuer's as well. */
interface Target {
  readonly url: string;
  readonly credential?: Pick<NewCredential, 'clientId' | 'clientSecret'>;
  /** A token that the client holds already. */
  readonly token?: string;
}

type Connect = (target: Target) => Promise<Connected>;

const opened: Connected[] = [];
const keep = (connected: Connected): Connected => {
  opened.push(connected);
  return connected;
};
afterEach(async () => {
  for (const connected of opened.splice(0)) await connected.close();
});

const connectNew =
  (mode: NonNullable<VersionNegotiationOptions['mode']>): Connect =>
  async (target) => {
    const client = new Client(INFO, { versionNegotiation: { mode } });
    await client.connect(new StreamableHTTPClientTransport(new URL(target.url), authOf(target)));
    return keep({
      version: client.getNegotiatedProtocolVersion(),
      tools: async () => (await client.listTools()).tools.map(({ name }) => name),
      call: (name, args) => client.callTool({ name, arguments: args }),
      close: () => client.close(),
    });
  };

function authOf({ url, credential, token }: Target): { authProvider?: ClientCredentialsProvider } {
  if (!credential) return {};
  const { clientId, clientSecret } = credential;
  const authProvider = new ClientCredentialsProvider({ clientId, clientSecret, expectedIssuer: url });
  if (token) authProvider.saveTokens({ access_token: token, token_type: 'Bearer' });
  return { authProvider };
}

const connectOld: Connect = async ({ url, credential }) => {
  const client = new OldClient(INFO);
  const options = credential && { clientId: credential.clientId, clientSecret: credential.clientSecret, expectedIssuer: url };
  const transport = new OldTransport(new URL(url), options ? { authProvider: new OldProvider(options) } : {});
  await client.connect(transport);
  return keep({
    version: transport.protocolVersion,
    tools: async () => (await client.listTools()).tools.map(({ name }) => name),
    call: async (name, args) => (await client.callTool({ name, arguments: args })) as Result,
    close: () => client.close(),
  });
};

const CLIENTS: readonly (readonly [name: string, connect: Connect, version: string])[] = [
  ['SDK 1', connectOld, LEGACY],
  ['SDK 2, legacy', connectNew('legacy'), LEGACY],
  ['SDK 2, automatic', connectNew('auto'), MODERN],
  ['SDK 2, pinned to 2026-07-28', connectNew({ pin: MODERN }), MODERN],
];

const hitsOf = ({ structuredContent }: Result): Record<string, unknown>[] =>
  (structuredContent as { results: Record<string, unknown>[] }).results;
const markdownOf = ({ structuredContent }: Result): string => (structuredContent as { markdown: string }).markdown;

let gatehouse: TestGatehouse;
let url: string;
let offset = 0;

beforeAll(async () => {
  // The SDK tells of every refused credential, which is what some of these journeys are about.
  jest.spyOn(console, 'warn').mockReturnValue(undefined);
  gatehouse = await startTestGatehouse({ docs: DOCS, clock: () => Date.now() + offset });
  url = `${gatehouse.url}/authed/mcp`;
});
afterAll(async () => {
  jest.restoreAllMocks();
  await gatehouse.remove();
});

/** Lets time pass, and the application look at its state again. */
async function passSeconds(seconds: number): Promise<void> {
  offset += seconds * 1000;
  await new Promise((resolve) => setTimeout(resolve, 800));
}

describe.each(CLIENTS)('an official client with nothing but URL, client id and secret: %s', (name, connect, version) => {
  it('connects, lists the tools, searches and reads', async () => {
    const client = await connect({ url, credential: await gatehouse.createCredential() });
    expect(client.version).toBe(version);
    expect(await client.tools()).toEqual(DOCS_TOOLS);
    const [first] = hitsOf(await client.call('search_docs', { query: 'zebra' }));
    expect(first).toMatchObject({ path: 'guides/secrets', link: '/guides/secrets#rotating-secrets' });
    const page = await client.call('read_docs', { path: 'guides/secrets', section: 'overlap' });
    expect(markdownOf(page)).toBe('## Overlap\n\nBoth work for a day.');
  });

  it('is told of a tool that does not exist, and of arguments that do not fit', async () => {
    const client = await connect({ url, credential: await gatehouse.createCredential() });
    await expect(client.call('constructor', {})).rejects.toMatchObject({ code: -32602, message: expect.stringContaining('Unknown tool') });
    expect(await client.call('search_docs', { query: 7 })).toMatchObject({ isError: true });
  });

  it('is refused with a wrong secret', async () => {
    const { clientId } = await gatehouse.createCredential();
    const { clientSecret } = await gatehouse.createCredential();
    await expect(connect({ url, credential: { clientId, clientSecret } })).rejects.toThrow(/client authentication/i);
  });

  it('loses its access in the middle of its work when its credential is disabled', async () => {
    const credential = await gatehouse.createCredential();
    const client = await connect({ url, credential });
    expect(await client.tools()).toEqual(DOCS_TOOLS);
    expect((await gatehouse.admin(`/credentials/${credential.id}/disable`, { method: 'POST' })).status).toBeLessThan(300);
    await expect(client.call('search_docs', { query: 'zebra' })).rejects.toThrow();
    await expect(connect({ url, credential })).rejects.toThrow(/client authentication/i);
  });

  it('gets itself a new token when the old one has expired, and none when its credential has', async () => {
    const expiresAt = new Date(Date.now() + offset + 2 * 3600_000).toISOString();
    const client = await connect({ url, credential: await gatehouse.createCredential({ expiresAt }) });
    await passSeconds(3600 + 60);
    expect(hitsOf(await client.call('search_docs', { query: 'zebra' }))).not.toHaveLength(0);
    await passSeconds(3600);
    await expect(client.call('search_docs', { query: 'zebra' })).rejects.toThrow();
  });

  it('sees and calls only what its credential may: the rest does not exist for it [R-GWC-13]', async () => {
    const client = await connect({ url, credential: await gatehouse.createCredential({ scopes: ['mcp:search'] }) });
    expect(await client.tools()).toEqual(['search_docs']);
    expect(hitsOf(await client.call('search_docs', { query: 'zebra' }))).toHaveLength(1);
    await expect(client.call('read_docs', { path: 'index' })).rejects.toMatchObject({
      code: -32602,
      message: expect.stringContaining('Unknown tool: read_docs'),
    });
  });

  it('is shown public pages only at the public endpoint, without a credential', async () => {
    const client = await connect({ url: `${gatehouse.url}/mcp` });
    expect(await client.tools()).toEqual(DOCS_TOOLS);
    expect(hitsOf(await client.call('search_docs', { query: 'handbook' })).map(({ path }) => path)).toEqual(['index']);
    expect(hitsOf(await client.call('search_docs', { query: 'zebra' }))).toEqual([]);
    expect(await client.call('read_docs', { path: 'guides/secrets' })).toMatchObject({ isError: true });
  });

  it('finds a page soon after it was changed', async () => {
    const client = await connect({ url, credential: await gatehouse.createCredential() });
    const word = `okapi${name.replace(/\W/g, '')}`;
    writeFileSync(join(gatehouse.dir, 'docs', 'changed.md'), `# Changed\n\nNow it says ${word}.\n`);
    const start = Date.now();
    let paths: unknown[] = [];
    while (paths.length === 0 && Date.now() - start < 20_000) {
      paths = hitsOf(await client.call('search_docs', { query: word })).flatMap(({ path, snippet }) =>
        String(snippet).includes(word) ? [path] : [],
      );
    }
    expect(paths).toEqual(['changed']);
  });
});

describe('official clients side by side', () => {
  it('each get the answers to their own calls, though they number them alike', async () => {
    const [narrow, wide] = [await gatehouse.createCredential({ scopes: ['mcp:read'] }), await gatehouse.createCredential()];
    const clients = await Promise.all(
      CLIENTS.flatMap(([, connect]) => [connect({ url, credential: narrow }), connect({ url, credential: wide })]),
    );
    const calls = Array.from({ length: 200 }, async (_, i) => {
      const [client, page] = [clients[i % clients.length], Math.floor(i / clients.length) % 10];
      const result = await client?.call('read_docs', { path: `pages/p${page}` });
      expect(result && markdownOf(result)).toContain(`mark${page}.`);
    });
    await Promise.all(calls);
    expect(calls).toHaveLength(200);
  });
});

describe('a client whose token has too few scopes', () => {
  it.each(CLIENTS.filter(([name]) => name.startsWith('SDK 2')))(
    'is told which scope would do, and gets a token with it by itself [R-BRR-06]: %s',
    async (_name, connect) => {
      const credential = await gatehouse.createCredential();
      const token = (await gatehouse.token(credential, { scope: 'mcp:search' })).json['access_token'] as string;
      const client = await connect({ url, credential, token });
      expect(await client.tools()).toEqual(['search_docs']);
      expect(markdownOf(await client.call('read_docs', { path: 'index' }))).toContain('A handbook for testing.');
    },
  );
});

describe('a plain HTTP client with a token in a header', () => {
  const JSON_RPC = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };

  function send(token: string, message: Record<string, unknown>, headers: Record<string, string>): Promise<Answer> {
    return ask(url, {
      method: 'POST',
      headers: { ...JSON_RPC, authorization: `Bearer ${token}`, ...headers },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, ...message }),
    });
  }

  it('calls a tool in one request in the modern era', async () => {
    const token = await gatehouse.accessToken(await gatehouse.createCredential());
    const _meta = { 'io.modelcontextprotocol/protocolVersion': MODERN, 'io.modelcontextprotocol/clientCapabilities': {} };
    const answer = await send(
      token,
      { method: 'tools/call', params: { name: 'search_docs', arguments: { query: 'zebra' }, _meta } },
      { 'mcp-protocol-version': MODERN, 'mcp-method': 'tools/call', 'mcp-name': 'search_docs' },
    );
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
    expect(answer.headers.get('mcp-session-id')).toBeNull();
    expect(answer.json).toMatchObject({
      id: 1,
      result: { resultType: 'complete', structuredContent: { results: [{ path: 'guides/secrets' }] } },
    });
  });

  it.each(['2025-03-26', '2025-06-18', '2025-11-25'])('opens a session, uses it and ends it in %s', async (version) => {
    const token = await gatehouse.accessToken(await gatehouse.createCredential());
    const opening = await send(
      token,
      { method: 'initialize', params: { protocolVersion: version, capabilities: {}, clientInfo: INFO } },
      {},
    );
    expect(opening.json).toMatchObject({ result: { protocolVersion: version } });
    const session = { 'mcp-session-id': opening.headers.get('mcp-session-id') ?? '', 'mcp-protocol-version': version };
    const ready = await send(token, { id: undefined, method: 'notifications/initialized' }, session);
    expect([ready.status, ready.text]).toEqual([202, '']);
    const answer = await send(token, { method: 'tools/call', params: { name: 'read_docs', arguments: { path: 'index' } } }, session);
    expect(answer.json).toMatchObject({ id: 1, result: { structuredContent: { path: 'index', isComplete: true } } });
    const headers = { authorization: `Bearer ${token}`, ...session };
    expect((await ask(url, { method: 'DELETE', headers })).status).toBe(200);
    expect((await send(token, { method: 'tools/list' }, session)).status).toBe(404);
  });

  it('cannot use the session of another credential [R-LEG-06]', async () => {
    const [one, other] = await Promise.all([0, 1].map(async () => gatehouse.accessToken(await gatehouse.createCredential())));
    const params = { protocolVersion: LEGACY, capabilities: {}, clientInfo: INFO };
    const opening = await send(one ?? '', { method: 'initialize', params }, {});
    const session = { 'mcp-session-id': opening.headers.get('mcp-session-id') ?? '' };
    expect((await send(other ?? '', { method: 'tools/list' }, session)).status).toBe(404);
    expect((await send(one ?? '', { method: 'tools/list' }, session)).status).toBe(200);
  });
});
