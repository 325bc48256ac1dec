import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { randomUUID } from 'node:crypto';
import type { Era } from '../../src/protocol/exchange.js';

export interface JsonRpc {
  readonly id?: string | number;
  readonly method?: string;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly result?: unknown;
}

/** A request as an upstream got it. */
export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly rawHeaders: readonly string[];
  readonly text: string;
  readonly message: JsonRpc;
  /** Whether the connection ended before the answer did. */
  readonly left: Promise<void>;
}

export type Respond = (asked: Asked, response: ServerResponse) => void;

export interface TestUpstream {
  readonly url: string;
  /** Every request, oldest first, less those by which the gateway finds out what the upstream speaks. */
  readonly asked: Asked[];
  readonly sockets: ReadonlySet<Socket>;
  /** Sessions that are open. */
  readonly sessions: Set<string>;
  close(): Promise<void>;
}

export interface McpOptions {
  readonly eras?: readonly Era[];
  /** Whether `initialize` gives a session. */
  readonly hasSessions?: boolean;
  readonly tools?: readonly { readonly name: string; readonly [member: string]: unknown }[];
  /** How certain methods or tools answer. */
  readonly on?: Readonly<Record<string, Respond>>;
}

export const MODERN = '2026-07-28';
export const META = { 'io.modelcontextprotocol/protocolVersion': MODERN, 'io.modelcontextprotocol/clientCapabilities': {} };

export function sendJson(response: ServerResponse, body: unknown, status = 200, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
}

export const result = (asked: Asked, value: unknown): unknown => ({ jsonrpc: '2.0', id: asked.message.id, result: value });
export const error = (asked: Asked, code: number, message: string): unknown => ({
  jsonrpc: '2.0',
  id: asked.message.id ?? null,
  error: { code, message },
});
export const event = (message: unknown, id?: string): string =>
  `${id === undefined ? '' : `id: ${id}\n`}event: message\ndata: ${JSON.stringify(message)}\n\n`;

export const openStream = (response: ServerResponse): ServerResponse =>
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });

