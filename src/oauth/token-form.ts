import { isUtf8 } from 'node:buffer';
import type { X509Certificate } from 'node:crypto';
import type { TraceContext } from '../tracing/trace-context.js';
import { OAuthError } from '../protocol/oauth-error.js';

const FORM = 'application/x-www-form-urlencoded';
const MAX_PARAMETERS = 64;
/** Only these may stand more than once (RFC 8707 §2, RFC 8693 §2.1). */
const REPEATABLE: ReadonlySet<string> = new Set(['resource', 'audience']);
const CREDENTIALS = [
  'client_secret',
  'client_assertion',
  'assertion',
  'subject_token',
  'actor_token',
  'refresh_token',
  'access_token',
  'token',
  'secret',
];

/** What reached the token endpoint, before anything was made of it. */
export interface RawTokenRequest {
  readonly contentType: string | undefined;
  readonly body: Buffer | undefined;
  /** The query string without `?`; empty for none. */
  readonly query: string;
  /** Every `Authorization` header of the request. */
  readonly authorization: readonly string[];
  /** Every `DPoP` header of the request. */
  readonly dpop: readonly string[];
  /** The client certificate of the connection, where a trusted proxy passed one on. */
  readonly certificate: X509Certificate | undefined;
  readonly address: string;
  /** Of the request, by which logs name it. */
  readonly requestId?: string;
  /** The trace that its client makes. */
  readonly trace?: TraceContext | undefined;
}

/** The form of a request to an OAuth endpoint: every parameter once, `resource` and `audience` as often as they were sent. */
export class TokenForm {
  constructor(
    private readonly parameters: ReadonlyMap<string, string>,
    readonly resources: readonly string[],
    readonly audiences: readonly string[] = [],
  ) {}

  /** The value, or undefined where it is absent or empty (RFC 6749 §3.2). */
  get(name: string): string | undefined {
    return this.parameters.get(name);
  }

  /** @throws {OAuthError} `invalid_request` where it is absent or empty. */
  require(name: string): string {
    const value = this.parameters.get(name);
    if (value === undefined) throw invalidRequest(`The parameter ${name} is missing.`);
    return value;
  }
}

/**
 * Reads the form (RFC 6749 §3.2 and Appendix B).
 * @throws {OAuthError} `invalid_request` for another media type, a broken escape, a repeated parameter, too many of them, or a
 *   credential in the query.
 */
export function parseTokenForm(request: RawTokenRequest): TokenForm {
  refuseCredentialsInQuery(request.query);
  requireFormMediaType(request.contentType);
  const parameters = new Map<string, string>();
  const repeated: Record<string, string[]> = { resource: [], audience: [] };
  const names = new Set<string>();
  for (const [name, value] of readPairs(request.body)) {
    if (names.has(name) && !REPEATABLE.has(name)) throw invalidRequest('A parameter is repeated.');
    names.add(name);
    if (value === '') continue;
    if (REPEATABLE.has(name)) repeated[name]?.push(value);
    else parameters.set(name, value);
  }
  return new TokenForm(parameters, repeated['resource'] ?? [], repeated['audience'] ?? []);
}

// Query values may be read by every proxy on the way: the credential in it is compromised, and the client must hear of it.
function refuseCredentialsInQuery(query: string): void {
  if (query === '') return;
  const sent = new URLSearchParams(query);
  if (CREDENTIALS.some((name) => sent.has(name))) {
    throw invalidRequest('A credential must never stand in the URL. Send it in the form body or the Authorization header, and rotate it.');
  }
}

function requireFormMediaType(contentType: string | undefined): void {
  if (contentType === FORM) return;
  const [mediaType = '', ...parameters] = (contentType ?? '').split(';').map((part) => part.trim().toLowerCase());
  const isUtf8 = parameters.every((parameter) => !parameter.startsWith('charset=') || /^charset="?utf-8"?$/.test(parameter));
  if (mediaType !== FORM || !isUtf8) {
    throw invalidRequest('The body must be a form: Content-Type: application/x-www-form-urlencoded, in UTF-8.');
  }
}

function readPairs(body: Buffer | undefined): [string, string][] {
  const text = decodeBody(body);
  if (/%(?![0-9A-Fa-f]{2})/.test(text)) throw invalidRequest('The body holds a malformed percent-escape.');
  const pairs = [...new URLSearchParams(text)];
  if (pairs.length > MAX_PARAMETERS) throw invalidRequest(`The body holds more than ${MAX_PARAMETERS} parameters.`);
  // URLSearchParams puts U+FFFD where an escape is no UTF-8.
  if (/%[89a-f]/i.test(text) && pairs.some((pair) => pair.join().includes('\uFFFD'))) throw invalidRequest('The body is not UTF-8.');
  return pairs;
}

function decodeBody(body: Buffer | undefined): string {
  if (body && !isUtf8(body)) throw invalidRequest('The body is not UTF-8.');
  return body?.toString('utf8') ?? '';
}

export const invalidRequest = (description: string, detail?: string): OAuthError =>
  new OAuthError('invalid_request', description, detail === undefined ? {} : { detail });
