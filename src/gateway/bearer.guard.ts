import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { OAuthError } from '../protocol/oauth-error.js';
import type { ServerState } from '../servers/server-state.js';
import { DpopVerifier } from '../tokens/possession/dpop-proof.js';
import { Admission } from './admission.service.js';
import { BearerStrategy } from './bearer.strategy.js';
import { CallRecorder } from './call-recorder.js';
import type { McpRequest } from './mcp-endpoint.service.js';
import type { Principal } from './principal.js';

/** Lets a request to the protected face through with a principal, or ends it with the challenge of its server. */
@Injectable()
export class BearerGuard implements CanActivate {
  constructor(
    private readonly admission: Admission,
    private readonly strategy: BearerStrategy,
    private readonly recorder: CallRecorder,
    private readonly dpop: DpopVerifier,
  ) {}

  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const http = context.switchToHttp();
    const request = http.getRequest<McpRequest>();
    const server = this.admission.admit('authenticated', request.params.slug);
    try {
      const principal = this.strategy.attempt(request, server);
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

  private refuse(error: unknown, request: McpRequest, server: ServerState): never {
    if (!asksForNonce(error)) this.recorder.refusedToken(server, request.ip, error);
    throw error;
  }
}

/** Part of how a nonce is handed out, again and again, and no refusal (RFC 9449 §9). */
const asksForNonce = (error: unknown): boolean => error instanceof OAuthError && error.code === 'use_dpop_nonce';
