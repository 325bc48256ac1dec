import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { text, timeColumn } from '../database/columns.js';

/** A creation that was asked for under an `Idempotency-Key`, with the answer that it got. */
@Entity('idempotency_keys')
export class IdempotencyKey {
  /** SHA-256 of who asked, for which route, under which key. */
  @PrimaryColumn(text(64))
  id!: string;

  /** SHA-256 of the request body. */
  @Column(text(64))
  requestDigest!: string;

  /** The answer's body, sealed, since it may hold a new secret. */
  @Column({ type: 'text' })
  sealedAnswer!: string;

  @Index('idempotency_keys_by_age')
  @Column(timeColumn)
  createdAt!: number;
}
