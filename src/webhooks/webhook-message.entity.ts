import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { idColumn, optionalText, optionalTimeColumn, text, timeColumn } from '../database/columns.js';
import type { MessageType } from './webhook-events.js';

/** `pending`: due, or due again. `failed`: given up. `dropped`: its webhook was disabled before it was delivered. */
export const MESSAGE_STATUSES = ['pending', 'delivered', 'failed', 'dropped'] as const;
export type MessageStatus = (typeof MESSAGE_STATUSES)[number];

/** One message to one webhook. */
@Entity('webhook_messages')
@Index('webhook_messages_due', ['status', 'nextAttemptAt'])
@Index('webhook_messages_by_webhook', ['webhookId', 'id'])
export class WebhookMessage {
  /** What a receiver knows repetitions by (`webhook-id`). */
  @PrimaryColumn(idColumn)
  id!: string;

  @Column(idColumn)
  webhookId!: string;

  @Column(text(40))
  type!: MessageType;

  /** As it is sent. */
  @Column({ type: 'text' })
  body!: string;

  @Column(text(12))
  status!: MessageStatus;

  @Column({ type: 'int' })
  attempts!: number;

  @Column(timeColumn)
  createdAt!: number;

  /** When it is due. Whoever takes it moves this on: until then nobody else does, and afterwards anybody may. */
  @Column(timeColumn)
  nextAttemptAt!: number;

  @Column(optionalTimeColumn)
  lastAttemptAt!: number | null;

  /** HTTP status of the last answer; null where there was none. */
  @Column({ type: 'int', nullable: true })
  responseStatus!: number | null;

  /** What was wrong with the last attempt, in words that hold no secret. */
  @Column(optionalText(255))
  error!: string | null;
}

/** That a webhook was told of something, so that it is told once, whichever replicas see it and however often. */
@Entity('webhook_notices')
export class WebhookNotice {
  @PrimaryColumn({ ...idColumn, name: 'webhookId' })
  webhookId!: string;

  @PrimaryColumn({ ...text(160), name: 'cause' })
  cause!: string;

  /** Until then it is not told again. */
  @Index('webhook_notices_by_end')
  @Column(timeColumn)
  until!: number;
}
