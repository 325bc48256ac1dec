import { isIPv4 } from 'node:net';
import { AddressSet, plainAddress } from '../common/address-set.js';
import { EgressError } from './egress-error.js';

const MAX_URL_LENGTH = 2048;
const URL_CHARACTERS = /^[\x21-\x7e]+$/;
const AUTHORITY = /^https?:\/\/([^/?#\\]+)/i;
const HOST_NAME = /^(?=.{1,253}$)[a-z\d_]([a-z\d_-]{0,61}[a-z\d_])?(\.[a-z\d_]([a-z\d_-]{0,61}[a-z\d_])?)*$/;

/** What the IANA IPv4 Special-Purpose Address Registry and RFC 5771 keep from the public. */
const NOT_PUBLIC_V4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.31.196.0/24',
  '192.52.193.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '192.175.48.0/24',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
  // A public address that within Azure is the host's own agent.
  '168.63.129.16/32',
];

/**
 * All IPv6 that is public lies in here (RFC 4291 §2.4). Outside are loopback, NAT64, IPv4-compatible, unique local,
 * link-local, site-local and multicast addresses, and what is yet to be given a meaning.
 */
const GLOBAL_UNICAST = ['2000::/3'];

/** What the IANA IPv6 Special-Purpose Address Registry takes out of it: Teredo and its kin, documentation, 6to4, AS112, the former 6bone. */
const NOT_PUBLIC_V6 = ['2001::/23', '2001:db8::/32', '2002::/16', '2620:4f:8000::/48', '3ffe::/16', '3fff::/20'];

/** Where outbound requests may go: to public addresses, and to those that the operator named. */
export class EgressPolicy {
  private readonly allowList: AddressSet;
  private readonly notPublic = new AddressSet([...NOT_PUBLIC_V4, ...NOT_PUBLIC_V6]);
  private readonly globalUnicast = new AddressSet(GLOBAL_UNICAST);

  /** @param allow addresses and networks in CIDR notation that are reachable although they are not public. */
  constructor(allow: readonly string[]) {
    this.allowList = new AddressSet(allow);
  }

  /** Whether `https:` may go to this IP address. */
  isAllowedAddress(address: string): boolean {
    const plain = plainAddress(address);
    if (!plain) return false;
    if (this.allowList.has(plain)) return true;
    return !this.notPublic.has(plain) && (plain.family === 'ipv4' || this.globalUnicast.has(plain));
  }

  /** Whether the operator named this IP address: plain `http:` may go to such alone. */
  isInAllowList(address: string): boolean {
    const plain = plainAddress(address);
    return plain !== undefined && this.allowList.has(plain);
  }

  /** Whether a connection under this scheme may go to this IP address. */
  mayConnect(protocol: string, address: string): boolean {
    return protocol === 'https:' ? this.isAllowedAddress(address) : this.isInAllowList(address);
  }

  /**
   * Judges a URL as far as that goes without DNS. Spellings on which two parsers may differ are refused, not mended.
   * @throws {EgressError} `refused`.
   */
  checkUrl(text: string): URL {
    if (text.length > MAX_URL_LENGTH) throw refused(`a URL may have ${MAX_URL_LENGTH} characters`);
    if (!URL_CHARACTERS.test(text) || text.includes('\\')) {
      throw refused('a URL may not hold spaces, backslashes, control characters or characters beyond ASCII');
    }
    const [, authority] = AUTHORITY.exec(text) ?? [];
    if (authority === undefined) throw refused('a URL must begin with https:// and a host');
    if (authority.includes('@')) throw refused('a URL may not hold a user or password');
    if (text.includes('#')) throw refused('a URL may not hold a fragment');
    if (!URL.canParse(text)) throw refused('this is not a URL');
    const url = new URL(text);
    this.checkHost(url, authority);
    return url;
  }

  private checkHost(url: URL, authority: string): void {
    const isIPv6 = url.hostname.startsWith('[');
    if (isIPv6 || isIPv4(url.hostname)) {
      // 0x7f.1 and 2130706433 are 127.0.0.1 to some parsers and names to others.
      if (!isIPv6 && authority.replace(/:\d*$/, '') !== url.hostname) {
        throw refused('an IPv4 address must be written as four decimal numbers');
      }
      this.checkAddress(url, isIPv6 ? url.hostname.slice(1, -1) : url.hostname);
    } else {
      if (!HOST_NAME.test(url.hostname)) throw refused('the host is not a name that DNS could know');
      if (url.protocol === 'http:' && this.allowList.isEmpty) throw refused('plain http: is not allowed', url);
    }
  }

  private checkAddress(url: URL, address: string): void {
    if (!this.isAllowedAddress(address)) throw refused('the address is not public, and EGRESS_ALLOW does not name it', url);
    if (!this.mayConnect(url.protocol, address)) throw refused('plain http: is allowed only to addresses that EGRESS_ALLOW names', url);
  }
}

const refused = (reason: string, url?: URL): EgressError => new EgressError('refused', reason, url);
