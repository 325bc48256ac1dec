import { Column, Entity, PrimaryColumn } from 'typeorm';
import { idColumn, jsonColumn, optionalTimeColumn, text, timeColumn } from '../database/columns.js';
import type { WebhookEvent } from './webhook-events.js';

/** A URL that wants to be told of what happens here. */
@Entity('webhooks')
export class Webhook {
  @PrimaryColumn(idColumn)
  id!: string;

  @Column(text(120))
  label!: string;

  @Column({ type: 'text' })
  url!: string;

  /** What it is told of; null for everything. */
  @Column({ ...jsonColumn, nullable: true })
  events!: WebhookEvent[] | null;

  @Column('boolean')
  isEnabled!: boolean;

  /** What its messages are signed with. Sealed. */
  @Column({ type: 'text' })
  secret!: string;

  /** The secret from before a rotation, with which messages are signed too until it ends. Sealed; null for none. */
  @Column({ type: 'text', nullable: true })
  previousSecret!: string | null;

  @Column(optionalTimeColumn)
  previousSecretEndsAt!: number | null;

  @Column(timeColumn)
  createdAt!: number;

  @Column(text(80))
  createdBy!: string;

  @Column(timeColumn)
  updatedAt!: number;

  /** Grows with every change; the ETag. */
  @Column({ type: 'int' })
  version!: number;
}
