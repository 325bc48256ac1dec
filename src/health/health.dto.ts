import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';

export const UNREADY_REASONS = ['draining', 'database', 'state', 'keys'] as const;
export type UnreadyReason = (typeof UNREADY_REASONS)[number];

export class LivenessDto {
  @ApiProperty({ enum: ['up'] })
  readonly status!: 'up';
}

/** Words from a fixed set, and nothing else: strangers may read it. */
export class ReadinessDto {
  @ApiProperty({ enum: ['up', 'down'], description: '`down` (503): send it no requests.' })
  readonly status!: 'up' | 'down';

  @ApiProperty({ enum: UNREADY_REASONS, isArray: true, description: 'Why it is not ready; empty while it is.' })
  readonly reasons!: readonly UnreadyReason[];

  @ApiProperty({ enum: ['up', 'down'], description: '`down`: not heard for two seconds.' })
  readonly database!: 'up' | 'down';

  @ApiProperty({
    enum: ['up', 'down'],
    description:
      '`down`: the database takes no writes, because its disk is full or it may only be read. Admin acts fail, events wait in memory; it is ready all the same.',
  })
  readonly writes!: 'up' | 'down';

  @ApiProperty({
    enum: ['fresh', 'stale'],
    description:
      'What is in memory of credentials and servers. `stale`: not checked for `STATE_MAX_STALENESS`, so that tokens and calls are refused.',
  })
  readonly state!: 'fresh' | 'stale';

  @ApiProperty({ enum: ['up', 'down'], description: '`down`: no key signs, so that there are no tokens.' })
  readonly keys!: 'up' | 'down';

  @ApiPropertyOptional({
    enum: ['up', 'down'],
    description: 'Absent without one. `down`: each replica counts limits for itself, and it is ready all the same.',
  })
  readonly redis?: 'up' | 'down';

  @ApiProperty({
    enum: ['up', 'degraded'],
    description: '`degraded`: a documentation serves what it had before, because its source cannot be read as a whole.',
  })
  readonly docs!: 'up' | 'degraded';
}
