import type { Clock } from '../../common/clock.js';
import { JWT_BEARER, type Trust } from '../../credentials/credential-settings.js';
import type { CredentialState } from '../../credentials/credential-state.js';
import { OAuthError } from '../../protocol/oauth-error.js';
import type { AssertionUse } from '../../tokens/used-assertions.service.js';
import type { VerificationKey } from '../../tokens/verification-key.js';
import {
  readAssertion,
  rememberUntil,
  requireJti,
  type UnverifiedAssertion,
  type VerifiedAssertion,
  verifyAssertion,
} from '../assertion.js';
import type { AuthenticatedClient } from '../client-authentication/client-authentication.js';
import { rejectAsUnavailable, whyUnusable } from '../client-authentication/find-credential.js';
import type { Authorization, Grant, GrantRequest } from './grant.js';
import { findMismatch } from './match-trust.js';

const TYPES: readonly (string | undefined)[] = [undefined, 'jwt'];
const REQUIRED = ['iss', 'sub', 'aud', 'iat', 'jti'];

export interface JwtBearerOptions {
  /** The credentials that trust an issuer; none for one that nobody trusts. */
  readonly findTrusting: (issuer: string) => Promise<readonly CredentialState[]>;
  /** The issuer's keys that may fit. */
  readonly fetchKeys: (trust: Trust, header: Pick<UnverifiedAssertion, 'kid' | 'alg'>) => Promise<readonly VerificationKey[]>;
  readonly isFirstUse: (use: AssertionUse) => Promise<boolean>;
  /** Either of them may be the audience. */
  readonly audiences: readonly string[];
  readonly clock: Clock;
}

export interface PresentedAssertion {
  readonly token: string;
  readonly clientId?: string | undefined;
  readonly address: string;
}

/** What an assertion is worth here. */
export interface AcceptedAssertion {
  readonly credential: CredentialState;
  readonly jti: string;
  /** Seconds since the Unix epoch. */
  readonly iat: number;
  /** Milliseconds since the Unix epoch. */
  readonly expiresAt: number;
}

/**
 * `urn:ietf:params:oauth:grant-type:jwt-bearer`: the OIDC token of a platform becomes an access token of the credential whose trust
 * rule it matches (RFC 7523 §2.1). Nobody stores a secret. No refresh token, ever (R-JBG-10).
 */
export class JwtBearerGrant implements Grant {
  readonly type = JWT_BEARER;
  readonly needsNoClient = true;

  constructor(private readonly options: JwtBearerOptions) {}

  /** A client that authenticates beside the assertion must be the one that the token is for (RFC 7523 §3.1). */
  isOpenTo({ credential }: AuthenticatedClient): boolean {
    return credential.mayUse(JWT_BEARER);
  }

  async authorize({ form, raw, client }: GrantRequest): Promise<Authorization> {
    const clientId = client?.credential.clientId ?? form.get('client_id');
    const { credential, expiresAt } = await this.accept({ token: form.require('assertion'), clientId, address: raw.address });
    return { credential, authId: credential.proofId ?? '', notAfter: expiresAt, method: 'workload_identity' };
  }

  /**
   * The credential whose trust rule an assertion matches, of the client that is named or of whichever.
   * @throws {OAuthError}
   */
  async accept({ token, clientId, address }: PresentedAssertion): Promise<AcceptedAssertion> {
    const assertion = refusing(() => readAssertion(token));
    const matching = await this.match(assertion, clientId);
    const { credential, hasOthers } = this.pick(matching, address);
    const { claims, expiresAt } = await this.verify(assertion, credential);
    if (hasOthers) throw ambiguous();
    if (!credential.mayUse(JWT_BEARER)) throw new OAuthError('unauthorized_client', 'This client may not use this grant type.');
    await this.requireFirstUse(assertion, credential, expiresAt);
    return { credential, jti: refusing(() => requireJti(claims)), iat: claims.iat ?? 0, expiresAt };
  }

  /** Rules first, keys later: an issuer that nobody trusts causes no request (R-JBG-03). */
  private async match({ type, claims }: UnverifiedAssertion, clientId: string | undefined): Promise<readonly Trusting[]> {
    if (!TYPES.includes(type)) throw invalidGrant('The typ of the assertion is that of something else');
    if (claims.iss === undefined) throw invalidGrant('The assertion names no issuer');
    const trusting = (await this.options.findTrusting(claims.iss).catch(rejectAsUnavailable)).filter(hasTrust);
    if (trusting.length === 0) throw invalidGrant('Nobody trusts the issuer of the assertion');
    const candidates = trusting.filter((credential) => clientId === undefined || credential.clientId === clientId);
    const faults = candidates.map(({ settings }) => findMismatch(settings.trust, claims, this.options.audiences));
    const matching = candidates.filter((_, index) => faults[index] === undefined);
    if (matching.length === 0) throw invalidGrant(faults[0] ?? 'The client that was named does not trust the issuer');
    return matching;
  }

  /** One that is off is not meant where another takes its place. Asked before any key is fetched. */
  private pick(matching: readonly Trusting[], address: string): { credential: Trusting; hasOthers: boolean } {
    const now = this.options.clock();
    const reasons = matching.map((credential) => whyUnusable(credential, address, now));
    const [credential, ...others] = matching.filter((_, index) => reasons[index] === undefined);
    if (!credential) throw invalidGrant(reasons[0] ?? 'No trust rule matches the assertion');
    return { credential, hasOthers: others.length > 0 };
  }

  private async verify(assertion: UnverifiedAssertion, { settings: { trust } }: Trusting): Promise<VerifiedAssertion> {
    const keys = await this.options.fetchKeys(trust, assertion).catch(rejectAsIssuerAway);
    try {
      const rules = { issuer: trust.issuer, requiredClaims: REQUIRED, clock: this.options.clock };
      return await verifyAssertion(assertion, keys, rules);
    } catch (error) {
      throw invalidGrant((error as Error).message, error);
    }
  }

  private async requireFirstUse({ claims }: UnverifiedAssertion, { settings }: Trusting, expiresAt: number): Promise<void> {
    const jti = refusing(() => requireJti(claims));
    if (!settings.singleUseAssertion) return;
    const use = { owner: `issuer ${settings.trust.issuer}`, jti, expiresAt: rememberUntil(expiresAt) };
    if (!(await this.options.isFirstUse(use).catch(rejectAsUnavailable))) throw invalidGrant('The assertion was used before');
  }
}

type Trusting = CredentialState & { readonly settings: { readonly trust: Trust } };

const hasTrust = (credential: CredentialState): credential is Trusting => credential.settings.trust !== undefined;

function refusing<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof OAuthError) throw error;
    throw invalidGrant((error as Error).message, error);
  }
}

const invalidGrant = (detail: string, cause?: unknown): OAuthError =>
  new OAuthError('invalid_grant', 'The assertion is not valid, has expired, or nobody here trusts it.', { detail, cause });

/** Said only to who holds a genuine assertion. */
const ambiguous = (): OAuthError =>
  new OAuthError('invalid_grant', 'Several credentials match the assertion: name one with client_id.', {
    detail: 'The assertion matches the trust rules of several credentials',
  });

/** Not the client's fault, and over soon: a job that comes again with the same assertion gets its token. */
function rejectAsIssuerAway(cause: unknown): never {
  throw new OAuthError('temporarily_unavailable', 'The keys of the issuer cannot be had at the moment. Try again soon.', {
    detail: `The keys of the issuer could not be fetched: ${(cause as Error).message}`,
    cause,
    headers: { 'retry-after': '30' },
  });
}
