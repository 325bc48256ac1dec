import { ApiExtraModels, ApiProperty, ApiPropertyOptional, getSchemaPath } from '@nestjs/swagger';
import { Transform, Type, type TypeHelpOptions } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsIn,
  IsInt,
  IsObject,
  IsOptional,
  IsString,
  Length,
  Matches,
  Max,
  MaxLength,
  Min,
  Validate,
  ValidateIf,
  ValidateNested,
} from 'class-validator';
import { AreNamedSecrets, AUTH_DTOS, AUTH_VIEWS, NoAuthDto, type UpstreamAuthDto, type UpstreamAuthViewDto } from './upstream-auth.dto.js';
import type { Upstream } from './upstream.js';

export const UPSTREAM_KINDS = ['http', 'stdio', 'docs', 'group'] as const satisfies readonly Upstream['kind'][];

const isSaid = (_: unknown, value: unknown): boolean => value !== undefined;

/** The class for the value of a property whose class depends on one of its own members. */
export function classByMember<T>(member: string, classes: Readonly<Record<string, T>>, otherwise: T) {
  return (help?: TypeHelpOptions): T => {
    const value = (help?.object as Record<string, unknown> | undefined)?.[help?.property ?? ''] as Record<string, unknown> | undefined;
    const name = value?.[member];
    return typeof name === 'string' && Object.hasOwn(classes, name) ? (classes[name] ?? otherwise) : otherwise;
  };
}

@ApiExtraModels(...Object.values(AUTH_DTOS))
export class HttpUpstreamDto {
  @ApiProperty({ enum: ['http'] })
  @IsIn(UPSTREAM_KINDS, { message: `kind must be one of ${UPSTREAM_KINDS.join(', ')}` })
  kind!: 'http';

  @ApiProperty({ example: 'https://mcp.example.com/mcp', maxLength: 1000, description: 'https:, or http: to what EGRESS_ALLOW names.' })
  @ValidateIf(isSaid)
  @IsString()
  @Length(1, 1000)
  url?: string;

  @ApiPropertyOptional({
    oneOf: Object.values(AUTH_DTOS).map((dto) => ({ $ref: getSchemaPath(dto) })),
    description: 'What the gateway presents to it as its own; none if absent. The token of a caller never goes there.',
  })
  @ValidateIf(isSaid)
  @IsObject()
  @ValidateNested()
  @Type(classByMember<new () => UpstreamAuthDto>('type', AUTH_DTOS, NoAuthDto))
  auth?: UpstreamAuthDto;
}

export class StdioUpstreamDto {
  @ApiProperty({ enum: ['stdio'] })
  @IsIn(UPSTREAM_KINDS)
  kind!: 'stdio';

  @ApiProperty({ example: 'memory', maxLength: 64, description: 'A name from STDIO_COMMANDS_FILE.' })
  @ValidateIf(isSaid)
  @IsString()
  @Length(1, 64)
  command?: string;

  @ApiPropertyOptional({ type: [String], nullable: true, example: [], description: 'Added to those that the file gives it.' })
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(50)
  @IsString({ each: true })
  @MaxLength(1000, { each: true })
  @Matches(/^\P{Cc}*$/u, { each: true, message: 'args must not hold control characters' })
  args?: string[] | null;

  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: { type: 'string', nullable: true },
    nullable: true,
    example: { API_KEY: 'upstream-key' },
    writeOnly: true,
    description: 'Environment of the child. Values are sealed, and never read back; names that are absent stay, `null` takes one away.',
  })
  @Transform(({ obj }: { obj: { env?: unknown } }) => obj.env)
  @IsOptional()
  @Validate(AreNamedSecrets)
  env?: Record<string, string | null> | null;
}

export class DocsRepositoryAuthDto {
  @ApiPropertyOptional({
    example: 'git',
    maxLength: 255,
    default: 'git',
    description: 'Hosts that know a token by itself take any; the name of a deploy token, or `x-token-auth` at Bitbucket.',
  })
  @ValidateIf(isSaid)
  @IsString()
  @Matches(/^[\x21-\x39\x3b-\x7e]{1,255}$/, { message: 'username must be 1 to 255 visible ASCII characters without a colon' })
  username?: string;

  @ApiPropertyOptional({
    example: 'access-token',
    maxLength: 4096,
    writeOnly: true,
    description: 'An access token that may read the repository, or a password. Sealed, and never read back.',
  })
  @ValidateIf(isSaid)
  @IsString()
  @Matches(/^[\x21-\x7e]{1,4096}$/, { message: 'token must be 1 to 4096 visible ASCII characters' })
  token?: string;
}

export class DocsRepositoryDto {
  @ApiPropertyOptional({
    example: 'https://git.example.com/docs.git',
    maxLength: 1000,
    description: 'https:, or http: to what EGRESS_ALLOW names. Needed for a new one.',
  })
  @ValidateIf(isSaid)
  @IsString()
  @Length(1, 1000)
  url?: string;

  @ApiPropertyOptional({
    type: String,
    nullable: true,
    example: 'main',
    maxLength: 200,
    description: 'Or a tag; null for the default branch.',
  })
  @IsOptional()
  @IsString()
  @Length(1, 200)
  branch?: string | null;

  @ApiPropertyOptional({
    type: String,
    nullable: true,
    example: 'docs',
    maxLength: 500,
    description: 'The folder of the repository that holds the documentation; null for all of it.',
  })
  @IsOptional()
  @IsString()
  @Length(1, 500)
  @Matches(/^\P{Cc}+$/u, { message: 'path must not hold control characters' })
  path?: string | null;

  @ApiPropertyOptional({
    type: Number,
    nullable: true,
    minimum: 30,
    maximum: 86_400,
    default: 300,
    description: 'From one pull to the next.',
  })
  @IsOptional()
  @IsInt()
  @Min(30)
  @Max(86_400)
  intervalSeconds?: number | null;

