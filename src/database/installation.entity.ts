import { Column, Entity, PrimaryColumn } from 'typeorm';
import { text } from './columns.js';

/** A value that belongs to this installation as a whole, sealed under the master key. */
@Entity('installation')
export class InstallationValue {
  @PrimaryColumn(text(64))
  name!: string;

  @Column({ type: 'text' })
  sealed!: string;
}
