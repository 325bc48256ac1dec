import type { Clock } from '../../common/clock.js';
import { isLiveSecret } from '../../credentials/credential-state.js';
import type { Digester } from '../../database/digester.js';
import { type AuthenticatedClient, invalidClient } from './client-authentication.js';
import { type FindCredential, load, requireUsable } from './find-credential.js';

/** What a client says it is, and the secret that is to prove it. */
export interface SecretClaim {
  readonly clientId: string;
  readonly secret: string;
  readonly address: string;
  readonly method: string;
}

/** Checks a client id and secret. Every way to fail does the same hashing work and reads the same. */
export class SecretVerifier {
  constructor(
    private readonly find: FindCredential,
    private readonly digester: Digester,
    private readonly clock: Clock,
  ) {}

  async verify(claim: SecretClaim): Promise<AuthenticatedClient> {
    const found = load(this.find, claim.clientId);
    const credential = found instanceof Promise ? await found : found;
    const now = this.clock();
    const secret = this.digester.find(claim.secret, credential?.secrets ?? []);
    if (!credential) throw invalidClient('There is no credential with this client id');
    if (credential.authMethod !== 'client_secret') throw invalidClient('The credential does not authenticate by secret');
    if (!secret) throw invalidClient('The secret is wrong');
    if (!isLiveSecret(secret, now)) throw invalidClient('The secret has ended');
    requireUsable(credential, claim.address, now);
    return { credential, authId: secret.id, proofExpiresAt: secret.expiresAt, method: claim.method };
  }
}
