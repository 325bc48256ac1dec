import type { Exchange } from '../../protocol/exchange.js';
import type { ServerState } from '../../servers/server-state.js';

/** What the gateway presents to an upstream as its own. */
export interface UpstreamAuthenticator {
  /** The headers to add; at once where they are in memory. @throws {McpError} 502 where they cannot be had. */
  headers(exchange: Exchange): Readonly<Record<string, string>> | Promise<Readonly<Record<string, string>>>;
  /** The upstream answered 401 to these headers. Whether another try with new ones makes sense. */
  refused(headers: Readonly<Record<string, string>>): boolean;
}

/** Makes the authenticator of a server. */
export type OpenAuthenticator = (server: ServerState) => UpstreamAuthenticator;

/** Injection token of the {@link OpenAuthenticator}. */
export const OPEN_AUTHENTICATOR = Symbol('OPEN_AUTHENTICATOR');
