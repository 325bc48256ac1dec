import { applyDecorators, SetMetadata } from '@nestjs/common';
import { ApiBasicAuth, ApiCookieAuth, ApiForbiddenResponse, ApiUnauthorizedResponse } from '@nestjs/swagger';

/** What an admin must hold to call a route. `read` is every role, `write` operators and owners, `own` owners only. */
export type AccessLevel = 'read' | 'write' | 'own';

export const ACCESS = 'gatehouse:access';
export const PUBLIC = 'public';

/** Opens a route to callers that are not admins. The route then says itself what it asks of them. */
export const Public = (): MethodDecorator & ClassDecorator => SetMetadata(ACCESS, PUBLIC);

/** Declares which admins may call a route, for the guard and for the OpenAPI description at once. */
export const Authorized = (level: AccessLevel): MethodDecorator & ClassDecorator =>
  applyDecorators(
    SetMetadata(ACCESS, level),
    ApiBasicAuth('admin'),
    ApiCookieAuth('session'),
    ApiUnauthorizedResponse({ description: 'Not signed in as an admin (`unauthorized`).' }),
    ApiForbiddenResponse({ description: 'The role of this admin does not allow it (`forbidden`).' }),
  );
