import type { CredentialState } from '../../credentials/credential-state.js';
import { OAuthError } from '../../protocol/oauth-error.js';
import type { RawTokenRequest, TokenForm } from '../token-form.js';

/** A client that has proved who it is. */
export interface AuthenticatedClient {
  readonly credential: CredentialState;
  /** Id of the secret, key or rule that it proved itself with; goes into its tokens. */
  readonly authId: string;
  /** When that proof ends, in milliseconds since the Unix epoch; null for never. */
  readonly proofExpiresAt: number | null;
  readonly method: string;
}

/** What a client presents. */
export interface ClientRequest {
  readonly form: TokenForm;
  readonly raw: RawTokenRequest;
}

/** One way for a client to prove who it is (RFC 6749 §2.3; RFC 8414 `token_endpoint_auth_methods_supported`). */
export interface ClientAuthenticationMethod {
  /** As the metadata lists them; mostly one. */
  readonly names: readonly string[];
  /** Whether the request uses it, rightly or wrongly. */
  isUsedBy(request: ClientRequest): boolean;
  /** The client id that the request claims, before anything is proved. */
  claimedClientId(request: ClientRequest): string | undefined;
  /** @throws {OAuthError} `invalid_client`, which reads the same whatever was wrong. */
  authenticate(request: ClientRequest): Promise<AuthenticatedClient>;
}

/** One error for unknown, wrong, disabled, deleted and expired (R-CLA-21). `detail` stays here. */
export const invalidClient = (detail: string, cause?: unknown): OAuthError =>
  new OAuthError('invalid_client', 'Client authentication failed.', {
    detail,
    cause,
    headers: { 'www-authenticate': 'Basic realm="token"' },
  });
