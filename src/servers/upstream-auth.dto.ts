import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import {
  IsIn,
  IsOptional,
  IsString,
  Length,
  Matches,
  MaxLength,
  Validate,
  ValidateIf,
  ValidatorConstraint,
  type ValidatorConstraintInterface,
} from 'class-validator';
import type { UpstreamAuth } from './upstream.js';

export const AUTH_TYPES = [
  'none',
  'bearer',
  'headers',
  'client_credentials',
  'token_exchange',
] as const satisfies readonly UpstreamAuth['type'][];

const MAX_SECRET = 4096;
const MAX_NAMED = 20;
/** What a header can carry (RFC 9110 §5.5), less what lies beyond ASCII. */
const HEADER_VALUE = /^[\x21-\x7e]([\x20-\x7e\t]*[\x21-\x7e])?$/;
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]+( [\x21\x23-\x5b\x5d-\x7e]+)*$/;

/** Names with values that are secrets: written, never read back. `null` takes one away. */
@ValidatorConstraint({ name: 'areNamedSecrets' })
export class AreNamedSecrets implements ValidatorConstraintInterface {
  validate(value: unknown): boolean {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
    const entries = Object.entries(value);
    return entries.length <= MAX_NAMED && entries.every(([name, secret]) => name.length <= 128 && isSecret(secret));
  }

  defaultMessage(): string {
    return `$property must map up to ${MAX_NAMED} names to values of printable ASCII, 1 to ${MAX_SECRET} characters each, or to null`;
  }
}

const isSecret = (value: unknown): boolean =>
  value === null || (typeof value === 'string' && value.length <= MAX_SECRET && HEADER_VALUE.test(value));

const isSaid = (_: unknown, value: unknown): boolean => value !== undefined;

export class NoAuthDto {
  @ApiProperty({ enum: ['none'] })
  @IsIn(AUTH_TYPES, { message: `type must be one of ${AUTH_TYPES.join(', ')}` })
  type!: 'none';
}

export class BearerAuthDto {
  @ApiProperty({ enum: ['bearer'] })
  @IsIn(AUTH_TYPES)
  type!: 'bearer';

  @ApiPropertyOptional({ example: 'upstream-token', maxLength: MAX_SECRET, writeOnly: true, description: 'Sealed, and never read back.' })
  @ValidateIf(isSaid)
  @IsString()
  @Length(1, MAX_SECRET)
  @Matches(/^[\x21-\x7e]+$/, { message: 'token must be visible ASCII characters' })
  token?: string;
}

export class HeadersAuthDto {
  @ApiProperty({ enum: ['headers'] })
  @IsIn(AUTH_TYPES)
  type!: 'headers';

  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: { type: 'string', nullable: true },
    example: { 'x-api-key': 'upstream-key' },
    writeOnly: true,
    description: 'Values are sealed, and never read back. In a change, names that are absent stay and `null` takes one away.',
  })
  @Transform(({ obj }: { obj: { headers?: unknown } }) => obj.headers)
  @ValidateIf(isSaid)
  @Validate(AreNamedSecrets)
  headers?: Record<string, string | null>;
}

class TokenEndpointAuthDto {
  @ApiProperty({ example: 'https://login.example.com/oauth/token', maxLength: 1000 })
  @ValidateIf(isSaid)
  @IsString()
  @Length(1, 1000)
  tokenUrl?: string;

  @ApiProperty({ example: 'gatehouse', maxLength: 255 })
  @ValidateIf(isSaid)
  @IsString()
  @Length(1, 255)
  @Matches(/^[\x20-\x7e]+$/, { message: 'clientId must be printable ASCII characters' })
  clientId?: string;

  @ApiPropertyOptional({ example: 'upstream-secret', maxLength: MAX_SECRET, writeOnly: true, description: 'Sealed, and never read back.' })
  @ValidateIf(isSaid)
  @IsString()
  @Length(1, MAX_SECRET)
  @Matches(/^[\x20-\x7e]+$/, { message: 'clientSecret must be printable ASCII characters' })
  clientSecret?: string;

