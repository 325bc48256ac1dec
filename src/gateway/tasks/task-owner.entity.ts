import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { idColumn, optionalText, text, timeColumn } from '../../database/columns.js';

/** Whose a task of an upstream is, which itself knows all callers as one. */
@Entity('task_owners')
export class TaskOwner {
  /** SHA-256 of the server and the task's id, in hex: an id may be as good as a password. */
  @PrimaryColumn(text(64))
  id!: string;

  /** A credential's id, or `public`. */
  @Column(idColumn)
  owner!: string;

  /** The tool that runs as the task; null where it is not known. */
  @Column(optionalText(255))
  tool!: string | null;

  @Index('task_owners_by_age')
  @Column(timeColumn)
  expiresAt!: number;
}
