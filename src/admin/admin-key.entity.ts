import { Column, Entity, PrimaryColumn } from 'typeorm';
import { idColumn, optionalTimeColumn, text, timeColumn } from '../database/columns.js';
import type { Role } from './admin.entity.js';

/** An API key of a script that manages Gatehouse. */
@Entity('admin_keys')
export class AdminKey {
  @PrimaryColumn(idColumn)
  id!: string;

  @Column(text(120))
  label!: string;

  @Column(text(16))
  role!: Role;

  /** HMAC-SHA-256 of the key's secret under the pepper, in hex. */
  @Column(text(64))
  digest!: string;

  /** The last four characters of the secret. */
  @Column(text(8))
  hint!: string;

  @Column(timeColumn)
  createdAt!: number;

  @Column(text(80))
  createdBy!: string;

  @Column(optionalTimeColumn)
  expiresAt!: number | null;

  @Column(optionalTimeColumn)
  lastUsedAt!: number | null;
}
