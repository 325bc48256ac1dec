import { ApiExtraModels, ApiProperty, ApiPropertyOptional, getSchemaPath, OmitType, PartialType } from '@nestjs/swagger';
import { Transform, Type } from 'class-transformer';
import {
  ArrayMaxSize,
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsObject,
  IsOptional,
  IsString,
  Length,
  Matches,
  Max,
  Min,
  ValidateIf,
  ValidateNested,
} from 'class-validator';
import { MAX_TOKEN_TTL } from '../tokens/claims.js';
import type { Access } from './server.entity.js';
import { ServerScopeDto, ServerScopeViewDto } from './server-scope.dto.js';
import { classByMember, HttpUpstreamDto, UPSTREAM_DTOS, UPSTREAM_VIEWS, type UpstreamDto, type UpstreamViewDto } from './upstream.dto.js';
import type { ServerLimits } from './upstream.js';

export const ACCESSES = ['authenticated', 'public', 'both'] as const satisfies readonly Access[];
const A_BILLION = 1_000_000_000;

const trim = ({ value }: { value: unknown }): unknown => (typeof value === 'string' ? value.trim() : value);
const isSaid = (_: unknown, value: unknown): boolean => value !== undefined;

const Limit = (max: number, description: string): PropertyDecorator => {
  const decorators = [
    ApiPropertyOptional({ type: Number, nullable: true, minimum: 1, maximum: max, description }),
    IsOptional(),
    IsInt(),
    Min(1),
    Max(max),
  ];
  return (target, key) => decorators.forEach((decorate) => decorate(target, key));
};

/** How much of a server its callers may use. */
export class ServerLimitsDto {
  @Limit(A_BILLION, 'Messages of one credential in an hour.')
  perCredential?: number | null;

  @Limit(A_BILLION, 'Calls of one tool by one credential in an hour.')
  perTool?: number | null;

  @Limit(A_BILLION, 'Messages of one address in an hour, on the public face.')
  perAddress?: number | null;

  @Limit(10_000, 'Calls of one credential that run at the same time.')
  concurrentCalls?: number | null;

  @Limit(10_000, 'Event streams of one credential that are open at the same time.')
  openStreams?: number | null;

  @Limit(600, 'Seconds until the upstream must have begun to answer, and again between two parts of an answer.')
  timeoutSeconds?: number | null;
}

@ApiExtraModels(...Object.values(UPSTREAM_DTOS))
export class CreateServerDto {
  @ApiProperty({
    example: 'files',
    maxLength: 64,
    description: 'Its place in URLs, for good: lower-case letters, digits and hyphens. Names of OAuth endpoints are reserved.',
  })
  @IsString()
  @Matches(/^[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?$/, { message: 'slug must be 1 to 64 lower-case letters, digits and hyphens within' })
  slug!: string;

  @ApiProperty({ example: 'Files', maxLength: 120 })
  @Transform(trim)
  @ValidateIf(isSaid)
  @IsString()
  @Length(1, 120)
  @Matches(/^\P{Cc}+$/u, { message: 'name must not hold control characters' })
  name!: string;

  @ApiPropertyOptional({ type: String, nullable: true, example: 'Files of the build', maxLength: 2000 })
  @Transform(trim)
  @IsOptional()
  @IsString()
  @Length(1, 2000)
  description?: string | null;

  @ApiPropertyOptional({ enum: ACCESSES, default: 'authenticated', description: '`public`: at /mcp without a token. `both`: at either.' })
  @ValidateIf(isSaid)
  @IsIn(ACCESSES)
  access?: Access;

  @ApiProperty({
    oneOf: Object.values(UPSTREAM_DTOS).map((dto) => ({ $ref: getSchemaPath(dto) })),
    example: { kind: 'http', url: 'https://mcp.example.com/mcp', auth: { type: 'bearer', token: 'upstream-token' } },
    description: 'Where its messages go.',
  })
  @IsObject()
  @ValidateNested()
  @Type(classByMember<new () => UpstreamDto>('kind', UPSTREAM_DTOS, HttpUpstreamDto))
  upstream!: UpstreamDto;

  @ApiPropertyOptional({ type: [ServerScopeDto], description: 'Without any, nobody gets a token for it.' })
  @ValidateIf(isSaid)
  @IsArray()
  @ArrayMaxSize(100)
  @ValidateNested({ each: true })
  @Type(() => ServerScopeDto)
  scopes?: ServerScopeDto[];

  @ApiPropertyOptional({ type: ServerLimitsDto, nullable: true })
  @IsOptional()
  @IsObject()
  @ValidateNested()
  @Type(() => ServerLimitsDto)
  limits?: ServerLimitsDto | null;

  @ApiPropertyOptional({
    type: Number,
    nullable: true,
    example: 3600,
    minimum: 60,
    maximum: MAX_TOKEN_TTL,
    description: 'Lifetime of its tokens in seconds; null for TOKEN_TTL.',
  })
  @IsOptional()
  @IsInt()
  @Min(60)
  @Max(MAX_TOKEN_TTL)
  tokenTtl?: number | null;

  @ApiPropertyOptional({ default: false, description: 'Whether it is the one at /authed/mcp and /mcp. `true` moves that here.' })
  @ValidateIf(isSaid)
  @IsBoolean()
  isDefault?: boolean;
}

/**
 * What can be changed. As in a JSON merge patch (RFC 7396), what is absent stays, `null` takes away and lists are replaced; an
 * upstream of another kind, or auth of another type, starts anew.
 */
export class UpdateServerDto extends PartialType(OmitType(CreateServerDto, ['slug', 'upstream', 'name']), { skipNullProperties: false }) {
  @ApiPropertyOptional({ example: 'Files', maxLength: 120 })
  @Transform(trim)
  @ValidateIf(isSaid)
  @IsString()
  @Length(1, 120)
  @Matches(/^\P{Cc}+$/u, { message: 'name must not hold control characters' })
  name?: string;

