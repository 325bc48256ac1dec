import { ApiProperty, ApiPropertyOptional, OmitType, PartialType } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  ArrayUnique,
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsISO8601,
  IsOptional,
  IsString,
  Length,
  Matches,
  Max,
  MaxLength,
  Min,
  Validate,
  ValidateIf,
  ValidatorConstraint,
  type ValidatorConstraintInterface,
} from 'class-validator';
import { IsInstant } from '../admin/is-instant.decorator.js';
import { PageQueryDto } from '../admin/pages.dto.js';
import { isAddressOrNetwork } from '../config/load-config.js';
import type { Permission } from '../servers/permission.js';
import { MAX_TOKEN_TTL } from '../tokens/claims.js';
import { AuthenticationDto, AuthenticationViewDto } from './authentication.dto.js';
import { CredentialPermissions, CredentialPermissionsModels } from './credential-permissions.decorator.js';
import { CREDENTIAL_ORDERS, type CredentialOrder } from './credential-order.js';
import { MAX_OBSERVE_DAYS } from './observation.js';
import { AUTH_METHODS, type AuthMethod } from './credential-settings.js';

const MAX_OVERLAP_SECONDS = 30 * 24 * 3600;

@ValidatorConstraint({ name: 'isAddressOrNetwork' })
class IsAddressOrNetwork implements ValidatorConstraintInterface {
  validate(value: unknown): boolean {
    return typeof value === 'string' && isAddressOrNetwork(value);
  }

  defaultMessage(): string {
    return 'each value in $property must be an IP address or a network such as 10.0.0.0/8';
  }
}

const trim = ({ value }: { value: unknown }): unknown => (typeof value === 'string' ? value.trim() : value);
const isNotNull = (_: unknown, value: unknown): boolean => value !== null;

/** What a credential is made from. */
@CredentialPermissionsModels()
export class CreateCredentialDto extends AuthenticationDto {
  @ApiProperty({ example: 'nightly build', description: 'What an admin will know it by.', maxLength: 120 })
  @Transform(trim)
  @IsString()
  @Length(1, 120)
  @Matches(/^\P{Cc}*$/u, { message: 'label must not hold control characters' })
  label!: string;

  @ApiPropertyOptional({ enum: AUTH_METHODS, default: 'client_secret', description: 'How it proves itself at the token endpoint.' })
  @IsOptional()
  @IsIn(AUTH_METHODS)
  authMethod?: AuthMethod;

  @ApiPropertyOptional({
    type: [String],
    example: ['docs'],
    description: 'Slugs of the servers that it may reach; by default the default server.',
  })
  @IsOptional()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(100)
  @ArrayUnique()
  @IsString({ each: true })
  @MaxLength(64, { each: true })
  servers?: string[];

  @ApiPropertyOptional({
    type: [String],
    nullable: true,
    example: ['mcp:search'],
    description: "The most that its tokens may hold; null or absent for its servers' default scopes.",
  })
  @IsOptional()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(100)
  @ArrayUnique()
  @IsString({ each: true })
  @MaxLength(128, { each: true })
  scopes?: string[] | null;

  @CredentialPermissions()
  permissions?: Record<string, Permission[]> | null;

  @ApiPropertyOptional({
    type: Number,
    nullable: true,
    example: 3600,
    minimum: 60,
    maximum: MAX_TOKEN_TTL,
    description: 'Token lifetime in seconds.',
  })
  @IsOptional()
  @IsInt()
  @Min(60)
  @Max(MAX_TOKEN_TTL)
  tokenTtl?: number | null;

  @ApiPropertyOptional({
    type: String,
    nullable: true,
    format: 'date-time',
    example: '2027-06-30T00:00:00Z',
    description: 'When it ends, with its tokens.',
  })
  @IsOptional()
  @IsISO8601({ strict: true, strictSeparator: true })
  expiresAt?: string | null;

