import { ApiExtraModels, ApiProperty, ApiPropertyOptional, getSchemaPath } from '@nestjs/swagger';
import { Transform, Type } from 'class-transformer';
import {
  ArrayMaxSize,
  IsArray,
  IsInt,
  IsObject,
  IsOptional,
  IsString,
  Length,
  Matches,
  Max,
  MaxLength,
  Min,
  ValidateNested,
} from 'class-validator';
import type { Permission } from '../servers/permission.js';
import { ConditionalPermissionDto } from '../servers/server-scope.dto.js';
import { ServerProblemDto } from './server-test.dto.js';

const PERMISSION = {
  oneOf: [{ type: 'string' }, { $ref: getSchemaPath(ConditionalPermissionDto) }],
  example: 'tools/call:read_*',
};

export class OperationDto {
  @ApiProperty({ example: 'tools/call', maxLength: 128 })
  @IsString()
  @Length(1, 128)
  method!: string;

  @ApiPropertyOptional({ example: 'read_file', maxLength: 2048, description: 'Name of the tool or prompt, URI of the resource.' })
  @IsOptional()
  @IsString()
  @MaxLength(2048)
  target?: string;

  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: true,
    example: { path: '/data/a.txt' },
    description: 'Arguments of a tool. Absent: whether there are some with which it may be called.',
  })
  @Transform(({ obj }: { obj: { arguments?: unknown } }) => obj.arguments)
  @IsOptional()
  @IsObject()
  arguments?: Record<string, unknown>;
}

export class SimulateDto {
  @ApiProperty({ example: 'files', description: 'Slug of the server.' })
  @IsString()
  @Length(1, 64)
  server!: string;

  @ApiProperty({ type: OperationDto })
  @IsObject()
  @ValidateNested()
  @Type(() => OperationDto)
  operation!: OperationDto;

  @ApiPropertyOptional({
    type: [String],
    example: ['files:read'],
    description: 'What its token was asked for with; absent for a token asked for with nothing.',
  })
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(100)
  @IsString({ each: true })
  @Matches(/^[\x21\x23-\x5b\x5d-\x7e]{1,128}$/, { each: true, message: 'scopes must be scope tokens' })
  scopes?: string[];
}

export const DECISIONS = ['allowed', 'insufficient_scope', 'arguments_refused', 'hidden', 'no_token'] as const;

@ApiExtraModels(ConditionalPermissionDto)
export class UnmetDto {
  @ApiProperty({ type: String, nullable: true, example: 'files:write', description: 'null for the permissions of the credential itself.' })
  scope!: string | null;

  @ApiProperty(PERMISSION)
  permission!: Permission;

  @ApiProperty({ example: 'the argument path must begin with "/data/"' })
  reason!: string;
}

export class SimulationDto {
  @ApiProperty({ example: false })
  allowed!: boolean;

  @ApiProperty({
    enum: DECISIONS,
    example: 'insufficient_scope',
    description:
      '`insufficient_scope`: a scope that it may have would do. `arguments_refused`: the tool, but not with these arguments. ' +
      '`hidden`: no scope that it may have would do, so that the target looks like one that does not exist. `no_token`: it gets no token for this server.',
  })
  decision!: (typeof DECISIONS)[number];

  @ApiProperty({ example: 'The scope files:read of its token does not cover tools/call delete_file; files:write would.' })
  reason!: string;

  @ApiProperty({ type: [String], example: ['files:read'], description: 'What its token would hold.' })
  scopes!: readonly string[];

  @ApiProperty({ type: String, nullable: true, example: null, description: 'The scope that allows it.' })
  scope!: string | null;

  @ApiProperty({ ...PERMISSION, nullable: true, example: null, description: 'The permission of that scope.' })
  permission!: Permission | null;

  @ApiProperty({ type: [String], example: ['files:write'], description: 'The scopes to ask for instead.' })
  missingScopes!: readonly string[];

  @ApiProperty({ type: [UnmetDto], description: 'Permissions that fail by their conditions alone.' })
  unmet!: UnmetDto[];

  @ApiProperty({
    type: Number,
    nullable: true,
    example: 403,
    description: 'Status of the answer that it would get; null where that is up to the upstream.',
  })
  status!: number | null;

  @ApiProperty({
    type: String,
    nullable: true,
    example: 'Bearer error="insufficient_scope", …',
    description: 'WWW-Authenticate of that answer.',
  })
  challenge!: string | null;