  @ApiPropertyOptional({
    oneOf: Object.values(UPSTREAM_DTOS).map((dto) => ({ $ref: getSchemaPath(dto) })),
    example: { kind: 'http', auth: { type: 'bearer', token: 'next-token' } },
    description: 'Always with its kind. Secrets that are absent stay, unless its host changes.',
  })
  @ValidateIf(isSaid)
  @IsObject()
  @ValidateNested()
  @Type(classByMember<new () => UpstreamDto>('kind', UPSTREAM_DTOS, HttpUpstreamDto))
  upstream?: UpstreamDto;
}

export class DeleteServerQueryDto {
  @ApiPropertyOptional({
    enum: ['true', 'false'],
    default: 'false',
    description: '`true` takes it out of the credentials and groups that name it; else they keep it from being deleted.',
  })
  @IsOptional()
  @IsIn(['true', 'false'])
  detach?: 'true' | 'false';
}

/** How a server does, as this process sees it. */
export class ServerHealthDto {
  @ApiProperty({ enum: ['up', 'down', 'unknown'], example: 'up' })
  status!: 'up' | 'down' | 'unknown';

  @ApiProperty({ type: String, nullable: true, format: 'date-time', example: '2026-11-22T10:00:00.000Z', description: 'Since when.' })
  since!: string | null;

  @ApiProperty({ type: String, nullable: true, format: 'date-time', example: '2026-11-22T10:05:00.000Z' })
  checkedAt!: string | null;

  @ApiProperty({ type: String, nullable: true, example: null, description: 'What went wrong last.' })
  lastError!: string | null;

  @ApiProperty({
    type: String,
    enum: ['closed', 'open', 'half-open'],
    nullable: true,
    example: 'closed',
    description: 'Its circuit breaker; `open`: nothing is sent to it for a while. null where it has none.',
  })
  breaker!: 'closed' | 'open' | 'half-open' | null;
}

@ApiExtraModels(...UPSTREAM_VIEWS)
export class ServerDto {
  @ApiProperty({ example: 'docs' })
  slug!: string;

  @ApiProperty({ example: 'Documentation' })
  name!: string;

  @ApiProperty({ type: String, nullable: true, example: null })
  description!: string | null;

  @ApiProperty({ enum: ACCESSES, example: 'both' })
  access!: Access;

  @ApiProperty({
    oneOf: UPSTREAM_VIEWS.map((dto) => ({ $ref: getSchemaPath(dto) })),
    example: { kind: 'docs', dir: null, git: null },
    description: 'Where its messages go. Never holds a secret: `hasToken` and the like say that there is one.',
  })
  upstream!: UpstreamViewDto;

  @ApiProperty({ type: [ServerScopeViewDto] })
  scopes!: ServerScopeViewDto[];

  @ApiProperty({ type: ServerLimitsDto, example: {}, description: 'Only what is set.' })
  limits!: ServerLimits;

  @ApiProperty({ type: Number, nullable: true, example: null, description: 'Token lifetime in seconds; null for TOKEN_TTL.' })
  tokenTtl!: number | null;

  @ApiProperty({ example: true, description: 'Whether it is the one at /authed/mcp and /mcp.' })
  isDefault!: boolean;

  @ApiProperty({ example: 'https://docs.example.com/authed/mcp', description: 'Its canonical URL, the audience of tokens for it.' })
  resource!: string;

  @ApiProperty({ type: ServerHealthDto })
  health!: ServerHealthDto;

  @ApiProperty({ type: [String], example: [], description: 'What works, and is perhaps not meant.' })
  warnings!: string[];

  @ApiProperty({ format: 'date-time', example: '2026-11-22T10:00:00.000Z' })
  createdAt!: string;

  @ApiProperty({ format: 'date-time', example: '2026-11-22T10:00:00.000Z' })
  updatedAt!: string;
}

export class ServerPageDto {
  @ApiProperty({ type: [ServerDto] })
  items!: ServerDto[];

  @ApiProperty({ type: String, nullable: true, example: null, description: 'Send it as `cursor` to read on; null at the end.' })
  nextCursor!: string | null;
}
