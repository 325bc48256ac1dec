import { ApiProperty, ApiPropertyOptional, PickType } from '@nestjs/swagger';
import { IsOptional, IsString, Matches, MaxLength, ValidateIf } from 'class-validator';
import { EVENT_KINDS } from '../audit/audit.service.js';
import type { AuditEvent } from '../audit/event.entity.js';
import { IsInstant } from './is-instant.decorator.js';
import { PageQueryDto } from './pages.dto.js';

export class EventQueryDto extends PageQueryDto {
  @ApiPropertyOptional({ description: 'A credential’s id or client id.' })
  @ValidateIf(({ credential, secret }: EventQueryDto) => credential !== undefined || secret !== undefined)
  @IsString({ message: 'credential must be named, as text; a secret is looked for in its events' })
  @MaxLength(64)
  credential?: string;

  @ApiPropertyOptional({
    description:
      'Id of a secret or key of the `credential`: what it touched, from its making to its end: tokens issued for it, and calls with those tokens.',
  })
  @IsOptional()
  @Matches(/^(?!mc[a-z]_)[\w-]{16,64}$/, { message: 'secret must be the id of a secret or key, not the secret itself' })
  secret?: string;

  @ApiPropertyOptional({ description: 'A server’s slug.' })
  @IsOptional()
  @IsString()
  @MaxLength(64)
  server?: string;

  @ApiPropertyOptional({
    description: `A kind, or the beginning of kinds with \`*\`. Kinds: ${EVENT_KINDS.join(', ')}.`,
  })
  @IsOptional()
  @Matches(/^[a-z_.]{1,48}\*?$/, { message: 'kind must be a kind of event, or its beginning followed by *' })
  kind?: string;

  @ApiPropertyOptional()
  @IsOptional()
  @IsString()
  @MaxLength(80)
  actor?: string;

  @ApiPropertyOptional({ format: 'date-time', description: 'From this time on.' })
  @IsOptional()
  @IsInstant()
  from?: string;

  @ApiPropertyOptional({ format: 'date-time', description: 'Before this time.' })
  @IsOptional()
  @IsInstant()
  to?: string;
}

/** What is followed as it happens is filtered by everything but time. */
export class EventFilterDto extends PickType(EventQueryDto, ['credential', 'secret', 'server', 'kind', 'actor'] as const) {}

export class EventDto {
  @ApiProperty({ example: '01KAX2V7Q5J8Z3W6H0F9K2P4SA' })
  id!: string;

  @ApiProperty({ format: 'date-time', example: '2026-11-22T10:00:00.000Z' })
  at!: string;

  @ApiProperty({ enum: EVENT_KINDS, example: 'token.issued' })
  kind!: string;

  @ApiProperty({ type: String, nullable: true, example: '01KAX2V7Q5J8Z3W6H0F9K2P4SA' })
  credentialId!: string | null;

  @ApiProperty({ type: String, nullable: true, example: 'mcc_01kax2v7q5r1d7x0c3g8m6y9tb' })
  clientId!: string | null;

  @ApiProperty({ type: String, nullable: true, example: 'docs' })
  server!: string | null;

  @ApiProperty({ type: String, nullable: true, example: null, description: 'The admin that acted; `key:…` for an admin key.' })
  actor!: string | null;

  @ApiProperty({ type: String, nullable: true, example: '10.1.2.3' })
  address!: string | null;

  @ApiProperty({ type: Object, example: { jti: '6f0d…', scope: 'mcp:search', expiresIn: 3600 } })
  detail!: Record<string, unknown>;
}

export class EventPageDto {
  @ApiProperty({ type: [EventDto] })
  items!: EventDto[];

  @ApiProperty({ type: String, nullable: true, example: null })
  nextCursor!: string | null;
}

export function toEventDto(event: AuditEvent): EventDto {
  const { id, at, kind, credentialId, clientId, server, actor, address, detail } = event;
  const parsed = detail === null ? {} : (JSON.parse(detail) as Record<string, unknown>);
  return { id, at: new Date(at).toISOString(), kind, credentialId, clientId, server, actor, address, detail: parsed };
}
