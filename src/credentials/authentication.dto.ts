import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Transform, Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  ArrayUnique,
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
  MaxLength,
  Min,
  Validate,
  ValidateNested,
  ValidatorConstraint,
  type ValidatorConstraintInterface,
} from 'class-validator';
import type { Permission } from '../servers/permission.js';
import { CredentialPermissionsModels, CredentialPermissionsView } from './credential-permissions.decorator.js';
import { GRANT_TYPES, type GrantType, JWT_BEARER } from './credential-settings.js';

const MAX_CONDITIONS = 20;
const MAX_PATTERNS = 20;
/** As `iss` is spelled; MySQL would take a name with spaces at its end for the same. */
const VISIBLE = /^[\x21-\x7e]+$/;
const PRINTABLE = /^\P{Cc}+$/u;
const MAX_PATTERN_LENGTH = 500;

@ValidatorConstraint({ name: 'areClaimConditions' })
class AreClaimConditions implements ValidatorConstraintInterface {
  validate(value: unknown): boolean {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
    const conditions = Object.entries(value);
    return conditions.length <= MAX_CONDITIONS && conditions.every(([name, patterns]) => isName(name) && arePatterns(patterns));
  }

  defaultMessage(): string {
    return '$property must map names of claims to a pattern or a list of patterns';
  }
}

const isName = (name: string): boolean => name.length <= 100 && PRINTABLE.test(name) && name !== '__proto__';
const isPattern = (value: unknown): boolean => typeof value === 'string' && value.length <= MAX_PATTERN_LENGTH && PRINTABLE.test(value);

function arePatterns(value: unknown): boolean {
  if (!Array.isArray(value)) return isPattern(value);
  return value.length > 0 && value.length <= MAX_PATTERNS && value.every(isPattern);
}

/** Whose tokens are believed, and which of them are this credential's. */
export class TrustDto {
  @ApiProperty({ example: 'https://token.actions.githubusercontent.com', description: 'Compared exactly with `iss`.', maxLength: 255 })
  @IsString()
  @Length(1, 255)
  @Matches(VISIBLE, { message: 'issuer must be visible ASCII characters' })
  issuer!: string;

  @ApiPropertyOptional({ description: "Where its keys are; absent for what the issuer's own metadata says.", maxLength: 1000 })
  @IsOptional()
  @IsString()
  @MaxLength(1000)
  jwksUri?: string;

  @ApiProperty({
    example: 'repo:acme/site:*',
    description: 'Pattern over `sub`; `*` matches any characters.',
    maxLength: MAX_PATTERN_LENGTH,
  })
  @IsString()
  @Length(1, MAX_PATTERN_LENGTH)
  @Matches(PRINTABLE)
  subject!: string;

  @ApiPropertyOptional({
    description: 'What `aud` must hold; absent for the issuer identifier or the token endpoint of this installation.',
    maxLength: 500,
  })
  @IsOptional()
  @IsString()
  @Length(1, 500)
  audience?: string;

  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: { oneOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }] },
    example: { environment: 'production', ref: ['refs/heads/main', 'refs/tags/*'] },
    description: 'Further claims that must match: a pattern, or several of which one must match.',
  })
  // As it came: class-transformer leaves out a condition that has the name of something that every object has, as toString.
  @Transform(({ obj }: { obj: { claims?: unknown } }) => obj.claims)
  @IsOptional()
  @Validate(AreClaimConditions)
  claims?: Record<string, string | string[]>;
}

/** The one field of the client certificate that must match. */
export class TlsSubjectDto {
  @ApiPropertyOptional({ example: 'CN=nightly,O=Acme', description: 'The subject as an RFC 4514 string.' })
  @IsOptional()
  @IsString()
  @Length(1, 500)
  dn?: string;

  @ApiPropertyOptional({ description: 'A DNS name among the subject alternative names.' })
  @IsOptional()
  @IsString()
  @Length(1, 255)
  sanDns?: string;

  @ApiPropertyOptional({ description: 'A URI among the subject alternative names, for instance a SPIFFE id.' })
  @IsOptional()
  @IsString()
  @Length(1, 500)
  sanUri?: string;

  @ApiPropertyOptional({ description: 'An IP address among the subject alternative names.' })
  @IsOptional()
  @IsString()
  @Length(1, 45)
  sanIp?: string;

  @ApiPropertyOptional({ description: 'An e-mail address among the subject alternative names.' })
  @IsOptional()
  @IsString()
  @Length(1, 255)
  sanEmail?: string;
}

