import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { SessionState } from './sessions/session-directory.service.js';
import type { Role } from './admin.entity.js';

/** Who is signed in to the admin API: a person, or a script by its key. */
export interface AdminPrincipal {
  readonly id: string;
  /** How the audit trail names it. */
  readonly name: string;
  readonly role: Role;
  readonly kind: 'admin' | 'key';
  /** Where a session's cookie vouches for the request. */
  readonly session?: SessionState;
}

export const CurrentAdmin = createParamDecorator(
  (_: unknown, context: ExecutionContext): AdminPrincipal => context.switchToHttp().getRequest<{ admin: AdminPrincipal }>().admin,
);
