import { applyDecorators } from '@nestjs/common';
import { ApiExtraModels, ApiProperty, ApiPropertyOptional, type ApiPropertyOptions, getSchemaPath } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsOptional, Validate, type ValidationArguments, ValidatorConstraint, type ValidatorConstraintInterface } from 'class-validator';
import { findPermissionFault } from '../servers/permission-rules.js';
import { ConditionalPermissionDto } from '../servers/server-scope.dto.js';

const MAX_SERVERS = 100;
const MAX_PERMISSIONS = 500;
const SLUG = /^[a-z0-9-]{1,64}$/;

/** Why a value does not map slugs to permissions; undefined where it does. */
function findFault(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'permissions must map slugs of servers to permissions';
  const entries = Object.entries(value);
  if (entries.length > MAX_SERVERS) return `permissions may name ${MAX_SERVERS} servers`;
  for (const [slug, permissions] of entries) {
    const fault = SLUG.test(slug) ? findListFault(permissions) : 'is no slug';
    if (fault !== undefined) return `permissions: ${slug.slice(0, 64)} ${fault}`;
  }
  return undefined;
}

function findListFault(permissions: unknown): string | undefined {
  if (!Array.isArray(permissions) || permissions.length === 0 || permissions.length > MAX_PERMISSIONS) {
    return `needs 1 to ${MAX_PERMISSIONS} permissions: to keep it from a server, take the server out`;
  }
  const at = permissions.findIndex((permission) => findPermissionFault(permission) !== undefined);
  return at === -1 ? undefined : `[${at}]: ${findPermissionFault(permissions[at]) ?? ''}`;
}

@ValidatorConstraint({ name: 'areCredentialPermissions' })
class AreCredentialPermissions implements ValidatorConstraintInterface {
  validate(value: unknown): boolean {
    return findFault(value) === undefined;
  }

  defaultMessage({ value }: ValidationArguments): string {
    return findFault(value) ?? '';
  }
}

const SHAPE: ApiPropertyOptions = {
  type: 'object',
  additionalProperties: {
    type: 'array',
    items: { oneOf: [{ type: 'string' }, { $ref: getSchemaPath(ConditionalPermissionDto) }] },
  },
  nullable: true,
};

/** What narrows a credential, by the slug of a server, as an admin says it. */
export const CredentialPermissions = (): PropertyDecorator =>
  applyDecorators(
    ApiPropertyOptional({
      ...SHAPE,
      example: { docs: ['tools/call:search_docs'] },
      description:
        'By the slug of a server: it may do no more than this there, whatever its scopes give. A server that is not named is not narrowed; null takes all of it away.',
    }),
    // As it came: slugs and the names of arguments are not ours.
    Transform(({ obj }: { obj: { permissions?: unknown } }) => obj.permissions),
    IsOptional(),
    Validate(AreCredentialPermissions),
  );

/** The same, as an admin reads it. */
export const CredentialPermissionsView = (): PropertyDecorator =>
  applyDecorators(ApiProperty({ ...SHAPE, example: null, description: 'What narrows it, by the slug of a server; null for nothing.' }));

/** For a class that has one of the two: the schemas that they refer to. */
export const CredentialPermissionsModels = (): ClassDecorator => ApiExtraModels(ConditionalPermissionDto);
