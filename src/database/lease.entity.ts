import { Column, Entity, PrimaryColumn } from 'typeorm';
import { idColumn, text, timeColumn } from './columns.js';

/** What one replica does for all of them, and which one does so until when. */
@Entity('leases')
export class Lease {
  @PrimaryColumn(text(64))
  name!: string;

  @Column(idColumn)
  owner!: string;

  @Column(timeColumn)
  expiresAt!: number;
}
