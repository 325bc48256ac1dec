import { isIP } from 'node:net';

/** With a port, as some balancers write it (Azure's). */
const WITH_PORT = /^(?:\[([\w:.%-]+)\]|(\d+\.\d+\.\d+\.\d+))(?::\d{1,5})?$/;

/**
 * `X-Forwarded-For` with addresses only, without ports and zones. What is no address ends the list, seen from the proxy that is nearest:
 * whatever stands there is the word of a stranger, and would go where addresses go, as into the audit trail. Empty where nothing is left.
 */
export function cleanForwardedFor(value: string): string {
  const addresses: string[] = [];
  for (const entry of value.split(',').reverse()) {
    const address = toAddress(entry.trim());
    if (address === undefined) break;
    addresses.push(address);
  }
  return addresses.reverse().join(', ');
}

function toAddress(entry: string): string | undefined {
  const [, six, four] = WITH_PORT.exec(entry) ?? [];
  const [address = ''] = (six ?? four ?? entry).split('%', 1);
  return isIP(address) === 0 ? undefined : address;
}
