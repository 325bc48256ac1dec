import { createHash, type X509Certificate } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { LRUCache } from 'lru-cache';
import { upTo } from '../../common/up-to.js';
import type { ClientCertificateConfig } from '../../config/config.js';
import { AddressSet, plainAddress } from '../../common/address-set.js';
import { readClientCertificate } from './client-certificate.js';
import { headerValues } from '../../common/raw-headers.js';

/** What is read of a request. */
export interface CertificateRequest {
  /** Of the socket: who it really is that speaks to us. */
  readonly remoteAddress: string | undefined;
  readonly headers: IncomingHttpHeaders;
  /** Names and values in turn, as they came. */
  readonly rawHeaders: readonly string[];
}

const CACHE_ENTRIES = 1000;

/**
 * Finds the client certificate of a connection whose TLS ends at a proxy. The header counts only where the proxy itself
 * speaks to us, and only once in a request; from anybody else it is as if it were not there (RFC 9700 §4.13).
 */
export class CertificateSource {
  private readonly header: string | undefined;
  private readonly proxies: AddressSet;
  private readonly parsed = new LRUCache<string, { readonly certificate: X509Certificate | undefined }>({ ...upTo(CACHE_ENTRIES) });

  constructor(config: ClientCertificateConfig | undefined, trustProxy: readonly string[]) {
    this.header = config?.header;
    this.proxies = new AddressSet(trustProxy);
  }

  /** Undefined without a certificate that can be believed and read. */
  read({ remoteAddress, headers, rawHeaders }: CertificateRequest): X509Certificate | undefined {
    if (this.header === undefined || headers[this.header] === undefined || !this.isProxy(remoteAddress)) return undefined;
    const [value, ...others] = headerValues(rawHeaders, this.header);
    // A proxy that adds its header to the client's own instead of replacing it.
    if (value === undefined || others.length > 0) return undefined;
    return this.parse(value);
  }

  private parse(value: string): X509Certificate | undefined {
    const digest = createHash('sha256').update(value).digest('base64');
    const known = this.parsed.get(digest);
    if (known) return known.certificate;
    const certificate = readClientCertificate(value);
    this.parsed.set(digest, { certificate });
    return certificate;
  }

  private isProxy(remoteAddress: string | undefined): boolean {
    // The zone of a link-local address says by which way it came.
    const address = plainAddress(remoteAddress?.split('%')[0] ?? '');
    return address !== undefined && this.proxies.has(address);
  }
}