  @ApiPropertyOptional({
    type: [String],
    nullable: true,
    example: ['10.0.0.0/8'],
    description: 'Addresses or networks that it may come from; null for any.',
  })
  @IsOptional()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(100)
  @Validate(IsAddressOrNetwork, { each: true })
  allowedIps?: string[] | null;

  @ApiPropertyOptional({
    type: Boolean,
    default: false,
    description: `Observe mode: on its servers it may do everything, and what its scopes would have refused is recorded (\`call.observed\`). Ends by itself, after ${MAX_OBSERVE_DAYS} days at most.`,
  })
  @IsOptional()
  @IsBoolean()
  observe?: boolean | null;

  @ApiPropertyOptional({
    type: String,
    nullable: true,
    format: 'date-time',
    description: `When observe mode ends: in seven days if absent, in ${MAX_OBSERVE_DAYS} at most.`,
  })
  @IsOptional()
  @IsInstant()
  observeUntil?: string | null;

  @ApiPropertyOptional({
    type: [String],
    nullable: true,
    example: ['staff'],
    description:
      'Groups of readers that it belongs to: on documentation servers it sees the pages of these groups besides those without any.',
  })
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(50)
  @ArrayUnique()
  @IsString({ each: true })
  @Length(1, 120, { each: true })
  docsGroups?: string[] | null;
}

/** What can be changed; what is absent stays. `null` takes a limit away. */
export class UpdateCredentialDto extends PartialType(OmitType(CreateCredentialDto, ['authMethod']), { skipNullProperties: false }) {
  @ApiPropertyOptional({ example: 'nightly build', maxLength: 120 })
  @ValidateIf((_, value) => value !== undefined)
  @Transform(trim)
  @IsString()
  @Length(1, 120)
  @Matches(/^\P{Cc}*$/u, { message: 'label must not hold control characters' })
  override label?: string;
}

export class RotateSecretDto {
  @ApiPropertyOptional({
    default: 86_400,
    example: 86_400,
    minimum: 0,
    maximum: MAX_OVERLAP_SECONDS,
    description: 'How long the old secret goes on to work, in seconds. 0 ends every old secret at once, with the tokens made with it.',
  })
  @ValidateIf((_, value) => value !== undefined && isNotNull(_, value))
  @IsInt()
  @Min(0)
  @Max(MAX_OVERLAP_SECONDS)
  overlapSeconds?: number;
}

export class CredentialQueryDto extends PageQueryDto {
  @ApiPropertyOptional({ enum: ['enabled', 'disabled', 'expired'], description: 'Only credentials in this state.' })
  @IsOptional()
  @IsIn(['enabled', 'disabled', 'expired'])
  status?: CredentialStatus;

  @ApiPropertyOptional({ description: 'Part of the label, or a client id.' })
  @IsOptional()
  @IsString()
  @MaxLength(120)
  search?: string;

  @ApiPropertyOptional({ example: 'docs', maxLength: 64, description: 'Only credentials that may reach this server, by its slug.' })
  @IsOptional()
  @IsString()
  @Matches(/^[a-z0-9-]{1,64}$/, { message: 'server must be a slug' })
  server?: string;

  @ApiPropertyOptional({
    enum: CREDENTIAL_ORDERS,
    default: '-createdAt',
    description: 'With a hyphen from the end. What was never used comes before all that was, what never ends after all that does.',
  })
  @IsOptional()
  @IsIn(CREDENTIAL_ORDERS)
  sort?: CredentialOrder;
}

export type CredentialStatus = 'enabled' | 'disabled' | 'expired';

/** A client that should cache its tokens and does not. */
export class OverFetchingDto {
  @ApiProperty({ example: 41, description: 'How often it asked for a new token although its last one had half its life left.' })
  count!: number;

  @ApiProperty({ format: 'date-time', example: '2026-11-22T10:05:00.000Z' })
  lastAt!: string;
}

export class SecretDto {
  @ApiProperty({ example: '01KAX2V7Q6Y0M9E4T1N8R3B5CD' })
  id!: string;

