import type { Clock } from '../../common/clock.js';
import { TOKEN_EXCHANGE } from '../../credentials/credential-settings.js';
import { findParties, type FindCredential, findTokenEnd, type Parties } from '../../credentials/token-parties.js';
import { OAuthError } from '../../protocol/oauth-error.js';
import { grantableScopes } from '../../servers/scopes.js';
import type { ServerState } from '../../servers/server-state.js';
import type { AccessTokenClaims } from '../../tokens/claims.js';
import { rejectAsUnavailable } from '../client-authentication/find-credential.js';
import type { AuthenticatedClient } from '../client-authentication/client-authentication.js';
import { invalidRequest, type TokenForm } from '../token-form.js';
import type { AcceptedAssertion, PresentedAssertion } from './jwt-bearer.grant.js';
import { type Authorization, type Grant, type GrantRequest, requireClient } from './grant.js';

const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token';
const JWT = 'urn:ietf:params:oauth:token-type:jwt';
/** Agents that act for agents; a token would grow with every one. */
const MAX_DEPTH = 5;

export interface TokenExchangeOptions {
  readonly verify: (token: string) => Promise<AccessTokenClaims>;
  readonly find: FindCredential;
  readonly findServer: (resource: string) => ServerState | undefined;
  /** Believes a JWT of a platform as the jwt-bearer grant does; undefined where that is not served. */
  readonly acceptAssertion: ((presented: PresentedAssertion) => Promise<AcceptedAssertion>) | undefined;
  /** The one server that is asked for, of those that may be had (RFC 8707). */
  readonly chooseServer: (resources: readonly string[], allowed: readonly string[]) => ServerState;
  readonly clock: Clock;
}

/**
 * Token exchange (RFC 8693): an agent trades the access token of another credential for one of its own that says for whom it acts
 * (`sub`, `act`). For the same server only, no scope more, not a second longer; it ends when either credential or the first token does.
 * In place of an access token, the JWT of a platform says for whom (another gateway, for instance): that of a credential whose trust
 * rule it matches.
 */
export class TokenExchangeGrant implements Grant {
  readonly type = TOKEN_EXCHANGE;

  constructor(private readonly options: TokenExchangeOptions) {}

  isOpenTo({ credential }: AuthenticatedClient): boolean {
    return credential.mayUse(TOKEN_EXCHANGE);
  }

  async authorize(request: GrantRequest): Promise<Authorization> {
    const { form } = request;
    const { credential, authId, proofExpiresAt, method } = requireClient(request);
    checkForm(form);
    await this.checkActor(form, credential.clientId);
    if (form.get('subject_token_type') === JWT) return this.authorizeAssertion(request);
    const { claims, parties, server } = await this.readSubject(form.require('subject_token'));
    requireSameHolder(claims, request);
    requireTarget(form, server);
    const via = [...(claims.via ?? []), { client_id: claims.client_id, auth_id: claims.auth_id, jti: claims.jti, iat: claims.iat }];
    if (via.length > MAX_DEPTH) throw invalidRequest(`A token can be exchanged ${MAX_DEPTH} times at most.`);
    return {
      credential,
      authId,
      method,
      notAfter: Math.min(claims.exp * 1000, proofExpiresAt ?? Infinity),
      limits: { server: server.slug, scopes: claims.scope.split(' '), isStrict: false, confirmation: claims.cnf ?? null },
      delegation: {
        subject: claims.sub,
        subjectCredentials: parties.map((party) => party.credential),
        act: { sub: credential.clientId, ...(claims.act ? { act: claims.act } : {}) },
        via,
      },
      finish: () => Promise.resolve({ issued_token_type: ACCESS_TOKEN }),
    };
  }

  /** The subject has no token here yet: it gets what it could have asked for itself, as far as the agent may have it as well. */
  private async authorizeAssertion(request: GrantRequest): Promise<Authorization> {
    const { form, raw } = request;
    const { credential, authId, proofExpiresAt, method } = requireClient(request);
    const { credential: subject, jti, iat, expiresAt } = await this.acceptSubject(form.require('subject_token'), raw.address);
    const server = this.options.chooseServer(
      form.resources,
      credential.servers.filter((slug) => subject.servers.includes(slug)),
    );
    requireTarget(form, server);
    return {
      credential,
      authId,
      method,
      notAfter: Math.min(expiresAt, proofExpiresAt ?? Infinity),
      limits: { server: server.slug, scopes: grantableScopes(server.scopes, subject.scopes), isStrict: false, confirmation: null },
      delegation: {
        subject: subject.clientId,
        subjectCredentials: [subject],
        act: { sub: credential.clientId },
        via: [{ client_id: subject.clientId, auth_id: subject.proofId ?? '', jti, iat }],
      },
      finish: () => Promise.resolve({ issued_token_type: ACCESS_TOKEN }),
    };
  }

