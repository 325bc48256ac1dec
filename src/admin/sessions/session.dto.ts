import { ApiProperty } from '@nestjs/swagger';
import { IsString, Length } from 'class-validator';
import type { AdminPrincipal } from '../current-admin.decorator.js';
import { type Role, ROLES } from '../admin.entity.js';
import type { AdminSession, SignInMethod } from './session.entity.js';
import type { SessionState } from './session-directory.service.js';

const METHODS: readonly SignInMethod[] = ['password', 'oidc'];

export class SignInDto {
  @ApiProperty({ example: 'admin', maxLength: 200 })
  @IsString()
  @Length(1, 200)
  username!: string;

  @ApiProperty({ format: 'password', example: 'correct horse battery', maxLength: 200 })
  @IsString()
  @Length(1, 200)
  password!: string;
}

export class CurrentSessionDto {
  @ApiProperty({ example: '01KAX2V7Q5J8Z3W6H0F9K2P4SA' })
  id!: string;

  @ApiProperty({ enum: METHODS, example: 'password' })
  method!: SignInMethod;

  @ApiProperty({ format: 'date-time', example: '2026-11-22T10:00:00.000Z' })
  createdAt!: string;

  @ApiProperty({ format: 'date-time', example: '2026-11-29T10:00:00.000Z', description: 'When it ends however often it is used.' })
  expiresAt!: string;

  @ApiProperty({ example: 28_800, description: 'Seconds without a request after which it ends before that.' })
  idleSeconds!: number;
}

export class WhoAmIDto {
  @ApiProperty({ example: '01KAX2V7Q5J8Z3W6H0F9K2P4SA' })
  id!: string;

  @ApiProperty({ example: 'admin' })
  name!: string;

  @ApiProperty({ enum: ROLES, example: 'owner' })
  role!: Role;

  @ApiProperty({ enum: ['admin', 'key'], example: 'admin' })
  kind!: 'admin' | 'key';

  @ApiProperty({ example: false, description: 'Whether the password was generated and not changed since. False without a session.' })
  mustChangePassword!: boolean;

  @ApiProperty({ type: CurrentSessionDto, nullable: true, description: 'Null where the request proved itself by Basic or Bearer.' })
  session!: CurrentSessionDto | null;
}

export class SessionDto {
  @ApiProperty({ example: '01KAX2V7Q5J8Z3W6H0F9K2P4SA' })
  id!: string;

  @ApiProperty({ enum: METHODS, example: 'password' })
  method!: SignInMethod;

  @ApiProperty({ format: 'date-time', example: '2026-11-22T10:00:00.000Z' })
  createdAt!: string;

  @ApiProperty({ format: 'date-time', example: '2026-11-22T10:30:00.000Z', description: 'To about a minute.' })
  lastSeenAt!: string;

  @ApiProperty({ format: 'date-time', example: '2026-11-29T10:00:00.000Z' })
  expiresAt!: string;

  @ApiProperty({ example: '10.1.2.3', description: 'Where it began.' })
  address!: string;

  @ApiProperty({ example: 'Mozilla/5.0 (X11; Linux x86_64) …' })
  userAgent!: string;

  @ApiProperty({ example: true, description: 'Whether it is the one that asks.' })
  isCurrent!: boolean;
}

export class SessionListDto {
  @ApiProperty({ type: [SessionDto] })
  items!: SessionDto[];

  @ApiProperty({ type: String, nullable: true, example: null })
  nextCursor!: string | null;
}

export class SignedOutDto {
  @ApiProperty({
    type: String,
    nullable: true,
    example: null,
    description: 'Where to send the browser so that the identity provider signs out too; null where there is nothing to do.',
  })
  signOutUrl!: string | null;
}

export class OidcOptionDto {
  @ApiProperty({ example: 'Single sign-on', description: 'What the button says.' })
  label!: string;

  @ApiProperty({ example: '/dashboard/sign-in/oidc', description: 'Where the button leads; takes `returnTo`, a path below /dashboard.' })
  url!: string;
}

export class SignInOptionsDto {
  @ApiProperty({ type: OidcOptionDto, nullable: true, description: 'Sign-in through an OpenID Connect provider, where it is set up.' })
  oidc!: OidcOptionDto | null;
}

export function toWhoAmI({ id, name, role, kind, session }: AdminPrincipal, idleMs: number): WhoAmIDto {
  return {
    id,
    name,
    role,
    kind,
    mustChangePassword: session?.mustChangePassword ?? false,
    session: session ? toCurrentSession(session, idleMs) : null,
  };
}

const toCurrentSession = ({ id, method, createdAt, expiresAt }: SessionState, idleMs: number): CurrentSessionDto => ({
  id,
  method,
  createdAt: new Date(createdAt).toISOString(),
  expiresAt: new Date(expiresAt).toISOString(),
  idleSeconds: idleMs / 1000,
});

export const toSessionDto = (session: AdminSession, currentId: string | undefined): SessionDto => ({
  id: session.id,
  method: session.method,
  createdAt: new Date(session.createdAt).toISOString(),
  lastSeenAt: new Date(session.lastSeenAt).toISOString(),
  expiresAt: new Date(session.expiresAt).toISOString(),
  address: session.address,
  userAgent: session.userAgent,
  isCurrent: session.id === currentId,
});
