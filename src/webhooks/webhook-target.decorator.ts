import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { AdminPrincipal } from '../admin/current-admin.decorator.js';
import type { WebhookTarget } from './webhooks.service.js';

/** The webhook that a route is about, who asks, and the version that they saw (`If-Match`). */
export const TargetWebhook = createParamDecorator((_: unknown, context: ExecutionContext): WebhookTarget => {
  const request = context.switchToHttp().getRequest<FastifyRequest<{ Params: { id: string } }> & { admin: AdminPrincipal }>();
  return { id: request.params.id, actor: request.admin.name, ifMatch: request.headers['if-match'] };
});
