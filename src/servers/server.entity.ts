import { Column, Entity, Index, PrimaryColumn, VersionColumn } from 'typeorm';
import { idColumn, jsonColumn, text, timeColumn } from '../database/columns.js';
import type { Permission } from './permission.js';
import type { ServerLimits, Upstream } from './upstream.js';

export type Access = 'authenticated' | 'public' | 'both';

/** A named set of permissions on a server. */
export interface ServerScope {
  readonly name: string;
  readonly description?: string;
  readonly permissions: readonly Permission[];
  /** Granted to a credential that names no scopes. */
  readonly default?: boolean;
}

/** An MCP server that Gatehouse exposes. */
@Entity('servers')
export class Server {
  @PrimaryColumn(idColumn)
  id!: string;

  @Index('servers_by_slug', { unique: true })
  @Column(text(64))
  slug!: string;

  @Column(text(120))
  name!: string;

  @Column({ type: 'text', nullable: true })
  description!: string | null;

  @Column(text(16))
  access!: Access;

  @Column(jsonColumn)
  upstream!: Upstream;

  @Column(jsonColumn)
  scopes!: ServerScope[];

  /** The upstream's secrets as JSON, sealed for this server. */
  @Column({ type: 'text', nullable: true })
  upstreamSecrets!: string | null;

  @Column({ ...jsonColumn, nullable: true })
  limits!: ServerLimits | null;

  /** Seconds; null for the installation's default. */
  @Column({ type: 'int', nullable: true })
  tokenTtl!: number | null;

  @Column({ type: 'boolean' })
  isDefault!: boolean;

  @Column(timeColumn)
  createdAt!: number;

  @Column(timeColumn)
  updatedAt!: number;

  @VersionColumn()
  version!: number;
}
