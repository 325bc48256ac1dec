// Requests that are good once: their signatures are made before the load begins, so that none of that is measured.
import { generateKeyPairSync, randomUUID, sign } from 'node:crypto';

const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** An ES256 key pair; `jwk` is its public half. */
export function newKey() {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { jwk: publicKey.export({ format: 'jwk' }), privateKey };
}

function signJwt({ privateKey }, header, payload) {
  const input = `${encode({ alg: 'ES256', ...header })}.${encode(payload)}`;
  return `${input}.${sign('sha256', Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
}

const now = () => Math.floor(Date.now() / 1000);

/** The form of a token request with a fresh assertion (RFC 7523 §2.2). */
export const assertionForm = (key, { clientId, issuer }) => {
  const payload = { iss: clientId, sub: clientId, aud: issuer, jti: randomUUID(), iat: now(), exp: now() + 300 };
  return new URLSearchParams({
    grant_type: 'client_credentials',
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: signJwt(key, {}, payload),
  }).toString();
};

/** A fresh DPoP proof (RFC 9449 §4.2). */
export const dpopProof = (key, url) =>
  signJwt(key, { typ: 'dpop+jwt', jwk: key.jwk }, { jti: randomUUID(), htm: 'POST', htu: url, iat: now() });
