import type { Clock } from '../common/clock.js';
import { findParties, type FindCredential, findTokenEnd, scopesLeft } from '../credentials/token-parties.js';
import { OAuthError } from '../protocol/oauth-error.js';
import type { ServerState } from '../servers/server-state.js';
import type { AccessTokenClaims, Actor, Confirmation } from '../tokens/claims.js';
import { rejectAsUnavailable } from './client-authentication/find-credential.js';
import { answerTokenQuery, type ClientEndpointOptions, type TokenQuery, verifyIfToken, type VerifyToken } from './client-endpoint.js';
import type { RawTokenRequest } from './token-form.js';

/** What a resource server is told of a token (RFC 7662 §2.2): everything of one that is good for it, of any other nothing. */
export type Introspection = { readonly active: false } | ActiveToken;

export interface ActiveToken {
  readonly active: true;
  readonly scope: string;
  readonly client_id: string;
  readonly token_type: 'Bearer' | 'DPoP';
  /** Seconds since the Unix epoch. */
  readonly exp: number;
  readonly iat: number;
  readonly sub: string;
  readonly aud: string;
  readonly iss: string;
  readonly jti: string;
  readonly cnf?: Confirmation;
  readonly act?: Actor;
}

export interface IntrospectionEndpointOptions extends ClientEndpointOptions {
  readonly verify: VerifyToken;
  readonly find: FindCredential;
  readonly findServer: (resource: string) => ServerState | undefined;
  readonly clock: Clock;
}

/** The introspection endpoint (RFC 7662 §2), for credentials that stand for a resource server. */
export class IntrospectionEndpoint {
  constructor(private readonly options: IntrospectionEndpointOptions) {}

  /** @throws {OAuthError} `invalid_client`, or `unauthorized_client` with status 403 for a client that is no resource server. */
  introspect(raw: RawTokenRequest): Promise<Introspection> {
    return answerTokenQuery(raw, this.options, (query) => this.answer(query));
  }

  private async answer({ client, token }: TokenQuery): Promise<Introspection> {
    const servers = client.credential.settings.introspects ?? [];
    if (servers.length === 0) throw notAllowed();
    const claims = await verifyIfToken(token, this.options.verify);
    const server = claims && this.options.findServer(claims.aud);
    if (!server || !servers.includes(server.slug)) return { active: false };
    const now = this.options.clock();
    const parties = await Promise.resolve(findParties(claims, this.options.find)).catch(rejectAsUnavailable);
    // The tolerance for clocks is left to the resource server, which reads `exp`.
    if (!parties || claims.exp * 1000 <= now || findTokenEnd(parties, server, now)) return { active: false };
    return describe(claims, scopesLeft(claims, parties, server));
  }
}

function describe({ client_id, exp, iat, sub, aud, iss, jti, cnf, act }: AccessTokenClaims, scopes: readonly string[]): ActiveToken {
  const token_type = cnf?.jkt === undefined ? 'Bearer' : 'DPoP';
  const scope = scopes.join(' ');
  return { active: true, scope, client_id, token_type, exp, iat, sub, aud, iss, jti, ...(cnf ? { cnf } : {}), ...(act ? { act } : {}) };
}

const notAllowed = (): OAuthError =>
  new OAuthError('unauthorized_client', 'This client may not introspect tokens.', {
    status: 403,
    detail: 'The credential introspects no server',
  });
