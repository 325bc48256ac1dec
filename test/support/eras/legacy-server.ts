import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { completable } from '@modelcontextprotocol/sdk/server/completable.js';
import { McpServer, ResourceTemplate } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import {
  CreateMessageResultSchema,
  ElicitResultSchema,
  ErrorCode,
  ListRootsResultSchema,
  McpError,
  SetLevelRequestSchema,
  SubscribeRequestSchema,
  UnsubscribeRequestSchema,
  UrlElicitationRequiredError,
} from '@modelcontextprotocol/sdk/types.js';
import { z } from 'zod';
import { readBody, serve, type TestServer } from './http-server.js';

export const LEGACY_INFO = { name: 'legacy-fixture', version: '1.0.0' };

/** A server of the official SDK that speaks the legacy era only, with sessions. */
export interface LegacyServer extends TestServer {
  /** Ids of the sessions at the moment. */
  readonly sessions: ReadonlySet<string>;
  /** What happened, in order. */
  readonly log: readonly string[];
  /** Forgets every session, as a restart does. */
  restart(): void;
  /** Tells every session that the list of tools has changed, and that a resource was updated. */
  announce(): Promise<void>;
}

interface Session {
  readonly server: McpServer;
  readonly transport: StreamableHTTPServerTransport;
  readonly subscribed: Set<string>;
}

export async function startLegacyServer(): Promise<LegacyServer> {
  const sessions = new Map<string, Session>();
  const log: string[] = [];
  const open = async (): Promise<StreamableHTTPServerTransport> => {
    const subscribed = new Set<string>();
    const server = createServer(log, subscribed);
    const transport: StreamableHTTPServerTransport = new StreamableHTTPServerTransport({
      sessionIdGenerator: () => randomUUID(),
      onsessioninitialized: (id) => {
        log.push('initialize');
        sessions.set(id, { server, transport, subscribed });
      },
      onsessionclosed: (id) => {
        log.push('delete');
        sessions.delete(id);
      },
    });
    await server.connect(transport);
    return transport;
  };
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body: unknown = request.method === 'POST' ? JSON.parse(String(await readBody(request))) : undefined;
    const id = request.headers['mcp-session-id'];
    if (id === undefined) return (await open()).handleRequest(request, response, body);
    const session = sessions.get(String(id));
    if (session) return session.transport.handleRequest(request, response, body);
    response.writeHead(404, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ jsonrpc: '2.0', id: null, error: { code: -32001, message: 'Session not found' } }));
  };
  const server = await serve(handle);
  return {
    ...server,
    get sessions() {
      return new Set(sessions.keys());
    },
    log,
    restart: () => sessions.clear(),
    announce: async () => {
      for (const { server: mcp, subscribed } of sessions.values()) {
        await mcp.server.sendToolListChanged();
        for (const uri of subscribed) await mcp.server.sendResourceUpdated({ uri });
      }
    },
  };
}

function createServer(log: string[], subscribed: Set<string>): McpServer {
  const server = new McpServer(LEGACY_INFO, {
    capabilities: { logging: {}, resources: { subscribe: true, listChanged: true }, tools: { listChanged: true } },
    instructions: 'Be kind.',
  });
  addTools(server, log);
  addAskingTools(server, log);
  server.registerPrompt(
    'greet',
    {
      description: 'Greets',
      argsSchema: { name: completable(z.string(), (value) => ['Ada', 'Alan', 'Grace'].filter((name) => name.startsWith(value))) },
    },
    ({ name }) => ({ messages: [{ role: 'user', content: { type: 'text', text: `Greet ${name}` } }] }),
  );
  server.registerResource('readme', 'test://readme', { mimeType: 'text/plain' }, (uri) => ({
    contents: [{ uri: uri.href, text: 'Read me' }],
  }));
  server.registerResource('page', new ResourceTemplate('test://pages/{n}', { list: undefined }), {}, (uri, { n }) => ({
    contents: [{ uri: uri.href, text: `Page ${String(n)}` }],
  }));
  server.server.setRequestHandler(SubscribeRequestSchema, ({ params }) => {
    log.push(`subscribe ${params.uri}`);
    subscribed.add(params.uri);
    return {};
  });
  server.server.setRequestHandler(UnsubscribeRequestSchema, ({ params }) => {
    log.push(`unsubscribe ${params.uri}`);
    subscribed.delete(params.uri);
    return {};
  });
  server.server.setRequestHandler(SetLevelRequestSchema, ({ params }) => {
    log.push(`level ${params.level}`);
    return {};
  });
  return server;
}

