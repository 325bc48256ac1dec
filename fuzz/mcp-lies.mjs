// What an MCP server may say that should not be one. Whatever stands under `CANARY` is for nobody's eyes.
import { deepJson } from './mcp-values.mjs';

export const CANARY = 'canary-in-an-answer-of-the-upstream';
const STACK = `Error: ${CANARY}\n    at handle (/srv/upstream/app.js:12:34)\n    at process (/srv/upstream/node_modules/x.js:5:6)`;

/** Lies instead of answering. Gives what the lie was; undefined where a good answer does as well. */
export function lie(random, call, response) {
  const { message } = call;
  const id = Array.isArray(message) ? message[0]?.id : message?.id;
  const told = random.weighted(LIES);
  if (told({ random, id, method: message?.method, response, result: wrongResult(random, message?.method) }) === false) return undefined;
  return told.toString().slice(0, 300);
}

const json = (response, body, status = 200, headers = {}) =>
  response
    .writeHead(status, { 'content-type': 'application/json', ...headers })
    .end(typeof body === 'string' ? body : JSON.stringify(body));
const html = (response, status, headers = {}) =>
  response.writeHead(status, { 'content-type': 'text/html', ...headers }).end(`<pre>${STACK}</pre>`);
const stream = (response, ...chunks) => {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  for (const chunk of chunks) response.write(typeof chunk === 'string' ? chunk : `data: ${JSON.stringify(chunk)}\n\n`);
  return response;
};
const responseTo = (id, result = {}) => ({ jsonrpc: '2.0', id, result });
const NOTIFICATION = { jsonrpc: '2.0', method: 'notifications/message', params: { level: 'info', data: 'x' } };
const raw = (response, text) => {
  response.socket?.write(text);
  response.socket?.destroySoon();
};

/** Results of the wrong shape, which only who reads them will notice. */
function wrongResult(random, method) {
  const odd = random.pick([
    null,
    7,
    'x',
    [],
    {},
    [null],
    [7],
    [[]],
    [{}],
    { name: 7 },
    [{ name: null }],
    [{ name: '__proto__' }, { name: 'echo' }, { name: 'echo' }],
  ]);
  const common = random.pick([
    {},
    { nextCursor: 'again' },
    { nextCursor: 7 },
    { ttlMs: -1, cacheScope: 'everybody' },
    { _meta: 7 },
    { resultType: 'odd' },
    { resultType: null },
  ]);
  const named = {
    initialize: { protocolVersion: random.pick(['1999-01-01', 7, null, '2025-11-25']), capabilities: odd, serverInfo: odd },
    'server/discover': { supportedVersions: random.pick([odd, ['2026-07-28'], ['2099-01-01']]), capabilities: odd },
    'tools/list': { tools: odd },
    'prompts/list': { prompts: odd },
    'resources/list': { resources: odd },
    'resources/templates/list': { resourceTemplates: odd },
    'tools/call': random.pick([
      { content: odd, structuredContent: odd },
      {
        resultType: 'input_required',
        inputRequests: random.pick([odd, { a: odd }, { a: { method: 'roots/list' } }, { a: { method: 7 } }]),
        requestState: odd,
      },
    ]),
  };
  return { ...common, ...(named[method] ?? { x: odd }) };
}

