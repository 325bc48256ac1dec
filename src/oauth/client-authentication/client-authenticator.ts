import { OAuthError } from '../../protocol/oauth-error.js';
import { invalidRequest } from '../token-form.js';
import { type AuthenticatedClient, type ClientAuthenticationMethod, type ClientRequest, invalidClient } from './client-authentication.js';
import type { FailureThrottle } from './failure-throttle.js';

const PROOFS = ['client_secret', 'client_assertion'] as const;

/** Finds the one method that a request uses, and lets it authenticate the client (RFC 6749 §2.3). */
export class ClientAuthenticator {
  constructor(
    readonly methods: readonly ClientAuthenticationMethod[],
    private readonly throttle: FailureThrottle,
  ) {}

  /** Whether a client tries to prove who it is at all, where it need not. */
  isAttempted({ form, raw }: ClientRequest): boolean {
    return raw.authorization.length > 0 || PROOFS.some((name) => form.get(name) !== undefined);
  }

  async authenticate(request: ClientRequest): Promise<AuthenticatedClient> {
    requireOneProof(request);
    const method = this.methods.find((candidate) => candidate.isUsedBy(request));
    if (!method) throw invalidClient('No authentication method that is offered here was used');
    const who = () => ({ clientId: method.claimedClientId(request) ?? '', address: request.raw.address });
    this.throttle.check(who);
    try {
      return await method.authenticate(request);
    } catch (error) {
      if (error instanceof OAuthError && error.code === 'invalid_client') await this.throttle.countFailure(who());
      throw error;
    }
  }
}

/** More than one proof is refused before any is looked at (R-CLA-16). */
function requireOneProof({ form, raw }: ClientRequest): void {
  if (raw.authorization.length > 1) throw invalidRequest('There is more than one Authorization header.');
  const inBody = PROOFS.filter((name) => form.get(name) !== undefined);
  if (inBody.length + raw.authorization.length > 1) throw invalidRequest('Use exactly one way of client authentication.');
  const hasAssertion = form.get('client_assertion') !== undefined;
  if (hasAssertion && form.get('client_assertion_type') === undefined)
    throw invalidRequest('The parameter client_assertion_type is missing.');
}
