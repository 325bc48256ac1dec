import type { CredentialState } from '../../credentials/credential-state.js';
import type { ServerState } from '../../servers/server-state.js';
import type { Actor, Confirmation, ExchangedToken } from '../../tokens/claims.js';
import type { IssuedToken } from '../../tokens/token-issuer.js';
import type { AuthenticatedClient, ClientRequest } from '../client-authentication/client-authentication.js';

/** A request for a token, as far as the steps that all grants share have come. */
export interface GrantRequest extends ClientRequest {
  /** Undefined where the grant lets a request do without client authentication, and it did. */
  readonly client: AuthenticatedClient | undefined;
  /** What the client has proved possession of. */
  readonly proved: Confirmation | undefined;
}

/** What a grant makes of a request: for whom a token may be issued, for what, and until when at most. */
export interface Authorization {
  /** The credential that gets the token. */
  readonly credential: CredentialState;
  readonly authId: string;
  /** Milliseconds since the Unix epoch that no token may outlive; null for none. */
  readonly notAfter: number | null;
  /** How the credential proved itself. */
  readonly method: string;
  /** What an earlier token limits this one to; absent where there was none. */
  readonly limits?: GrantLimits;
  readonly delegation?: Delegation;
  /** Called once the token is made; may add to the answer, or still refuse. */
  readonly finish?: (made: MadeToken) => Promise<ResponseMembers>;
}

export interface GrantLimits {
  /** Slug of the one server. */
  readonly server: string;
  readonly scopes: readonly string[];
  /** Whether asking for more fails. */
  readonly isStrict: boolean;
  /** What it was bound to, and the client has proved possession of again; null for nothing. */
  readonly confirmation: Confirmation | null;
}

export interface Delegation {
  /** Client id of whom the token stands for. */
  readonly subject: string;
  readonly subjectCredentials: readonly CredentialState[];
  readonly act: Actor;
  readonly via: readonly ExchangedToken[];
}

export interface MadeToken {
  readonly issued: IssuedToken;
  readonly server: ServerState;
}

/** What a grant adds to the answer (RFC 6749 §5.1, RFC 8693 §2.2.1). */
export interface ResponseMembers {
  readonly refresh_token?: string;
  readonly issued_token_type?: string;
}

/** One `grant_type` (RFC 6749 §4). Says only what is peculiar to it; the endpoint does the steps that all grants share. */
export interface Grant {
  readonly type: string;
  /** Whether what the grant is about proves who the client is, so that it need not authenticate (RFC 7523 §3.1). */
  readonly needsNoClient?: boolean;
  /** Whether this client may use the grant at all; if not, `unauthorized_client`. */
  isOpenTo(client: AuthenticatedClient): boolean;
  authorize(request: GrantRequest): Authorization | Promise<Authorization>;
}

/** The client, for a grant that has made sure of one. */
export function requireClient({ client }: GrantRequest): AuthenticatedClient {
  if (!client) throw new Error('The grant was reached without client authentication');
  return client;
}
