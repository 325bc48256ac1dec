import { createHash } from 'node:crypto';
import type { Permission } from '../servers/permission.js';

/** How a credential proves itself (RFC 7591 §2 `token_endpoint_auth_method`); `client_secret` by Basic or in the body. */
export const AUTH_METHODS = [
  'client_secret',
  'private_key_jwt',
  'workload_identity',
  'tls_client_auth',
  'self_signed_tls_client_auth',
] as const;
export type AuthMethod = (typeof AUTH_METHODS)[number];

export const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
export const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';

/** The grants that a credential can be limited to (RFC 7591 §2 `grant_types`). A refresh token goes with `client_credentials`. */
export const GRANT_TYPES = ['client_credentials', JWT_BEARER, TOKEN_EXCHANGE] as const;
export type GrantType = (typeof GRANT_TYPES)[number];

/** Whose tokens are believed, and which of them are this credential's (R-JBG-07). */
export interface Trust {
  /** Compared exactly with `iss`. */
  readonly issuer: string;
  /** Absent where the issuer's own metadata says it. */
  readonly jwksUri?: string;
  /** Pattern over `sub`; `*` matches any characters, also none. */
  readonly subject: string;
  /** Compared exactly with `aud`; absent for the issuer identifier or the token endpoint of this installation. */
  readonly audience?: string;
  /** Patterns over further claims, by name: all must match, of several patterns one. */
  readonly claims?: Readonly<Record<string, string | readonly string[]>>;
}

/** The one field of a client certificate that must match (RFC 8705 §2.1.2). */
export interface TlsSubject {
  readonly dn?: string;
  readonly sanDns?: string;
  readonly sanUri?: string;
  readonly sanIp?: string;
  readonly sanEmail?: string;
}

/** What a credential proves itself with, and its switches. Absent means off, or the installation's default. */
export interface CredentialSettings {
  /** JWK Set of public keys: for `private_key_jwt`, or those of the certificates of `self_signed_tls_client_auth`. */
  readonly jwks?: { readonly keys: readonly object[] };
  readonly jwksUri?: string;
  readonly trust?: Trust;
  readonly tlsSubject?: TlsSubject;
  /** No token without a DPoP proof (RFC 9449 §5.2). */
  readonly dpopRequired?: boolean;
  /** Tokens are bound to the client certificate of the connection (RFC 8705 §3.4). */
  readonly certificateBound?: boolean;
  /** A scope that cannot be granted fails the request instead of being left out (R-CCG-05). */
  readonly strictScope?: boolean;
  /** False: no refresh token even with `REFRESH_TOKENS=on`. */
  readonly issueRefreshToken?: boolean;
  /** Assertions may name the token endpoint as their audience (R-CLA-10). */
  readonly acceptTokenEndpointAudience?: boolean;
  /** An assertion may be presented again until it expires. */
  readonly allowAssertionReuse?: boolean;
  /** A workload's token is good for one exchange (R-JBG-08). */
  readonly singleUseAssertion?: boolean;
  /** Slugs of the servers whose tokens it may introspect (RFC 7662 §2.1). */
  readonly introspects?: readonly string[];
  /** By the slug of a server: it may do no more than this there, whatever its scopes give. A server that is not named is not narrowed. */
  readonly permissions?: Readonly<Record<string, readonly Permission[]>>;
  /** Milliseconds since the Unix epoch: until then, calls that its scopes do not allow are allowed, and recorded. */
  readonly observeUntil?: number;
  /** Token requests an hour, wherever they come from. */
  readonly tokensPerHour?: number;
}

/** The grants of a method where nothing else is said. */
export const defaultGrantTypes = (method: AuthMethod): GrantType[] => [method === 'workload_identity' ? JWT_BEARER : 'client_credentials'];

/**
 * What tokens name as the proof that they were made with where that is neither a secret nor a registered key, which have ids
 * of their own: when an admin changes it, they end. Undefined where it is one of these.
 */
export function proofFingerprint(method: AuthMethod, { jwks, jwksUri, trust, tlsSubject }: CredentialSettings): string | undefined {
  if (method === 'client_secret' || jwks) return undefined;
  const proof = JSON.stringify([method, jwksUri ?? null, trust ?? null, tlsSubject ?? null], inOrder);
  return createHash('sha256').update(proof).digest('base64url');
}

/** The same rule is the same proof, in whichever order its members were sent. */
function inOrder(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)));
}