const LIES = [
  [12, ({ response, id, result }) => json(response, responseTo(id, result))],
  [4, ({ response, id, result }) => stream(response, responseTo(id, result)).end()],
  [3, ({ response, id }) => json(response, responseTo(`${id}0`))],
  [2, ({ response, id }) => json(response, responseTo(typeof id === 'number' ? String(id) : Number(id)))],
  [2, ({ response, id }) => json(response, [responseTo(id), responseTo(id)])],
  [2, ({ response, id }) => stream(response, responseTo(id), responseTo(id)).end()],
  [1, ({ response, id }) => json(response, { id, result: {} })],
  [1, ({ response, id }) => json(response, { jsonrpc: '2.0', id, result: 7 })],
  [1, ({ response, id }) => json(response, { jsonrpc: '2.0', id, result: {}, error: { code: 1, message: 'x' } })],
  [1, ({ response, id }) => json(response, { jsonrpc: '2.0', id, error: 7 })],
  [1, ({ response, id }) => json(response, { jsonrpc: '2.0', id, error: {} })],
  [
    2,
    ({ response, id, random }) =>
      json(
        response,
        {
          jsonrpc: '2.0',
          id,
          error: { code: random.pick(CODES), message: 'No', data: random.pick([undefined, null, {}, { uri: 'x' }, { elicitations: [7] }]) },
        },
        random.pick([200, 200, 400, 404]),
      ),
  ],
  [1, ({ response }) => json(response, { jsonrpc: '2.0', id: null, error: { code: -32700, message: 'No' } }, 400)],
  [2, ({ response }) => json(response, { jsonrpc: '2.0', id: null, error: { code: -32001, message: 'Session not found' } }, 404)],
  [1, ({ response }) => json(response, { jsonrpc: '2.0', id: null, error: { code: -32000, message: 'No session' } }, 400)],
  [3, ({ response }) => json(response, '{"jsonrpc":"2.0","id":')],
  [1, ({ response, id }) => json(response, `\u{FEFF}${JSON.stringify(responseTo(id))}`)],
  [1, ({ response, id }) => json(response, `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"id":0,"result":{}}`)],
  [
    1,
    ({ response, id }) =>
      json(response, Buffer.concat([Buffer.from(JSON.stringify(responseTo(id))), Buffer.from([0xff, 0xfe])]).toString('latin1')),
  ],
  [
    1,
    ({ response, id, random }) =>
      json(response, `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":{"x":${deepJson(random.pick([63, 70, 5000]))}}}`),
  ],
  [
    1,
    ({ response, id, random }) =>
      json(response, responseTo(id, { content: [{ type: 'text', text: 'x'.repeat(random.pick([9000, 70_000, 1_000_000])) }] })),
  ],
  [1, ({ response, id, random }) => (random.chance(5) ? json(response, responseTo(id, { text: 'x'.repeat(17 * 2 ** 20) })) : false)],
  [2, ({ response }) => response.writeHead(random200()).end()],
  [1, ({ response }) => response.writeHead(202).end()],
  [1, ({ response }) => response.writeHead(204).end()],
  [
    3,
    ({ response, random }) =>
      html(response, random.pick([200, 400, 404, 405, 409, 410, 413, 415, 418, 422, 429, 451, 500, 501, 502, 503, 504, 599]), {
        'retry-after': '1',
      }),
  ],
  [1, ({ response }) => html(response, 401, { 'www-authenticate': `Bearer realm="${CANARY}"` })],
  [1, ({ response }) => json(response, { error: CANARY }, 403)],
  [1, ({ response, random }) => html(response, random.pick([301, 302, 307, 308, 300, 304]), { location: `http://localhost/${CANARY}` })],
  [
    1,
    ({ response, id }) =>
      json(response, responseTo(id), 200, { 'set-cookie': CANARY, server: CANARY, 'www-authenticate': CANARY, 'x-powered-by': CANARY }),
  ],
  [1, ({ response, id }) => json(response, responseTo(id), 200, { 'content-encoding': 'gzip' })],
  [1, ({ response, id }) => json(response, responseTo(id), 200, { 'content-type': 'application/json; charset=utf-16' })],
  [
    1,
    ({ response, id, random }) =>
      json(response, responseTo(id, { protocolVersion: '2025-11-25', capabilities: {} }), 200, {
        'mcp-session-id': random.pick(['\xff', ' ', 'x'.repeat(8000), 'a,b']),
      }),
  ],
  [2, ({ response }) => stream(response, NOTIFICATION).end()],
  [1, ({ response }) => stream(response).end()],
  [2, ({ response }) => stream(response, NOTIFICATION, 'data: {"js').destroy()],
  [1, ({ response, id }) => stream(response, 'data: [1,2\n\n', responseTo(id)).end()],
  [
    1,
    ({ response, id }) => stream(response, { jsonrpc: '2.0', id: 'q', method: 'sampling/createMessage', params: {} }, responseTo(id)).end(),
  ],
  [1, ({ response, id }) => stream(response, { jsonrpc: '2.0', id: 'q', method: 7 }, responseTo(id)).end()],
  [1, ({ response, id }) => stream(response, '\u{FEFF}:\r\rretry: 0\r\nid: \0\r\ndata:\r\n\r\nevent: x\ndata: \n\n', responseTo(id)).end()],
  [
    1,
    ({ response, id, random }) =>
      random.chance(10) ? stream(response, 'id: 1\nretry: 10\ndata: \n\n', NOTIFICATION).end() : json(response, responseTo(id)),
  ],
  [1, ({ response, random }) => (random.chance(10) ? endless(response) : false)],
  [1, ({ response, id }) => stream(response, `data: ${JSON.stringify(responseTo(id))}`).end()],
  [2, ({ response, random }) => raw(response, random.pick(BROKEN_HTTP))],
  [
    1,
    ({ response, id }) =>
      raw(response, `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 9000\r\n\r\n${JSON.stringify(responseTo(id))}`),
  ],
  [
    1,
    ({ response }) => raw(response, `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 90000\r\n\r\n{"jsonrpc":"2.0"`),
  ],
  [
    1,
    ({ response }) =>
      raw(response, `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{"jso\r\n`),
  ],
  [2, ({ response }) => response.socket?.resetAndDestroy()],
  [
    1,
    ({ response }) => response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders() ?? response.socket?.resetAndDestroy(),
  ],
  [1, ({ response, random }) => (random.chance(8) ? silence(response, random) : false)],
];

const random200 = () => 200;
const CODES = [
  -32603,
  -32602,
  -32601,
  -32600,
  -32700,
  -32002,
  -32001,
  -32000,
  -32020,
  -32021,
  -32022,
  -32042,
  0,
  1.5,
  1e300,
  429,
  '7',
  null,
];
const BROKEN_HTTP = [
  'HTTP/1.1 200 OK\r\nContent-Length: abc\r\n\r\n',
  'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx',
  'HTTP/1.1 999 ?\r\n\r\n',
  'HTTP/9.9 200 OK\r\n\r\n',
  'SSH-2.0-x\r\n',
  'HTTP/1.1 200 OK\r\nx: \0\r\n\r\n',
  `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(40_000)}\r\n\r\n`,
  'HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n',
  'HTTP/1.1 100 Continue\r\n\r\n',
];

/** Notifications without end, until somebody hangs up. */
function endless(response) {
  const filler = `data: ${JSON.stringify({ ...NOTIFICATION, params: { level: 'info', data: 'x'.repeat(20_000) } })}\n\n`;
  stream(response);
  let left = 400;
  const push = () => {
    while (!response.destroyed && left-- > 0 && response.write(filler));
    if (left <= 0) response.destroy();
  };
  response.on('drain', push);
  push();
}

/** Nothing at all, or nothing more. */
function silence(response, random) {
  if (random.chance(50)) stream(response, NOTIFICATION);
  response.req.socket.setTimeout(10_000, () => response.destroy());
}
