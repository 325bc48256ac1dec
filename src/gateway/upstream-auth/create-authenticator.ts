import type { Clock } from '../../common/clock.js';
import { MCP_CODE, McpError } from '../../protocol/mcp-error.js';
import type { ServerState } from '../../servers/server-state.js';
import type { UpstreamAuth, UpstreamSecrets } from '../../servers/upstream.js';
import { clientCredentialsAuth } from './client-credentials-auth.js';
import { NO_AUTH } from './no-auth.js';
import { staticAuth } from './static-auth.js';
import { TokenExchangeAuthenticator, type TokenExchangeParts } from './token-exchange-auth.js';
import type { SendRequest } from './token-request.js';
import type { UpstreamAuthenticator } from './upstream-auth.js';

export interface AuthenticatorParts {
  readonly send: SendRequest;
  readonly clock: Clock;
  readonly issueSubject: TokenExchangeParts['issueSubject'];
}

/** What the gateway presents to the upstream of a server. Other kinds than `http` are signed in to by nobody. */
export function createAuthenticator({ slug, upstream, openSecrets }: ServerState, parts: AuthenticatorParts): UpstreamAuthenticator {
  if (upstream.kind !== 'http') return NO_AUTH;
  try {
    return create(upstream.auth, openSecrets(), parts);
  } catch (cause) {
    // Sealed under another MASTER_KEY: every call says so, and the other servers work.
    const detail = `The secrets of the upstream of ${slug} cannot be opened: write them again, or start with the MASTER_KEY that sealed them`;
    return failing(() => new McpError(502, MCP_CODE.internalError, 'The upstream cannot be signed in to.', { detail, cause }));
  }
}

function create(auth: UpstreamAuth, secrets: UpstreamSecrets, { send, clock, issueSubject }: AuthenticatorParts): UpstreamAuthenticator {
  switch (auth.type) {
    case 'none':
      return NO_AUTH;
    case 'bearer':
      return staticAuth({ authorization: `Bearer ${required(secrets.token)}` });
    case 'headers':
      return staticAuth(required(secrets.headers));
    case 'client_credentials':
    case 'token_exchange': {
      const { tokenUrl, clientId } = auth;
      const endpoint = { tokenUrl, clientId, clientSecret: required(secrets.clientSecret) };
      if (auth.type === 'client_credentials') return clientCredentialsAuth(auth, { endpoint, send, clock });
      return new TokenExchangeAuthenticator(auth, { endpoint, send, clock, issueSubject });
    }
  }
}

function required<T>(secret: T | undefined): T {
  if (secret === undefined) throw new Error('A secret is missing');
  return secret;
}

const failing = (error: () => McpError): UpstreamAuthenticator => ({
  headers: () => Promise.reject(error()),
  refused: () => false,
});
