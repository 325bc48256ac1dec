import type { IncomingMessage } from 'node:http';
import { AddressSet, plainAddress } from '../common/address-set.js';
import { newRequestId } from '../common/ids.js';
import { hideSecrets } from '../common/secret-format.js';

/** In which every answer names its request. A name of ours: an upstream may say `X-Request-Id` of its own. */
export const REQUEST_ID_HEADER = 'gatehouse-request-id';

const INBOUND = 'x-request-id';
const WELL_FORMED = /^[A-Za-z0-9._-]{8,64}$/;

/** Names requests: as a proxy of `TRUST_PROXY` has named them, or anew. What anybody else claims would lead astray who reads the log. */
export function createRequestIds(trustProxy: readonly string[]): (request: IncomingMessage) => string {
  const proxies = new AddressSet(trustProxy);
  if (proxies.isEmpty) return newRequestId;
  return ({ headers, socket }) => {
    const named = headers[INBOUND];
    if (typeof named !== 'string' || !isName(named)) return newRequestId();
    const address = plainAddress(socket.remoteAddress ?? '');
    return address && proxies.has(address) ? named : newRequestId();
  };
}

const isName = (text: string): boolean => WELL_FORMED.test(text) && hideSecrets(text) === text;
