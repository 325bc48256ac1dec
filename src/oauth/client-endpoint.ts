import { OAuthError } from '../protocol/oauth-error.js';
import type { AccessTokenClaims } from '../tokens/claims.js';
import type { AuthenticatedClient } from './client-authentication/client-authentication.js';
import type { ClientAuthenticator } from './client-authentication/client-authenticator.js';
import type { RequestGate } from './request-gate.js';
import type { TokenRecorder } from './token-endpoint.js';
import { parseTokenForm, type RawTokenRequest, type TokenForm } from './token-form.js';

/** A request of an authenticated client to an endpoint that is about a token which exists already. */
export interface TokenQuery {
  readonly raw: RawTokenRequest;
  readonly client: AuthenticatedClient;
  readonly token: string;
}

/** Verifies an access token for whichever resource of ours. @throws {OAuthError} `invalid_token`. */
export type VerifyToken = (token: string) => Promise<AccessTokenClaims>;

export interface ClientEndpointOptions {
  readonly gate: RequestGate;
  readonly authenticator: Pick<ClientAuthenticator, 'authenticate'>;
  readonly recorder: Pick<TokenRecorder, 'refused'>;
}

/**
 * Answers a request to the revocation or introspection endpoint (RFC 7009 §2.1, RFC 7662 §2.1). A refusal goes into the audit trail:
 * secrets can be guessed here as well as at the token endpoint.
 * @throws {OAuthError} as at the token endpoint; `invalid_request` without `token`; what `answer` throws.
 */
export async function answerTokenQuery<T>(
  raw: RawTokenRequest,
  { gate, authenticator, recorder }: ClientEndpointOptions,
  answer: (query: TokenQuery) => Promise<T>,
): Promise<T> {
  let form: TokenForm | undefined;
  try {
    await gate.limitAddress(raw.address);
    form = parseTokenForm(raw);
    gate.requireFreshState();
    const client = await authenticator.authenticate({ form, raw });
    return await answer({ raw, client, token: form.require('token') });
  } catch (error) {
    if (error instanceof OAuthError) recorder.refused(error, raw, form);
    throw error;
  }
}

/** The claims of an access token of ours; undefined for a text that is none, or one that is over. */
export async function verifyIfToken(token: string, verify: VerifyToken): Promise<AccessTokenClaims | undefined> {
  try {
    return await verify(token);
  } catch (error) {
    if (error instanceof OAuthError && error.code === 'invalid_token') return undefined;
    throw error;
  }
}
