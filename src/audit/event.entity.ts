import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { idColumn, optionalText, text, timeColumn } from '../database/columns.js';

/** One line of the audit trail. Holds no secret, token or assertion. */
@Entity('events')
@Index('events_by_credential', ['credentialId', 'id'])
@Index('events_by_kind', ['kind', 'id'])
@Index('events_by_server', ['server', 'id'])
@Index('events_by_actor', ['actor', 'id'], { where: '"actor" IS NOT NULL' })
@Index('events_by_client', ['clientId', 'id'])
export class AuditEvent {
  /** ULID: the order of the trail. */
  @PrimaryColumn(idColumn)
  id!: string;

  @Column(timeColumn)
  at!: number;

  @Column(text(48))
  kind!: string;

  @Column({ ...idColumn, nullable: true })
  credentialId!: string | null;

  @Column(optionalText(64))
  clientId!: string | null;

  @Column(optionalText(64))
  server!: string | null;

  /** The admin (or admin key) that acted. */
  @Column(optionalText(80))
  actor!: string | null;

  @Column(optionalText(45))
  address!: string | null;

  /** What else there is to know, as JSON. */
  @Column({ type: 'text', nullable: true })
  detail!: string | null;
}
