import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { text, timeColumn } from '../database/columns.js';

/** A JWT that was presented once and must not be presented again (R-CLA-13). */
@Entity('used_assertions')
export class UsedAssertion {
  /** SHA-256 of whose it is and its `jti`, in hex. */
  @PrimaryColumn(text(64))
  id!: string;

  /** From here on it is refused for its age. */
  @Index('used_assertions_by_age')
  @Column(timeColumn)
  expiresAt!: number;
}