function addTools(server: McpServer, log: string[]): void {
  server.registerTool('echo', { description: 'Echoes', inputSchema: { text: z.string() } }, ({ text }) => ({
    content: [{ type: 'text', text }],
  }));
  server.registerTool('add', { inputSchema: { a: z.number(), b: z.number() }, outputSchema: { sum: z.number() } }, ({ a, b }) => ({
    content: [{ type: 'text', text: String(a + b) }],
    structuredContent: { sum: a + b },
  }));
  server.registerTool('count', { inputSchema: { to: z.number() } }, async ({ to }, { sendNotification, _meta }) => {
    for (let progress = 1; progress <= to; progress++) {
      await sendNotification({ method: 'notifications/message', params: { level: 'info', data: `at ${progress}` } });
      await sendNotification({ method: 'notifications/message', params: { level: 'debug', data: 'detail' } });
      const { progressToken } = _meta ?? {};
      if (progressToken !== undefined)
        await sendNotification({ method: 'notifications/progress', params: { progressToken, progress, total: to } });
    }
    return { content: [{ type: 'text', text: `counted to ${to}` }] };
  });
  server.registerTool('wait', {}, async ({ signal }) => {
    log.push('waiting');
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
    log.push('cancelled');
    return { content: [] };
  });
  server.registerTool('trace', {}, ({ _meta, requestInfo }) => ({
    content: [{ type: 'text', text: JSON.stringify({ meta: _meta ?? {}, headers: requestInfo?.headers }) }],
  }));
}

function addAskingTools(server: McpServer, log: string[]): void {
  server.registerTool('ask', {}, async ({ sendRequest }) => {
    const requestedSchema = { type: 'object' as const, properties: { colour: { type: 'string' as const } } };
    const answer = await sendRequest(
      { method: 'elicitation/create', params: { message: 'Which colour?', requestedSchema } },
      ElicitResultSchema,
    );
    return { content: [{ type: 'text', text: `${answer.action} ${JSON.stringify(answer.content ?? {})}` }] };
  });
  server.registerTool('ask-twice', {}, async ({ sendRequest }) => {
    const params = { messages: [{ role: 'user' as const, content: { type: 'text' as const, text: 'Say hi' } }], maxTokens: 10 };
    const [sample, roots] = await Promise.all([
      sendRequest({ method: 'sampling/createMessage', params }, CreateMessageResultSchema),
      sendRequest({ method: 'roots/list' }, ListRootsResultSchema),
    ]);
    const again = await sendRequest({ method: 'sampling/createMessage', params }, CreateMessageResultSchema);
    log.push('asked twice');
    return { content: [{ type: 'text', text: JSON.stringify([sample.content, roots.roots, again.model]) }] };
  });
  server.registerTool('visit', {}, () => {
    if (log.filter((line) => line === 'visit').length % 2 === 0) {
      log.push('visit');
      throw new UrlElicitationRequiredError([{ mode: 'url', message: 'Sign in', url: 'https://example.com/sign-in', elicitationId: 'e1' }]);
    }
    log.push('visit');
    return { content: [{ type: 'text', text: 'signed in' }] };
  });
  server.registerTool('refuse', {}, () => {
    throw new McpError(ErrorCode.InvalidRequest, 'Never');
  });
}
