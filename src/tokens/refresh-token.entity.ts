import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { idColumn, jsonColumn, optionalTimeColumn, text, timeColumn } from '../database/columns.js';
import type { Confirmation } from './claims.js';

/** One refresh token, as a digest. A used one is kept until its family ends, so that a second use is noticed (RFC 9700 §4.14). */
@Entity('refresh_tokens')
export class RefreshToken {
  @PrimaryColumn(idColumn)
  id!: string;

  /** The tokens that came out of one `client_credentials` request. */
  @Index('refresh_tokens_by_family')
  @Column(idColumn)
  familyId!: string;

  @Index('refresh_tokens_by_credential')
  @Column(idColumn)
  credentialId!: string;

  /** HMAC-SHA-256 under the pepper, in hex. */
  @Index('refresh_tokens_by_digest', { unique: true })
  @Column(text(64))
  digest!: string;

  /** Slug of the server that its access tokens are for. */
  @Column(text(64))
  server!: string;

  @Column(jsonColumn)
  scopes!: string[];

  /** The key or certificate that its tokens are bound to. */
  @Column({ ...jsonColumn, nullable: true })
  confirmation!: Confirmation | null;

  @Column(timeColumn)
  createdAt!: number;

  /** The end of the family. */
  @Index('refresh_tokens_by_age')
  @Column(timeColumn)
  expiresAt!: number;

  @Column(optionalTimeColumn)
  usedAt!: number | null;

  /** The access token that was issued with it; it ends with the family. */
  @Column(text(64))
  accessJti!: string;

  @Column(timeColumn)
  accessExpiresAt!: number;
}
