import { Column, Entity, PrimaryColumn } from 'typeorm';
import { idColumn, timeColumn } from '../database/columns.js';

/** The secret by which a webhook of a server's Git host proves itself. */
@Entity('docs_webhooks')
export class DocsWebhook {
  @PrimaryColumn({ ...idColumn, name: 'serverId' })
  serverId!: string;

  /** Sealed. */
  @Column({ type: 'text' })
  secret!: string;

  @Column(timeColumn)
  createdAt!: number;
}
