import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { idColumn, text, timeColumn } from '../database/columns.js';

/** What a client reported of a page. */
@Entity('docs_feedback')
@Index('docs_feedback_by_server', ['serverId', 'id'])
export class DocsFeedback {
  @PrimaryColumn(idColumn)
  id!: string;

  @Column(idColumn)
  serverId!: string;

  /** The path of the page. */
  @Column(text(512))
  page!: string;

  @Column({ type: 'text' })
  description!: string;

  /** Who reported it; null for a caller without a token. */
  @Column({ ...idColumn, nullable: true })
  credentialId!: string | null;

  @Column(timeColumn)
  createdAt!: number;
}
