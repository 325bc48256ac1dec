import { createHash, randomUUID } from 'node:crypto';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';

const ASSERTION = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
const seconds = () => Math.floor(Date.now() / 1000);

/** A key of a client: proofs of possession (RFC 9449) and assertions (RFC 7523) that it signs. */
export class Signer {
  static async create() {
    const signer = new Signer();
    const { publicKey, privateKey } = await generateKeyPair('ES256');
    signer.privateKey = privateKey;
    signer.jwk = await exportJWK(publicKey);
    return signer;
  }

  /** A proof for one request; `offset` in seconds moves the time that it claims. */
  proof(method, url, { token, offset = 0 } = {}) {
    const ath = token ? { ath: createHash('sha256').update(token).digest('base64url') } : {};
    return new SignJWT({ jti: randomUUID(), htm: method, htu: url, iat: seconds() + offset, ...ath })
      .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk: this.jwk })
      .sign(this.privateKey);
  }

  /** What a client sends in place of a secret. */
  async assertion(clientId, audience) {
    const now = seconds();
    const claims = { iss: clientId, sub: clientId, aud: audience, jti: randomUUID(), iat: now, exp: now + 300 };
    const signed = await new SignJWT(claims).setProtectedHeader({ alg: 'ES256', typ: 'JWT', kid: 'key' }).sign(this.privateKey);
    return { client_assertion_type: ASSERTION, client_assertion: signed };
  }

  get jwks() {
    return { keys: [{ ...this.jwk, kid: 'key', alg: 'ES256', use: 'sig' }] };
  }
}
