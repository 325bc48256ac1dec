import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Transform, Type } from 'class-transformer';
import { ArrayMaxSize, ArrayUnique, IsArray, IsIn, IsInt, IsOptional, IsString, Max, MaxLength, Min } from 'class-validator';
import { IsInstant } from '../admin/is-instant.decorator.js';
import { USAGE_KINDS, USAGE_OUTCOMES, type UsageKind, type UsageOutcome } from './usage-hour.entity.js';

export const USAGE_GROUPS = ['hour', 'day', 'kind', 'credential', 'server', 'tool', 'outcome'] as const;
export type UsageGroup = (typeof USAGE_GROUPS)[number];

export const USAGE_ORDERS = ['group', 'count'] as const;
export type UsageOrder = (typeof USAGE_ORDERS)[number];

const OUTCOMES =
  'Of calls: `ok`, `error` (the server answered with an HTTP error), `failed` (no answer), `refused` (no scope for it), ' +
  '`hidden` (nothing that this credential could be granted), `limited` (too many). Of tokens: `issued`, `refused`, `limited`.';

const splitList = ({ value }: { value: unknown }): unknown => (typeof value === 'string' ? value.split(',') : value);

export class UsageQueryDto {
  @ApiPropertyOptional({ format: 'date-time', description: 'From the hour of this time on; 24 hours before `to` without it.' })
  @IsOptional()
  @IsInstant()
  from?: string;

  @ApiPropertyOptional({ format: 'date-time', description: 'Before the hour after this time; now without it.' })
  @IsOptional()
  @IsInstant()
  to?: string;

  @ApiPropertyOptional({ enum: USAGE_KINDS, description: 'Calls at MCP endpoints, or requests at the token endpoint.' })
  @IsOptional()
  @IsIn(USAGE_KINDS)
  kind?: UsageKind;

  @ApiPropertyOptional({ description: 'A credential’s id or client id.' })
  @IsOptional()
  @IsString()
  @MaxLength(64)
  credential?: string;

  @ApiPropertyOptional({ description: 'A server’s slug.' })
  @IsOptional()
  @IsString()
  @MaxLength(64)
  server?: string;

  @ApiPropertyOptional()
  @IsOptional()
  @IsString()
  @MaxLength(128)
  tool?: string;

  @ApiPropertyOptional({ enum: USAGE_OUTCOMES, description: OUTCOMES })
  @IsOptional()
  @IsIn(USAGE_OUTCOMES)
  outcome?: UsageOutcome;

  @ApiPropertyOptional({
    type: String,
    example: 'day,server',
    description: `What to count by, with commas between: ${USAGE_GROUPS.join(', ')}. Days are those of UTC. One total without it.`,
  })
  @IsOptional()
  @Transform(splitList)
  @IsArray()
  @ArrayMaxSize(USAGE_GROUPS.length)
  @ArrayUnique({ message: 'groupBy must not name a thing twice' })
  @IsIn(USAGE_GROUPS, { each: true, message: `groupBy must list some of ${USAGE_GROUPS.join(', ')}` })
  groupBy?: UsageGroup[];

  @ApiPropertyOptional({ enum: USAGE_ORDERS, default: 'group', description: '`count`: the greatest first.' })
  @IsOptional()
  @IsIn(USAGE_ORDERS)
  order?: UsageOrder;

  @ApiPropertyOptional({ type: 'integer', example: 100, minimum: 1, maximum: 1000, default: 100 })
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(1000)
  limit?: number;

  @ApiPropertyOptional({ description: 'The `nextCursor` of the page before.' })
  @IsOptional()
  @IsString()
  @MaxLength(64)
  cursor?: string;
}

export class UsageCredentialDto {
  @ApiProperty({ example: '01KAX2V7Q5J8Z3W6H0F9K2P4SA' })
  id!: string;

  @ApiProperty({
    type: String,
    nullable: true,
    example: 'mcc_01kax2v7q5r1d7x0c3g8m6y9tb',
    description: 'Null for a credential that was deleted.',
  })
  clientId!: string | null;

  @ApiProperty({ type: String, nullable: true, example: 'nightly build', description: 'Null for a credential that was deleted.' })
  label!: string | null;
}

/** What is not counted by is absent. */
export class UsageRowDto {
  @ApiPropertyOptional({ format: 'date-time', example: '2026-11-22T10:00:00.000Z', description: 'The beginning of the hour or day.' })
  at?: string;

  @ApiPropertyOptional({ enum: USAGE_KINDS, example: 'call' })
  kind?: UsageKind;

  @ApiPropertyOptional({ type: UsageCredentialDto, nullable: true, description: 'Null where no credential was proved.' })
  credential?: UsageCredentialDto | null;

  @ApiPropertyOptional({ type: String, nullable: true, example: 'docs' })
  server?: string | null;

  @ApiPropertyOptional({ type: String, nullable: true, example: 'search_docs', description: 'Null for what is no tool call.' })
  tool?: string | null;

  @ApiPropertyOptional({ enum: USAGE_OUTCOMES, example: 'ok' })
  outcome?: UsageOutcome;

  @ApiProperty({ example: 42 })
  count!: number;
}

export class UsagePageDto {
  @ApiProperty({ type: [UsageRowDto] })
  items!: UsageRowDto[];

  @ApiProperty({ type: String, nullable: true, example: null })
  nextCursor!: string | null;
}
