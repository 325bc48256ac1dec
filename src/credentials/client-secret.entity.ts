import { Column, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn, type Relation } from 'typeorm';
import { idColumn, optionalTimeColumn, optionalText, text, timeColumn } from '../database/columns.js';
import { Credential } from './credential.entity.js';

/** One client secret of a credential, as a digest. A secret that ended is deleted. */
@Entity('client_secrets')
export class ClientSecret {
  @PrimaryColumn(idColumn)
  id!: string;

  @Index('client_secrets_by_credential')
  @Column(idColumn)
  credentialId!: string;

  @ManyToOne(() => Credential, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'credentialId', foreignKeyConstraintName: 'client_secrets_credential' })
  credential!: Relation<Credential>;

  /** HMAC-SHA-256 of the secret under the pepper, in hex. */
  @Index('client_secrets_by_digest')
  @Column(text(64))
  digest!: string;

  /** The last four characters. */
  @Column(text(8))
  hint!: string;

  @Column(timeColumn)
  createdAt!: number;

  @Column(optionalTimeColumn)
  expiresAt!: number | null;

  @Column(optionalTimeColumn)
  lastUsedAt!: number | null;

  @Column(optionalText(45))
  lastUsedIp!: string | null;
}
