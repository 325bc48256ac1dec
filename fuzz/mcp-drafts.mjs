// Good MCP requests, of either era, to any server on either face.
import { TOOLS } from './mcp-scene.mjs';
import { MODERN } from './mcp-upstream.mjs';

export const VERSION_KEY = 'io.modelcontextprotocol/protocolVersion';
export const CAPABILITIES_KEY = 'io.modelcontextprotocol/clientCapabilities';
export const LEGACY_VERSIONS = ['2025-03-26', '2025-06-18', '2025-11-25'];
const CAPABILITIES = [{}, { roots: {} }, { elicitation: {}, sampling: {} }];

const SERVERS = [
  [10, 'docs'],
  [14, 'modern'],
  [14, 'legacy'],
  [10, 'both'],
  [1, 'few'],
  [6, 'open'],
  [10, 'group'],
  [12, 'liar-modern'],
  [12, 'liar-legacy'],
  [6, 'liar-both'],
  [5, 'liar-group'],
];

/** What a request is made of: method, path, query, headers as pairs, and the message. */
export function goodDraft(random, scene) {
  const slug = random.weighted(SERVERS);
  const isPublic = (slug === 'docs' || slug === 'open') && random.chance(40);
  const credential = random.pick(scene.credentials);
  const draft = {
    slug,
    isPublic,
    credential,
    era: random.chance(55) ? 'modern' : 'legacy',
    method: 'POST',
    path: `${isPublic ? '/mcp' : '/authed/mcp'}${slug === 'docs' && random.chance(70) ? '' : `/${slug}`}`,
    query: '',
    headers: [
      ['content-type', 'application/json'],
      ['accept', 'application/json, text/event-stream'],
      ...(isPublic ? [] : [['authorization', `Bearer ${credential.tokens.get(slug)}`]]),
    ],
    id: random.weighted([
      [8, random.int(1e6)],
      [3, random.text(8)],
      [1, ''],
    ]),
  };
  return draft.era === 'modern' ? modernDraft(random, scene, draft) : legacyDraft(random, scene, draft);
}

function modernDraft(random, scene, draft) {
  const { method, params } = random.weighted(requestsOf(random, scene, draft));
  const _meta = { [VERSION_KEY]: MODERN, [CAPABILITIES_KEY]: random.pick(CAPABILITIES), ...params._meta };
  draft.message = { jsonrpc: '2.0', id: draft.id, method, params: { ...params, _meta } };
  draft.headers.push(['mcp-protocol-version', MODERN], ['mcp-method', method]);
  const name = params.name ?? params.uri;
  if (name !== undefined) draft.headers.push(['mcp-name', random.chance(20) ? wrapped(name) : name]);
  if (params.arguments?.region !== undefined) draft.headers.push(['mcp-param-region', params.arguments.region]);
  draft.statuses = method === 'unknown/method' ? [404] : method === 'tools/call' ? [200, 403] : draft.slug === 'docs' ? [200, 404] : [200];
  return draft;
}

export const wrapped = (text) => `=?base64?${Buffer.from(String(text)).toString('base64')}?=`;

function legacyDraft(random, scene, draft) {
  const sessions = scene.sessions.get(draft.slug).items.filter(({ owner }) => owner === ownerOf(draft));
  if (sessions.length < 4 || random.chance(6)) return initializeDraft(random, draft);
  const session = random.pick(sessions);
  draft.session = session;
  draft.headers.push(['mcp-session-id', session.id]);
  if (random.chance(80)) draft.headers.push(['mcp-protocol-version', session.version]);
  return random.weighted([
    [80, () => callDraft(random, scene, draft)],
    [8, () => notificationDraft(random, draft)],
    [4, () => batchDraft(random, scene, draft)],
    [3, () => bodylessDraft(random, scene, draft, 'GET')],
    [2, () => bodylessDraft(random, scene, draft, 'DELETE')],
    [2, () => responseDraft(random, draft)],
  ])();
}

export const ownerOf = ({ isPublic, credential }) => (isPublic ? 'public' : credential.clientId);

