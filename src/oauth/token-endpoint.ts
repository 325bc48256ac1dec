import { type Clock, toSeconds } from '../common/clock.js';
import type { CredentialState } from '../credentials/credential-state.js';
import { OAuthError } from '../protocol/oauth-error.js';
import { PATHS } from '../protocol/urls.js';
import { grantableScopes, impliedScopes } from '../servers/scopes.js';
import type { ServerState } from '../servers/server-state.js';
import type { AccessTokenClaims, Confirmation } from '../tokens/claims.js';
import type { IssuedToken, TokenIssuer } from '../tokens/token-issuer.js';
import type { TraceSpan, Tracing } from '../tracing/tracing.js';
import { chooseAudience, type Servers } from './choose-audience.js';
import type { AuthenticatedClient, ClientRequest } from './client-authentication/client-authentication.js';
import type { ClientAuthenticator } from './client-authentication/client-authenticator.js';
import type { FreshTokens } from './fresh-tokens.js';
import type { Authorization, Grant, GrantRequest, ResponseMembers } from './grants/grant.js';
import { narrowScopes } from './narrow-scopes.js';
import type { Possession } from './possession.js';
import type { RequestGate } from './request-gate.js';
import { parseTokenForm, type RawTokenRequest, type TokenForm } from './token-form.js';

/** A successful answer (RFC 6749 §5.1). */
export interface TokenResponse extends ResponseMembers {
  readonly access_token: string;
  readonly token_type: 'Bearer' | 'DPoP';
  /** Seconds. */
  readonly expires_in: number;
  readonly scope: string;
}

export interface TokenAnswer {
  readonly body: TokenResponse;
  /** Seconds that the client's last token of this kind still has, where it should have used that; else undefined. */
  readonly previousExpiresIn: number | undefined;
}

export interface Issue {
  readonly authorization: Authorization;
  readonly grantType: string;
  readonly server: ServerState;
  readonly issued: IssuedToken;
  readonly address: string;
  /** Whether the client's last token was still fresh. */
  readonly isOverFetch: boolean;
}

/** Takes note of what the endpoint did. */
export interface TokenRecorder {
  issued(issue: Issue): void;
  /** `proved`: the credential that has authenticated, where it came that far. */
  refused(error: OAuthError, request: RawTokenRequest, form: TokenForm | undefined, proved?: CredentialState): void;
}

export interface TokenEndpointOptions {
  readonly grants: readonly Grant[];
  readonly authenticator: ClientAuthenticator;
  readonly gate: RequestGate;
  readonly possession: Possession;
  readonly servers: Servers;
  readonly issuer: TokenIssuer;
  readonly freshTokens: FreshTokens;
  readonly recorder: TokenRecorder;
  /** Counts a request of a credential; gives the seconds to wait, 0 for none. Undefined where none is limited. */
  readonly takeFromCredential: (credential: CredentialState) => Promise<number> | undefined;
  /** Seconds. */
  readonly defaultLifetime: number;
  readonly clock: Clock;
  readonly tracing?: Tracing | undefined;
}

const SPAN = `POST ${PATHS.token}`;

/** The token endpoint (RFC 6749 §3.2). Its one method is its table of contents; the first step that fails decides the error. */
export class TokenEndpoint {
  private readonly grants: ReadonlyMap<string, Grant>;

  constructor(private readonly options: TokenEndpointOptions) {
    this.grants = new Map(options.grants.map((grant) => [grant.type, grant]));
  }

  /** @throws {OAuthError} one of the rows of RFC 6749 §5.2, RFC 8707 §2, RFC 9449 §5, or 429 and 503. */
  issueToken(raw: RawTokenRequest): Promise<TokenAnswer> {
    const { tracing } = this.options;
    return tracing ? tracing.serve(SPAN, raw.trace, (span) => this.issueInSpan(raw, span)) : this.issueInSpan(raw, undefined);
  }

  private async issueInSpan(raw: RawTokenRequest, span: TraceSpan | undefined): Promise<TokenAnswer> {
    let form: TokenForm | undefined;
    let authorization: Authorization | undefined;
    try {
      await this.options.gate.limitAddress(raw.address);
      form = parseTokenForm(raw);
      const grant = this.findGrant(form);
      this.options.gate.requireFreshState();
      const client = await this.authenticateClient({ form, raw }, grant);
      const proved = await this.provePossession(raw, client);
      this.requireOpenGrant(grant, client);
      authorization = await grant.authorize({ form, raw, client, proved });
      const confirmation = this.bind(authorization, proved);
      await this.limitCredential(authorization.credential);
      const server = this.chooseServer(form, authorization);
      const scopes = this.chooseScopes(form, authorization, server);
      const issued = await this.issue(authorization, { server, scopes, confirmation });
      const members = await authorization.finish?.({ issued, server });
      const { id } = authorization.credential;
      span?.set({ 'gatehouse.grant': grant.type, 'gatehouse.server': server.slug, 'gatehouse.credential.id': id });
      return this.answer({ authorization, grantType: grant.type, server, issued, address: raw.address }, members);
    } catch (error) {
      if (error instanceof OAuthError) this.options.recorder.refused(error, raw, form, authorization?.credential);
      throw error;
    }
  }

