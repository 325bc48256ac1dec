import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { idColumn, text, timeColumn } from '../database/columns.js';

export const USAGE_KINDS = ['call', 'token'] as const;
export type UsageKind = (typeof USAGE_KINDS)[number];

/** What became of a call (`ok`, `error`, `failed`), a refusal and its reason, or a token that was issued. */
export const USAGE_OUTCOMES = ['ok', 'error', 'failed', 'refused', 'hidden', 'limited', 'issued'] as const;
export type UsageOutcome = (typeof USAGE_OUTCOMES)[number];

/** How often something happened in an hour. What does not apply is an empty text, so that it can be part of the key. */
@Entity('usage_hours')
@Index('usage_hours_by_credential', ['credentialId', 'hour'])
export class UsageHour {
  /** The hour's beginning, in milliseconds since the epoch. */
  @PrimaryColumn(timeColumn)
  hour!: number;

  @PrimaryColumn(text(8))
  kind!: UsageKind;

  @PrimaryColumn(idColumn)
  credentialId!: string;

  @PrimaryColumn(text(64))
  server!: string;

  /** The tool that was called; empty for other operations and for tokens. */
  @PrimaryColumn(text(128))
  tool!: string;

  @PrimaryColumn(text(16))
  outcome!: UsageOutcome;

  @Column({ type: 'int' })
  count!: number;
}
