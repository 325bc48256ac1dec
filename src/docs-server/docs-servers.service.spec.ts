import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toResponse } from '../../test/support/answers.js';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Client, StreamableHTTPClientTransport, type VersionNegotiationMode } from '@modelcontextprotocol/client';
import { Client as Client1 } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as Transport1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { Logger } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { McpError } from '../protocol/mcp-error.js';
import type { Feedback } from './feedback-tool.js';
import { DocsServers } from './docs-servers.service.js';
import type { DocsUpstream } from './docs-upstream.js';

const MODERN = '2026-07-28';
const TOOLS = ['search_acme_docs', 'read_acme_docs', 'query_docs_filesystem_acme_docs', 'submit_feedback'];
const kept: Feedback[] = [];
const keepFeedback = (feedback: Feedback) => Promise.resolve(kept.push(feedback) > 0 ? 0 : 1);

let dir: string;
let module: TestingModule;
let servers: DocsServers;
let http: Server;
let url: URL;
const warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'docs-servers-'));
  await writeFile(join(dir, 'docs.json'), '{ "name": "Acme Docs" }');
  await writeFile(join(dir, 'guide.md'), '# Guide\n\nHow to rotate a secret.\n\n## Overlap\n\nBoth secrets work.\n');
  await writeFile(join(dir, 'broken.md'), '---\ntitle: [\n---\nBody.\n');
  module = await Test.createTestingModule({ providers: [DocsServers] }).compile();
  module.enableShutdownHooks();
  servers = module.get(DocsServers);
  const { upstream } = servers.open('default', {
    dir,
    allPublic: false,
    indexFile: join(dir, '.index/docs.sqlite'),
    keepFeedback,
    linkTo: (path: string) => `http://localhost/${path}`,
  });
  http = createServer((request, response) => void serve(upstream, request, response));
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  url = new URL(`http://127.0.0.1:${(http.address() as AddressInfo).port}/mcp`);
});

afterAll(async () => {
  await module.close();
  http.closeAllConnections();
  await new Promise((resolve) => http.close(resolve));
  await rm(dir, { recursive: true });
  warn.mockRestore();
});

/** What the gateway does in front of an upstream, in its simplest form. */
async function serve(upstream: DocsUpstream, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString('utf8');
  const message: unknown = text === '' ? undefined : JSON.parse(text);
  const headers = new Headers();
  for (const [name, value] of Object.entries(request.headers)) if (name !== 'content-length') headers.set(name, String(value));
  const aborter = new AbortController();
  response.once('close', () => aborter.abort());
  const era = headers.get('mcp-protocol-version') === MODERN || text.includes('clientCapabilities') ? 'modern' : 'legacy';
  const web = new Request(url, { method: request.method ?? 'GET', headers, signal: aborter.signal });
  const caller = { owner: 'c1', audience: 'authenticated' as const, groups: [], isAllowed: () => true };
  const answer = await upstream.handle({ request: web, message, era, caller }).then(toResponse, (error: unknown) => {
    if (!(error instanceof McpError)) throw error;
    return Response.json(error.toBody(), { status: error.status, headers: error.headers });
  });
  response.writeHead(answer.status, Object.fromEntries(answer.headers));
  response.flushHeaders();
  if (answer.body) for await (const chunk of answer.body) response.write(chunk);
  response.end();
}

describe('DocsServers', () => {
  const closers: (() => Promise<void>)[] = [];

  afterEach(async () => {
    for (const close of closers.splice(0)) await close();
  });

  const ask = { name: 'search_acme_docs', arguments: { query: 'overlap' } };

  it.each<[VersionNegotiationMode, string]>([
    ['legacy', '2025-11-25'],
    ['auto', MODERN],
    [{ pin: MODERN }, MODERN],
  ])('serves the official client 2.x in mode %j', async (mode, version) => {
    const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode } });
    closers.push(() => client.close());
    await client.connect(new StreamableHTTPClientTransport(url));
    expect(client.getNegotiatedProtocolVersion()).toBe(version);
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toEqual(TOOLS);
    const found = await client.callTool(ask);
    expect(found.structuredContent).toMatchObject({ results: [{ path: 'guide', heading: 'Overlap', link: '/guide#overlap' }] });
    const page = await client.callTool({ name: 'read_acme_docs', arguments: { path: 'guide', section: 'overlap' } });
    expect(page.content).toEqual([{ type: 'text', text: '## Overlap\n\nBoth secrets work.' }]);
    await expect(client.callTool({ name: 'nope', arguments: {} })).rejects.toMatchObject({ code: -32602 });
    expect(client.getInstructions()).toMatch(/search_acme_docs/);
  });

  it('serves the official client 1.x, sessions and streams included', async () => {
    const client = new Client1({ name: 'test', version: '1' });
    const transport = new Transport1(url);
    closers.push(() => client.close());
    await client.connect(transport);
    expect((await client.listTools()).tools).toHaveLength(4);
    expect((await client.callTool(ask)).structuredContent).toMatchObject({ results: [{ path: 'guide' }] });
    expect(transport.sessionId).toMatch(/^[\x21-\x7e]{22,}$/);
    await transport.terminateSession();
    await expect(client.listTools()).rejects.toThrow();
  });

  it('opens a server once for each key, and tells the names of its tools', () => {
    const first = servers.open('default', {
      dir,
      allPublic: false,
      indexFile: join(dir, '.index/docs.sqlite'),
      keepFeedback,
      linkTo: (path: string) => `http://localhost/${path}`,
    });
    expect(
      servers.open('default', {
        dir: '/elsewhere',
        name: 'Other',
        allPublic: true,
        indexFile: '/elsewhere/x',
        keepFeedback,
        linkTo: (path: string) => `http://localhost/${path}`,
      }),
    ).toBe(first);
    expect(servers.toolNames('default')).toEqual(TOOLS);
    expect(servers.toolNames('nope')).toEqual([]);
  });

  it('logs what is wrong with a file', () => {
    expect(warn.mock.calls.flat()).toContainEqual(expect.stringMatching(/^broken\.md: its front matter is broken/));
  });

  it('closes streams and watches at shutdown', async () => {
    const own = new DocsServers();
    const { upstream } = own.open('x', {
      dir,
      allPublic: false,
      indexFile: join(dir, '.index/docs.sqlite'),
      keepFeedback,
      linkTo: (path: string) => `http://localhost/${path}`,
    });
    const caller = { owner: 'c1', audience: 'authenticated' as const, groups: [], isAllowed: () => true };
    const headers = { accept: 'application/json, text/event-stream', 'content-type': 'application/json' };
    const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'test', version: '1' } };
    const message = { jsonrpc: '2.0', id: 1, method: 'initialize', params };
    const opened = toResponse(
      await upstream.handle({ request: new Request(url, { method: 'POST', headers }), message, era: 'legacy', caller }),
    );
    const session = { ...headers, 'mcp-session-id': opened.headers.get('mcp-session-id') ?? '' };
    const request = new Request(url, { headers: session });
    const stream = toResponse(await upstream.handle({ request, message: undefined, era: 'legacy', caller }));
    await own.onApplicationShutdown();
    expect(await stream.text()).toBe('');
    expect(own.toolNames('x')).toEqual([]);
  });
});
