import { type Clock, toSeconds } from '../common/clock.js';
import { newUnguessableId } from '../common/ids.js';
import type { KeyRing, RingKey } from './key-ring.js';

/** Says to another authorization server on whose behalf we ask (RFC 8693 §2.1). */
export interface SubjectClaims {
  readonly iss: string;
  readonly sub: string;
  /** The token endpoint that it is shown to, and nobody else's. */
  readonly aud: string;
  readonly jti: string;
  readonly iat: number;
  readonly exp: number;
}

/** Not that of access tokens: no resource server of ours takes one for the other (RFC 8725 §3.11). */
export const SUBJECT_TOKEN_TYPE = 'JWT';
/** What is made of it elsewhere may not outlive it, and is then asked for again. */
const LIFETIME_SECONDS = 300;

/** Makes subject tokens: short-lived statements of ours that a credential is who calls. */
export class SubjectTokens {
  constructor(
    private readonly issuer: string,
    private readonly ring: KeyRing,
    private readonly sign: (claims: SubjectClaims, key: RingKey) => string,
    private readonly clock: Clock,
  ) {}

  issue(subject: string, audience: string): string {
    const now = this.clock();
    const iat = toSeconds(now);
    const claims = { iss: this.issuer, sub: subject, aud: audience, jti: newUnguessableId(), iat, exp: iat + LIFETIME_SECONDS };
    return this.sign(claims, this.ring.signing(now));
  }
}
