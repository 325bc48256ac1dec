import type { CredentialState } from '../credentials/credential-state.js';
import { OAuthError } from '../protocol/oauth-error.js';
import type { Confirmation } from '../tokens/claims.js';
import { certificateThumbprint } from '../tokens/possession/client-certificate.js';
import type { DpopVerifier } from '../tokens/possession/dpop-proof.js';
import type { RawTokenRequest } from './token-form.js';

/** What a token is bound to: the key of a DPoP proof (RFC 9449 §5), the client certificate of the connection (RFC 8705 §3). */
export class Possession {
  constructor(
    private readonly verifier: Pick<DpopVerifier, 'verify'>,
    private readonly tokenEndpoint: string,
  ) {}

  /**
   * What the request proves possession of; undefined for nothing.
   * @throws {OAuthError} `invalid_dpop_proof` for a bad proof; `use_dpop_nonce`.
   */
  async prove({ dpop: proofs, certificate }: RawTokenRequest): Promise<Confirmation | undefined> {
    if (proofs.length === 0) return certificate && { 'x5t#S256': certificateThumbprint(certificate) };
    const { jkt } = await this.verifier.verify({ proofs, method: 'POST', url: this.tokenEndpoint });
    return certificate ? { jkt, 'x5t#S256': certificateThumbprint(certificate) } : { jkt };
  }

  /**
   * What the tokens of a credential are to be bound to, of what was proved; undefined for nothing.
   * @throws {OAuthError} where it gets bound tokens only, and proved nothing that they could be bound to.
   */
  bind({ authMethod, settings }: CredentialState, proved: Confirmation | undefined): Confirmation | undefined {
    if (settings.dpopRequired && proved?.jkt === undefined) {
      throw new OAuthError('invalid_dpop_proof', 'This client must send a DPoP proof.', { detail: 'The proof is missing' });
    }
    const isCertificateBound = settings.certificateBound === true || BY_CERTIFICATE.includes(authMethod);
    if (!isCertificateBound) return proved?.jkt === undefined ? undefined : { jkt: proved.jkt };
    if (proved?.['x5t#S256'] === undefined) {
      throw new OAuthError('invalid_request', 'This client must connect with its certificate.', { detail: 'There is no certificate' });
    }
    return proved;
  }
}

const BY_CERTIFICATE: readonly string[] = ['tls_client_auth', 'self_signed_tls_client_auth'];
