import { createPublicKey, generateKeyPairSync, type KeyObject, randomBytes, sign, X509Certificate } from 'node:crypto';
import { isIPv4 } from 'node:net';

/** A certificate and the key that it is for. */
export interface TestCertificate {
  readonly certificate: X509Certificate;
  readonly privateKey: KeyObject;
}

export interface CertificateOptions {
  /** Attribute type (short name or OID) and value, in the order of the certificate; a nested list makes one name of several attributes. */
  readonly subject?: readonly (Attribute | readonly Attribute[])[];
  /** Who signs it; itself where absent. */
  readonly issuer?: TestCertificate;
  /** The key that it is for; a new one where absent. */
  readonly privateKey?: KeyObject;
  /** Signed by this key instead of the issuer's. */
  readonly signedBy?: KeyObject;
  readonly ca?: boolean;
  readonly names?: readonly SubjectAltName[];
  /** OIDs of the extended key usage. */
  readonly purposes?: readonly string[];
  /** Milliseconds since the Unix epoch. */
  readonly notBefore?: number;
  readonly notAfter?: number;
}

export type Attribute = readonly [type: string, value: string];
export type SubjectAltName = readonly [kind: 'email' | 'dns' | 'uri' | 'ip', value: string];

const YEAR_MS = 365 * 86_400_000;
const NAMED_TYPES: Readonly<Record<string, string>> = {
  CN: '2.5.4.3',
  C: '2.5.4.6',
  O: '2.5.4.10',
  OU: '2.5.4.11',
  DC: '0.9.2342.19200300.100.1.25',
  emailAddress: '1.2.840.113549.1.9.1',
};
const NAME_TAGS = { email: 0x81, dns: 0x82, uri: 0x86, ip: 0x87 } as const;
const ECDSA_SHA256 = '1.2.840.10045.4.3.2';

/** Makes an X.509 version 3 certificate (RFC 5280 §4.1) with a P-256 key. */
export function makeCertificate(options: CertificateOptions = {}): TestCertificate {
  const privateKey = options.privateKey ?? generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  const { issuer, subject = [['CN', 'test']], notBefore = Date.now() - YEAR_MS, notAfter = Date.now() + YEAR_MS } = options;
  const name = nameOf(subject);
  const toBeSigned = sequence(
    tlv(0xa0, tlv(0x02, Buffer.from([2]))),
    tlv(0x02, Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    sequence(oid(ECDSA_SHA256)),
    issuer ? subjectOf(issuer.certificate) : name,
    sequence(time(notBefore), time(notAfter)),
    name,
    createPublicKey(privateKey).export({ type: 'spki', format: 'der' }),
    tlv(0xa3, sequence(...extensionsOf(options))),
  );
  const signature = sign('sha256', toBeSigned, options.signedBy ?? issuer?.privateKey ?? privateKey);
  const der = sequence(toBeSigned, sequence(oid(ECDSA_SHA256)), tlv(0x03, Buffer.from([0]), signature));
  return { certificate: new X509Certificate(der), privateKey };
}

function extensionsOf({ ca = false, names, purposes }: CertificateOptions): Buffer[] {
  const extensions = [extension('2.5.29.19', sequence(...(ca ? [tlv(0x01, Buffer.from([0xff]))] : [])))];
  if (names) extensions.push(extension('2.5.29.17', sequence(...names.map(altName))));
  if (purposes) extensions.push(extension('2.5.29.37', sequence(...purposes.map(oid))));
  return extensions;
}

const extension = (id: string, value: Buffer): Buffer => sequence(oid(id), tlv(0x04, value));

function altName([kind, value]: SubjectAltName): Buffer {
  return tlv(NAME_TAGS[kind], kind === 'ip' ? addressBytes(value) : Buffer.from(value));
}

/** IPv6 in its full form only. */
function addressBytes(address: string): Buffer {
  if (isIPv4(address)) return Buffer.from(address.split('.').map(Number));
  return Buffer.from(address.split(':').join(''), 'hex');
}

function nameOf(subject: readonly (Attribute | readonly Attribute[])[]): Buffer {
  return sequence(
    ...subject.map((entry) => {
      const attributes = (typeof entry[0] === 'string' ? [entry] : entry) as readonly Attribute[];
      return tlv(0x31, ...attributes.map(([type, value]) => sequence(oid(NAMED_TYPES[type] ?? type), tlv(0x0c, Buffer.from(value)))));
    }),
  );
}

/** The bytes of the subject, which issued certificates must repeat: the sixth part of what is signed. */
function subjectOf({ raw }: X509Certificate): Buffer {
  const [toBeSigned = raw] = partsOf(contentOf(raw));
  return partsOf(contentOf(toBeSigned))[5] ?? raw;
}

function contentOf(element: Buffer): Buffer {
  return element.subarray(headerLength(element));
}

function partsOf(content: Buffer): Buffer[] {
  const parts: Buffer[] = [];
  for (let rest = content; rest.length > 0;) {
    const end = headerLength(rest) + contentLength(rest);
    parts.push(rest.subarray(0, end));
    rest = rest.subarray(end);
  }
  return parts;
}

const headerLength = (element: Buffer): number => (element[1]! < 0x80 ? 2 : 2 + (element[1]! & 0x7f));

const contentLength = (element: Buffer): number => (element[1]! < 0x80 ? element[1]! : element.readUIntBE(2, element[1]! & 0x7f));

function sequence(...parts: readonly Buffer[]): Buffer {
  return tlv(0x30, ...parts);
}

function tlv(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  if (content.length < 0x80) return Buffer.concat([Buffer.from([tag, content.length]), content]);
  const length = content.length < 0x100 ? [0x81, content.length] : [0x82, content.length >> 8, content.length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), content]);
}

function oid(text: string): Buffer {
  const [first = 0, second = 0, ...others] = text.split('.').map(Number);
  return tlv(0x06, Buffer.from([first * 40 + second, ...others.flatMap(base128)]));
}

function base128(value: number): number[] {
  const digits = [value & 0x7f];
  for (let rest = Math.floor(value / 128); rest > 0; rest = Math.floor(rest / 128)) digits.unshift((rest & 0x7f) | 0x80);
  return digits;
}

/** GeneralizedTime: `20261124100000Z`. */
const time = (milliseconds: number): Buffer =>
  tlv(0x18, Buffer.from(`${new Date(milliseconds).toISOString().slice(0, 19).replace(/[-:T]/g, '')}Z`));