/** An HTTP server that answers as a test wants it to. */
export async function startUpstream(respond: Respond, isAnProbe: (asked: Asked) => boolean = () => false): Promise<TestUpstream> {
  const asked: Asked[] = [];
  const sockets = new Set<Socket>();
  const server: Server = createServer((request, response) => void serve(request, response));
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const left = new Promise<void>((resolve) => response.once('close', () => !response.writableFinished && resolve()));
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of request) chunks.push(chunk as Buffer);
    } catch {
      return;
    }
    const text = Buffer.concat(chunks).toString('utf8');
    const { method = '', url = '', headers, rawHeaders } = request;
    const one: Asked = { method, path: url, headers, rawHeaders, text, message: text === '' ? {} : (JSON.parse(text) as JsonRpc), left };
    if (!isAnProbe(one)) asked.push(one);
    respond(one, response);
  };
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/mcp`,
    asked,
    sockets,
    sessions: new Set(),
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** A small MCP server, raw enough to misbehave where a test wants it. */
export async function startMcpUpstream(options: McpOptions = {}): Promise<TestUpstream> {
  const { eras = ['modern', 'legacy'] } = options;
  const sessions = new Set<string>();
  const probes = new Set<string>();
  const respond: Respond = (asked, response) => {
    const isModern = asked.headers['mcp-protocol-version'] === MODERN;
    if (!eras.includes(isModern ? 'modern' : 'legacy')) return refuseEra(asked, response);
    if (isModern) answerModern(options, asked, response);
    else answerLegacy(options, sessions, asked, response);
  };
  const isAnProbe = ({ message, headers }: Asked): boolean => {
    const isOwn =
      (message.params?.['clientInfo'] as { name?: string } | undefined)?.name === 'gatehouse' || message.method === 'server/discover';
    const session = headers['mcp-session-id'];
    return isOwn || (typeof session === 'string' && probes.has(session));
  };
  const upstream = await startUpstream((asked, response) => {
    if (isAnProbe(asked) && asked.message.method === 'initialize') {
      const id = randomUUID();
      probes.add(id);
      if (eras.includes('legacy')) return initialize(options, id, asked, response);
    }
    respond(asked, response);
  }, isAnProbe);
  return { ...upstream, sessions };
}

function refuseEra(asked: Asked, response: ServerResponse): void {
  sendJson(response, error(asked, -32000, 'Bad Request: not this era'), 400);
}

function answerModern(options: McpOptions, asked: Asked, response: ServerResponse): void {
  const { method = '', id } = asked.message;
  if (id === undefined) return void response.writeHead(202).end();
  if (method === 'server/discover') {
    const supportedVersions = [MODERN, '2099-01-01'];
    return sendJson(
      response,
      result(asked, { resultType: 'complete', supportedVersions, capabilities: {}, ttlMs: 0, cacheScope: 'public' }),
    );
  }
  if (answerCommon(options, asked, response)) return;
  if (method === 'tools/list') {
    const { tools = [] } = options;
    return sendJson(response, result(asked, { resultType: 'complete', tools, ttlMs: 60_000, cacheScope: 'public' }));
  }
  sendJson(response, error(asked, -32601, 'Method not found'), 404);
}

function initialize({ hasSessions = true }: McpOptions, session: string, asked: Asked, response: ServerResponse): void {
  const protocolVersion = String(asked.message.params?.['protocolVersion']);
  const value = { protocolVersion, capabilities: {}, serverInfo: { name: 'test', version: '1' } };
  sendJson(response, result(asked, value), 200, hasSessions ? { 'mcp-session-id': session } : {});
}

function answerLegacy(options: McpOptions, sessions: Set<string>, asked: Asked, response: ServerResponse): void {
  const { method = '', id } = asked.message;
  if (method === 'initialize') {
    const session = randomUUID();
    sessions.add(session);
    return initialize(options, session, asked, response);
  }
  const session = String(asked.headers['mcp-session-id']);
  if ((options.hasSessions ?? true) && !sessions.has(session)) {
    return sendJson(response, error(asked, -32001, 'Session not found'), 404);
  }
  if (asked.method === 'DELETE') {
    sessions.delete(session);
    return void response.writeHead(200).end();
  }
  if (answerCommon(options, asked, response)) return;
  if (asked.method === 'GET') return openStream(response).flushHeaders();
  if (Array.isArray(asked.message)) return answerBatch(asked, response);
  if (id === undefined || method === '') return void response.writeHead(202).end();
  if (method === 'tools/list') return sendJson(response, result(asked, { tools: options.tools ?? [] }));
  sendJson(response, error(asked, -32601, 'Method not found'));
}

function answerBatch(asked: Asked, response: ServerResponse): void {
  const messages = asked.message as unknown as JsonRpc[];
  const answers = messages.flatMap(({ id, method }) =>
    id === undefined || method === undefined ? [] : [{ jsonrpc: '2.0', id, result: { ran: method } }],
  );
  if (answers.length === 0) response.writeHead(202).end();
  else sendJson(response, answers);
}

function answerCommon({ on = {} }: McpOptions, asked: Asked, response: ServerResponse): boolean {
  const { method = '', params } = asked.message;
  const respond = on[String(params?.['name'] ?? params?.['uri'])] ?? on[method] ?? on[asked.method];
  if (respond) respond(asked, response);
  else if (method === 'tools/call') sendJson(response, result(asked, { content: [{ type: 'text', text: String(params?.['name']) }] }));
  else return false;
  return true;
}

/** A port that refuses connections. */
export async function closedUrl(): Promise<string> {
  const upstream = await startUpstream((_asked, response) => void response.end());
  await upstream.close();
  return upstream.url;
}

/** Waits until something holds. */
export async function until(holds: () => boolean | Promise<boolean>, ms = 5000): Promise<void> {
  const deadline = performance.now() + ms;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error('It did not come to that in time');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** A promise that fails where it takes too long. */
export async function within<T>(promise: Promise<T>, ms = 5000): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => (timer = setTimeout(() => reject(new Error(`Not within ${ms} ms`)), ms)));
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
