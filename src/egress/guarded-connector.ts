import type { LookupAddress } from 'node:dns';
import { lookup as resolve } from 'node:dns/promises';
import { isIP, type LookupFunction } from 'node:net';
import { buildConnector } from 'undici';
import type { EgressPolicy } from './egress-policy.js';

/** Resolves a name to all of its addresses. */
export type Lookup = (hostname: string) => Promise<readonly LookupAddress[]>;

/** What the system's resolver says. */
export const resolveAll: Lookup = (hostname) => resolve(hostname, { all: true });

/** The addresses behind a name, or the literal, are not for us to go to. */
export class RefusedAddress extends Error {
  override readonly name = 'RefusedAddress';
}

const CONNECT_TIMEOUT_MS = 5000;

/**
 * Opens connections to addresses that the policy lets pass. A name is judged by the very answer that is connected to:
 * a check before that would be worth nothing, since the next answer may be another (DNS rebinding).
 */
export function guardConnector(policy: EgressPolicy, lookup: Lookup): buildConnector.connector {
  const secure = connectorFor('https:', policy, lookup);
  const plain = connectorFor('http:', policy, lookup);
  return (options, callback) => {
    // Node asks `lookup` for names only.
    if (isIP(options.hostname) !== 0 && !policy.mayConnect(options.protocol, options.hostname)) {
      callback(new RefusedAddress('not allowed'), null);
      return;
    }
    (options.protocol === 'https:' ? secure : plain)(options, callback);
  };
}

function connectorFor(protocol: string, policy: EgressPolicy, lookup: Lookup): buildConnector.connector {
  return buildConnector({
    timeout: CONNECT_TIMEOUT_MS,
    lookup: guardLookup(lookup, (address) => policy.mayConnect(protocol, address)),
    // Stated, since NODE_TLS_REJECT_UNAUTHORIZED would change the default.
    rejectUnauthorized: true,
    // A resumed session's certificate is not verified again, and requests are too rare to gain by it.
    maxCachedSessions: 0,
    allowH2: false,
  });
}

/** A `lookup` for `net.connect` that answers with addresses that pass, and fails with {@link RefusedAddress} if none does. */
export function guardLookup(lookup: Lookup, isAllowed: (address: string) => boolean): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname).then(
      (addresses) => {
        const allowed = addresses.filter(({ address }) => isAllowed(address));
        const [first] = allowed;
        if (first === undefined) callback(new RefusedAddress('not allowed'), '', 0);
        else if (options.all === true) callback(null, allowed);
        else callback(null, first.address, first.family);
      },
      (error: unknown) => callback(error as NodeJS.ErrnoException, '', 0),
    );
  };
}
