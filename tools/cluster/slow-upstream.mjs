import { once } from 'node:events';
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

const MODERN = '2026-07-28';
const TOOL = { name: 'count', description: 'Counts, slowly', inputSchema: { type: 'object', properties: { steps: { type: 'integer' } } } };
const STEP_MS = 250;

const event = (message) => `event: message\ndata: ${JSON.stringify(message)}\n\n`;

/** An MCP server whose tool `count` takes a quarter of a second for each step, and answers as a stream. */
export async function startSlowUpstream() {
  const server = createServer(async (request, response) => {
    let text = '';
    for await (const part of request) text += part;
    if (request.method !== 'POST') return response.writeHead(405).end();
    const { id, method, params } = JSON.parse(text);
    const send = (body) =>
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ jsonrpc: '2.0', id, ...body }));
    const result = (value) => send({ result: { resultType: 'complete', ...value } });
    if (method === 'tools/call') return count(response, id, params.arguments?.steps ?? 4);
    if (method === 'tools/list') return result({ tools: [TOOL], ttlMs: 60_000, cacheScope: 'public' });
    if (method === 'server/discover') return result({ supportedVersions: [MODERN], capabilities: { tools: {} }, ttlMs: 0 });
    return send({ error: { code: -32601, message: 'Method not found' } });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${server.address().port}/mcp`,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

async function count(response, id, steps) {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
  for (let step = 1; step <= steps; step++) {
    const params = { progressToken: 1, progress: step, total: steps };
    response.write(event({ jsonrpc: '2.0', method: 'notifications/progress', params }));
    await sleep(STEP_MS);
  }
  response.end(event({ jsonrpc: '2.0', id, result: { resultType: 'complete', content: [{ type: 'text', text: String(steps) }] } }));
}
