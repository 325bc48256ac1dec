import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
import { text, timeColumn } from './columns.js';

/** One line of the change feed: what other replicas must look at again. */
@Entity('changes')
export class Change {
  @PrimaryGeneratedColumn({ type: 'integer' })
  id!: number;

  @Column(text(32))
  topic!: string;

  @Column(text(64))
  subject!: string;

  @Column(timeColumn)
  at!: number;
}
