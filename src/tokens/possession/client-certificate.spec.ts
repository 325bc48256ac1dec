import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { makeCertificate } from '../../../test/support/certificates.js';
import fc from '../../../test/support/properties.js';
import { certificateThumbprint, isIssuedBy, readClientCertificate } from './client-certificate.js';

const NOW = Date.parse('2026-11-22T10:00:00Z');
const DAY = 86_400_000;
const CLIENT = '1.3.6.1.5.5.7.3.2';
const SERVER = '1.3.6.1.5.5.7.3.1';
const dates = { notBefore: NOW - DAY, notAfter: NOW + DAY };
const { certificate } = makeCertificate(dates);
const base64 = certificate.raw.toString('base64');

describe('readClientCertificate', () => {
  it.each([
    ['a byte sequence (RFC 9440 §2.1)', `:${base64}:`],
    ['base64 of DER', base64],
    ['percent-encoded base64', encodeURIComponent(base64)],
    ['PEM', certificate.toString()],
    ['percent-encoded PEM, as nginx has it', encodeURIComponent(certificate.toString())],
    ['PEM with other white space', certificate.toString().replace(/\n/g, '\t')],
  ])('reads %s [R-TLS-02]', (_what, value) => {
    expect(readClientCertificate(value)?.fingerprint256).toBe(certificate.fingerprint256);
  });

  it.each([
    ['nothing', ''],
    ['colons', '::'],
    ['a colon', ':'],
    ['other text', '(null)'],
    ['half a byte sequence', `:${base64}`],
    ['base64url', base64.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '!')],
    ['a certificate cut short', base64.slice(0, -8)],
    ['a certificate and more', Buffer.concat([certificate.raw, Buffer.from([0])]).toString('base64')],
    ['two certificates', certificate.toString() + certificate.toString()],
    ['PEM in base64', Buffer.from(certificate.toString()).toString('base64')],
    ['broken escapes', '%E0%A4%A'],
    ['a key', '-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA\n-----END PUBLIC KEY-----'],
    ['more than 16 KiB', `:${'A'.repeat(16 * 1024)}:`],
    ['more than 16 KiB of white space', `${base64}${' '.repeat(16 * 1024)}`],
  ])('finds no certificate in %s', (_what, value) => {
    expect(readClientCertificate(value)).toBeUndefined();
  });

  it('finds no certificate where the key is no point of its curve', () => {
    const { x } = certificate.publicKey.export({ format: 'jwk' });
    const der = Buffer.from(certificate.raw);
    const at = der.indexOf(Buffer.from(x!, 'base64url'));
    der[at] = der[at]! ^ 1;
    expect(readClientCertificate(der.toString('base64'))).toBeUndefined();
  });

  it('never throws', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.base64String()), (value) => expect(readClientCertificate(value)).toBeUndefined()),
      { numRuns: 300 },
    );
    const damaged = fc.property(fc.nat(certificate.raw.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
      const der = Buffer.from(certificate.raw);
      der[at] = der[at]! ^ change;
      const read = readClientCertificate(der.toString('base64'));
      if (!read) return;
      expect(certificateThumbprint(read)).not.toBe(certificateThumbprint(certificate));
      expect(read.publicKey.type).toBe('public');
    });
    fc.assert(damaged, { numRuns: 300 });
  });
});

describe('certificateThumbprint', () => {
  it('is the SHA-256 of the DER in base64url (RFC 8705 §3.1) [R-TLS-02]', () => {
    expect(certificateThumbprint(certificate)).toBe(createHash('sha256').update(certificate.raw).digest('base64url'));
    expect(certificateThumbprint(certificate)).toMatch(/^[A-Za-z0-9_-]{43}$/);
  });
});

