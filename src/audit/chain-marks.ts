import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import type { AuditBatch, ChainRow } from './chain.entity.js';

/**
 * The HMACs (SHA-256) that make a chain. Their key is not in the database, so that whoever can write there, and not more,
 * cannot make one.
 */
export class ChainMarks {
  private readonly key: KeyObject;

  constructor(key: Buffer) {
    this.key = createSecretKey(key);
  }

  /** What the first batch of a chain comes after. */
  start(number: number, startedAt: number): string {
    return this.of('start', number, startedAt);
  }

  batch({ chain, sequence, previous, firstId, entries }: Omit<AuditBatch, 'hash'>): string {
    return this.of('batch', chain, sequence, previous, firstId, entries);
  }

  head({ number, startedAt, sequence, hash }: Pick<ChainRow, 'number' | 'startedAt' | 'sequence' | 'hash'>): string {
    return this.of('head', number, startedAt, sequence, hash);
  }

  cut({ number, cutSequence, cutHash }: Pick<ChainRow, 'number' | 'cutSequence' | 'cutHash'>): string {
    return this.of('cut', number, cutSequence, cutHash);
  }

  /** Of an event that is not in a batch yet. */
  unchained(digest: string): string {
    return this.of('unchained', digest);
  }

  private of(...parts: (string | number)[]): string {
    return createHmac('sha256', this.key).update(parts.join('\n')).digest('base64url');
  }
}

/** Whether the register says what we wrote. Its `cut` is the last of the chains that were removed because nothing of them was left. */
export function isGenuineRegister(register: ChainRow, marks: ChainMarks): boolean {
  const isCutGenuine = register.cutSequence === 0 ? register.cutMark === '' : register.cutMark === marks.cut(register);
  return isCutGenuine && register.mark === marks.head(register);
}
