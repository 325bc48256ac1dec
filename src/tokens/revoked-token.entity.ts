import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { idColumn, text, timeColumn } from '../database/columns.js';

/** An access token that was ended before its time. Kept until it would have expired. */
@Entity('revoked_tokens')
export class RevokedToken {
  @PrimaryColumn(text(64))
  jti!: string;

  /** The credential that the token was issued to. */
  @Index('revoked_tokens_by_credential')
  @Column(idColumn)
  credentialId!: string;

  @Index('revoked_tokens_by_age')
  @Column(timeColumn)
  expiresAt!: number;
}
