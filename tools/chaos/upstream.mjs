import { once } from 'node:events';
import { createServer } from 'node:http';

const MODERN = '2026-07-28';
const STREAM = { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' };
const JSON_TYPE = { 'content-type': 'application/json' };
const PIECE = Buffer.alloc(64 * 1024, 'x');

const event = (message) => `event: message\ndata: ${JSON.stringify(message)}\n\n`;
const notice = event({ jsonrpc: '2.0', method: 'notifications/message', params: { level: 'info', data: 'x'.repeat(16 * 1024) } });

/** Writes without an end, as fast as it is read. */
function flood(response, piece) {
  const next = () => {
    while (!response.destroyed && response.write(piece));
    if (!response.destroyed) response.once('drain', next);
  };
  next();
}

/** Every way in which a tool goes wrong, by the name of the tool. */
const FAULTS = {
  hang: () => undefined,
  hang_in_answer: (response) => response.writeHead(200, { ...JSON_TYPE, 'content-length': '1000' }).write('{"jsonrpc":"2.0",'),
  reset: (response) => response.socket.resetAndDestroy(),
  reset_in_answer: (response) => {
    response.writeHead(200, { ...JSON_TYPE, 'content-length': '1000' }).write('{"jsonrpc":"2.0",');
    setTimeout(() => response.socket?.resetAndDestroy(), 20);
  },
  reset_in_stream: (response) => {
    response.writeHead(200, STREAM).write(notice);
    setTimeout(() => response.socket?.resetAndDestroy(), 20);
  },
  not_http: (response) => response.socket.end(Buffer.from(Array.from({ length: 4096 }, (_, i) => (i * 7919) % 256))),
  a_page: (response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>It works!</h1>'),
  not_json: (response) => response.writeHead(200, JSON_TYPE).end('{"jsonrpc":"2.0","id":1,"result":{'),
  another_id: (response) => response.writeHead(200, JSON_TYPE).end('{"jsonrpc":"2.0","id":4711,"result":{}}'),
  endless_headers: (response) => {
    response.socket.write('HTTP/1.1 200 OK\r\n');
    flood(response.socket, `X-More: ${'y'.repeat(4000)}\r\n`);
  },
  endless_json: (response, id) => {
    response.writeHead(200, JSON_TYPE).write(`{"jsonrpc":"2.0","id":${id},"result":{"content":[{"type":"text","text":"`);
    flood(response, PIECE);
  },
  endless_stream: (response) => flood(response.writeHead(200, STREAM), notice),
  endless_event: (response) => {
    response.writeHead(200, STREAM).write('data: {"jsonrpc":"2.0","method":"notifications/message","params":{"data":"');
    flood(response, PIECE);
  },
  silent_stream: (response) => response.writeHead(200, STREAM).write(notice),
};

export const FAULT_NAMES = Object.keys(FAULTS);

/** An MCP server of the modern era that goes wrong where a tool says so. */
export class Upstream {
  /** Answers that are under way. */
  open = new Set();
  /** Whether its list of tools never ends. */
  isListEndless = false;
  #server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => void this.#serve(request, response));

  static async create() {
    const upstream = new Upstream();
    upstream.#server.listen(0, '127.0.0.1', 4096);
    await once(upstream.#server, 'listening');
    upstream.url = `http://127.0.0.1:${upstream.#server.address().port}/mcp`;
    return upstream;
  }

  async stop() {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  async #serve(request, response) {
    this.open.add(response);
    response.once('close', () => this.open.delete(response));
    response.on('error', () => undefined);
    const chunks = [];
    try {
      for await (const chunk of request) chunks.push(chunk);
    } catch {
      // The gateway has left in the middle of its request.
      return;
    }
    const message = chunks.length > 0 ? JSON.parse(Buffer.concat(chunks)) : {};
    this.#answer(response, message);
  }

  #answer(response, { id, method, params = {} }) {
    const send = (result) =>
      response.writeHead(200, JSON_TYPE).end(JSON.stringify({ jsonrpc: '2.0', id, result: { resultType: 'complete', ...result } }));
    if (method === 'server/discover') return send({ supportedVersions: [MODERN], capabilities: { tools: {} }, ttlMs: 0 });
    if (method === 'tools/list') return this.#list(response, id, send);
    const fault = FAULTS[params.name];
    if (fault) return fault(response, id);
    if (method === 'tools/call') return send({ content: [{ type: 'text', text: 'ok' }] });
    return response.writeHead(202).end();
  }

  #list(response, id, send) {
    if (this.isListEndless) {
      response.writeHead(200, JSON_TYPE).write(`{"jsonrpc":"2.0","id":${id},"result":{"tools":[{"name":"`);
      return flood(response, PIECE);
    }
    const tools = [...FAULT_NAMES, 'ok'].map((name) => ({ name, inputSchema: { type: 'object' } }));
    return send({ tools, ttlMs: 60_000, cacheScope: 'public' });
  }
}
