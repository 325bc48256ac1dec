// What can be done to a good MCP request so that it is not one any more.
import { CAPABILITIES_KEY, VERSION_KEY, wrapped } from './mcp-drafts.mjs';
import { FORBIDDEN, MODERN } from './mcp-upstream.mjs';
import { deepJson, oddJson } from './mcp-values.mjs';
import { oddText } from './values.mjs';

const HEADERS = ['accept', 'content-type', 'mcp-protocol-version', 'mcp-method', 'mcp-name', 'mcp-session-id', 'authorization'];
const VERSIONS = [
  '2025-03-26',
  '2025-06-18',
  '2025-11-25',
  MODERN,
  '2099-01-01',
  '1999-01-01',
  'v999.0.0',
  'DRAFT',
  `${MODERN}, ${MODERN}`,
  '',
];
const ACCEPTS = [
  '*/*',
  'application/json',
  'text/event-stream',
  'text/html',
  'application/*, text/*',
  '*/*;q=0',
  'application/json;q=0, */*',
  ',',
  'x',
];
const TYPES = [
  'text/plain',
  'application/json; charset=utf-16',
  'APPLICATION/JSON',
  'application/jsonx',
  'application/x-www-form-urlencoded',
  'application/json, x',
  '',
];
const METHODS = [
  'tools/list',
  'initialize',
  'ping',
  'server/discover',
  'resources/subscribe',
  'tasks/list',
  'tasks/get',
  'notifications/cancelled',
  'TOOLS/CALL',
  'tools/call ',
  '__proto__',
  'rpc.x',
];
const HTTP_METHODS = ['GET', 'DELETE', 'PUT', 'PATCH', 'HEAD', 'OPTIONS', 'TRACE'];
const ORIGINS = ['http://evil.example.com', 'null', 'http://localhost', 'https://localhost.evil', '', 'x'];
const SENTINELS = [
  '=?base64?SGVsbG8?=',
  '=?base64??=',
  '=?BASE64?ZWNobw==?=',
  '=?base64?////?=',
  '=?base64?ZWNobw==',
  '=?base64?ZWN obw==?=',
];

/** Changes a draft in one to three ways. */
export function change(random, scene, draft) {
  for (let i = 1 + random.int(3); i > 0; i--) random.weighted(CHANGES)(random, draft, scene);
}

const setHeader = (draft, name, value) => {
  draft.headers = [...draft.headers.filter(([known]) => known !== name), [name, value]];
};
const dropHeader = (draft, name) => void (draft.headers = draft.headers.filter(([known]) => known !== name));
const objectOr = (value) => (typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined);
const messageOf = ({ message }) => objectOr(Array.isArray(message) ? message[0] : message);
const paramsOf = (draft) => objectOr(messageOf(draft)?.params);
const metaOf = (draft) => objectOr(paramsOf(draft)?._meta);
/** Sets a member of an object that is there. */
const put = (holder, name, value) => void (holder && (holder[name] = value));
const drop = (holder, name) => void (holder && delete holder[name]);
const bodyOf = (draft) => draft.text ?? JSON.stringify(draft.message ?? null);

/** Puts a JSON text in the place of a value; the text of the message is made here, once. */
function splice(draft, holder, name, text) {
  if (!holder || draft.text !== undefined) return;
  holder[name] = '@@';
  draft.text = JSON.stringify(draft.message).replace('"@@"', () => text);
}

const MEMBERS = ['jsonrpc', 'id', 'method', 'params', 'result', 'error', 'extra', '__proto__x'];
const PARAMS = [
  'name',
  'uri',
  'arguments',
  '_meta',
  'cursor',
  'requestState',
  'inputResponses',
  'protocolVersion',
  'capabilities',
  'clientInfo',
  'ref',
  'argument',
  'notifications',
  'level',
  'taskId',
  'task',
];
const METAS = [
  VERSION_KEY,
  CAPABILITIES_KEY,
  'progressToken',
  'io.modelcontextprotocol/logLevel',
  'io.modelcontextprotocol/clientInfo',
  'traceparent',
];

