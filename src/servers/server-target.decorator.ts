import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { AdminPrincipal } from '../admin/current-admin.decorator.js';
import type { ServerTarget } from './servers.service.js';

/** The server that a route is about, who asks, and the version that they saw (`If-Match`). */
export const TargetServer = createParamDecorator((_: unknown, context: ExecutionContext): ServerTarget => {
  const request = context.switchToHttp().getRequest<FastifyRequest<{ Params: { slug: string } }> & { admin: AdminPrincipal }>();
  return { slug: request.params.slug, actor: request.admin.name, ifMatch: request.headers['if-match'] };
});