  private findGrant(form: TokenForm): Grant {
    const grant = this.grants.get(form.require('grant_type'));
    if (!grant) throw new OAuthError('unsupported_grant_type', `Supported grant types: ${[...this.grants.keys()].join(', ')}.`);
    return grant;
  }

  /** Undefined where the grant needs no client, and none tries to prove that it is one (RFC 7523 §3.1). */
  private async authenticateClient(request: ClientRequest, grant: Grant): Promise<AuthenticatedClient | undefined> {
    const { authenticator } = this.options;
    if (grant.needsNoClient && !authenticator.isAttempted(request)) return undefined;
    return authenticator.authenticate(request);
  }

  private async provePossession(raw: RawTokenRequest, client: GrantRequest['client']): Promise<Confirmation | undefined> {
    const proved = await this.options.possession.prove(raw);
    if (client) this.options.possession.bind(client.credential, proved);
    return proved;
  }

  /** To no less than what an earlier token was bound to, of which the grant has made sure. */
  private bind({ credential, limits }: Authorization, proved: Confirmation | undefined): Confirmation | undefined {
    const own = this.options.possession.bind(credential, proved);
    return limits?.confirmation ? { ...own, ...limits.confirmation } : own;
  }

  private requireOpenGrant(grant: Grant, client: GrantRequest['client']): void {
    if (client && !grant.isOpenTo(client)) throw new OAuthError('unauthorized_client', 'This client may not use this grant type.');
  }

  private async limitCredential(credential: CredentialState): Promise<void> {
    const wait = await this.options.takeFromCredential(credential);
    if (wait !== undefined && wait > 0) throw OAuthError.throttled(wait, 'Too many token requests of this credential');
  }

  private chooseServer(form: TokenForm, { credential, limits }: Authorization): ServerState {
    const allowed = limits ? credential.servers.filter((slug) => slug === limits.server) : credential.servers;
    return chooseAudience(form.resources, allowed, this.options.servers);
  }

  /** Never more than any credential that takes part may have, nor than an earlier token had. */
  private chooseScopes(form: TokenForm, { credential, delegation, limits }: Authorization, { scopes }: ServerState): readonly string[] {
    const ceilings = [credential, ...(delegation?.subjectCredentials ?? [])].map((party) => party.scopes);
    if (limits) ceilings.push(limits.scopes);
    const grantable = ceilings
      .map((ceiling) => grantableScopes(scopes, ceiling))
      .reduce((all, more) => all.filter((scope) => more.includes(scope)));
    // What an earlier token had may be too broad for who asks now: then it is what that one has of its own.
    const implied = [...(limits ? [limits.scopes] : []), credential.scopes]
      .map((ceiling) => impliedScopes(scopes, ceiling).filter((scope) => grantable.includes(scope)))
      .find((some) => some.length > 0);
    const isStrict = limits?.isStrict ?? credential.settings.strictScope ?? false;
    const mayBeEmpty = credential.observeUntil > this.options.clock();
    return narrowScopes(form.get('scope'), { implied: implied ?? [], grantable, isStrict, mayBeEmpty });
  }

  private issue(authorization: Authorization, { server, scopes, confirmation }: TokenParts): Promise<IssuedToken> {
    const { credential, authId, delegation } = authorization;
    return this.options.issuer.issue({
      clientId: credential.clientId,
      audience: server.resource,
      serverId: server.id,
      scopes,
      authId,
      lifetime: this.lifetimeOf(authorization, server),
      notBefore: credential.tokensNotBefore,
      ...(confirmation ? { confirmation } : {}),
      ...(delegation ? { subject: delegation.subject, delegation: { act: delegation.act, via: delegation.via } } : {}),
    });
  }

  private answer(issue: Omit<Issue, 'isOverFetch'>, members: ResponseMembers | undefined): TokenAnswer {
    const { credential } = issue.authorization;
    const hasEnded = (before: AccessTokenClaims) => credential.findEnd(before, this.options.clock()) !== undefined;
    const previousExpiresIn = this.options.freshTokens.note(issue.issued.claims, issue.address, hasEnded);
    this.options.recorder.issued({ isOverFetch: previousExpiresIn !== undefined, ...issue });
    return { body: toResponse(issue.issued, members), previousExpiresIn };
  }

  /** No token outlives its credential, or what that proved itself with (R-CCG-11). At least a second, which `exp` can express. */
  private lifetimeOf({ credential, notAfter }: Authorization, server: ServerState): number {
    const wanted = credential.tokenTtl ?? server.tokenTtl ?? this.options.defaultLifetime;
    const end = Math.min(credential.expiresAt ?? Infinity, notAfter ?? Infinity);
    const start = Math.max(toSeconds(this.options.clock()), credential.tokensNotBefore);
    return Math.max(1, Math.min(wanted, Math.floor(end / 1000) - start));
  }
}

interface TokenParts {
  readonly server: ServerState;
  readonly scopes: readonly string[];
  readonly confirmation: Confirmation | undefined;
}

function toResponse({ token, claims }: IssuedToken, members: ResponseMembers | undefined): TokenResponse {
  const token_type = claims.cnf?.jkt === undefined ? 'Bearer' : 'DPoP';
  return { access_token: token, token_type, expires_in: claims.exp - claims.iat, scope: claims.scope, ...members };
}
