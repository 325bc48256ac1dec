import { createHash, X509Certificate } from 'node:crypto';

export { type CertificateSubject, hasSubject, subjectOf } from './certificate-subject.js';

const MAX_LENGTH = 16 * 1024;
const PEM = /^-----BEGIN CERTIFICATE-----([^-]+)-----END CERTIFICATE-----$/;
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;
const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2';
/** Authorities between a certificate and the one that vouches for itself, that one included. */
const MAX_ISSUERS = 5;

/**
 * The certificate in a header of a TLS-terminating proxy: `:base64:` (RFC 9440 §2.1), base64 of DER, or PEM, each of them
 * percent-encoded or not. Undefined for anything else. Never throws.
 */
export function readClientCertificate(value: string): X509Certificate | undefined {
  if (value.length > MAX_LENGTH) return undefined;
  try {
    const base64 = base64Of(value);
    if (!BASE64.test(base64)) return undefined;
    const der = Buffer.from(base64, 'base64');
    const certificate = new X509Certificate(der);
    // OpenSSL would read past what follows, and find PEM inside.
    return certificate.raw.equals(der) && hasKey(certificate) ? certificate : undefined;
  } catch {
    return undefined; // broken escapes, broken DER or a broken key: there is no certificate
  }
}

function base64Of(value: string): string {
  const text = (value.includes('%') ? decodeURIComponent(value) : value).trim();
  const byteSequence = /^:(.*):$/.exec(text)?.[1];
  return byteSequence ?? (PEM.exec(text)?.[1] ?? text).replace(/\s/g, '');
}

/** The key is read only when it is asked for, and throws then if it is broken: no connection can have proven such a key. */
const hasKey = ({ publicKey }: X509Certificate): boolean => publicKey.type === 'public';

/** `x5t#S256`: SHA-256 of the certificate in DER, base64url (RFC 8705 §3.1). */
export const certificateThumbprint = (certificate: X509Certificate): string =>
  createHash('sha256').update(certificate.raw).digest('base64url');

/**
 * Whether a chain leads from a client certificate through the authorities to one of them that vouches for itself or
 * whose own issuer is not among them. Every certificate must be valid at `now` (milliseconds), every issuer an authority,
 * and the client's must be for clients where it says what it is for (RFC 5280 §4.2.1.12).
 */
export function isIssuedBy(certificate: X509Certificate, authorities: readonly X509Certificate[], now: number): boolean {
  return isCurrent(certificate, now) && isForClients(certificate) && hasChain(certificate, authorities, { now, left: MAX_ISSUERS });
}

interface Walk {
  readonly now: number;
  readonly left: number;
}

function hasChain(certificate: X509Certificate, authorities: readonly X509Certificate[], { now, left }: Walk): boolean {
  if (left === 0) return false;
  return findIssuers(certificate, authorities).some(
    (issuer) =>
      issuer.ca && isCurrent(issuer, now) && (isEnd(issuer, authorities) || hasChain(issuer, authorities, { now, left: left - 1 })),
  );
}

/** The operator vouches for what it lists, so a chain may end below a root that is not listed. */
const isEnd = (issuer: X509Certificate, authorities: readonly X509Certificate[]): boolean =>
  isSignedBy(issuer, issuer) || findIssuers(issuer, authorities).length === 0;

const findIssuers = (certificate: X509Certificate, authorities: readonly X509Certificate[]): X509Certificate[] =>
  authorities.filter((authority) => isSignedBy(certificate, authority));

/** By name and key identifier first, which is cheap, then by signature. */
const isSignedBy = (certificate: X509Certificate, issuer: X509Certificate): boolean =>
  certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);

/** A date that cannot be read is no date. */
const isCurrent = ({ validFrom, validTo }: X509Certificate, now: number): boolean =>
  Date.parse(validFrom) <= now && now <= Date.parse(validTo);

function isForClients({ keyUsage }: X509Certificate): boolean {
  // Node's name for the extended key usage; undefined where the certificate has none.
  const purposes = keyUsage as readonly string[] | undefined;
  return purposes === undefined || purposes.includes(CLIENT_AUTH);
}
