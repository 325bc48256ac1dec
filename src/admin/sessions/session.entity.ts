import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { idColumn, text, timeColumn } from '../../database/columns.js';

/** How a session began. */
export type SignInMethod = 'password' | 'oidc';

/** An admin's sign-in session. Its token is in the browser's cookie only. */
@Entity('admin_sessions')
export class AdminSession {
  @PrimaryColumn(idColumn)
  id!: string;

  /** HMAC-SHA-256 of the token under the pepper, in hex. */
  @Index('admin_sessions_by_digest', { unique: true })
  @Column(text(64))
  digest!: string;

  @Index('admin_sessions_by_admin')
  @Column(idColumn)
  adminId!: string;

  @Column(text(16))
  method!: SignInMethod;

  @Column(timeColumn)
  createdAt!: number;

  /** Written with the batches of the audit trail, about once a minute. */
  @Column(timeColumn)
  lastSeenAt!: number;

  /** When it ends however often it is used. */
  @Index('admin_sessions_by_age')
  @Column(timeColumn)
  expiresAt!: number;

  /** Where it began. */
  @Column(text(45))
  address!: string;

  @Column(text(200))
  userAgent!: string;
}