/** Twice the same name, in one of the places where two parsers could choose differently. */
function duplicate(random, draft) {
  const text = bodyOf(draft);
  const pieces = [
    ['"method":', `"method":"${random.pick(METHODS)}",`],
    ['"method":', '"\\u006dethod":"tools/list",'],
    ['"name":', `"name":"${FORBIDDEN}",`],
    ['"params":{', '"params":{},'],
    ['"id":', '"id":0,'],
    ['"_meta":{', '"_meta":{},'],
    [`"${VERSION_KEY}":`, `"${VERSION_KEY}":"2025-11-25",`],
  ];
  const [at, added] = random.pick(pieces);
  const where = text.indexOf(at);
  if (where === -1) return;
  // First or last: parsers differ in which of the two they keep.
  if (random.chance(50)) draft.text = text.slice(0, where) + added + text.slice(where);
  else draft.text = text.replace(/\}\s*$/, `,${added.replace(/,$/, '')}}`);
}

/** A body that is no JSON, or not as JSON should be. */
function breakBody(random, draft) {
  const text = bodyOf(draft);
  draft.text = random.pick([
    () => '',
    () => text.slice(0, random.int(text.length)),
    () => `${text}${text}`,
    () => `${text},`,
    () => `\u{FEFF}${text}`,
    () => ` \n\t${text}\r\n `,
    () => text.replaceAll('"', "'"),
    () => `/* x */${text}`,
    () => text.replace('{', '{"x":NaN,'),
    () => text.replace('{', `{"x":${deepJson(random.pick([62, 63, 64, 1000, 50_000]))},`),
    () => text.replace('{', `{"x":${'[{"a":'.repeat(2000)}`),
    () => text.replace('{', `{"x":${'9'.repeat(random.pick([30, 400, 5000]))},`),
    () => text.replace('{', `{"x":"${'y'.repeat(random.pick([1000, 100_000]))}",`),
    () => text.replace('{', `{${Array.from({ length: 3000 }, (_, i) => `"k${i}":0`).join()},`),
    () => (random.chance(3) ? text.replace('{', `{"x":"${'y'.repeat(4_300_000)}",`) : 'null'),
  ])();
}

function batch(random, draft) {
  const one = draft.message;
  if (one === undefined || draft.text !== undefined) return;
  draft.message = random.pick([
    () => [],
    () => [one],
    () => [one, one],
    () => [[one]],
    () => [one, null, 7],
    () => Array.from({ length: random.pick([3, 100, 101, 500]) }, (_, id) => ({ jsonrpc: '2.0', id, method: 'ping' })),
    () => [
      { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: FORBIDDEN } },
      { jsonrpc: '2.0', id: 2, method: 'ping' },
    ],
    () => [
      { jsonrpc: '2.0', id: 'x', result: {} },
      { jsonrpc: '2.0', method: 'notifications/initialized' },
    ],
  ])();
  if (random.chance(60)) setHeader(draft, 'mcp-protocol-version', '2025-03-26');
}

function misuseToken(random, draft, scene) {
  if (draft.isPublic) return;
  const other = random.pick(scene.slugs.filter((slug) => slug !== draft.slug));
  const [good] = draft.headers.filter(([name]) => name === 'authorization');
  if (!good) return;
  random.pick([
    () => dropHeader(draft, 'authorization'),
    () => setHeader(draft, 'authorization', `Bearer ${draft.credential.tokens.get(other)}`),
    () => setHeader(draft, 'authorization', `DPoP ${draft.credential.tokens.get(draft.slug)}`),
    () => setHeader(draft, 'authorization', `Bearer ${random.text(60)}`),
    () => setHeader(draft, 'authorization', `${good[1].slice(0, -3)}AAA`),
    () => setHeader(draft, 'authorization', random.pick(['Bearer', 'Bearer ', 'Basic Og==', 'Bearer a b', 'bearer=x', ''])),
    () => void draft.headers.push(good),
    () => void (draft.query = `?access_token=${draft.credential.tokens.get(draft.slug)}`),
  ])();
}