  private async acceptSubject(token: string, address: string): Promise<AcceptedAssertion> {
    const { acceptAssertion } = this.options;
    if (!acceptAssertion) throw invalidRequest(`The subject_token_type must be ${ACCESS_TOKEN}.`);
    try {
      return await acceptAssertion({ token, address });
    } catch (error) {
      if (error instanceof OAuthError && error.code === 'invalid_grant') throw invalidToken(error.detail, error);
      throw error;
    }
  }

  /** @throws {OAuthError} `invalid_request`, which RFC 8693 §2.2.2 asks for, not `invalid_grant`. */
  private async readSubject(token: string): Promise<{ claims: AccessTokenClaims; parties: Parties; server: ServerState }> {
    const claims = await this.options.verify(token).catch(rejectToken);
    const now = this.options.clock();
    // No tolerance for clocks here: what is made of it must not outlive it.
    if (claims.exp * 1000 <= now) throw invalidToken('The token has expired');
    const server = this.options.findServer(claims.aud);
    if (!server) throw invalidToken('The token is for a server that does not exist any more');
    const parties = await Promise.resolve(findParties(claims, this.options.find)).catch(rejectAsUnavailable);
    const end = findTokenEnd(parties, server, now);
    if (!parties || end) throw invalidToken(end ?? '');
    return { claims, parties, server };
  }

  /** The actor is the client itself; its token, if it sends one, must say the same. */
  private async checkActor(form: TokenForm, clientId: string): Promise<void> {
    const token = form.get('actor_token');
    if (token === undefined) return;
    const { claims } = await this.readSubject(token);
    if (claims.client_id !== clientId) throw invalidToken('The actor_token is that of another client');
  }
}

function checkForm(form: TokenForm): void {
  form.require('subject_token');
  const subjectType = form.require('subject_token_type');
  if (subjectType !== JWT) requireType('subject_token_type', subjectType);
  const hasActor = form.get('actor_token') !== undefined;
  if (hasActor) requireType('actor_token_type', form.require('actor_token_type'));
  else if (form.get('actor_token_type') !== undefined) throw invalidRequest('The parameter actor_token is missing.');
  const requested = form.get('requested_token_type');
  if (requested !== undefined) requireType('requested_token_type', requested);
}

function requireType(name: string, type: string): void {
  if (type !== ACCESS_TOKEN) throw invalidRequest(`The ${name} must be ${ACCESS_TOKEN}.`);
}

/** A bound token is worth nothing to who cannot prove the same possession, here too (RFC 9449 §7, RFC 8705 §3). */
function requireSameHolder({ cnf }: AccessTokenClaims, { proved, raw }: GrantRequest): void {
  if (cnf?.jkt !== undefined && cnf.jkt !== proved?.jkt) throw invalidToken('The subject_token is bound to another key');
  const thumbprint = cnf?.['x5t#S256'];
  if (thumbprint !== undefined && thumbprint !== proved?.['x5t#S256']) {
    throw invalidToken(`The subject_token is bound to a certificate, and ${raw.certificate ? 'this is another' : 'there is none'}`);
  }
}

/** `audience` may name the server of the token by its URL or its slug; another one would be wider (RFC 8693 §2.2.2). */
function requireTarget({ audiences }: TokenForm, { resource, slug }: ServerState): void {
  if (audiences.every((audience) => audience === resource || audience === slug)) return;
  throw new OAuthError('invalid_target', 'The token can be exchanged for one for the same server only.');
}

function rejectToken(error: unknown): never {
  if (error instanceof OAuthError && error.code === 'invalid_token') throw invalidToken(error.detail, error);
  throw error;
}

const invalidToken = (detail: string, cause?: unknown): OAuthError =>
  new OAuthError('invalid_request', 'The subject_token or actor_token is not valid here, has expired or was revoked.', { detail, cause });
