import type { Clock } from '../common/clock.js';
import type { CredentialState } from '../credentials/credential-state.js';
import { type FindCredential, findParties, findTokenEnd, type Parties } from '../credentials/token-parties.js';
import { OAuthError } from '../protocol/oauth-error.js';
import { grantableScopes } from '../servers/scopes.js';
import type { ServerState } from '../servers/server-state.js';
import type { AccessTokenClaims } from '../tokens/claims.js';
import type { TokenVerifier } from '../tokens/token-verifier.js';
import type { Grant } from './access-policy.js';
import type { PresentedToken } from './bearer-token.js';
import { invalidToken, type Scheme } from './challenge.js';

/** Who calls with a token, and what the token lets it do on the server it is for. */
export interface Principal extends Grant {
  readonly credential: CredentialState;
  /** Ids of all the credentials that the token depends on: its own and, where it was exchanged, those that it stands for. */
  readonly credentialIds: readonly string[];
  readonly claims: AccessTokenClaims;
  readonly server: ServerState;
  /** Of readers of documentation. */
  readonly groups: readonly string[];
  /** Whether what its scopes do not allow is allowed all the same at the moment, and recorded. Absent where it never is. */
  readonly isObserved?: () => boolean;
}

type Verifier = Pick<TokenVerifier, 'peek' | 'verify'>;

/** Turns tokens into principals: signature first, then the state of the credential behind it. */
export class Authenticator {
  // A verified token's claims are one object for as long as they are remembered, and so is its principal.
  private readonly known = new WeakMap<AccessTokenClaims, Principal>();

  constructor(
    private readonly verifier: Verifier,
    private readonly findCredential: FindCredential,
    private readonly clock: Clock,
  ) {}

  /**
   * The principal of a token; synchronous for a token and a credential in memory.
   * @throws {OAuthError} `invalid_token` with the challenge, at once or as a rejection.
   */
  authenticate(presented: PresentedToken, server: ServerState, address: string): Principal | Promise<Principal> {
    const attempt = { scheme: presented.scheme, server, address };
    const claims = this.verifier.peek(presented.digest, server.resource);
    if (!claims) return this.verify(presented.token, attempt);
    const parties = findParties(claims, this.findCredential);
    if (!(parties instanceof Promise)) return this.toPrincipal(claims, parties, attempt);
    return parties.then((found) => this.toPrincipal(claims, found, attempt));
  }

  get now(): number {
    return this.clock();
  }

  /** Why a principal is no longer what it was when it was authenticated; undefined while it is. */
  async findEnd({ claims, server }: Principal, address: string): Promise<string | undefined> {
    if (claims.exp * 1000 <= this.clock()) return 'The token has expired';
    return findFault(await findParties(claims, this.findCredential), { server, address, now: this.clock() });
  }

  private async verify(token: string, attempt: Attempt): Promise<Principal> {
    const { scheme, server } = attempt;
    try {
      const claims = await this.verifier.verify(token, server.resource);
      return this.toPrincipal(claims, await findParties(claims, this.findCredential), attempt);
    } catch (error) {
      if (!(error instanceof OAuthError) || error.code !== 'invalid_token' || error.headers['www-authenticate']) throw error;
      throw invalidToken(server, { scheme, detail: error.detail, cause: error });
    }
  }

  private toPrincipal(claims: AccessTokenClaims, parties: Parties | undefined, attempt: Attempt): Principal {
    const { scheme, server, address } = attempt;
    const fault = findFault(parties, { server, address, now: this.clock() });
    if (!parties || fault) throw invalidToken(server, { scheme, detail: fault ?? 'Unknown credential' });
    const known = this.known.get(claims);
    if (known && parties.length === 1 && known.credential === parties[0].credential && known.server === server) return known;
    const principal = createPrincipal(claims, parties, { server, clock: this.clock });
    this.known.set(claims, principal);
    return principal;
  }
}

interface Attempt {
  readonly scheme: Scheme;
  readonly server: ServerState;
  readonly address: string;
}

interface Place {
  readonly server: ServerState;
  readonly address: string;
  readonly now: number;
}

function findFault(parties: Parties | undefined, { server, address, now }: Place): string | undefined {
  const end = findTokenEnd(parties, server, now);
  if (end) return end;
  return parties?.[0].credential.allows(address) ? undefined : 'The credential may not come from this address';
}

/** A scope that a credential has lost since is no longer the token's, and an agent has no more than whom it acts for. */
function createPrincipal(claims: AccessTokenClaims, parties: Parties, { server, clock }: { server: ServerState; clock: Clock }): Principal {
  const ceilings = parties.map(({ credential }) => grantableScopes(server.scopes, credential.scopes));
  const ceiling = ceilings.reduce((all, more) => all.filter((scope) => more.includes(scope)));
  const scopes = claims.scope.split(' ').filter((scope) => ceiling.includes(scope));
  const credentialIds = parties.map(({ credential }) => credential.id);
  const groups = parties.map(({ credential }) => credential.docsGroups).reduce((all, more) => all.filter((group) => more.includes(group)));
  // Another credential's tokens are not observed because one that takes part in them is.
  const observedUntil = Math.min(...parties.map(({ credential }) => credential.observeUntil));
  const observed = observedUntil > clock() ? { isObserved: () => observedUntil > clock() } : {};
  const own = parties.flatMap(({ credential }) => credential.permissionsOn(server.slug) ?? []);
  const narrowing = own.length > 0 ? { narrowing: own } : {};
  return { credential: parties[0].credential, credentialIds, claims, server, scopes, ceiling, groups, ...narrowing, ...observed };
}