/** How a credential proves itself, and how its tokens are limited by that. */
export class AuthenticationDto {
  @ApiPropertyOptional({
    enum: GRANT_TYPES,
    isArray: true,
    nullable: true,
    description: 'The grants that it may use; null or absent for `client_credentials`, or jwt-bearer for `workload_identity`.',
  })
  @IsOptional()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayUnique()
  @IsIn(GRANT_TYPES, { each: true })
  grantTypes?: GrantType[] | null;

  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: true,
    nullable: true,
    description: 'JWK Set of its public keys (RFC 7517), for `private_key_jwt` and `self_signed_tls_client_auth`. Not with `jwksUri`.',
  })
  @IsOptional()
  @IsObject()
  jwks?: { keys: Record<string, unknown>[] } | null;

  @ApiPropertyOptional({
    type: String,
    nullable: true,
    maxLength: 1000,
    description: 'https URL of its JWK Set, for `private_key_jwt`. Fetched on use and cached.',
  })
  @IsOptional()
  @IsString()
  @MaxLength(1000)
  jwksUri?: string | null;

  @ApiPropertyOptional({ type: TrustDto, nullable: true, description: 'For `workload_identity`: whose tokens are believed.' })
  @IsOptional()
  @IsObject()
  @ValidateNested()
  @Type(() => TrustDto)
  trust?: TrustDto | null;

  @ApiPropertyOptional({ type: TlsSubjectDto, nullable: true, description: 'For `tls_client_auth`: exactly one field.' })
  @IsOptional()
  @IsObject()
  @ValidateNested()
  @Type(() => TlsSubjectDto)
  tlsSubject?: TlsSubjectDto | null;

  @ApiPropertyOptional({ type: Boolean, default: false, description: 'No token without a DPoP proof (RFC 9449).' })
  @IsOptional()
  @IsBoolean()
  dpopRequired?: boolean | null;

  @ApiPropertyOptional({
    type: Boolean,
    default: false,
    description: 'Its tokens are bound to the client certificate of the connection (RFC 8705).',
  })
  @IsOptional()
  @IsBoolean()
  certificateBound?: boolean | null;

  @ApiPropertyOptional({
    type: Boolean,
    default: false,
    description: 'Asking for a scope that it cannot have fails, instead of leaving it out.',
  })
  @IsOptional()
  @IsBoolean()
  strictScope?: boolean | null;

  @ApiPropertyOptional({ type: Boolean, default: true, description: 'With REFRESH_TOKENS=on: whether it gets refresh tokens.' })
  @IsOptional()
  @IsBoolean()
  issueRefreshToken?: boolean | null;

  @ApiPropertyOptional({
    type: Boolean,
    default: false,
    description: 'For old clients: assertions may name the token endpoint as audience. Departs from RFC 10070; every use is logged.',
  })
  @IsOptional()
  @IsBoolean()
  acceptTokenEndpointAudience?: boolean | null;

  @ApiPropertyOptional({
    type: Boolean,
    default: false,
    description: 'For clients that reuse a signed assertion: it is good until it expires.',
  })
  @IsOptional()
  @IsBoolean()
  allowAssertionReuse?: boolean | null;

  @ApiPropertyOptional({
    type: Boolean,
    default: false,
    description: "For `workload_identity`: a platform's token is good for one exchange.",
  })
  @IsOptional()
  @IsBoolean()
  singleUseAssertion?: boolean | null;

  @ApiPropertyOptional({
    type: [String],
    nullable: true,
    description: 'Slugs of the servers whose tokens it may introspect (RFC 7662); for resource servers.',
  })
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(100)
  @ArrayUnique()
  @IsString({ each: true })
  @MaxLength(64, { each: true })
  introspects?: string[] | null;

  @ApiPropertyOptional({
    type: Number,
    nullable: true,
    minimum: 1,
    description: 'Token requests an hour; null for RATE_LIMIT_TOKEN_PER_CREDENTIAL.',
  })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(1_000_000_000)
  tokensPerHour?: number | null;
}

/** The same, as an admin reads it: every field is there. */
@CredentialPermissionsModels()
export class AuthenticationViewDto {
  @ApiProperty({ enum: GRANT_TYPES, isArray: true, example: ['client_credentials'], description: `Or ${JWT_BEARER}, or token exchange.` })
  grantTypes!: GrantType[];

  @ApiProperty({ type: 'object', additionalProperties: true, nullable: true, example: null })
  jwks!: { keys: readonly object[] } | null;

  @ApiProperty({ type: String, nullable: true, example: null })
  jwksUri!: string | null;

  @ApiProperty({ type: TrustDto, nullable: true, example: null })
  trust!: TrustDto | null;

  @ApiProperty({ type: TlsSubjectDto, nullable: true, example: null })
  tlsSubject!: TlsSubjectDto | null;

  @ApiProperty({ example: false })
  dpopRequired!: boolean;

  @ApiProperty({ example: false })
  certificateBound!: boolean;

  @ApiProperty({ example: false })
  strictScope!: boolean;

  @ApiProperty({ example: true })
  issueRefreshToken!: boolean;

  @ApiProperty({ example: false })
  acceptTokenEndpointAudience!: boolean;

  @ApiProperty({ example: false })
  allowAssertionReuse!: boolean;

  @ApiProperty({ example: false })
  singleUseAssertion!: boolean;

  @ApiProperty({ type: [String], example: [] })
  introspects!: string[];

  @ApiProperty({ type: Number, nullable: true, example: null })
  tokensPerHour!: number | null;

  @CredentialPermissionsView()
  permissions!: Readonly<Record<string, readonly Permission[]>> | null;
}
