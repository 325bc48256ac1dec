import { Injectable } from '@nestjs/common';
import { Strategy } from 'passport-strategy';
import type { ServerState } from '../servers/server-state.js';
import { extractToken, LastPresented } from './bearer-token.js';
import type { McpRequest } from './mcp-endpoint.service.js';
import { PossessionCheck } from './possession.js';
import { Authenticator, type Principal } from './principal.js';

/** What an attempt came to; of which passport's strategies say one. */
interface Outcome {
  principal?: Principal;
  fault?: unknown;
}

/**
 * Passport's strategy for access tokens, sent as `Bearer` (RFC 6750) or as `DPoP` (RFC 9449): extracts the one token of a request,
 * verifies it for the server that is called, and has possession proved where the token is bound. Its faults are `OAuthError`s that carry
 * the server's challenge, and go to `error`: no other strategy could do better.
 */
@Injectable()
export class BearerStrategy extends Strategy {
  readonly name = 'bearer';
  private readonly lastPresented = new LastPresented();

  constructor(
    private readonly authenticator: Authenticator,
    private readonly possession: PossessionCheck,
  ) {
    super();
  }

  override authenticate(request: unknown, { server }: { readonly server: ServerState }): void {
    try {
      const principal = this.check(request as McpRequest, server);
      if (!(principal instanceof Promise)) return this.success(principal);
      principal.then(
        (found) => this.success(found),
        (error: unknown) => this.error(error as Error),
      );
    } catch (error) {
      this.error(error as Error);
    }
  }

  /**
   * Makes one attempt, as passport does. At once for a token and a credential in memory: passport's own way to a strategy is made of
   * promises, sessions and redirects that are of no use here, and costs more than all that is checked.
   * @throws {OAuthError} with the challenge of the server.
   */
  attempt(request: McpRequest, server: ServerState): Principal | Promise<Principal> {
    const outcome: Outcome = {};
    let settle: (() => void) | undefined;
    const attempt = Object.create(this) as BearerStrategy;
    attempt.success = (principal: Principal) => {
      outcome.principal = principal;
      settle?.();
    };
    attempt.error = (fault: unknown) => {
      outcome.fault = fault;
      settle?.();
    };
    attempt.authenticate(request, { server });
    if (outcome.principal || outcome.fault !== undefined) return resultOf(outcome);
    return new Promise<void>((resolve) => (settle = resolve)).then(() => resultOf(outcome));
  }

  private check(request: McpRequest, server: ServerState): Principal | Promise<Principal> {
    const { url = '', method = '', headers, rawHeaders, socket } = request.raw;
    const body = Buffer.isBuffer(request.body) ? request.body : undefined;
    // A stream that is open for hours need not keep its header that long.
    const parse = body && this.lastPresented.on(socket);
    const presented = extractToken({ url, headers, rawHeaders, body }, server, parse);
    const evidence = { method, url: calledUrl(request, server), headers, rawHeaders, remoteAddress: socket.remoteAddress };
    const principal = this.authenticator.authenticate(presented, server, request.ip);
    if (!(principal instanceof Promise)) return this.possession.confirm(principal, presented, evidence);
    return principal.then((found) => this.possession.confirm(found, presented, evidence));
  }
}

function resultOf({ principal, fault }: Outcome): Principal {
  if (principal) return principal;
  throw fault;
}

/** The default server answers under its name too, and a proof is for the URL that is called (RFC 9449 §4.2). */
const calledUrl = ({ params: { slug } }: McpRequest, { isDefault, resource }: ServerState): string =>
  isDefault && slug !== undefined ? `${resource}/${slug}` : resource;
