/** The claims of an access token (RFC 9068 §2.2). Times are seconds since the Unix epoch. */
export interface AccessTokenClaims {
  readonly iss: string;
  /** The one resource it is for. */
  readonly aud: string;
  /** The client id: no resource owner takes part (RFC 9068 §2.2). */
  readonly sub: string;
  readonly client_id: string;
  /** Space separated; empty for none. */
  readonly scope: string;
  readonly jti: string;
  readonly iat: number;
  readonly exp: number;
  /** Id of the client secret or key that the client proved itself with. The token ends when that ends. */
  readonly auth_id: string;
  /**
   * Id of the server that had the resource's URL: another one that has it later (the default moved, a slug was used again) does not
   * honour the token. Absent in tokens that were issued before there was this claim.
   */
  readonly server_id?: string;
  /** What its holder must prove possession of (RFC 7800 §3); absent for a plain bearer token. */
  readonly cnf?: Confirmation;
  /** Who acts for `sub`, and for whom that one acted before (RFC 8693 §4.1). */
  readonly act?: Actor;
  /** With `act`: the tokens that this one was exchanged for, oldest first. It ends when any of them does. */
  readonly via?: readonly ExchangedToken[];
}

/** The key of a DPoP proof (RFC 9449 §6.1), the client certificate of the connection (RFC 8705 §3.1), or both. */
export interface Confirmation {
  /** RFC 7638 SHA-256 thumbprint, base64url. */
  readonly jkt?: string;
  /** SHA-256 of the certificate in DER, base64url. */
  readonly 'x5t#S256'?: string;
}

export interface Actor {
  /** A client id. */
  readonly sub: string;
  readonly act?: Actor;
}

/** What says whether a token that was exchanged is still alive. */
export interface ExchangedToken {
  readonly client_id: string;
  readonly auth_id: string;
  readonly jti: string;
  readonly iat: number;
}

export const ACCESS_TOKEN_TYPE = 'at+jwt';

/** The longest life that a token can be given, in seconds (14 days). */
export const MAX_TOKEN_TTL = 1_209_600;
