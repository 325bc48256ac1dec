import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { applyDecorators } from '@nestjs/common';
import { IsIn, IsOptional, IsString, Length, Matches } from 'class-validator';
import { type Role, ROLES } from './admin.entity.js';
import { IsInstant } from './is-instant.decorator.js';

export const USERNAME = /^[a-z0-9][a-z0-9._@-]{0,63}$/i;

/** passport-http takes a password that begins with a colon for a missing one, so that nobody could sign in with it. */
const IsNewPassword = (): PropertyDecorator =>
  applyDecorators(IsString(), Length(12, 200), Matches(/^[^:]/, { message: '$property must not begin with a colon' }));

export class CreateAdminDto {
  @ApiProperty({ example: 'grace', description: 'Letters, digits, dots, hyphens, underscores and @; case does not count.' })
  @IsString()
  @Matches(USERNAME, { message: 'username must be 1 to 64 letters, digits, dots, hyphens, underscores or @' })
  username!: string;

  @ApiPropertyOptional({
    minLength: 12,
    maxLength: 200,
    format: 'password',
    example: 'correct horse battery',
    description: 'Generated and shown once where it is absent.',
  })
  @IsOptional()
  @IsNewPassword()
  password?: string;

  @ApiProperty({ enum: ROLES, example: 'operator' })
  @IsIn(ROLES)
  role!: Role;
}

export class UpdateAdminDto {
  @ApiPropertyOptional({ enum: ROLES, example: 'viewer' })
  @IsOptional()
  @IsIn(ROLES)
  role?: Role;

  @ApiPropertyOptional({ minLength: 12, maxLength: 200, format: 'password', example: 'correct horse battery' })
  @IsOptional()
  @IsNewPassword()
  password?: string;
}

export class ChangePasswordDto {
  @ApiProperty({ format: 'password', example: 'correct horse battery' })
  @IsString()
  @Length(1, 200)
  currentPassword!: string;

  @ApiProperty({ minLength: 12, maxLength: 200, format: 'password', example: 'correct horse battery' })
  @IsNewPassword()
  newPassword!: string;
}

export class MeDto {
  @ApiProperty({ example: '01KAX2V7Q5J8Z3W6H0F9K2P4SA' })
  id!: string;

  @ApiProperty({ example: 'admin' })
  name!: string;

  @ApiProperty({ enum: ROLES, example: 'owner' })
  role!: Role;

  @ApiProperty({ enum: ['admin', 'key'], example: 'admin' })
  kind!: 'admin' | 'key';
}

export class AdminDto {
  @ApiProperty({ example: '01KAX2V7Q5J8Z3W6H0F9K2P4SA' })
  id!: string;

  @ApiProperty({ example: 'grace' })
  username!: string;

  @ApiProperty({ enum: ROLES, example: 'operator' })
  role!: Role;

  @ApiProperty({ enum: ['enabled', 'disabled'], example: 'enabled' })
  status!: 'enabled' | 'disabled';

  @ApiProperty({ enum: ['password', 'oidc'], example: 'password' })
  signsInBy!: 'password' | 'oidc';

  @ApiProperty({ example: false, description: 'Whether the password was generated and not changed since.' })
  mustChangePassword!: boolean;

  @ApiProperty({ format: 'date-time', example: '2026-11-22T10:00:00.000Z' })
  createdAt!: string;

  @ApiProperty({ example: 'admin' })
  createdBy!: string;

  @ApiProperty({ type: String, nullable: true, format: 'date-time', example: '2026-11-22T10:00:00.000Z' })
  lastSignInAt!: string | null;
}

export class NewAdminDto extends AdminDto {
  @ApiPropertyOptional({ example: 'hH3v0cQm5x2LwT8nRz4KpY7a', description: 'Only where it was generated, and only in this answer.' })
  password?: string;
}

export class AdminPageDto {
  @ApiProperty({ type: [AdminDto] })
  items!: AdminDto[];

  @ApiProperty({ type: String, nullable: true, example: null })
  nextCursor!: string | null;
}

export class CreateAdminKeyDto {
  @ApiProperty({ example: 'terraform', maxLength: 120 })
  @IsString()
  @Length(1, 120)
  label!: string;

  @ApiProperty({ enum: ROLES, example: 'operator' })
  @IsIn(ROLES)
  role!: Role;

  @ApiPropertyOptional({ type: String, format: 'date-time', example: '2027-06-30T00:00:00Z' })
  @IsOptional()
  @IsInstant()
  expiresAt?: string;
}

export class AdminKeyDto {
  @ApiProperty({ example: '01KAX2V7Q5J8Z3W6H0F9K2P4SA', description: 'The name to sign in with by Basic.' })
  id!: string;

  @ApiProperty({ example: 'terraform' })
  label!: string;

  @ApiProperty({ enum: ROLES, example: 'operator' })
  role!: Role;

  @ApiProperty({ example: 'x7Qa' })
  hint!: string;

  @ApiProperty({ format: 'date-time', example: '2026-11-22T10:00:00.000Z' })
  createdAt!: string;

  @ApiProperty({ example: 'admin' })
  createdBy!: string;

  @ApiProperty({ type: String, nullable: true, format: 'date-time', example: null })
  expiresAt!: string | null;

  @ApiProperty({ type: String, nullable: true, format: 'date-time', example: null })
  lastUsedAt!: string | null;
}

export class NewAdminKeyDto extends AdminKeyDto {
  @ApiProperty({ example: 'mka_…', description: 'Shown this once.' })
  secret!: string;
}

export class AdminKeyPageDto {
  @ApiProperty({ type: [AdminKeyDto] })
  items!: AdminKeyDto[];

  @ApiProperty({ type: String, nullable: true, example: null })
  nextCursor!: string | null;
}
