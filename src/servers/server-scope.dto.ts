import { ApiExtraModels, ApiProperty, ApiPropertyOptional, type ApiPropertyOptions, getSchemaPath } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import {
  ArrayMaxSize,
  IsArray,
  IsBoolean,
  IsOptional,
  IsString,
  Length,
  Matches,
  Validate,
  type ValidationArguments,
  ValidatorConstraint,
  type ValidatorConstraintInterface,
} from 'class-validator';
import type { ArgumentCondition, Permission, Scalar } from './permission.js';
import { findPermissionFault } from './permission-rules.js';

const MAX_PERMISSIONS = 100;

@ValidatorConstraint({ name: 'isPermission' })
class IsPermission implements ValidatorConstraintInterface {
  validate(value: unknown): boolean {
    return findPermissionFault(value) === undefined;
  }

  defaultMessage({ value }: ValidationArguments): string {
    const faults = (value as unknown[]).map(findPermissionFault);
    const index = faults.findIndex((fault) => fault !== undefined);
    return `permissions[${index}]: ${faults[index] ?? ''}`;
  }
}

/** How one argument of a tool must be; for the description of the API. */
export class ArgumentConditionDto implements ArgumentCondition {
  @ApiPropertyOptional({ oneOf: [{ type: 'string' }, { type: 'number' }, { type: 'boolean' }] })
  equals?: Scalar;

  @ApiPropertyOptional({ type: 'array', items: { oneOf: [{ type: 'string' }, { type: 'number' }, { type: 'boolean' }] } })
  oneOf?: Scalar[];

  @ApiPropertyOptional({ example: '/data/', description: 'How a text begins. One that leads out of it again with `..` does not count.' })
  prefix?: string;

  @ApiPropertyOptional({ example: 1 })
  min?: number;

  @ApiPropertyOptional({ example: 100 })
  max?: number;

  @ApiPropertyOptional({ default: false, description: 'Whether the argument may be left out.' })
  optional?: boolean;
}

/** A permission for some arguments of a tool only; for the description of the API. */
@ApiExtraModels(ArgumentConditionDto)
export class ConditionalPermissionDto {
  @ApiProperty({ example: 'tools/call:write_file', description: 'A pattern over tools/call.' })
  permission!: string;

  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: { $ref: getSchemaPath(ArgumentConditionDto) },
    example: { path: { prefix: '/data/' } },
    description: 'Conditions by the name of the argument. Other arguments are free.',
  })
  arguments?: Record<string, ArgumentConditionDto>;

  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: true,
    example: { additionalProperties: false, properties: { path: { type: 'string' } } },
    description: 'JSON Schema 2020-12 of all arguments together, without regular expressions and references.',
  })
  schema?: object;
}

const PERMISSIONS: ApiPropertyOptions = {
  type: 'array',
  items: { oneOf: [{ type: 'string' }, { $ref: getSchemaPath(ConditionalPermissionDto) }] },
  example: ['tools/call:search_*', { permission: 'tools/call:write_file', arguments: { path: { prefix: '/data/' } } }],
  description: 'Patterns over MCP operations, or patterns with conditions on arguments.',
};

@ApiExtraModels(ConditionalPermissionDto)
export class ServerScopeDto {
  @ApiProperty({ example: 'mcp:search', maxLength: 128, description: 'A scope token of RFC 6749 §3.3, unique within the server.' })
  @IsString()
  @Matches(/^[\x21\x23-\x5b\x5d-\x7e]{1,128}$/, { message: 'name must be 1 to 128 visible ASCII characters without " and \\' })
  name!: string;

  @ApiPropertyOptional({ type: String, nullable: true, example: 'Search the documentation', maxLength: 500 })
  @IsOptional()
  @IsString()
  @Length(1, 500)
  description?: string | null;

  @ApiProperty(PERMISSIONS)
  // As they came: the names of arguments are not ours.
  @Transform(({ obj }: { obj: { permissions?: unknown } }) => obj.permissions)
  @IsArray()
  @ArrayMaxSize(MAX_PERMISSIONS)
  @Validate(IsPermission, { each: true })
  permissions!: Permission[];

  @ApiPropertyOptional({ default: false, description: 'Granted to a credential that names no scopes.' })
  @IsOptional()
  @IsBoolean()
  default?: boolean | null;
}

@ApiExtraModels(ConditionalPermissionDto)
export class ServerScopeViewDto {
  @ApiProperty({ example: 'mcp:search' })
  name!: string;

  @ApiProperty({ type: String, nullable: true, example: 'Search the documentation' })
  description!: string | null;

  @ApiProperty(PERMISSIONS)
  permissions!: readonly Permission[];

  @ApiProperty({ example: true, description: 'Granted to a credential that names no scopes.' })
  default!: boolean;
}
