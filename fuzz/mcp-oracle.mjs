// What an MCP endpoint may answer: responses to what was asked, the rows of the error table (docs/mcp-endpoint.md), and
// OAuth challenges. Everything else is a fault.

/** What is not about the message but about the request that carries it, with its JSON-RPC code. */
const CODES_BY_STATUS = {
  400: [-32700, -32600, -32602, -32020, -32021, -32022, -32000],
  404: [-32601, -32600, -32001],
  405: [-32600],
  406: [-32600],
  413: [-32600],
  415: [-32600],
  429: [429],
  431: [-32600],
  502: [-32603],
  503: [-32603],
  504: [-32603],
};
const REQUIRED_HEADERS = { 401: 'www-authenticate', 405: 'allow', 429: 'retry-after', 503: 'retry-after' };
/** What is no HTTP never gets as far as an endpoint; its answer is a bare problem document. */
const BROKEN_HTTP_STATUSES = [400, 408, 431];
const OAUTH_STATUSES = {
  400: ['invalid_request'],
  401: ['invalid_token', 'invalid_dpop_proof', 'use_dpop_nonce', undefined],
  403: ['insufficient_scope'],
};
/** What only the upstream has to say to its own clients, and what would show our insides. */
const FORBIDDEN_HEADERS = ['set-cookie', 'server', 'location', 'x-powered-by', 'mcp-internal'];
const STACK = /\n\s+at .+:\d+:\d+\)?|node_modules|\/srv\/upstream/;

/**
 * Everything that is wrong with an answer, as short texts; none for a good one.
 * @param request `ids` of the requests in its body, or undefined where nobody can tell; `mayLie` where an upstream may have lied;
 *   `statuses` where it was a good one; `isUnauthorized` where its token must not do
 * @param {{ status: number, headers: object, text: string, left?: boolean, cut?: boolean, broken?: boolean }} answer
 */
export function faultsOf(request, answer) {
  if (answer.left) return [];
  const faults = [...findLeaks(request, answer)];
  if (answer.status === 0) return request.isHuge || answer.cut ? faults : [...faults, 'the connection ended without an answer'];
  if (!request.isMcp || request.method === 'HEAD' || request.method === 'OPTIONS')
    return answer.status >= 500 && answer.status !== 503 ? [...faults, `status ${answer.status}`] : faults;
  if ((request.via === 'socket' || answer.status === 431) && isBrokenHttp(answer)) return faults;
  faults.push(...statusFaults(request, answer));
  if (answer.status < 300) faults.push(...successFaults(request, answer));
  else faults.push(...errorFaults(request, answer));
  return faults;
}

/** The row of an answer, for the statistics. */
export function rowOf({ status, text, left, cut }) {
  if (left) return 'client left';
  if (cut) return `${status} stream`;
  const [body] = [parse(text)].flat();
  const code = body?.error?.code ?? (typeof body?.error === 'string' ? body.error : undefined);
  // Upstreams have codes of their own.
  return `${status} ${typeof code === 'number' && !isKnown(code) ? 'other' : (code ?? '')}`.trim();
}

const isKnown = (code) => Object.values(CODES_BY_STATUS).flat().includes(code) || code === -32002;

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // whatever needs a member says so
  }
}

const isBrokenHttp = ({ status, headers }) =>
  BROKEN_HTTP_STATUSES.includes(status) && headers['content-type'] === 'application/problem+json';

function* findLeaks({ secrets }, { headers, text }) {
  const answer = `${JSON.stringify(headers)}${text}`;
  if (/canary/.test(answer)) yield 'what only the upstream and the gateway may see stands in the answer';
  if (STACK.test(text)) yield 'a stack stands in the answer';
  if (secrets.some((secret) => answer.includes(secret))) yield 'the token stands in the answer';
  for (const name of FORBIDDEN_HEADERS) if (headers[name] !== undefined) yield `the header ${name} came along`;
}

function* statusFaults({ mayLie, statuses, isUnauthorized }, { status, headers }) {
  if (status === 500 || status === 501 || status > 504) yield `status ${status}`;
  if ((status === 502 || status === 504) && !mayLie) yield `status ${status} in front of an honest upstream`;
  if (status >= 300 && status < 400) yield `status ${status}`;
  if (isUnauthorized && status < 300) yield 'accepted what proves nothing';
  if (statuses && !mayLie && !statuses.includes(status)) yield `status ${status} to a good request`;
  const required = REQUIRED_HEADERS[status];
  if (required !== undefined && typeof headers[required] !== 'string' && !mayLie) yield `${status} without exactly one ${required}`;
}

