import { OAuthError } from '../protocol/oauth-error.js';
import { addressKey } from '../rate-limit/address-key.js';
import type { AuthenticatedClient, ClientRequest } from './client-authentication/client-authentication.js';
import type { ClientAuthenticator } from './client-authentication/client-authenticator.js';
import type { FailureThrottle } from './client-authentication/failure-throttle.js';

/** Limits failed authentications by address, at an endpoint that good requests reach as often as they like (R-RLM-03). */
export class LimitedAuthenticator {
  constructor(
    private readonly authenticator: Pick<ClientAuthenticator, 'authenticate'>,
    private readonly throttle: FailureThrottle,
  ) {}

  /** @throws {OAuthError} as the authenticator does; status 429 after too many failures, whoever the client says it is. */
  async authenticate(request: ClientRequest): Promise<AuthenticatedClient> {
    const claimant = () => ({ clientId: '', address: addressKey(request.raw.address) });
    this.throttle.check(claimant);
    try {
      return await this.authenticator.authenticate(request);
    } catch (error) {
      if (error instanceof OAuthError && error.code === 'invalid_client') await this.throttle.countFailure(claimant());
      throw error;
    }
  }
}
