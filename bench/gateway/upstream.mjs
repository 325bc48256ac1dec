// A small, fast MCP server over Streamable HTTP, in both eras and without sessions: what the gateways of the bench stand in front of.
//   tools/call echo { size: "1k" | "1m" }: JSON of that length; stream: 100 events, each in a turn of its own; first: one event
//   at once, after which it stays silent. GET: a stream that stays open and silent.
import { createServer } from 'node:http';

const JSON_TYPE = { 'content-type': 'application/json' };
const STREAM = { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' };
const MODERN = '2026-07-28';
const EVENTS = 100;

const shell = ',"result":{"resultType":"complete","content":[{"type":"text","text":""}],"isError":false}}';
const tailOf = (bytes) => Buffer.from(shell.replace('"text":""', `"text":"${'x'.repeat(bytes - shell.length - 29)}"`));
const tails = { '1k': tailOf(1024), '1m': tailOf(1024 * 1024) };
const event = (message) => `event: message\ndata: ${JSON.stringify(message)}\n\n`;
const progress = Array.from({ length: EVENTS - 1 }, (_, i) =>
  event({ jsonrpc: '2.0', method: 'notifications/progress', params: { progress: i + 1, total: EVENTS, progressToken: 1 } }),
);
const tools = ['echo', 'stream', 'first'].map((name) => ({
  name,
  description: name,
  inputSchema: { type: 'object', properties: { size: { type: 'string' } } },
}));

function send(response, id, rest) {
  const head = `{"jsonrpc":"2.0","id":${JSON.stringify(id)}`;
  response.writeHead(200, { ...JSON_TYPE, 'content-length': Buffer.byteLength(head) + rest.length });
  response.write(head, 'latin1');
  response.end(rest);
}

const sendResult = (response, id, result) => send(response, id, Buffer.from(`,"result":${JSON.stringify(result)}}`));

function stream(response, id) {
  response.writeHead(200, STREAM);
  let sent = 0;
  const next = () => {
    if (response.destroyed) return;
    if (sent === progress.length) return response.end(event({ jsonrpc: '2.0', id, result: { resultType: 'complete', content: [] } }));
    response.write(progress[sent++], 'latin1');
    setImmediate(next);
  };
  next();
}

/** One event after a moment, with the time at which it is sent. */
function first(response) {
  response.writeHead(200, STREAM);
  response.flushHeaders();
  setTimeout(() => {
    const message = String(performance.timeOrigin + performance.now());
    response.write(event({ jsonrpc: '2.0', method: 'notifications/progress', params: { progress: 1, message } }));
  }, 20);
}

function call(response, { id, params }) {
  if (params.name === 'stream') return stream(response, id);
  if (params.name === 'first') return first(response);
  return send(response, id, tails[params.arguments?.size] ?? tails['1k']);
}

function answer(response, message) {
  const { id, method } = message;
  if (method === 'tools/call') return call(response, message);
  if (method === 'tools/list') return sendResult(response, id, { resultType: 'complete', tools, ttlMs: 3_600_000, cacheScope: 'public' });
  if (method === 'server/discover')
    return sendResult(response, id, { resultType: 'complete', supportedVersions: [MODERN], capabilities: { tools: {} }, ttlMs: 0 });
  if (method === 'initialize')
    return sendResult(response, id, {
      protocolVersion: '2025-11-25',
      capabilities: { tools: {} },
      serverInfo: { name: 'bench', version: '1' },
    });
  if (id === undefined) return response.writeHead(202).end();
  return send(response, id, Buffer.from(',"error":{"code":-32601,"message":"Method not found"}}'));
}

const server = createServer({ keepAliveTimeout: 300_000, requestTimeout: 0, headersTimeout: 0 }, (request, response) => {
  if (request.method === 'GET') {
    response.writeHead(200, STREAM);
    response.write(': open\n\n');
    return;
  }
  const parts = [];
  request.on('data', (part) => parts.push(part));
  request.on('end', () => answer(response, JSON.parse(parts.length === 1 ? parts[0] : Buffer.concat(parts))));
});
server.listen({ port: Number(process.env.PORT), host: '127.0.0.1', backlog: 4096 });
