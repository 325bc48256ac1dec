// The MCP servers behind the gateway that is attacked: one HTTP server with honest ones and ones that lie, of either era. A path is
// `/honest/modern`, `/liar/legacy` and the like. All of them look at what reaches them: it must be what the gateway may let through.
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { lie } from './mcp-lies.mjs';
import { Random } from './random.mjs';

export const MODERN = '2026-07-28';
/** What the gateway presents as its own; nobody else may see it. */
export const UPSTREAM_SECRET = 'canary-of-the-upstream-credential';
/** What no credential of the run may call; the public server alone is asked for it. */
export const FORBIDDEN = 'forbidden_tool';
const LIE_PERCENT = 60;
const MAX_SESSIONS = 2000;
const KEPT_LIES = 400;
const ASK_MS = 50;
const LEGACY_VERSIONS = ['2025-03-26', '2025-06-18', '2025-11-25'];

/** Starts them. `isLying` switches the liars; `violations` are what should never have come. */
export async function openUpstreams(seed) {
  const state = {
    seed,
    count: 0,
    isLying: true,
    violations: new Map(),
    open: new Set(),
    sockets: new Set(),
    sessions: new Map(),
    lies: [],
  };
  const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => void serve(state, request, response).catch(() => {}));
  server.on('connection', (socket) => {
    state.sockets.add(socket);
    socket.on('error', () => {}); // resets are our business
    socket.once('close', () => state.sockets.delete(socket));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    state,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}

async function serve(state, request, response) {
  const [, kind, speaks] = request.url.split('/');
  const random = new Random(state.seed, state.count++);
  state.open.add(response);
  response.once('close', () => state.open.delete(response));
  response.on('error', () => {});
  const parts = [];
  for await (const part of request) parts.push(part);
  const text = Buffer.concat(parts).toString('utf8');
  const call = { kind, speaks, method: request.method, headers: request.headers, text, message: parse(text) };
  response.of = `${request.method} ${request.url} ${call.message?.method} ${JSON.stringify(call.message?.params)?.slice(0, 150)}`;
  inspect(state, call);
  const isLying = kind === 'liar' && state.isLying && random.chance(LIE_PERCENT);
  const lied = isLying ? lie(random, call, response) : undefined;
  if (lied !== undefined) return keep(state.lies, `${call.message?.method} ${call.message?.id}: ${lied}`);
  answer(state, call, response);
}

/** The newest lies, for a report. */
function keep(lies, lie) {
  lies.push(lie);
  if (lies.length > KEPT_LIES) lies.shift();
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // the check below says so
  }
}

/** What reaches a server has passed the policy, carries the gateway's credential and nobody else's, and is sound. */
function inspect(state, { kind, method, headers, text, message }) {
  const violate = (what) => state.violations.set(what, { headers, text: text.slice(0, 2000) });
  if (headers.authorization !== `Bearer ${UPSTREAM_SECRET}`)
    violate('a message came without the credential of the gateway, or with another');
  for (const name of ['cookie', 'origin', 'proxy-authorization', 'dpop', 'x-forwarded-for'])
    if (headers[name] !== undefined) violate(`${name} came along`);
  if (method !== 'POST') return;
  const messages = [message].flat();
  if (messages.length === 0 || messages.some((each) => typeof each !== 'object' || each === null))
    return violate('what came is no message');
  for (const each of messages) {
    if (each.jsonrpc !== '2.0') violate('a message came that is no JSON-RPC 2.0');
    if (each.method === 'tools/call' && each.params?.name === FORBIDDEN && kind !== 'open')
      violate('a tool was called that nobody may call');
    if (each.method === 'tools/call' && each.params?.name === 'limited' && !(each.params.arguments?.n <= 100) && kind !== 'open')
      violate('a tool was called with arguments that nobody may use');
  }
}

const send = (response, status, body, headers = {}) => {
  if (response.destroyed) return;
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body === undefined ? undefined : JSON.stringify(body));
};
const eventOf = (message) => `event: message\ndata: ${JSON.stringify(message)}\n\n`;
const openStream = (response) => response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
const errorOf = (id, code, message, data) => ({ jsonrpc: '2.0', id: id ?? null, error: { code, message, data } });

function answer(state, call, response) {
  const isModern = call.headers['mcp-protocol-version'] === MODERN;
  if (call.speaks !== 'both' && (call.speaks === 'modern') !== isModern) return send(response, 400, errorOf(null, -32000, 'Not this era'));
  return isModern ? answerModern(call, response) : answerLegacy(state, call, response);
}

function answerModern(call, response) {
  const { id, method } = call.message ?? {};
  if (call.method !== 'POST') return send(response, 405, undefined, { allow: 'POST' });
  if (id === undefined) return response.writeHead(202).end();
  if (method === 'server/discover') return send(response, 200, { jsonrpc: '2.0', id, result: { ...DISCOVERED } });
  if (method === 'subscriptions/listen') return listen(call.message, response);
  return answerRequest(call.message, response, true);
}

function listen({ id, params }, response) {
  const _meta = { 'io.modelcontextprotocol/subscriptionId': id };
  openStream(response).write(
    eventOf({
      jsonrpc: '2.0',
      method: 'notifications/subscriptions/acknowledged',
      params: { notifications: params?.notifications ?? {}, _meta },
    }),
  );
}