const CHANGES = [
  [14, (random, draft) => splice(draft, messageOf(draft), random.pick(MEMBERS), oddJson(random))],
  [12, (random, draft) => splice(draft, paramsOf(draft), random.pick(PARAMS), oddJson(random))],
  [7, (random, draft) => splice(draft, metaOf(draft), random.pick(METAS), oddJson(random))],
  [4, (random, draft) => drop(messageOf(draft), random.pick(MEMBERS))],
  [4, (random, draft) => drop(paramsOf(draft), random.pick(PARAMS))],
  [4, (random, draft) => drop(metaOf(draft), random.pick(METAS))],
  [5, (random, draft) => put(messageOf(draft), 'method', random.chance(80) ? random.pick(METHODS) : oddText(random))],
  [5, (random, draft) => put(paramsOf(draft), 'name', random.chance(60) ? FORBIDDEN : oddText(random))],
  [3, (random, draft, scene) => put(paramsOf(draft), 'requestState', random.pick(scene.requestStates.items) ?? 'x')],
  [6, duplicate],
  [8, breakBody],
  [5, batch],
  [6, (random, draft) => dropHeader(draft, random.pick(HEADERS.slice(0, -1)))],
  [4, (random, draft) => void draft.headers.push(random.pick(draft.headers.filter(([name]) => name !== 'authorization')) ?? ['x', 'y'])],
  [3, (random, draft) => setHeader(draft, 'accept', random.pick(ACCEPTS))],
  [3, (random, draft) => setHeader(draft, 'content-type', random.pick(TYPES))],
  [5, (random, draft) => setHeader(draft, 'mcp-protocol-version', random.pick(VERSIONS))],
  [4, (random, draft) => setHeader(draft, 'mcp-method', random.pick(METHODS))],
  [
    4,
    (random, draft) =>
      setHeader(draft, 'mcp-name', random.pick([...SENTINELS, wrapped(FORBIDDEN), wrapped('\xff'), FORBIDDEN, oddText(random)])),
  ],
  [
    2,
    (random, draft) =>
      setHeader(
        draft,
        `mcp-param-${random.pick(['region', 'x', 'é'.normalize('NFD')])}`.replace(/[^\w-]/g, ''),
        random.pick([...SENTINELS, 'eu', '']),
      ),
  ],
  [
    5,
    (random, draft, scene) =>
      setHeader(draft, 'mcp-session-id', random.pick(scene.sessions.get(random.pick(scene.slugs)).items)?.id ?? oddText(random)),
  ],
  [3, (random, draft) => setHeader(draft, 'mcp-session-id', oddText(random))],
  [2, (random, draft) => setHeader(draft, 'last-event-id', oddText(random))],
  [3, (random, draft) => setHeader(draft, 'origin', random.pick(ORIGINS))],
  [
    2,
    (random, draft) =>
      setHeader(
        draft,
        random.pick(['content-encoding', 'x-forwarded-for', 'cookie', 'forwarded', 'dpop', 'via', 'te', 'x-http-method-override']),
        random.pick(['gzip', 'x', '127.0.0.1', oddText(random)]),
      ),
  ],
  [1, (random, draft) => setHeader(draft, 'x-long', 'y'.repeat(random.pick([4000, 15_000, 17_000, 40_000])))],
  [7, misuseToken],
  [5, (random, draft) => void (draft.method = random.pick(HTTP_METHODS))],
  [
    3,
    (random, draft) =>
      void (draft.path = random.pick([
        '/authed/mcp/nothing',
        '/mcp/modern',
        '/authed/mcp/',
        '/authed/mcp/modern/',
        '/authed/mcp/a/b',
        '/authed/mcp/%6dodern',
        '/authed/mcp/..',
        '/mcp/%00',
        `/authed/mcp/${'x'.repeat(300)}`,
      ])),
  ],
  [2, (random, draft) => void (draft.query = `?${random.pick(['a=b', 'access_token', '%', '__proto__=1', 'x'.repeat(3000)])}`)],
];