describe('isIssuedBy', () => {
  const root = makeCertificate({ ...dates, subject: [['CN', 'root']], ca: true });
  const middle = makeCertificate({ ...dates, subject: [['CN', 'middle']], ca: true, issuer: root });
  const leaf = makeCertificate({ ...dates, subject: [['CN', 'ci']], issuer: middle, purposes: [SERVER, CLIENT] });
  const all = [root.certificate, middle.certificate];

  it('accepts a chain through the authorities, in any order [R-TLS-01]', () => {
    expect(isIssuedBy(leaf.certificate, all, NOW)).toBe(true);
    expect(isIssuedBy(leaf.certificate, [...all].reverse(), NOW)).toBe(true);
    expect(isIssuedBy(middle.certificate, all, NOW)).toBe(true);
  });

  it('accepts an authority that is listed without its own issuer', () => {
    expect(isIssuedBy(leaf.certificate, [middle.certificate], NOW)).toBe(true);
  });

  it('accepts a certificate that does not say what it is for', () => {
    expect(isIssuedBy(makeCertificate({ ...dates, issuer: root }).certificate, all, NOW)).toBe(true);
  });

  const past = { notBefore: NOW - 2 * DAY, notAfter: NOW - DAY };
  const future = { notBefore: NOW + DAY, notAfter: NOW + 2 * DAY };
  const oldMiddle = makeCertificate({ ...past, subject: [['CN', 'old']], ca: true, issuer: root });
  const oldRoot = makeCertificate({ ...past, subject: [['CN', 'old root']], ca: true });
  const underOldRoot = makeCertificate({ ...dates, subject: [['CN', 'middle 2']], ca: true, issuer: oldRoot });
  const client = makeCertificate({ ...dates, subject: [['CN', 'client']], issuer: root });
  const forgedRoot = makeCertificate({ ...dates, subject: [['CN', 'root']], ca: true });

  it.each([
    ['without any authority', leaf, []],
    ['of an authority that is not listed', leaf, [root.certificate]],
    ['that vouches for itself', makeCertificate(dates), all],
    ['of another authority of the same name', makeCertificate({ ...dates, issuer: forgedRoot }), all],
    [
      'with the name of the issuer and the signature of another',
      makeCertificate({ ...dates, issuer: root, signedBy: leaf.privateKey }),
      all,
    ],
    ['of one that is no authority', makeCertificate({ ...dates, issuer: client }), [...all, client.certificate]],
    ['that has expired', makeCertificate({ ...past, issuer: root }), all],
    ['that is not yet valid', makeCertificate({ ...future, issuer: root }), all],
    ['of an authority that has expired', makeCertificate({ ...dates, issuer: oldMiddle }), [...all, oldMiddle.certificate]],
    [
      'of an authority under a root that has expired',
      makeCertificate({ ...dates, issuer: underOldRoot }),
      [oldRoot.certificate, underOldRoot.certificate],
    ],
    ['for servers only (RFC 5280 §4.2.1.12)', makeCertificate({ ...dates, issuer: root, purposes: [SERVER] }), all],
  ])('refuses a certificate %s [R-TLS-01]', (_what, { certificate: refused }, authorities) => {
    expect(isIssuedBy(refused, authorities, NOW)).toBe(false);
  });

  it('finds another way where one leads nowhere', () => {
    const authorities = [forgedRoot.certificate, root.certificate];
    expect(isIssuedBy(client.certificate, authorities, NOW)).toBe(true);
  });

  it('goes up five authorities, and not six', () => {
    const chain = [root];
    for (let i = 1; i < 6; i++) chain.push(makeCertificate({ ...dates, subject: [['CN', `ca ${i}`]], ca: true, issuer: chain[i - 1]! }));
    const authorities = chain.map((one) => one.certificate);
    expect(isIssuedBy(makeCertificate({ ...dates, issuer: chain[4]! }).certificate, authorities, NOW)).toBe(true);
    expect(isIssuedBy(makeCertificate({ ...dates, issuer: chain[5]! }).certificate, authorities, NOW)).toBe(false);
  });

  it('does not go round in circles', () => {
    const two = makeCertificate({ ...dates, subject: [['CN', 'two']], ca: true });
    const one = makeCertificate({ ...dates, subject: [['CN', 'one']], ca: true, issuer: two });
    const twoByOne = makeCertificate({ ...dates, subject: [['CN', 'two']], ca: true, issuer: one, privateKey: two.privateKey });
    const { certificate: refused } = makeCertificate({ ...dates, issuer: one });
    expect(isIssuedBy(refused, [one.certificate, twoByOne.certificate], NOW)).toBe(false);
    expect(isIssuedBy(refused, [one.certificate, twoByOne.certificate, two.certificate], NOW)).toBe(true);
  });
});
