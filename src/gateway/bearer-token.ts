import { countValues } from '../common/raw-headers.js';
import { digestOf } from '../tokens/token-digest.js';
import { type ChallengedServer, invalidToken, misplacedToken, noToken, type Scheme } from './challenge.js';
import type { HttpCall } from './http-call.js';

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
  /** By which the token is found among the verified ones. */
  readonly digest: string;
}

/** Parses what an `Authorization` header presents. */
export type ParsePresented = (header: string, server: ChallengedServer) => PresentedToken;

/**
 * The one access token of a request (RFC 6750 §2.1, RFC 9449 §7.1). Its value appears in no error.
 * @throws {OAuthError} without a token, with more than one, or with one in the query or in a form (R-BRR-04, 08, 09).
 */
export function extractToken(request: TokenRequest, server: ChallengedServer, parse: ParsePresented = parsePresented): PresentedToken {
  if (hasQueryToken(request.url)) throw misplacedToken(server, 'An access token stands in the query');
  if (hasFormToken(request)) throw misplacedToken(server, 'An access token stands in a form body');
  const header = request.headers.authorization;
  if (header === undefined) throw noToken(server);
  // Node keeps only the first of several Authorization headers.
  if (countValues(request.rawHeaders, 'authorization') > 1) throw misplacedToken(server, 'There is more than one Authorization header');
  return parse(header, server);
}

/** @throws {OAuthError} where the header holds no well-formed token. */
function parsePresented(header: string, server: ChallengedServer): PresentedToken {
  const match = SCHEMES.exec(header);
  if (!match) throw noToken(server);
  const scheme = match[1] === undefined ? 'DPoP' : 'Bearer';
  const token = match[2]?.trim() ?? '';
  if (!TOKEN68.test(token)) throw invalidToken(server, { scheme, detail: 'The token is not well-formed' });
  return { scheme, token, digest: digestOf(token) };
}

/**
 * What connections presented last: a client sends the same header with every message. What was well-formed once is so again; that
 * the token still holds is asked every time. Forgotten with the connection.
 */
export class LastPresented {
  private readonly last = new WeakMap<object, { readonly header: string; readonly presented: PresentedToken }>();

  /** Parses headers of one connection. */
  on(connection: object): ParsePresented {
    return (header, server) => {
      const last = this.last.get(connection);
      if (last?.header === header) return last.presented;
      const presented = parsePresented(header, server);
      this.last.set(connection, { header, presented });
      return presented;
    };
  }
}

function hasQueryToken(url: string): boolean {
  const query = url.indexOf('?');
  return query !== -1 && new URLSearchParams(url.slice(query + 1)).has('access_token');
}

function hasFormToken({ headers, body }: TokenRequest): boolean {
  if (!body || !headers['content-type']?.toLowerCase().startsWith(FORM)) return false;
  return new URLSearchParams(body.toString('latin1', 0, FORM_BYTES)).has('access_token');
}
