import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { AdminPrincipal } from '../admin/current-admin.decorator.js';
import type { Target } from './credentials.service.js';

/** The credential that a route is about, who asks, and the version that they saw (`If-Match`). */
export const CredentialTarget = createParamDecorator((_: unknown, context: ExecutionContext): Target => {
  const request = context.switchToHttp().getRequest<FastifyRequest<{ Params: { id: string } }> & { admin: AdminPrincipal }>();
  return { id: request.params.id, actor: request.admin.name, ifMatch: request.headers['if-match'] };
});
