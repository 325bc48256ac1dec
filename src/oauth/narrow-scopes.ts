import { OAuthError } from '../protocol/oauth-error.js';

const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]+( [\x21\x23-\x5b\x5d-\x7e]+)*$/;

/** What a client may have of a server's scopes. */
export interface ScopeOffer {
  /** Where it asks for nothing. */
  readonly implied: readonly string[];
  /** Whatever it asks for. */
  readonly grantable: readonly string[];
  /** Whether asking for more fails, instead of leaving it out. */
  readonly isStrict?: boolean;
  /** Whether a token without scopes is of use: its credential is in observe mode. */
  readonly mayBeEmpty?: boolean;
}

/**
 * What is granted of what was asked (R-CCG-03…05): what is implied where nothing was asked, else the intersection, since stock
 * MCP clients ask for all of `scopes_supported`.
 * @throws {OAuthError} `invalid_scope` for a malformed scope (RFC 6749 §3.3), where nothing is left (but in observe mode), and for anything that is
 *   not grantable to a strict client.
 */
export function narrowScopes(requested: string | undefined, { implied, grantable, isStrict, mayBeEmpty }: ScopeOffer): readonly string[] {
  const asked = requested === undefined ? undefined : readScopes(requested);
  if (isStrict && asked?.some((scope) => !grantable.includes(scope))) {
    throw new OAuthError('invalid_scope', 'One of the requested scopes cannot be granted to this client.');
  }
  const granted = asked ? grantable.filter((scope) => asked.includes(scope)) : implied;
  if (granted.length === 0 && !mayBeEmpty)
    throw new OAuthError('invalid_scope', 'None of the requested scopes can be granted to this client.');
  return granted;
}

/** @throws {OAuthError} `invalid_scope` unless it is scope tokens with single spaces between (RFC 6749 §3.3). */
export function readScopes(scope: string): string[] {
  if (!SCOPE.test(scope)) throw new OAuthError('invalid_scope', 'The scope is malformed.');
  return scope.split(' ');
}