  @ApiPropertyOptional({ type: String, nullable: true, example: 'mcp:read', maxLength: 1000 })
  @IsOptional()
  @IsString()
  @MaxLength(1000)
  @Matches(SCOPE, { message: 'scope must be scope tokens with single spaces between (RFC 6749 §3.3)' })
  scope?: string | null;

  @ApiPropertyOptional({
    type: String,
    nullable: true,
    example: 'https://mcp.example.com/mcp',
    maxLength: 1000,
    description: 'RFC 8707 `resource`: the URI that the token is to be for.',
  })
  @IsOptional()
  @IsString()
  @Length(1, 1000)
  @Matches(/^[a-z][a-z0-9+.-]*:[\x21\x22\x24-\x7e]+$/i, { message: 'resource must be an absolute URI without a fragment' })
  resource?: string | null;
}

export class ClientCredentialsAuthDto extends TokenEndpointAuthDto {
  @ApiProperty({ enum: ['client_credentials'] })
  @IsIn(AUTH_TYPES)
  type!: 'client_credentials';
}

export class TokenExchangeAuthDto extends TokenEndpointAuthDto {
  @ApiProperty({ enum: ['token_exchange'] })
  @IsIn(AUTH_TYPES)
  type!: 'token_exchange';

  @ApiPropertyOptional({ type: String, nullable: true, maxLength: 1000, description: 'RFC 8693 `audience`.' })
  @IsOptional()
  @IsString()
  @Length(1, 1000)
  @Matches(/^[\x20-\x7e]+$/, { message: 'audience must be printable ASCII characters' })
  audience?: string | null;
}

export const AUTH_DTOS = {
  none: NoAuthDto,
  bearer: BearerAuthDto,
  headers: HeadersAuthDto,
  client_credentials: ClientCredentialsAuthDto,
  token_exchange: TokenExchangeAuthDto,
} as const;

export type UpstreamAuthDto = InstanceType<(typeof AUTH_DTOS)[keyof typeof AUTH_DTOS]>;

export class NoAuthViewDto {
  @ApiProperty({ enum: ['none'] })
  type!: 'none';
}

export class BearerAuthViewDto {
  @ApiProperty({ enum: ['bearer'] })
  type!: 'bearer';

  @ApiProperty({ example: true })
  hasToken!: boolean;
}

export class HeadersAuthViewDto {
  @ApiProperty({ enum: ['headers'] })
  type!: 'headers';

  @ApiProperty({ type: [String], example: ['x-api-key'], description: 'Names only.' })
  headerNames!: readonly string[];
}

class TokenEndpointAuthViewDto {
  @ApiProperty({ example: 'https://login.example.com/oauth/token' })
  tokenUrl!: string;

  @ApiProperty({ example: 'gatehouse' })
  clientId!: string;

  @ApiProperty({ example: true })
  hasClientSecret!: boolean;

  @ApiProperty({ type: String, nullable: true, example: 'mcp:read' })
  scope!: string | null;

  @ApiProperty({ type: String, nullable: true, example: null })
  resource!: string | null;
}

export class ClientCredentialsAuthViewDto extends TokenEndpointAuthViewDto {
  @ApiProperty({ enum: ['client_credentials'] })
  type!: 'client_credentials';
}

export class TokenExchangeAuthViewDto extends TokenEndpointAuthViewDto {
  @ApiProperty({ enum: ['token_exchange'] })
  type!: 'token_exchange';

  @ApiProperty({ type: String, nullable: true, example: null })
  audience!: string | null;
}

export const AUTH_VIEWS = [
  NoAuthViewDto,
  BearerAuthViewDto,
  HeadersAuthViewDto,
  ClientCredentialsAuthViewDto,
  TokenExchangeAuthViewDto,
] as const;

export type UpstreamAuthViewDto = InstanceType<(typeof AUTH_VIEWS)[number]>;
