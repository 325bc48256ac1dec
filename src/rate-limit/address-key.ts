import { isIPv6 } from 'node:net';

const MAPPED = /^(?:0{0,4}:){2,5}ffff:(\d+\.\d+\.\d+\.\d+|[\da-f]{1,4}:[\da-f]{1,4})$/;

/** What an address is counted under: IPv4 as it is (also when mapped into IPv6), IPv6 by its /64, which one customer has whole. */
export function addressKey(address: string): string {
  if (!address.includes(':') || !isIPv6(address)) return address;
  const plain = (address.split('%', 1)[0] ?? '').toLowerCase();
  const mapped = MAPPED.exec(plain)?.[1];
  if (mapped !== undefined) return mapped.includes('.') ? mapped : toDotted(mapped);
  return `${firstGroups(plain)}::/64`;
}

/** `c0a8:102` is 192.168.1.2. */
function toDotted(groups: string): string {
  const [high = 0, low = 0] = groups.split(':').map((group) => Number.parseInt(group, 16));
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}

function firstGroups(address: string): string {
  const [head = '', tail] = address.split('::');
  const before = groupsOf(head);
  const after = groupsOf(tail ?? '');
  const zeros = Array<string>(Math.max(0, 8 - before.length - after.length)).fill('0');
  return [...before, ...(tail === undefined ? [] : zeros), ...after]
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':');
}

/** A dotted end stands for two groups; which ones does not matter to the first half. */
const groupsOf = (text: string): string[] => (text === '' ? [] : text.replace(/\d+\.\d+\.\d+\.\d+$/, '0:0').split(':'));
