import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { idColumn, jsonColumn, optionalText, optionalTimeColumn, text, timeColumn } from '../database/columns.js';
import type { AuthMethod, CredentialSettings, GrantType } from './credential-settings.js';

/** A machine's identity: what it may reach, how it authenticates, its state. */
@Entity('credentials')
export class Credential {
  @PrimaryColumn(idColumn)
  id!: string;

  @Index('credentials_by_client_id', { unique: true })
  @Column(text(64))
  clientId!: string;

  @Column(text(120))
  label!: string;

  @Column(text(32))
  authMethod!: AuthMethod;

  @Column({ type: 'boolean' })
  isEnabled!: boolean;

  /** The grants that it may use; null for those that go with its method. */
  @Column({ ...jsonColumn, nullable: true })
  grantTypes!: GrantType[] | null;

  /** What it proves itself with, and its switches; null for none. */
  @Column({ ...jsonColumn, nullable: true })
  settings!: CredentialSettings | null;

  /** The issuer of its `settings.trust`, by which it is found. */
  @Index('credentials_by_trust_issuer')
  @Column(optionalText(255))
  trustIssuer!: string | null;

  /** Slugs of the servers that it may reach. */
  @Column(jsonColumn)
  servers!: string[];

  /** Its ceiling of scopes; null for the default scopes of its servers. */
  @Column({ ...jsonColumn, nullable: true })
  scopes!: string[] | null;

  /** Seconds; null for the server's or the installation's default. */
  @Column({ type: 'int', nullable: true })
  tokenTtl!: number | null;

  /** Addresses or networks that it may come from; null for any. */
  @Column({ ...jsonColumn, nullable: true })
  allowedIps!: string[] | null;

  /** The groups of readers that it belongs to, on documentation servers; null for none. */
  @Column({ ...jsonColumn, nullable: true })
  docsGroups!: string[] | null;

  @Column(optionalTimeColumn)
  expiresAt!: number | null;

  @Column(timeColumn)
  createdAt!: number;

  /** The admin that made it. */
  @Column(text(80))
  createdBy!: string;

  @Column(timeColumn)
  updatedAt!: number;

  @Column(optionalTimeColumn)
  lastUsedAt!: number | null;

  /** Access tokens issued before this have ended. */
  @Column(optionalTimeColumn)
  tokensNotBefore!: number | null;

  /** How often it asked for a token although its last one was fresh. */
  @Column({ type: 'int', default: 0 })
  overFetchCount!: number;

  @Column(optionalTimeColumn)
  overFetchedAt!: number | null;

  /** Grows with every change of the credential or of its secrets; the ETag. */
  @Column({ type: 'int' })
  version!: number;
}
