import { describe, expect, it } from '@jest/globals';
import { makeCertificate } from '../../../test/support/certificates.js';
import { CertificateSource } from './certificate-source.js';

const HEADER = 'client-cert';
const { certificate } = makeCertificate();
const VALUE = `:${certificate.raw.toString('base64')}:`;
const source = new CertificateSource({ header: HEADER, authorities: undefined }, ['10.0.0.0/8', '192.0.2.7', 'fd00::/8', 'fe80::/64']);

const request = (remoteAddress: string | undefined, values: readonly string[] = [VALUE], name = 'Client-Cert') => ({
  remoteAddress,
  headers: values.length === 0 ? {} : { [name.toLowerCase()]: values.join(', ') },
  rawHeaders: values.flatMap((value) => [name, value]),
});

describe('CertificateSource', () => {
  it.each(['10.1.2.3', '192.0.2.7', '::ffff:10.1.2.3', '::FFFF:192.0.2.7', 'fd00::1', 'fe80::1%eth0'])(
    'believes the proxy at %s [R-TLS-03]',
    (address) => {
      expect(source.read(request(address))?.fingerprint256).toBe(certificate.fingerprint256);
    },
  );

  it.each(['192.0.2.8', '11.0.0.1', '::ffff:192.0.2.8', '::1', 'fe80:0:0:1::1%eth0', '127.0.0.1', '', 'localhost', undefined])(
    'believes nobody at %j [R-TLS-03]',
    (address) => {
      expect(source.read(request(address))).toBeUndefined();
    },
  );

  it('believes no header that stands twice: the client has sent one of them [R-TLS-03]', () => {
    expect(source.read(request('10.1.2.3', [VALUE, VALUE]))).toBeUndefined();
  });

  it('reads its own header only, and none where it is not there', () => {
    expect(source.read(request('10.1.2.3', [VALUE], 'X-Client-Cert'))).toBeUndefined();
    expect(source.read(request('10.1.2.3', []))).toBeUndefined();
  });

  it('reads nothing where no header is configured', () => {
    expect(new CertificateSource(undefined, ['10.0.0.0/8']).read(request('10.1.2.3'))).toBeUndefined();
  });

  it('finds no certificate in what is none, each time', () => {
    for (let i = 0; i < 2; i++) expect(source.read(request('10.1.2.3', ['(null)']))).toBeUndefined();
  });

  it('parses a certificate once', () => {
    const read = source.read(request('10.1.2.3'));
    expect(read).toBeDefined();
    expect(source.read(request('10.1.2.3'))).toBe(read);
  });
});
