import type { X509Certificate } from 'node:crypto';
import { isIP, isIPv6, SocketAddress } from 'node:net';
import { normalizeDn } from './distinguished-name.js';

/** Whom a certificate is for. Each field in one spelling, so that they can be compared. */
export interface CertificateSubject {
  /** RFC 4514, as {@link normalizeDn} writes it; empty where there is none that can be written so. */
  readonly dn: string;
  /** In lower case. */
  readonly sanDns: readonly string[];
  readonly sanUri: readonly string[];
  /** IPv6 in its short form. */
  readonly sanIp: readonly string[];
  readonly sanEmail: readonly string[];
}

/** The one field that a client has registered (RFC 8705 §2.1.2). */
export type RegisteredSubject = { readonly [field in keyof CertificateSubject]?: string };

/** A name as Node prints it: plain where it can hold no comma or quote, else a JSON string. */
const NAME = /([A-Za-z ]+):("(?:[^"\\]|\\.)*"|[^,"]*)(?:, |$)/y;

/** Reads the subject and its alternative names. Alternative names that cannot be told apart with certainty count as none. */
export function subjectOf(certificate: X509Certificate): CertificateSubject {
  const names = readNames(certificate.subjectAltName ?? '');
  const all = (type: string) => names.filter((name) => name.type === type).map((name) => name.value);
  return {
    dn: toDn(certificate.subject) ?? '',
    sanDns: all('DNS').map((name) => name.toLowerCase()),
    sanUri: all('URI'),
    sanIp: all('IP Address').flatMap((address) => normalizeIp(address) ?? []),
    sanEmail: all('email'),
  };
}

/** Whether a subject has the registered field. False where not exactly one is registered. */
export function hasSubject(subject: CertificateSubject, { dn, sanDns, sanUri, sanIp, sanEmail }: RegisteredSubject): boolean {
  const registered = [dn, sanDns, sanUri, sanIp, sanEmail].filter((field) => field !== undefined);
  if (registered.length !== 1) return false;
  if (dn !== undefined) return normalizeDn(dn) === subject.dn;
  if (sanDns !== undefined) return subject.sanDns.includes(sanDns.toLowerCase());
  if (sanUri !== undefined) return subject.sanUri.includes(sanUri);
  if (sanIp !== undefined) return subject.sanIp.some((address) => address === normalizeIp(sanIp));
  return sanEmail !== undefined && subject.sanEmail.includes(sanEmail);
}

/** Node prints one name a line, escaped, in the order of the certificate; the string form begins with the last (RFC 4514 §2.1). */
const toDn = (subject: string | undefined): string | undefined =>
  // Without a subject Node gives nothing, whatever its types say.
  subject === undefined ? undefined : normalizeDn(subject.split('\n').reverse().join(','));

function readNames(text: string): { type: string; value: string }[] {
  const names: { type: string; value: string }[] = [];
  NAME.lastIndex = 0;
  while (NAME.lastIndex < text.length) {
    const [, type = '', printed = ''] = NAME.exec(text) ?? [];
    const value = unquote(printed);
    if (type === '' || value === undefined) return [];
    names.push({ type, value });
  }
  return names;
}

function unquote(printed: string): string | undefined {
  if (!printed.startsWith('"')) return printed;
  try {
    return JSON.parse(printed) as string;
  } catch {
    return undefined; // not as Node quotes
  }
}

function normalizeIp(address: string): string | undefined {
  if (!isIP(address)) return undefined;
  return isIPv6(address) ? new SocketAddress({ address, family: 'ipv6' }).address : address;
}
