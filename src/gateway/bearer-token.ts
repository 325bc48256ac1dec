import { type ChallengedServer, invalidToken, misplacedToken, noToken, type Scheme } from './challenge.js';
import { countHeader, type HttpCall } from './http-call.js';

const SCHEMES = /^(?:(bearer)|dpop)(?: +(.*))?$/i;
const TOKEN68 = /^[A-Za-z0-9._~+/-]+=*$/;
const FORM = 'application/x-www-form-urlencoded';
/** A token would stand near the front of a form; more of a body that nobody vouches for is not read. */
const FORM_BYTES = 16 * 1024;

export type TokenRequest = Pick<HttpCall, 'headers' | 'rawHeaders' | 'body'> & { readonly url: string };

/** A token, and the scheme that it came with. */
export interface PresentedToken {
  readonly scheme: Scheme;
  readonly token: string;
}

/**
 * The one access token of a request (RFC 6750 §2.1, RFC 9449 §7.1). Its value appears in no error.
 * @throws {OAuthError} without a token, with more than one, or with one in the query or in a form (R-BRR-04, 08, 09).
 */
export function extractToken(request: TokenRequest, server: ChallengedServer): PresentedToken {
  if (hasQueryToken(request.url)) throw misplacedToken(server, 'An access token stands in the query');
  if (hasFormToken(request)) throw misplacedToken(server, 'An access token stands in a form body');
  const header = request.headers.authorization;
  if (header === undefined) throw noToken(server);
  // Node keeps only the first of several Authorization headers.
  if (countHeader(request, 'authorization') > 1) throw misplacedToken(server, 'There is more than one Authorization header');
  const match = SCHEMES.exec(header);
  if (!match) throw noToken(server);
  const scheme = match[1] === undefined ? 'DPoP' : 'Bearer';
  const token = match[2]?.trim() ?? '';
  if (!TOKEN68.test(token)) throw invalidToken(server, { scheme, detail: 'The token is not well-formed' });
  return { scheme, token };
}

function hasQueryToken(url: string): boolean {
  const query = url.indexOf('?');
  return query !== -1 && new URLSearchParams(url.slice(query + 1)).has('access_token');
}

function hasFormToken({ headers, body }: TokenRequest): boolean {
  if (!body || !headers['content-type']?.toLowerCase().startsWith(FORM)) return false;
  return new URLSearchParams(body.toString('latin1', 0, FORM_BYTES)).has('access_token');
}
