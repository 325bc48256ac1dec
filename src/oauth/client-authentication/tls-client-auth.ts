import type { X509Certificate } from 'node:crypto';
import type { Clock } from '../../common/clock.js';
import type { CredentialState } from '../../credentials/credential-state.js';
import { hasSubject, isIssuedBy, subjectOf } from '../../tokens/possession/client-certificate.js';
import { type AuthenticatedClient, type ClientAuthenticationMethod, type ClientRequest, invalidClient } from './client-authentication.js';
import { type FindCredential, load, requireUsable } from './find-credential.js';

export interface TlsClientAuthOptions {
  readonly find: FindCredential;
  /** Whose certificates `tls_client_auth` accepts; none where it is not offered. */
  readonly authorities: readonly X509Certificate[];
  readonly clock: Clock;
}

/**
 * The connection's certificate, and a `client_id` that says whose it is (RFC 8705 §2). On the wire both methods look the same:
 * the credential says which it is pinned to (R-CLA-20).
 */
export class TlsClientAuth implements ClientAuthenticationMethod {
  readonly names: readonly string[];

  constructor(private readonly options: TlsClientAuthOptions) {
    const selfSigned = 'self_signed_tls_client_auth';
    this.names = options.authorities.length > 0 ? ['tls_client_auth', selfSigned] : [selfSigned];
  }

  isUsedBy({ form, raw }: ClientRequest): boolean {
    return raw.certificate !== undefined && form.get('client_id') !== undefined;
  }

  claimedClientId({ form }: ClientRequest): string | undefined {
    return form.get('client_id');
  }

  async authenticate({ form, raw }: ClientRequest): Promise<AuthenticatedClient> {
    const credential = await load(this.options.find, form.require('client_id'));
    if (!credential) throw invalidClient('There is no credential with this client id');
    if (!raw.certificate) throw invalidClient('The connection has no client certificate');
    const now = this.options.clock();
    const authId = this.match(raw.certificate, credential, now);
    requireUsable(credential, raw.address, now);
    return { credential, authId, proofExpiresAt: null, method: credential.authMethod };
  }

  private match(certificate: X509Certificate, credential: CredentialState, now: number): string {
    switch (credential.authMethod) {
      case 'tls_client_auth':
        return this.matchSubject(certificate, credential, now);
      case 'self_signed_tls_client_auth':
        return matchKey(certificate, credential);
      case 'client_secret':
      case 'private_key_jwt':
      case 'workload_identity':
        throw invalidClient('The credential does not authenticate by certificate');
    }
  }

  /** A certificate of a known authority with the registered subject (RFC 8705 §2.1). */
  private matchSubject(certificate: X509Certificate, { settings, proofId }: CredentialState, now: number): string {
    if (!isIssuedBy(certificate, this.options.authorities, now)) {
      throw invalidClient('No trusted authority issued the certificate, or it is not valid now');
    }
    if (proofId === undefined || !settings.tlsSubject || !hasSubject(subjectOf(certificate), settings.tlsSubject)) {
      throw invalidClient('The certificate is for another subject');
    }
    return proofId;
  }
}

/** A certificate of any issuer, over a registered key (RFC 8705 §2.2). */
function matchKey(certificate: X509Certificate, { keys }: CredentialState): string {
  const registered = keys.find(({ key }) => key.equals(certificate.publicKey));
  if (!registered) throw invalidClient('The key of the certificate is not registered');
  return registered.thumbprint;
}
