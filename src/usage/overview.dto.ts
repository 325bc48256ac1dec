import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsOptional } from 'class-validator';
import { ServerHealthDto } from '../servers/server.dto.js';
import type { Access } from '../servers/server.entity.js';

export const OVERVIEW_WINDOWS = ['24h', '7d', '30d'] as const;
export type OverviewWindow = (typeof OVERVIEW_WINDOWS)[number];

export const ATTENTION_REASONS = ['expiring', 'unused', 'old_secret_in_use', 'over_fetching', 'hitting_limits'] as const;
export type AttentionReason = (typeof ATTENTION_REASONS)[number];

export class OverviewQueryDto {
  @ApiPropertyOptional({ enum: OVERVIEW_WINDOWS, default: '24h', description: 'How far back; the present hour counts as the last.' })
  @IsOptional()
  @IsIn(OVERVIEW_WINDOWS)
  window?: OverviewWindow;
}

export class OverviewCountsDto {
  @ApiProperty({ example: 1200, description: 'Calls that reached a server: `ok`, `error` and `failed`.' })
  calls!: number;

  @ApiProperty({ example: 3, description: 'Of those, `error` and `failed`.' })
  errors!: number;

  @ApiProperty({ example: 7, description: 'Calls that were refused or hidden.' })
  refusals!: number;

  @ApiProperty({ example: 0, description: 'Calls and token requests over a limit.' })
  limited!: number;

  @ApiProperty({ example: 80, description: 'Tokens issued.' })
  tokens!: number;

  @ApiProperty({ example: 2, description: 'Token requests refused.' })
  tokenRefusals!: number;
}

export class OverviewPointDto extends OverviewCountsDto {
  @ApiProperty({ format: 'date-time', example: '2026-11-22T10:00:00.000Z', description: 'The beginning of the hour or day.' })
  at!: string;
}

export class OverviewTopDto {
  @ApiProperty({ example: '01KAX2V7Q5J8Z3W6H0F9K2P4SA', description: 'The credential’s id, or the tool’s name.' })
  id!: string;

  @ApiProperty({ example: 'nightly build' })
  label!: string;

  @ApiProperty({ type: String, nullable: true, example: 'docs', description: 'The tool’s server.' })
  server!: string | null;

  @ApiProperty({ example: 640 })
  calls!: number;
}

export class OverviewServerDto extends OverviewCountsDto {
  @ApiProperty({ example: 'docs' })
  slug!: string;

  @ApiProperty({ example: 'Documentation' })
  name!: string;

  @ApiProperty({ enum: ['authenticated', 'public', 'both'], example: 'both' })
  access!: Access;

  @ApiProperty({ example: 'docs', description: 'The kind of its upstream.' })
  kind!: string;

  @ApiProperty({ example: true })
  isDefault!: boolean;

  @ApiProperty({ type: ServerHealthDto })
  health!: ServerHealthDto;
}

export class OverviewCredentialCountsDto {
  @ApiProperty({ example: 12 })
  total!: number;

  @ApiProperty({ example: 10 })
  enabled!: number;

  @ApiProperty({ example: 1 })
  disabled!: number;

  @ApiProperty({ example: 1 })
  expired!: number;

  @ApiProperty({ example: 6, description: 'That called or asked for a token within the window.' })
  active!: number;
}

export class AttentionCredentialDto {
  @ApiProperty({ example: '01KAX2V7Q5J8Z3W6H0F9K2P4SA' })
  id!: string;

  @ApiProperty({ example: 'mcc_01kax2v7q5r1d7x0c3g8m6y9tb' })
  clientId!: string;

  @ApiProperty({ example: 'nightly build' })
  label!: string;
}

export class AttentionDto {
  @ApiProperty({
    enum: ATTENTION_REASONS,
    example: 'expiring',
    description:
      '`expiring`: ends within 14 days (`at`, `days` left). `unused`: for 90 days (`at` last used, null for never; `days`). ' +
      '`old_secret_in_use`: used after a newer secret was made, and lately: within 7 days, or two lifetimes of its tokens (`hint`, `at` last used, `endsAt`). ' +
      '`over_fetching`: asks for tokens that it does not need (`count` so far, `at` the last). ' +
      '`hitting_limits`: over a limit within 24 hours (`count`).',
  })
  reason!: AttentionReason;

  @ApiProperty({ type: AttentionCredentialDto })
  credential!: AttentionCredentialDto;

  @ApiProperty({ type: String, nullable: true, format: 'date-time', example: '2026-12-01T00:00:00.000Z' })
  at!: string | null;

  @ApiProperty({ type: Number, nullable: true, example: 9 })
  days!: number | null;

  @ApiProperty({ type: Number, nullable: true, example: null })
  count!: number | null;

  @ApiProperty({ type: String, nullable: true, example: null, description: 'The last four characters of the secret.' })
  hint!: string | null;

  @ApiProperty({ type: String, nullable: true, format: 'date-time', example: null })
  endsAt!: string | null;
}

export class OverviewDto {
  @ApiProperty({ format: 'date-time', example: '2026-11-21T11:00:00.000Z' })
  from!: string;

  @ApiProperty({ format: 'date-time', example: '2026-11-22T11:00:00.000Z' })
  to!: string;

  @ApiProperty({ enum: ['hour', 'day'], example: 'hour', description: 'What a point of the series stands for. Days are those of UTC.' })
  step!: 'hour' | 'day';

  @ApiProperty({ type: OverviewCountsDto })
  totals!: OverviewCountsDto;

  @ApiProperty({ type: OverviewCountsDto, description: 'The same for the window before, to compare with.' })
  previous!: OverviewCountsDto;

  @ApiProperty({ type: [OverviewPointDto], description: 'Without gaps.' })
  series!: OverviewPointDto[];

  @ApiProperty({ type: [OverviewTopDto], description: 'The five with the most calls.' })
  topCredentials!: OverviewTopDto[];

  @ApiProperty({ type: [OverviewTopDto], description: 'The five with the most calls.' })
  topTools!: OverviewTopDto[];

  @ApiProperty({ type: [OverviewServerDto] })
  servers!: OverviewServerDto[];

  @ApiProperty({ type: OverviewCredentialCountsDto })
  credentials!: OverviewCredentialCountsDto;

  @ApiProperty({ type: [AttentionDto], description: 'The first 50 of each reason, the most urgent first.' })
  attention!: AttentionDto[];

  @ApiProperty({ example: 3, description: 'How many there are in all.' })
  attentionTotal!: number;
}
