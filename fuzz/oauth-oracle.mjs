// What an OAuth endpoint may answer: its successes, and the rows of the error table (R-ERR-03). Everything else is a fault.

const ROWS = {
  invalid_request: [400],
  invalid_client: [401],
  invalid_grant: [400],
  unauthorized_client: [400],
  unsupported_grant_type: [400],
  invalid_scope: [400],
  invalid_target: [400],
  invalid_dpop_proof: [400],
  use_dpop_nonce: [400],
  unsupported_token_type: [400],
  temporarily_unavailable: [429, 503],
};
/** What HTTP has a status of its own for: no such path or method, too large (R-TOK-01, R-TOK-11). */
const HTTP_STATUSES = [404, 405, 413];
/** What is no HTTP never gets as far as an endpoint; its answer is a bare problem document. */
const BROKEN_HTTP_STATUSES = [400, 408, 431];
/** Rows that belong to one endpoint. */
const ONLY_AT_TOKEN = ['unsupported_grant_type', 'invalid_scope', 'invalid_target', 'invalid_dpop_proof', 'use_dpop_nonce'];
const REQUIRED_HEADERS = {
  invalid_client: 'www-authenticate',
  use_dpop_nonce: 'dpop-nonce',
  temporarily_unavailable: 'retry-after',
};
const DESCRIPTION = /^[\x20-\x21\x23-\x5b\x5d-\x7e]*$/;
const TOKEN_MEMBERS = ['access_token', 'token_type', 'expires_in', 'scope', 'refresh_token', 'issued_token_type'];
const ACTIVE_MEMBERS = ['active', 'scope', 'client_id', 'token_type', 'exp', 'iat', 'sub', 'aud', 'iss', 'jti'];
/** So short a text occurs by chance. */
const MIN_SECRET = 12;

/**
 * Everything that is wrong with an answer, as short texts; none for a good one.
 * @param {{ endpoint: string | undefined, method: string, secrets: readonly string[], mustFail: boolean, via: string }} request
 *   `endpoint` is undefined where the request may have become one for another route
 * @param {{ status: number, headers: Record<string, string | string[]>, text: string }} answer
 */
export function faultsOf(request, answer) {
  const body = parse(answer.text);
  const faults = [...findEchoes(request, answer)];
  if (answer.status >= 500 && !isUnavailable(body, answer)) faults.push(`status ${answer.status}`);
  if (answer.status === 0) return [...faults, 'the connection ended without an answer'];
  if (request.endpoint === undefined) return isOAuthError(body) ? [...faults, ...errorFaults(request, answer, body)] : faults;
  if (request.via !== 'inject' && isBrokenHttp(answer, body)) return faults;
  if (request.mustFail && answer.status < 400) faults.push('accepted what proves nothing');
  if (request.method === 'HEAD') return faults;
  faults.push(...headerFaults(answer));
  if (answer.status === 200) faults.push(...successFaults(request.endpoint, body));
  else faults.push(...errorFaults(request, answer, body));
  return faults;
}

/** The row of an answer, for the statistics. */
export function rowOf({ status, text }) {
  const body = parse(text);
  return `${status} ${typeof body?.error === 'string' ? body.error : body?.active === undefined ? '' : `active: ${body.active}`}`.trim();
}

function parse(text) {
  try {
    const body = JSON.parse(text);
    return typeof body === 'object' && body !== null ? body : undefined;
  } catch {
    // Then it has no members, and whatever needs one says so.
    return undefined;
  }
}

const isBrokenHttp = ({ status, headers }, body) =>
  BROKEN_HTTP_STATUSES.includes(status) &&
  headers['content-type'] === 'application/problem+json' &&
  body !== undefined &&
  Object.keys(body).join() === 'type,title,status';

/** Other routes speak another language. */
const isOAuthError = (body) => body?.error !== undefined && body.jsonrpc === undefined;

const isUnavailable = (body, { status, headers }) =>
  status === 503 && body?.error === 'temporarily_unavailable' && headers['retry-after'] !== undefined;

function* findEchoes({ secrets }, { headers, text }) {
  const answer = `${JSON.stringify(headers)}${text}`;
  if (/canary/.test(answer)) yield 'a value of the request stands in the answer';
  if (secrets.some((secret) => secret.length >= MIN_SECRET && answer.includes(secret)))
    yield 'a secret of the request stands in the answer';
}

function* headerFaults({ headers }) {
  if (!/(^|[ ,])no-store($|[ ,])/.test(String(headers['cache-control']))) yield 'no-store is missing';
  if (headers.pragma !== 'no-cache') yield 'Pragma: no-cache is missing';
  if (!/^application\/json(;|$)/.test(String(headers['content-type']))) yield `media type ${headers['content-type']}`;
}

function* successFaults(endpoint, body) {
  if (body === undefined) yield 'a success that is no JSON object';
  else if (endpoint === 'token') yield* tokenFaults(body);
  else if (endpoint === 'introspect') yield* introspectionFaults(body);
  else if (Object.keys(body).length > 0) yield `members in an empty answer: ${Object.keys(body)}`;
}

function* tokenFaults({ access_token, token_type, expires_in, scope, ...rest }) {
  if (!/^[\w-]+\.[\w-]+\.[\w-]+$/.test(access_token)) yield 'no access token';
  if (token_type !== 'Bearer' && token_type !== 'DPoP') yield `token_type ${token_type}`;
  if (!Number.isInteger(expires_in) || expires_in < 1) yield `expires_in ${expires_in}`;
  if (typeof scope !== 'string' || scope === '') yield 'no scope';
  const strange = Object.keys(rest).filter((name) => !TOKEN_MEMBERS.includes(name));
  if (strange.length > 0) yield `strange members: ${strange}`;
}

function* introspectionFaults(body) {
  if (body.active === true) {
    const missing = ACTIVE_MEMBERS.filter((name) => body[name] === undefined);
    if (missing.length > 0) yield `introspection lacks ${missing}`;
  } else if (body.active !== false || Object.keys(body).length !== 1) yield 'an inactive answer says more than that';
}

function* errorFaults({ endpoint }, { status, headers }, body) {
  if (body === undefined) {
    yield `an error that is no JSON object, status ${status}`;
    return;
  }
  const { error, error_description: description = '', error_uri: _uri, ...rest } = body;
  if (!isRow(error, status, endpoint)) yield `no row of the error table: ${status} ${JSON.stringify(error)}`;
  if (typeof description !== 'string' || !DESCRIPTION.test(description)) yield 'error_description has characters that it may not have';
  if (Object.keys(rest).length > 0) yield `strange members in an error: ${Object.keys(rest)}`;
  const required = status === 405 ? 'allow' : REQUIRED_HEADERS[error];
  if (required !== undefined && typeof headers[required] !== 'string') yield `${error} without exactly one ${required}`;
}

function isRow(error, status, endpoint) {
  if (error === 'invalid_request' && HTTP_STATUSES.includes(status)) return true;
  // Who may not introspect at all is forbidden to (R-INT-01).
  if (error === 'unauthorized_client' && status === 403) return endpoint === 'introspect' || endpoint === undefined;
  if (ONLY_AT_TOKEN.includes(error) && endpoint !== 'token' && endpoint !== undefined) return false;
  return typeof error === 'string' && Object.hasOwn(ROWS, error) && ROWS[error].includes(status);
}
