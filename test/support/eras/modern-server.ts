import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import {
  acceptedContent,
  completable,
  createMcpHandler,
  fromJsonSchema,
  inputRequired,
  inputResponse,
  McpServer,
  ProtocolError,
  ResourceNotFoundError,
  ResourceTemplate,
} from '@modelcontextprotocol/server';
import { z } from 'zod';
import { readBody, serve, type TestServer } from './http-server.js';

export const MODERN_INFO = { name: 'modern-fixture', version: '2.0.0' };

/** A server of the official SDK that speaks 2026-07-28 only. */
export interface ModernServer extends TestServer {
  readonly log: readonly string[];
  /** Announces that the list of tools has changed and that a resource was updated. */
  announce(uri: string): void;
}

export async function startModernServer(): Promise<ModernServer> {
  const log: string[] = [];
  const handler = createMcpHandler(() => createServer(log), { legacy: 'reject' });
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await readBody(request);
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    const answer = await handler.fetch(
      new Request(`http://127.0.0.1${request.url ?? ''}`, {
        method: request.method ?? 'POST',
        headers: request.headers as Record<string, string>,
        ...(request.method === 'POST' ? { body: new Uint8Array(body) } : {}),
        signal: gone.signal,
      }),
    );
    response.writeHead(answer.status, Object.fromEntries(answer.headers));
    response.flushHeaders();
    if (answer.body) await pipeline(Readable.fromWeb(answer.body), response).catch(() => undefined);
    else response.end();
  };
  const server = await serve(handle);
  return {
    ...server,
    log,
    announce: (uri) => {
      handler.notify.toolsChanged();
      handler.notify.resourceUpdated(uri);
    },
    close: async () => {
      await handler.close();
      await server.close();
    },
  };
}

function createServer(log: string[]): McpServer {
  const server = new McpServer(MODERN_INFO, {
    capabilities: { logging: {}, tools: { listChanged: true }, resources: { subscribe: true, listChanged: true } },
    instructions: 'Be brief.',
    cacheHints: { 'tools/list': { ttlMs: 60_000, cacheScope: 'public' } },
  });
  addTools(server, log);
  addAskingTools(server);
  const name = completable(z.string(), (value) => ['Ada', 'Alan', 'Grace'].filter((known) => known.startsWith(value)));
  server.registerPrompt('greet', { description: 'Greets', argsSchema: z.object({ name }) }, ({ name: who }) => ({
    messages: [{ role: 'user', content: { type: 'text', text: `Greet ${who}` } }],
  }));
  server.registerResource('readme', 'test://readme', { mimeType: 'text/plain' }, (uri) => ({
    contents: [{ uri: uri.href, text: 'Read me' }],
  }));
  server.registerResource('page', new ResourceTemplate('test://pages/{n}', { list: undefined }), {}, (uri, { n }) => {
    if (n === '404') throw new ResourceNotFoundError(uri.href);
    return { contents: [{ uri: uri.href, text: `Page ${String(n)}` }] };
  });
  return server;
}

function addTools(server: McpServer, log: string[]): void {
  server.registerTool('echo', { description: 'Echoes', inputSchema: z.object({ text: z.string() }) }, ({ text }) => ({
    content: [{ type: 'text', text }],
  }));
  server.registerTool(
    'list',
    { outputSchema: fromJsonSchema<number[]>({ type: 'array', items: { $ref: '#/$defs/n' }, $defs: { n: { type: 'number' } } }) },
    () => ({
      content: [],
      structuredContent: [1, 2],
    }),
  );
  const region = fromJsonSchema<{ region: string; big?: boolean }>({
    type: 'object',
    properties: { region: { type: 'string', ...mirroredIn('Region') }, big: { type: 'boolean', ...mirroredIn('Big') } },
    required: ['region'],
  });
  server.registerTool('locate', { inputSchema: region }, ({ region: where }, { http }) => ({
    content: [{ type: 'text', text: `${where} ${String(http?.req?.headers.get('mcp-param-region'))}` }],
  }));
  server.registerTool('count', { inputSchema: z.object({ to: z.number() }) }, async ({ to }, { mcpReq }) => {
    for (let progress = 1; progress <= to; progress++) {
      if (JSON.stringify(mcpReq.envelope).includes('logLevel')) {
        await mcpReq.notify({ method: 'notifications/message', params: { level: 'info', data: `at ${progress}` } });
      }
      const { progressToken } = mcpReq._meta ?? {};
      if (progressToken !== undefined)
        await mcpReq.notify({ method: 'notifications/progress', params: { progressToken, progress, total: to } });
    }
    return { content: [{ type: 'text', text: `counted to ${to}` }] };
  });
  server.registerTool('wait', {}, async ({ mcpReq: { signal } }) => {
    log.push('waiting');
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
    log.push('cancelled');
    return { content: [] };
  });
  server.registerTool('trace', {}, ({ mcpReq }) => ({
    content: [{ type: 'text', text: JSON.stringify({ meta: mcpReq._meta, envelope: mcpReq.envelope }) }],
  }));
  server.registerTool('refuse', {}, () => {
    throw new ProtocolError(-32602, 'Never');
  });
}

const mirroredIn = (header: string): object => ({ 'x-mcp-header': header });

function addAskingTools(server: McpServer): void {
  const colours = z.object({ colour: z.string() });
  server.registerTool('ask', {}, ({ mcpReq }) => {
    const given = inputResponse(mcpReq.inputResponses, 'colour');
    if (given.kind === 'missing') {
      const requestedSchema = { type: 'object' as const, properties: { colour: { type: 'string' as const } } };
      return inputRequired({
        inputRequests: { colour: inputRequired.elicit({ message: 'Which colour?', requestedSchema }) },
        requestState: 'state-1',
      });
    }
    const accepted = acceptedContent(mcpReq.inputResponses, 'colour', colours);
    return { content: [{ type: 'text', text: `${accepted?.colour ?? 'none'} ${String(mcpReq.requestState())}` }] };
  });
  server.registerTool('ask-all', {}, ({ mcpReq }) => {
    const sample = inputResponse(mcpReq.inputResponses, 'sample');
    const roots = inputResponse(mcpReq.inputResponses, 'roots');
    if (sample.kind !== 'sampling' || roots.kind !== 'roots') {
      const messages = [{ role: 'user' as const, content: { type: 'text' as const, text: 'Say hi' } }];
      return inputRequired({
        inputRequests: { sample: inputRequired.createMessage({ messages, maxTokens: 10 }), roots: inputRequired.listRoots() },
      });
    }
    return { content: [{ type: 'text', text: JSON.stringify([sample.result.content, roots.roots]) }] };
  });
  server.registerTool('ask-forever', {}, () => inputRequired({ inputRequests: { roots: inputRequired.listRoots() } }));
}
