import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { OAuthError } from '../protocol/oauth-error.js';
import type { ServerState } from '../servers/server-state.js';
import { DpopVerifier } from '../tokens/possession/dpop-proof.js';
import { Admission } from './admission.service.js';
import { extractToken, LastPresented } from './bearer-token.js';
import { CallRecorder } from './call-recorder.js';
import type { McpRequest } from './mcp-endpoint.service.js';
import { PossessionCheck } from './possession.js';
import { Authenticator, type Principal } from './principal.js';

/**
 * Lets a request to the protected face through with a principal, or ends it with the challenge of its server. Access tokens come
 * as `Bearer` (RFC 6750) or as `DPoP` (RFC 9449). At once for a token and a credential in memory: the way through a strategy of
 * passport would cost more than all that is checked here.
 */
@Injectable()
export class BearerGuard implements CanActivate {
  private readonly lastPresented = new LastPresented();

  constructor(
    private readonly admission: Admission,
    private readonly authenticator: Authenticator,
    private readonly possession: PossessionCheck,
    private readonly recorder: CallRecorder,
    private readonly dpop: DpopVerifier,
  ) {}

  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const http = context.switchToHttp();
    const request = http.getRequest<McpRequest>();
    const server = this.admission.admit('authenticated', request.params.slug);
    try {
      const principal = this.authenticate(request, server);
      if (!(principal instanceof Promise)) return this.admit(principal, request, http.getResponse());
      return principal.then(
        (found) => this.admit(found, request, http.getResponse()),
        (error: unknown) => this.refuse(error, request, server),
      );
    } catch (error) {
      return this.refuse(error, request, server);
    }
  }

  /** With the answer to a good proof comes the nonce for the next one, where proofs need any (RFC 9449 §8.2, §9). */
  private admit(principal: Principal, request: McpRequest, reply: FastifyReply): true {
    request.principal = principal;
    const nonce = principal.claims.cnf?.jkt === undefined ? undefined : this.dpop.nextNonce;
    if (nonce !== undefined) reply.header('dpop-nonce', nonce);
    return true;
  }

  private authenticate(request: McpRequest, server: ServerState): Principal | Promise<Principal> {
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

  private refuse(error: unknown, request: McpRequest, server: ServerState): never {
    if (!asksForNonce(error)) this.recorder.refusedToken(server, request.ip, error);
    throw error;
  }
}

/** The default server answers under its name too, and a proof is for the URL that is called (RFC 9449 §4.2). */
const calledUrl = ({ params: { slug } }: McpRequest, { isDefault, resource }: ServerState): string =>
  isDefault && slug !== undefined ? `${resource}/${slug}` : resource;

/** Part of how a nonce is handed out, again and again, and no refusal (RFC 9449 §9). */
const asksForNonce = (error: unknown): boolean => error instanceof OAuthError && error.code === 'use_dpop_nonce';
