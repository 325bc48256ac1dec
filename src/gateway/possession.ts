import type { IncomingHttpHeaders } from 'node:http';
import { OAuthError } from '../protocol/oauth-error.js';
import type { Confirmation } from '../tokens/claims.js';
import type { CertificateSource } from '../tokens/possession/certificate-source.js';
import { certificateThumbprint } from '../tokens/possession/client-certificate.js';
import { DPOP_HEADER, type DpopVerifier } from '../tokens/possession/dpop-proof.js';
import { headerValues } from '../common/raw-headers.js';
import type { PresentedToken } from './bearer-token.js';
import { invalidToken, refusedProof, type Scheme } from './challenge.js';
import type { Principal } from './principal.js';

/** What a request shows besides its token. */
export interface Evidence {
  readonly method: string;
  /** The public URL that was called, without query. */
  readonly url: string;
  /** Of the socket. */
  readonly remoteAddress: string | undefined;
  readonly headers: IncomingHttpHeaders;
  /** Names and values in turn, as they came. */
  readonly rawHeaders: readonly string[];
}

/**
 * Asks the holder of a bound token for what it is bound to: a DPoP proof (RFC 9449 §7), the client certificate of the
 * connection (RFC 8705 §3), or both. A token is presented in the scheme that it was issued for and in no other.
 */
export class PossessionCheck {
  constructor(
    private readonly dpop: Pick<DpopVerifier, 'verify'>,
    private readonly certificates: Pick<CertificateSource, 'read'>,
  ) {}

  /**
   * The principal again, where it may hold the token; at once unless a proof must be checked.
   * @throws {OAuthError} `invalid_token`, `invalid_dpop_proof` or `use_dpop_nonce` with their challenge, at once or as a rejection.
   */
  confirm(principal: Principal, presented: PresentedToken, evidence: Evidence): Principal | Promise<Principal> {
    const { cnf } = principal.claims;
    const { scheme, token } = presented;
    if (cnf === undefined && scheme === 'Bearer') return principal;
    const fault = this.findFault(cnf ?? {}, scheme, evidence);
    if (fault) throw invalidToken(principal.server, { scheme, detail: fault });
    return cnf?.jkt === undefined ? principal : this.confirmProof(principal, { token, jkt: cnf.jkt }, evidence);
  }

  /** Why a token may not be presented like this, whatever its proof says. */
  private findFault({ jkt, 'x5t#S256': thumbprint }: Confirmation, scheme: Scheme, evidence: Evidence): string | undefined {
    if (scheme === 'DPoP' && jkt === undefined) return 'A token that is bound to no DPoP key came as DPoP';
    if (scheme === 'Bearer' && jkt !== undefined) return 'A token that is bound to a DPoP key came as Bearer';
    if (thumbprint === undefined) {
      // A token that another version of us has bound to something else is no bearer token either.
      return jkt === undefined ? 'The token is bound to something unknown' : undefined;
    }
    const certificate = this.certificates.read(evidence);
    if (!certificate) return 'The token is bound to a client certificate, and the connection has none';
    return certificateThumbprint(certificate) === thumbprint ? undefined : 'The token is bound to another client certificate';
  }

  private async confirmProof(principal: Principal, { token, jkt }: BoundToken, evidence: Evidence): Promise<Principal> {
    const { method, url, rawHeaders } = evidence;
    const proofs = headerValues(rawHeaders, DPOP_HEADER);
    try {
      await this.dpop.verify({ proofs, method, url, accessToken: token, jkt });
      return principal;
    } catch (error) {
      throw error instanceof OAuthError ? refusedProof(principal.server, error) : error;
    }
  }
}

interface BoundToken {
  readonly token: string;
  readonly jkt: string;
}
