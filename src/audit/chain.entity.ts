import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { idColumn, text, timeColumn } from '../database/columns.js';

const hashColumn = text(43);

/**
 * A chain of batches of events: one for each process that has written any. Number 0 is the register of all of them: its `sequence` is
 * how many there are, its `startedAt` when the first began.
 */
@Entity('audit_chains')
export class ChainRow {
  @PrimaryColumn({ type: 'int' })
  number!: number;

  @Column(timeColumn)
  startedAt!: number;

  /** The newest batch, and its hash. */
  @Column({ type: 'int' })
  sequence!: number;

  @Column(hashColumn)
  hash!: string;

  /** HMAC over all of the above, so that a chain cannot be made shorter. */
  @Column(hashColumn)
  mark!: string;

  /** The newest batch that was removed because of its age, its hash, and an HMAC over both: what remains is anchored in it. */
  @Column({ type: 'int' })
  cutSequence!: number;

  @Column(hashColumn)
  cutHash!: string;

  @Column(hashColumn)
  cutMark!: string;
}

/** Events that were written together: what each was, and what came before. */
@Entity('audit_batches')
export class AuditBatch {
  @PrimaryColumn({ type: 'int' })
  chain!: number;

  @PrimaryColumn({ type: 'int' })
  sequence!: number;

  /** The least id of its events. */
  @Index('audit_batches_by_first_event')
  @Column(idColumn)
  firstId!: string;

  /** Ids and digests, one behind the other. */
  @Column({ type: 'text' })
  entries!: string;

  /** The hash of the batch before. */
  @Column(hashColumn)
  previous!: string;

  /** HMAC over all of the above. */
  @Column(hashColumn)
  hash!: string;
}

/** An admin act that has been committed and is not in a batch yet; it takes a moment. */
@Entity('audit_unchained')
export class UnchainedEvent {
  @PrimaryColumn(idColumn)
  id!: string;

  /** HMAC over the event, so that nobody else can put a line into a batch. */
  @Column(hashColumn)
  mark!: string;
}