function initializeDraft(random, draft) {
  const protocolVersion = random.chance(90) ? random.pick(LEGACY_VERSIONS) : random.pick(['1999-01-01', MODERN, '2024-11-05']);
  const params = { protocolVersion, capabilities: random.pick(CAPABILITIES), clientInfo: { name: 'fuzz', version: '1' } };
  draft.message = { jsonrpc: '2.0', id: draft.id, method: 'initialize', params };
  draft.statuses = [200];
  return draft;
}

/** A session may have ended in the meantime, and two requests with one id may be under way. */
const IN_SESSION = [200, 400, 403, 404];

function callDraft(random, scene, draft) {
  const legacyOnly = [[3, { method: 'ping', params: {} }]];
  const { method, params } = random.weighted([...requestsOf(random, scene, draft), ...legacyOnly]);
  if (method === 'subscriptions/listen') return notificationDraft(random, draft);
  draft.message = { jsonrpc: '2.0', id: draft.id, method, params };
  draft.statuses = IN_SESSION;
  return draft;
}

function notificationDraft(random, draft) {
  const method = random.pick(['notifications/initialized', 'notifications/cancelled', 'notifications/roots/list_changed']);
  draft.message = { jsonrpc: '2.0', method, params: { requestId: random.int(100) } };
  draft.statuses = [202, 404];
  return draft;
}

function batchDraft(random, scene, draft) {
  const messages = Array.from({ length: 1 + random.int(5) }, () => callDraft(random, scene, { ...draft, headers: [] }).message);
  draft.message = messages.map((message, i) => (message.id === undefined ? message : { ...message, id: `${i}-${random.int(1e6)}` }));
  draft.statuses = [...IN_SESSION, 202];
  return draft;
}

function bodylessDraft(random, scene, draft, method) {
  draft.method = method;
  draft.headers = draft.headers.filter(([name]) => name !== 'content-type');
  if (method === 'GET' && random.chance(30)) draft.headers.push(['last-event-id', random.pick(scene.eventIds.items) ?? 'none']);
  draft.message = undefined;
  draft.statuses = [200, 404, 405, 429];
  return draft;
}

function responseDraft(random, draft) {
  draft.message = { jsonrpc: '2.0', id: random.pick(['gatehouse-1', 'q', 1]), result: { action: 'accept' } };
  draft.statuses = [202, 400, 404];
  return draft;
}

function requestsOf(random, scene, { slug }) {
  const prefix = slug.endsWith('group') ? random.pick(['m_', 'l_', '']) : '';
  const tool = slug === 'docs' ? random.pick(scene.docsTools) : prefix + random.pick(TOOLS);
  const progress = random.chance(40) ? { _meta: { progressToken: random.pick([1, 'p', random.text(5)]) } } : {};
  const call = { name: tool, arguments: argumentsOf(random, tool), ...progress };
  return [
    [30, { method: 'tools/call', params: call }],
    [10, { method: 'tools/list', params: {} }],
    [4, { method: 'prompts/list', params: {} }],
    [4, { method: 'resources/list', params: {} }],
    [3, { method: 'resources/templates/list', params: {} }],
    [5, { method: 'prompts/get', params: { name: `${prefix}greet` } }],
    [5, { method: 'resources/read', params: { uri: random.pick(['test://a', 'test://b', 'docs://x']) } }],
    [4, { method: 'completion/complete', params: { ref: { type: 'ref/prompt', name: 'greet' }, argument: { name: 'n', value: 'a' } } }],
    [4, { method: 'server/discover', params: {} }],
    [2, { method: 'subscriptions/listen', params: { notifications: { toolsListChanged: true } } }],
    [2, { method: 'unknown/method', params: {} }],
  ];
}

function argumentsOf(random, tool) {
  if (tool === 'limited') return { n: random.pick([1, 100, 101, -1, '5']) };
  if (tool === 'mirrored') return { region: random.pick(['eu', 'us']) };
  return { text: random.text(random.int(30)), query: 'token', command: 'ls' };
}