function* successFaults(request, answer) {
  const { status, headers, text } = answer;
  const type = String(headers['content-type'] ?? '');
  if (status === 202 || request.method === 'DELETE') {
    if (text !== '') yield `a body with ${status}`;
  } else if (status !== 200) yield `status ${status}`;
  else if (type.startsWith('text/event-stream')) yield* streamFaults(request, answer);
  else if (!type.startsWith('application/json')) yield `media type ${type}`;
  else if (answer.broken) yield* request.mayLie ? [] : ['an answer that breaks off'];
  else if (!answer.cut) yield* responseFaults(request, parse(text));
}

function* streamFaults(request, { text, cut, broken }) {
  const messages = [];
  for (const [, data] of text.matchAll(/^data: ?(.+)$/gm)) {
    if (data.trim() === '') continue;
    const message = parse(data);
    if (message !== undefined) messages.push(...[message].flat());
    else if (!cut && !broken && !request.mayLie) return yield 'an event that is no JSON';
  }
  if (!messages.every((message) => message?.jsonrpc === '2.0') && !request.mayLie) yield 'an event that is no JSON-RPC';
  if (cut || request.ids === undefined || request.method === 'GET') return;
  const answered = messages.filter((message) => message?.method === undefined).map((message) => message?.id);
  if (answered.some((id) => !request.ids.includes(id))) yield 'a response to something else';
  if (new Set(answered).size < answered.length) yield 'two responses to one request';
  // The rest may be fetched by its client, and a session that has ended takes its calls along.
  const isExcused = request.era === 'legacy' && (/^id: |"id":"gatehouse-\d+"/m.test(text) || text === '');
  if (!broken && !isExcused && answered.length < request.ids.length) yield 'a stream that ends without the response';
  if (broken && !request.mayLie) yield 'a stream that breaks off';
}

function* responseFaults({ ids, mayLie }, body) {
  if (body === undefined) return yield 'a success that is no JSON';
  const responses = [body].flat();
  for (const response of responses) {
    if (response?.jsonrpc !== '2.0' && !mayLie) yield 'a response that is no JSON-RPC';
    if (ids !== undefined && !ids.includes(response?.id)) yield 'a response to something else';
    const hasResult = typeof response?.result === 'object' && response.result !== null;
    const hasError = typeof response?.error === 'object' && response.error !== null;
    if (hasResult === hasError && !mayLie) yield 'neither a result nor an error';
  }
  if (new Set(responses.map((response) => response?.id)).size < responses.length) yield 'two responses to one request';
}

function* errorFaults(request, { status, headers, text }) {
  const body = parse(text);
  if (typeof body !== 'object' || body === null) return yield `an error that is no JSON object, status ${status}`;
  if (headers['www-authenticate'] !== undefined || status === 401) return yield* challengeFaults(status, headers, body);
  if (Array.isArray(body)) return request.mayLie ? undefined : yield 'an array with an error status';
  yield* rpcErrorFaults(request, status, body);
}

function* challengeFaults(status, headers, { error, jsonrpc }) {
  if (jsonrpc !== undefined) yield 'a challenge with a body of JSON-RPC';
  if (!/^(?:Bearer|DPoP)( |$)/.test(String(headers['www-authenticate']))) yield 'no challenge';
  if (!OAUTH_STATUSES[status]?.includes(error)) yield `no row of the table: ${status} ${error}`;
}

function* rpcErrorFaults({ ids, mayLie, isPassed }, status, { jsonrpc, id, error, ...rest }) {
  if (jsonrpc !== '2.0') return yield `no JSON-RPC in an error, status ${status}`;
  if (!Number.isSafeInteger(error?.code) || typeof error?.message !== 'string')
    return mayLie ? undefined : yield 'an error without code or message';
  if (Object.keys(rest).length > 0 && !mayLie) yield `strange members in an error: ${Object.keys(rest)}`;
  if (id !== undefined && id !== null && ids !== undefined && !ids.includes(id)) yield 'an error under the id of something else';
  const isRow = status === 403 ? error.code === -32600 : CODES_BY_STATUS[status]?.includes(error.code);
  if (!isRow && !mayLie && !isPassed) yield `no row of the table: ${status} ${error.code}`;
}