function answerLegacy(state, call, response) {
  const sessions = sessionsOf(state, call);
  const { message, headers } = call;
  if (message?.method === 'initialize') return initialize(sessions, message, response);
  const session = headers['mcp-session-id'];
  if (session === undefined) return send(response, 400, errorOf(null, -32000, 'Mcp-Session-Id header is required'));
  if (!sessions.has(session)) return send(response, 404, errorOf(null, -32001, 'Session not found'));
  if (call.method === 'DELETE') return sessions.delete(session) && send(response, 200);
  if (call.method === 'GET') return openStream(response).write(': here\n\n');
  if (Array.isArray(message)) return answerBatch(message, response);
  if (message.method === undefined || message.id === undefined) return response.writeHead(202).end();
  return answerRequest(message, response, false);
}

function sessionsOf({ sessions }, { kind, speaks }) {
  const key = `${kind}/${speaks}`;
  if (!sessions.has(key)) sessions.set(key, new Set());
  return sessions.get(key);
}

function initialize(sessions, { id, params }, response) {
  const session = randomUUID();
  sessions.add(session);
  if (sessions.size > MAX_SESSIONS) sessions.delete(sessions.values().next().value);
  const asked = params?.protocolVersion;
  const protocolVersion = LEGACY_VERSIONS.includes(asked) ? asked : LEGACY_VERSIONS.at(-1);
  const result = { protocolVersion, capabilities: CAPABILITIES, serverInfo: { name: 'fuzz', version: '1' } };
  send(response, 200, { jsonrpc: '2.0', id, result }, { 'mcp-session-id': session });
}

function answerBatch(messages, response) {
  const requests = messages.filter(({ id, method }) => id !== undefined && method !== undefined);
  if (requests.length === 0) return response.writeHead(202).end();
  send(
    response,
    200,
    requests.map((request) => toResponse(request, false)),
  );
}

function answerRequest(message, response, isModern) {
  const { id, method, params = {} } = message;
  if (method === 'tools/call' && params.name === 'count') return count(message, response);
  if (method === 'tools/call' && params.name === 'ask' && !isModern) return ask(message, response);
  const body = toResponse(message, isModern);
  send(response, body.error?.code === -32601 && isModern ? 404 : 200, { ...body, id });
}

/** Reports on the way. */
function count({ id, params }, response) {
  openStream(response);
  const progressToken = params._meta?.progressToken;
  if (progressToken !== undefined)
    for (let progress = 1; progress <= 3; progress++)
      response.write(eventOf({ jsonrpc: '2.0', method: 'notifications/progress', params: { progressToken, progress } }));
  response.end(eventOf({ jsonrpc: '2.0', id, result: { resultType: 'complete', content: [] } }));
}

/** Asks its client, and does not wait for long. */
function ask({ id }, response) {
  const params = { message: 'Which?', requestedSchema: { type: 'object', properties: {} } };
  openStream(response).write(eventOf({ jsonrpc: '2.0', id: randomUUID(), method: 'elicitation/create', params }));
  setTimeout(() => response.end(eventOf({ jsonrpc: '2.0', id, result: { content: [] } })), ASK_MS);
}

function toResponse({ id, method, params = {} }, isModern) {
  const result = Object.hasOwn(RESULTS, method) ? RESULTS[method](params, isModern) : undefined;
  if (result === undefined) return errorOf(id, -32601, 'Method not found');
  return result.code === undefined
    ? { jsonrpc: '2.0', id, result: isModern ? { resultType: 'complete', ...result } : result }
    : errorOf(id, result.code, 'No');
}

const CAPABILITIES = {
  tools: { listChanged: true },
  prompts: { listChanged: true },
  resources: { subscribe: true, listChanged: true },
  completions: {},
  logging: {},
};
const CACHED = { ttlMs: 1000, cacheScope: 'public' };
const DISCOVERED = { resultType: 'complete', supportedVersions: [MODERN], capabilities: CAPABILITIES, ...CACHED };
const toolNamed = (name, properties = {}) => ({ name, inputSchema: { type: 'object', properties } });
const TOOLS = [
  toolNamed('echo', { text: { type: 'string' } }),
  toolNamed('count'),
  toolNamed('ask'),
  toolNamed('limited', { n: { type: 'integer' } }),
  toolNamed('mirrored', { region: { type: 'string', 'x-mcp-header': 'Region' } }),
  toolNamed('write_note'),
  toolNamed(FORBIDDEN),
];

const RESULTS = {
  ping: () => ({}),
  'logging/setLevel': () => ({}),
  'resources/subscribe': () => ({}),
  'resources/unsubscribe': () => ({}),
  'tools/list': () => ({ tools: TOOLS, ...CACHED }),
  'tools/call': ({ name, arguments: args, inputResponses }, isModern) => {
    if (!TOOLS.some((tool) => tool.name === name)) return { code: -32602 };
    if (name === 'ask' && isModern && inputResponses === undefined)
      return { resultType: 'input_required', inputRequests: { roots: { method: 'roots/list' } }, requestState: 'state' };
    return { content: [{ type: 'text', text: JSON.stringify(args ?? null).slice(0, 1000) }] };
  },
  'prompts/list': () => ({ prompts: [{ name: 'greet' }, { name: 'hidden' }], ...CACHED }),
  'prompts/get': ({ name }) => (name === 'greet' ? { messages: [] } : { code: -32602 }),
  'resources/list': () => ({ resources: [{ uri: 'test://a', name: 'a' }], ...CACHED }),
  'resources/templates/list': () => ({ resourceTemplates: [{ uriTemplate: 'test://{x}', name: 'x' }], ...CACHED }),
  'resources/read': ({ uri }, isModern) =>
    uri === 'test://a' ? { contents: [{ uri, text: 'A' }], ...CACHED } : { code: isModern ? -32602 : -32002 },
  'completion/complete': () => ({ completion: { values: ['a'] } }),
};
