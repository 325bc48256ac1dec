import type { Clock } from '../../common/clock.js';
import type { ClientCredentialsAuth } from '../../servers/upstream.js';
import { requestToken, type SendRequest, type TokenEndpoint } from './token-request.js';
import { TokenSource } from './token-source.js';
import type { UpstreamAuthenticator } from './upstream-auth.js';

export interface TokenEndpointParts {
  readonly endpoint: TokenEndpoint;
  readonly send: SendRequest;
  readonly clock: Clock;
}

/** RFC 6749 §4.4: one token of the gateway's own for everybody who calls. */
export function clientCredentialsAuth({ scope, resource }: ClientCredentialsAuth, parts: TokenEndpointParts): UpstreamAuthenticator {
  const { endpoint, send, clock } = parts;
  const source = new TokenSource(() => requestToken(send, endpoint, { grant_type: 'client_credentials', scope, resource }), clock);
  return { headers: () => source.headers(), refused: (headers) => source.refused(headers) };
}
