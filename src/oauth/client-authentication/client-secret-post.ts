import { type AuthenticatedClient, type ClientAuthenticationMethod, type ClientRequest } from './client-authentication.js';
import type { SecretVerifier } from './verify-secret.js';

/** `client_secret_post`: id and secret in the form (OAuth 2.1 §2.4.1, RFC 6749 §2.3.1). */
export class ClientSecretPost implements ClientAuthenticationMethod {
  readonly names = ['client_secret_post'];

  constructor(private readonly verifier: SecretVerifier) {}

  isUsedBy({ form }: ClientRequest): boolean {
    return form.get('client_secret') !== undefined;
  }

  claimedClientId({ form }: ClientRequest): string | undefined {
    return form.get('client_id');
  }

  authenticate({ form, raw }: ClientRequest): Promise<AuthenticatedClient> {
    const clientId = form.require('client_id');
    return this.verifier.verify({ clientId, secret: form.require('client_secret'), address: raw.address, method: 'client_secret_post' });
  }
}
