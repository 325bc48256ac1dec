import { Inject, Injectable } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance, FastifyReply, FastifyRequest, HookHandlerDoneFunction } from 'fastify';
import { CONFIG, type Config } from '../config/config.js';
import { routeFamily } from '../protocol/urls.js';
import { OriginPolicy } from './origin.js';

const EXPOSED = 'Mcp-Session-Id, WWW-Authenticate, Retry-After, DPoP-Nonce';
const PREFLIGHT = {
  'access-control-allow-methods': 'GET, POST, DELETE',
  'access-control-max-age': '600',
};
const ALLOWED_HEADERS =
  'Authorization, DPoP, Content-Type, Accept, Last-Event-ID, MCP-Protocol-Version, Mcp-Session-Id, Mcp-Method, Mcp-Name';

/**
 * Checks `Host` and `Origin` of every MCP request before anything of it is read (R-BRR-13), answers preflights, and lets
 * allowed browser origins read the answers, errors included.
 */
@Injectable()
export class OriginService {
  private readonly policy: OriginPolicy;

  constructor(
    @Inject(CONFIG) config: Config,
    private readonly adapterHost: HttpAdapterHost,
  ) {
    this.policy = new OriginPolicy(config.publicUrl, config.allowedOrigins);
  }

  /** Puts the check in front of every MCP route that is registered from now on. */
  install(): void {
    // By route and not by URL: a router finds a route under more spellings than one.
    this.adapterHost.httpAdapter.getInstance<FastifyInstance>().addHook('onRoute', (route) => {
      if (routeFamily(route.url) !== 'mcp') return;
      const others = route.onRequest === undefined ? [] : [route.onRequest].flat();
      route.onRequest = [(request, reply, done) => this.check(request, reply, done), ...others];
    });
  }

  private check(request: FastifyRequest, reply: FastifyReply, done: HookHandlerDoneFunction): void {
    const { headers, socket, method } = request.raw;
    try {
      this.policy.check(headers, socket.localPort);
    } catch (error) {
      done(error as Error);
      return;
    }
    if (headers.origin === undefined) return done();
    reply.header('access-control-allow-origin', headers.origin).header('access-control-expose-headers', EXPOSED).header('vary', 'Origin');
    if (method !== 'OPTIONS' || headers['access-control-request-method'] === undefined) return done();
    reply.code(204).headers(PREFLIGHT).header('access-control-allow-headers', allowedHeaders(headers)).send();
  }
}

/** The wildcard of this header does not cover `Authorization`, and `Mcp-Param-*` are named by each server's tools. */
function allowedHeaders(headers: FastifyRequest['headers']): string {
  const asked = headers['access-control-request-headers'];
  const params = typeof asked === 'string' ? asked.split(',').map((name) => name.trim()) : [];
  return [ALLOWED_HEADERS, ...params.filter((name) => /^mcp-param-[a-z0-9_-]{1,64}$/i.test(name))].join(', ');
}