  @ApiProperty({ example: 'x7Qa', description: 'The last four characters of the secret.' })
  hint!: string;

  @ApiProperty({ format: 'date-time', example: '2026-11-22T10:00:00.000Z' })
  createdAt!: string;

  @ApiProperty({
    type: String,
    nullable: true,
    format: 'date-time',
    example: null,
    description: 'When it ends by itself, after a rotation.',
  })
  expiresAt!: string | null;

  @ApiProperty({ type: String, nullable: true, format: 'date-time', example: '2026-11-22T10:05:00.000Z' })
  lastUsedAt!: string | null;

  @ApiProperty({ type: String, nullable: true, example: '10.1.2.3' })
  lastUsedIp!: string | null;
}

/** A credential as an admin sees it. Never holds a secret. */
export class CredentialDto extends AuthenticationViewDto {
  @ApiProperty({ example: '01KAX2V7Q5J8Z3W6H0F9K2P4SA' })
  id!: string;

  @ApiProperty({ example: 'mcc_01kax2v7q5r1d7x0c3g8m6y9tb' })
  clientId!: string;

  @ApiProperty({ example: 'nightly build' })
  label!: string;

  @ApiProperty({ enum: ['enabled', 'disabled', 'expired'], example: 'enabled' })
  status!: CredentialStatus;

  @ApiProperty({ enum: AUTH_METHODS, example: 'client_secret' })
  authMethod!: AuthMethod;

  @ApiProperty({ type: [String], example: ['docs'] })
  servers!: string[];

  @ApiProperty({ type: [String], nullable: true, example: null, description: "null for its servers' default scopes." })
  scopes!: string[] | null;

  @ApiProperty({ type: Number, nullable: true, example: null })
  tokenTtl!: number | null;

  @ApiProperty({ type: [String], nullable: true, example: null })
  allowedIps!: string[] | null;

  @ApiProperty({ type: [String], example: [], description: 'Groups of readers that it belongs to, on documentation servers.' })
  docsGroups!: string[];

  @ApiProperty({ type: [SecretDto], description: 'The secrets that are live, at most two.' })
  secrets!: SecretDto[];

  @ApiProperty({ format: 'date-time', example: '2026-11-22T10:00:00.000Z' })
  createdAt!: string;

  @ApiProperty({ example: 'admin' })
  createdBy!: string;

  @ApiProperty({ format: 'date-time', example: '2026-11-22T10:00:00.000Z' })
  updatedAt!: string;

  @ApiProperty({ type: String, nullable: true, format: 'date-time', example: null })
  expiresAt!: string | null;

  @ApiProperty({ type: String, nullable: true, format: 'date-time', example: '2026-11-22T10:05:00.000Z' })
  lastUsedAt!: string | null;

  @ApiProperty({ example: false, description: 'Whether it is in observe mode: everything is allowed, and recorded.' })
  observe!: boolean;

  @ApiProperty({ type: String, nullable: true, format: 'date-time', example: null, description: 'When observe mode ends.' })
  observeUntil!: string | null;

  @ApiProperty({ type: [String], example: [], description: 'What works, and is perhaps not meant.' })
  warnings!: string[];

  @ApiProperty({ type: OverFetchingDto, nullable: true, example: null, description: 'Set when the client does not cache its tokens.' })
  overFetching!: OverFetchingDto | null;
}

/** A credential together with a secret that has just been made. */
export class CredentialWithSecretDto extends CredentialDto {
  @ApiPropertyOptional({
    example: 'mcs_…',
    description: 'Shown this once. Keep it now: it is stored as a digest only. Absent for methods without a secret.',
  })
  clientSecret?: string;
}

export class CredentialPageDto {
  @ApiProperty({ type: [CredentialDto] })
  items!: CredentialDto[];

  @ApiProperty({ type: String, nullable: true, example: null, description: 'Send it as `cursor` to read on; null at the end.' })
  nextCursor!: string | null;
}
