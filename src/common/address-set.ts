import { BlockList, isIP } from 'node:net';

const MAPPED = /^::ffff:([\da-f]{1,4}):([\da-f]{1,4})$/;
const MAPPED_PREFIX = 96;

export interface PlainAddress {
  readonly text: string;
  readonly family: 'ipv4' | 'ipv6';
}

/**
 * Addresses and networks. The families are kept apart, since a BlockList takes `::ffff:7f00:1` for 127.0.0.1 and any
 * IPv4 address for one in `::/0`.
 */
export class AddressSet {
  private readonly ipv4 = new BlockList();
  private readonly ipv6 = new BlockList();
  private entries = 0;

  /** @throws {Error} at an entry that is no address and no network. */
  constructor(networks: readonly string[]) {
    for (const network of networks) this.add(network);
  }

  get isEmpty(): boolean {
    return this.entries === 0;
  }

  has({ text, family }: PlainAddress): boolean {
    return this[family].check(text, family);
  }

  private add(network: string): void {
    const [text = '', prefix, ...rest] = network.split('/');
    const address = plainAddress(text);
    if (!address || rest.length > 0) throw new Error(`No address or network: ${network}`);
    const bits = (prefix === undefined ? bitsOf(text) : Number(prefix)) - (isMapped(text, address) ? MAPPED_PREFIX : 0);
    if (!Number.isInteger(bits) || bits < 0) throw new Error(`No network: ${network}`);
    this[address.family].addSubnet(address.text, bits, address.family);
    this.entries += 1;
  }
}

const bitsOf = (text: string): number => (isIP(text) === 4 ? 32 : 128);
const isMapped = (text: string, { family }: PlainAddress): boolean => isIP(text) === 6 && family === 'ipv4';

/** The address in its one spelling, an IPv4 address in IPv6 (RFC 4291 §2.5.5.2) as IPv4; undefined with a zone, or if it is none. */
export function plainAddress(text: string): PlainAddress | undefined {
  const family = isIP(text);
  if (family === 4) return { text, family: 'ipv4' };
  if (family === 0 || text.includes('%')) return undefined;
  const plain = new URL(`http://[${text}]`).hostname.slice(1, -1);
  const [, high, low] = MAPPED.exec(plain) ?? [];
  if (high === undefined || low === undefined) return { text: plain, family: 'ipv6' };
  return { text: toDotted(Number.parseInt(high, 16), Number.parseInt(low, 16)), family: 'ipv4' };
}

const toDotted = (high: number, low: number): string => [high >> 8, high & 255, low >> 8, low & 255].join('.');
