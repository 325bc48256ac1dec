import { describe, expect, it } from '@jest/globals';
import { type CertificateOptions, makeCertificate } from '../../../test/support/certificates.js';
import fc from '../../../test/support/properties.js';
import { hasSubject, subjectOf } from './certificate-subject.js';

const NONE = { dn: '', sanDns: [], sanUri: [], sanIp: [], sanEmail: [] };
const subject = (options: CertificateOptions) => subjectOf(makeCertificate(options).certificate);

describe('subjectOf', () => {
  it('reads the name, last part first (RFC 4514 §2.1), and every kind of alternative name', () => {
    const options: CertificateOptions = {
      subject: [
        ['C', 'DE'],
        ['O', 'Acme, "Inc"'],
        [
          ['OU', 'two'],
          ['CN', 'ci bot ü'],
        ],
      ],
      names: [
        ['dns', 'CI.example.com'],
        ['dns', 'ci2.example.com'],
        ['uri', 'spiffe://acme/ci'],
        ['ip', '192.0.2.1'],
        ['ip', '2001:0db8:0000:0000:0000:0000:0000:0001'],
        ['email', 'ci@example.com'],
      ],
    };
    expect(subject(options)).toEqual({
      dn: 'CN=ci bot ü+OU=two,O=Acme\\, \\"Inc\\",C=DE',
      sanDns: ['ci.example.com', 'ci2.example.com'],
      sanUri: ['spiffe://acme/ci'],
      sanIp: ['192.0.2.1', '2001:db8::1'],
      sanEmail: ['ci@example.com'],
    });
  });

  it('reads a certificate that names nobody', () => {
    expect(subject({ subject: [] })).toEqual(NONE);
  });

  it.each([
    ['dns', 'a.example, DNS:admin.example'],
    ['dns', 'a.example", DNS:"admin.example'],
    ['dns', 'a.example\0, DNS:admin.example'],
    ['uri', 'http://a/", DNS:admin.example'],
    ['uri', "http://a/', DNS:admin.example"],
    ['email', 'x@a.example\nDNS:admin.example'],
    ['dns', 'a.example\\", DNS:admin.example'],
  ] as const)('does not take the %s name %j apart [R-TLS-01]', (kind, value) => {
    const { sanDns, sanUri, sanEmail } = subject({ names: [[kind, value]] });
    expect(sanDns).not.toContain('admin.example');
    const found = [...sanDns, ...sanUri, ...sanEmail];
    expect(found).toHaveLength(1);
    expect(found[0]).toBe(kind === 'dns' ? value.toLowerCase() : value);
  });

  it('does not take a value of the name apart [R-TLS-01]', () => {
    for (const value of ['ci\nCN=admin', 'ci,CN=admin', 'ci + CN=admin', 'ci\\', 'ci\\,CN=admin', ' CN=admin ', '#0402', 'a\0b']) {
      const { dn } = subject({ subject: [['CN', value]] });
      expect(hasSubject({ ...NONE, dn }, { dn: 'CN=admin' })).toBe(false);
      expect(dn.match(/(?<!\\)(?:\\\\)*,/)).toBeNull();
      expect(dn).not.toBe('');
    }
  });

  it('gives back any value that stands in a certificate', () => {
    const text = fc.string({
      unit: fc.constantFrom('a', 'B', ' ', ',', '+', '\\', '"', "'", '#', '=', ':', '\n', '\0', '/'),
      minLength: 1,
      maxLength: 12,
    });
    const property = fc.property(text, (value) => {
      const { certificate } = makeCertificate({
        names: [
          ['uri', value],
          ['dns', 'ci.example'],
        ],
      });
      expect(subjectOf(certificate)).toMatchObject({ sanUri: [value], sanDns: ['ci.example'] });
    });
    fc.assert(property, { numRuns: 150 });
  });
});

describe('hasSubject', () => {
  const known = {
    dn: 'CN=ci,O=Acme',
    sanDns: ['ci.example'],
    sanUri: ['spiffe://acme/ci'],
    sanIp: ['192.0.2.1', '2001:db8::1'],
    sanEmail: ['ci@example'],
  };

  it.each([
    { dn: 'cn=ci, o=Acme' },
    { sanDns: 'CI.example' },
    { sanUri: 'spiffe://acme/ci' },
    { sanIp: '192.0.2.1' },
    { sanIp: '2001:DB8:0:0::1' },
    { sanEmail: 'ci@example' },
  ])('finds %j [R-TLS-01]', (registered) => expect(hasSubject(known, registered)).toBe(true));

  it.each([
    { dn: 'CN=CI,O=Acme' },
    { dn: 'O=Acme,CN=ci' },
    { dn: 'CN=ci' },
    { dn: '' },
    { sanDns: 'example' },
    { sanDns: '' },
    { sanUri: 'spiffe://acme/CI' },
    { sanIp: '192.0.2.2' },
    { sanIp: 'ci.example' },
    { sanEmail: 'ci' },
    { sanEmail: 'ci.example' },
    {},
    { dn: 'CN=ci,O=Acme', sanDns: 'ci.example' },
  ])('does not find %j [R-TLS-01]', (registered) => expect(hasSubject(known, registered)).toBe(false));

  it.each([{ dn: '' }, { dn: 'nothing' }, { sanIp: 'nothing' }, { sanDns: '' }])(
    'does not take %j for the name of a certificate without one',
    (registered) => {
      expect(hasSubject(NONE, registered)).toBe(false);
    },
  );
});