  @ApiPropertyOptional({ type: DocsRepositoryAuthDto, nullable: true, description: 'For a repository that asks for it; null for none.' })
  @IsOptional()
  @IsObject()
  @ValidateNested()
  @Type(() => DocsRepositoryAuthDto)
  auth?: DocsRepositoryAuthDto | null;
}

export class DocsUpstreamDto {
  @ApiProperty({ enum: ['docs'] })
  @IsIn(UPSTREAM_KINDS)
  kind!: 'docs';

  @ApiPropertyOptional({
    type: String,
    nullable: true,
    example: 'handbook',
    maxLength: 1000,
    description: 'A folder within DOCS_DIR (a relative path begins there) or one of DOCS_ROOTS; null for DOCS_DIR itself.',
  })
  @IsOptional()
  @IsString()
  @Length(1, 1000)
  @Matches(/^\P{Cc}+$/u, { message: 'dir must not hold control characters' })
  dir?: string | null;

  @ApiPropertyOptional({
    type: DocsRepositoryDto,
    nullable: true,
    description: 'A repository instead of a folder. In a change, what is absent in it stays; null for DOCS_DIR again.',
  })
  @IsOptional()
  @IsObject()
  @ValidateNested()
  @Type(() => DocsRepositoryDto)
  git?: DocsRepositoryDto | null;
}

export class GroupMemberDto {
  @ApiProperty({ example: 'docs', maxLength: 64, description: 'Slug of another server, which is no group.' })
  @IsString()
  @Length(1, 64)
  server!: string;

  @ApiPropertyOptional({
    type: String,
    nullable: true,
    example: 'docs_',
    maxLength: 32,
    description: 'Put before the names of its tools and prompts.',
  })
  @IsOptional()
  @IsString()
  @Matches(/^[A-Za-z0-9_.-]{1,32}$/, { message: 'prefix must be 1 to 32 letters, digits, underscores, dots or hyphens' })
  prefix?: string | null;
}

export class GroupUpstreamDto {
  @ApiProperty({ enum: ['group'] })
  @IsIn(UPSTREAM_KINDS)
  kind!: 'group';

  @ApiProperty({ type: [GroupMemberDto] })
  @ValidateIf(isSaid)
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(50)
  @ValidateNested({ each: true })
  @Type(() => GroupMemberDto)
  members?: GroupMemberDto[];
}

export const UPSTREAM_DTOS = { http: HttpUpstreamDto, stdio: StdioUpstreamDto, docs: DocsUpstreamDto, group: GroupUpstreamDto } as const;

export type UpstreamDto = InstanceType<(typeof UPSTREAM_DTOS)[keyof typeof UPSTREAM_DTOS]>;

@ApiExtraModels(...AUTH_VIEWS)
export class HttpUpstreamViewDto {
  @ApiProperty({ enum: ['http'] })
  kind!: 'http';

  @ApiProperty({ example: 'https://mcp.example.com/mcp' })
  url!: string;

  @ApiProperty({ oneOf: AUTH_VIEWS.map((dto) => ({ $ref: getSchemaPath(dto) })), description: 'Without its secrets.' })
  auth!: UpstreamAuthViewDto;
}

export class StdioUpstreamViewDto {
  @ApiProperty({ enum: ['stdio'] })
  kind!: 'stdio';

  @ApiProperty({ example: 'memory' })
  command!: string;

  @ApiProperty({ type: [String], example: [] })
  args!: readonly string[];

  @ApiProperty({ type: [String], example: ['API_KEY'], description: 'Names only.' })
  envNames!: readonly string[];
}

export class DocsRepositoryAuthViewDto {
  @ApiProperty({ example: 'git' })
  username!: string;

  @ApiProperty({ example: true })
  hasToken!: boolean;
}

export class DocsRepositoryViewDto {
  @ApiProperty({ example: 'https://git.example.com/docs.git' })
  url!: string;

  @ApiProperty({ type: String, nullable: true, example: 'main', description: 'null for the default branch.' })
  branch!: string | null;

  @ApiProperty({ type: String, nullable: true, example: 'docs', description: 'null for the whole repository.' })
  path!: string | null;

  @ApiProperty({ example: 300 })
  intervalSeconds!: number;

  @ApiProperty({ type: DocsRepositoryAuthViewDto, nullable: true, description: 'null where the gateway signs in with nothing.' })
  auth!: DocsRepositoryAuthViewDto | null;
}

export class DocsUpstreamViewDto {
  @ApiProperty({ enum: ['docs'] })
  kind!: 'docs';

  @ApiProperty({ type: String, nullable: true, example: 'handbook', description: 'null for DOCS_DIR, and where there is a repository.' })
  dir!: string | null;

  @ApiProperty({ type: DocsRepositoryViewDto, nullable: true, description: 'Without its secret; null for a folder.' })
  git!: DocsRepositoryViewDto | null;
}

export class GroupMemberViewDto {
  @ApiProperty({ example: 'docs' })
  server!: string;

  @ApiProperty({ type: String, nullable: true, example: 'docs_' })
  prefix!: string | null;
}

export class GroupUpstreamViewDto {
  @ApiProperty({ enum: ['group'] })
  kind!: 'group';

  @ApiProperty({ type: [GroupMemberViewDto] })
  members!: GroupMemberViewDto[];
}

export const UPSTREAM_VIEWS = [HttpUpstreamViewDto, StdioUpstreamViewDto, DocsUpstreamViewDto, GroupUpstreamViewDto] as const;

export type UpstreamViewDto = InstanceType<(typeof UPSTREAM_VIEWS)[number]>;