  @ApiProperty({ example: false, description: 'Whether it is allowed only because the credential is in observe mode.' })
  observed!: boolean;
}

@ApiExtraModels(ConditionalPermissionDto)
export class AccessItemDto {
  @ApiProperty({ example: 'read_file', description: 'A name, a URI or a URI template.' })
  name!: string;

  @ApiProperty({ type: String, nullable: true, example: 'Read a file' })
  title!: string | null;

  @ApiProperty({ example: 'files:read', description: 'The first scope that gives it.' })
  scope!: string;

  @ApiProperty(PERMISSION)
  permission!: Permission;

  @ApiProperty({ example: true, description: 'Whether a token asked for with nothing gives it; else its scope must be asked for.' })
  byDefault!: boolean;
}

export class ServerAccessDto {
  @ApiProperty({ example: 'files' })
  server!: string;

  @ApiProperty({ example: 'Files' })
  name!: string;

  @ApiProperty({ example: 'https://docs.example.com/authed/mcp/files' })
  resource!: string;

  @ApiProperty({ type: [String], example: ['files:read', 'files:write'], description: 'Every scope that it can be granted.' })
  scopes!: readonly string[];

  @ApiProperty({ type: [String], example: ['files:read'], description: 'What a token asked for with nothing holds.' })
  defaultScopes!: readonly string[];

  @ApiProperty({
    type: 'array',
    items: PERMISSION,
    nullable: true,
    example: null,
    description: 'What narrows the credential itself on this server; null where its scopes alone decide.',
  })
  permissions!: Permission[] | null;

  @ApiProperty({ type: [AccessItemDto] })
  tools!: AccessItemDto[];

  @ApiProperty({ type: [AccessItemDto] })
  prompts!: AccessItemDto[];

  @ApiProperty({ type: [AccessItemDto] })
  resources!: AccessItemDto[];

  @ApiProperty({ type: [AccessItemDto] })
  resourceTemplates!: AccessItemDto[];

  @ApiProperty({ example: 3, description: 'How many of the things that it has are hidden from this credential.' })
  hidden!: number;

  @ApiProperty({ example: false, description: 'Whether the server has more than were looked at.' })
  isCut!: boolean;

  @ApiProperty({ type: [ServerProblemDto], description: 'Why lists are missing.' })
  problems!: ServerProblemDto[];
}

export class AccessDto {
  @ApiProperty({ type: [ServerAccessDto], description: 'Server by server, as the credential names them.' })
  servers!: ServerAccessDto[];

  @ApiProperty({
    type: [String],
    example: [],
    description: 'Why it has none of it at the moment: disabled, expired; or more than this: observe mode.',
  })
  warnings!: string[];
}

export class SuggestionQueryDto {
  @ApiPropertyOptional({ type: 'integer', default: 30, minimum: 1, maximum: 365, description: 'How far to look back.' })
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(365)
  days?: number;
}

export class SuggestedPermissionDto {
  @ApiProperty({ example: 'tools/call:read_file' })
  permission!: string;

  @ApiProperty({ example: 412, description: 'How often it was needed.' })
  calls!: number;

  @ApiProperty({ type: [String], example: ['read_file'], description: 'Targets that it stands for, the most needed first; at most ten.' })
  targets!: string[];

  @ApiProperty({ type: [String], example: ['files:read'], description: 'Scopes of the server that give it already.' })
  coveredBy!: string[];
}

export class ServerSuggestionDto {
  @ApiProperty({ example: 'files' })
  server!: string;

  @ApiProperty({ type: [SuggestedPermissionDto] })
  permissions!: SuggestedPermissionDto[];

  @ApiProperty({
    type: [String],
    example: ['files:read'],
    description: 'Scopes of the server, as few as possible, that would do; empty where they would not.',
  })
  scopes!: string[];

  @ApiProperty({ example: 412, description: 'Calls that were looked at.' })
  calls!: number;

  @ApiProperty({ example: 3, description: 'Those of them that were allowed in observe mode only.' })
  observed!: number;
}

export class SuggestionDto {
  @ApiProperty({ format: 'date-time', example: '2026-11-22T10:00:00.000Z', description: 'Events from here on were looked at.' })
  from!: string;

  @ApiProperty({ type: [ServerSuggestionDto] })
  servers!: ServerSuggestionDto[];

  @ApiProperty({ example: false, description: 'Whether there were more different targets than were looked at.' })
  isCut!: boolean;
}
