import { Column, Entity, Index, PrimaryColumn, VersionColumn } from 'typeorm';
import { ADMIN_ROLES, type AdminRole } from '../config/config.js';
import { idColumn, optionalText, optionalTimeColumn, text, timeColumn } from '../database/columns.js';

export const ROLES = ADMIN_ROLES;
export type Role = AdminRole;

/** Change-feed topic; its subject is the admin's id. */
export const ADMIN_TOPIC = 'admin';

/** A person who manages Gatehouse. */
@Entity('admins')
export class Admin {
  @PrimaryColumn(idColumn)
  id!: string;

  /** Lower case. */
  @Index('admins_by_username', { unique: true })
  @Column(text(64))
  username!: string;

  /** argon2id in PHC form; empty for those who sign in through a provider only. */
  @Column(text(255))
  passwordHash!: string;

  @Column(text(16))
  role!: Role;

  /** Whether the password was generated for them and not changed since. */
  @Column({ type: 'boolean', default: false })
  mustChangePassword!: boolean;

  @Column({ type: 'boolean', default: true })
  isEnabled!: boolean;

  /** SHA-256 of the provider's issuer and subject, in hex; null for those who sign in with a password. */
  @Index('admins_by_external_id', { unique: true })
  @Column(optionalText(64))
  externalId!: string | null;

  @Column(timeColumn)
  createdAt!: number;

  @Column(text(80))
  createdBy!: string;

  @Column(optionalTimeColumn)
  lastSignInAt!: number | null;

  @VersionColumn()
  version!: number;
}
