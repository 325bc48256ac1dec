import { OAuthError, type OAuthErrorCode, toDescriptionCharacters } from '../protocol/oauth-error.js';
import type { ServerScope } from '../servers/server.entity.js';
import { DPOP_ALGS } from '../tokens/possession/dpop-proof.js';

/** How a token is presented: RFC 6750 §2.1, RFC 9449 §7.1. */
export type Scheme = 'Bearer' | 'DPoP';

/** What a challenge says of a server. */
export interface ChallengedServer {
  readonly metadataUrl: string;
  readonly scopes: readonly ServerScope[];
}

export interface Refusal {
  /** The scheme that was tried; absent for `Bearer`. */
  readonly scheme?: Scheme;
  readonly detail: string;
  readonly cause?: unknown;
}

const INVALID = 'The access token is not valid here, has expired or was revoked.';

/** No token, or a scheme that is not ours: the challenges say where to get one and no more (RFC 6750 §3.1). */
export function noToken(server: ChallengedServer): OAuthError {
  return new OAuthError('invalid_token', 'An access token is required.', {
    detail: 'The request has no access token',
    headers: { 'www-authenticate': challenges(server) },
  });
}

/** A token that is refused, for whichever reason; only the private detail says which. */
export const invalidToken = (server: ChallengedServer, refusal: Refusal): OAuthError =>
  withError(server, 'invalid_token', { ...refusal, description: INVALID });

/** A token where none may be, or more than one (RFC 6750 §2). */
export const misplacedToken = (server: ChallengedServer, detail: string): OAuthError =>
  withError(server, 'invalid_request', {
    detail,
    description: 'Send one access token, in the Authorization header.',
  });

/** A proof that is refused, or that lacks a nonce (RFC 9449 §7.1, §9): what the verifier says, with the resource's status and challenge. */
export function refusedProof(server: ChallengedServer, error: OAuthError): OAuthError {
  const { code, description, detail, headers } = error;
  return withError(server, code, { scheme: 'DPoP', detail, description, headers, status: 401, cause: error });
}

/**
 * A token that would need these scopes (RFC 6750 §3.1). Another scheme would not help, so `DPoP` is challenged only where it
 * was tried.
 */
export function insufficientScope(
  server: ChallengedServer,
  scopes: readonly string[],
  detail: string,
  scheme: Scheme = 'Bearer',
): OAuthError {
  const code = 'insufficient_scope';
  const description = 'The access token lacks a scope that this needs.';
  const error = errorParameters(code, description);
  const value =
    scheme === 'Bearer'
      ? bearerChallenge(server, scopes, error)
      : `${bearerChallenge(server, scopes)}, ${dpopChallenge([...error, ...scopeParameter(scopes)])}`;
  return new OAuthError(code, description, { detail, headers: { 'www-authenticate': value } });
}

interface ErrorParts extends Refusal {
  readonly description: string;
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The error stands in the challenge of the scheme that was tried; the other is offered plainly (RFC 9449 §7.2). */
function withError(server: ChallengedServer, code: OAuthErrorCode, parts: ErrorParts): OAuthError {
  const { description, scheme = 'Bearer', detail, cause, status, headers } = parts;
  const error = errorParameters(code, description);
  return new OAuthError(code, description, {
    detail,
    cause,
    ...(status === undefined ? {} : { status }),
    headers: { ...headers, 'www-authenticate': challenges(server, { [scheme]: error }) },
  });
}

/** `Bearer` comes first and has what both need: MCP clients read the first challenge only. */
const challenges = (server: ChallengedServer, errors: { readonly [scheme in Scheme]?: readonly string[] } = {}): string =>
  `${bearerChallenge(server, basicScopes(server), errors.Bearer)}, ${dpopChallenge(errors.DPoP)}`;

const bearerChallenge = (server: ChallengedServer, scopes: readonly string[], error: readonly string[] = []): string =>
  `Bearer ${[...error, `resource_metadata="${server.metadataUrl}"`, ...scopeParameter(scopes)].join(', ')}`;

const dpopChallenge = (error: readonly string[] = []): string => `DPoP ${[...error, `algs="${DPOP_ALGS.join(' ')}"`].join(', ')}`;

const errorParameters = (code: OAuthErrorCode, description: string): readonly string[] => [
  `error="${code}"`,
  `error_description="${description}"`,
];

const scopeParameter = (scopes: readonly string[]): readonly string[] =>
  scopes.length === 0 ? [] : [`scope="${toDescriptionCharacters(scopes.join(' '))}"`];

/** Before the body is read, nobody knows what the request needs: the default scopes are the basic use. */
const basicScopes = (server: ChallengedServer): string[] => server.scopes.filter((scope) => scope.default).map((scope) => scope.name);
