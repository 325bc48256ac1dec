import { LRUCache } from 'lru-cache';
import type { Caller, Exchange } from '../../protocol/exchange.js';
import type { TokenExchangeAuth } from '../../servers/upstream.js';
import { GATEWAY } from '../gateway-caller.js';
import type { TokenEndpointParts } from './client-credentials-auth.js';
import { requestToken, TokenRequestError } from './token-request.js';
import { type Headers, TokenSource } from './token-source.js';
import type { UpstreamAuthenticator } from './upstream-auth.js';

const GRANT = 'urn:ietf:params:oauth:grant-type:token-exchange';
const JWT = 'urn:ietf:params:oauth:token-type:jwt';
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token';
/** Callers whose tokens are kept. */
const MAX_SOURCES = 5000;

export interface TokenExchangeParts extends TokenEndpointParts {
  /** A statement of ours that a client calls, for one token endpoint. */
  readonly issueSubject: (clientId: string, audience: string) => string;
}

/**
 * RFC 8693: a token for each caller, in exchange for our word that it calls. Its own token never leaves the gateway. Where the
 * gateway asks for its own sake (what the upstream speaks, how it does), it does so with `client_credentials`.
 */
export class TokenExchangeAuthenticator implements UpstreamAuthenticator {
  private readonly sources = new LRUCache<string, TokenSource>({ max: MAX_SOURCES });
  /** Whose headers they are: an authenticator is told of refused headers without who sent them. */
  private readonly owners = new WeakMap<Headers, TokenSource>();

  private readonly own: TokenSource;

  constructor(
    private readonly settings: TokenExchangeAuth,
    private readonly parts: TokenExchangeParts,
  ) {
    const { send, endpoint, clock } = parts;
    const { scope, resource } = settings;
    this.own = new TokenSource(() => requestToken(send, endpoint, { grant_type: 'client_credentials', scope, resource }), clock);
  }

  headers({ caller }: Pick<Exchange, 'caller'>): Headers | Promise<Headers> {
    const source = this.sourceFor(caller);
    const headers = source.headers();
    return headers instanceof Promise ? headers.then((made) => this.note(made, source)) : this.note(headers, source);
  }

  refused(headers: Headers): boolean {
    return this.owners.get(headers)?.refused(headers) ?? true;
  }

  private note(headers: Headers, source: TokenSource): Headers {
    this.owners.set(headers, source);
    return headers;
  }

  private sourceFor({ owner, clientId }: Caller): TokenSource {
    if (owner === GATEWAY.owner) return this.own;
    if (clientId === undefined) throw new TokenRequestError('There is nobody on whose behalf a token could be asked for');
    return this.sourceOf(clientId);
  }

  private sourceOf(clientId: string): TokenSource {
    const known = this.sources.get(clientId);
    if (known) return known;
    const { send, endpoint, clock, issueSubject } = this.parts;
    const { scope, resource, audience } = this.settings;
    const source = new TokenSource(() => {
      const subject = { subject_token: issueSubject(clientId, endpoint.tokenUrl), subject_token_type: JWT };
      return requestToken(send, endpoint, { grant_type: GRANT, ...subject, requested_token_type: ACCESS_TOKEN, scope, resource, audience });
    }, clock);
    this.sources.set(clientId, source);
    return source;
  }
}
