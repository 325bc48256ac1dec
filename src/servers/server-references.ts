import type { EntityManager } from 'typeorm';
import type { Transaction } from '../database/unit-of-work.service.js';

/** What names a server, for an admin to read. */
export interface References {
  /** What they are, in the plural: `credentials`. */
  readonly what: string;
  readonly count: number;
  /** The names of a few. */
  readonly examples: readonly string[];
}

/** Something that names servers by their slugs: another server of the same slug must not inherit what it says of one that is gone. */
export interface Referrer {
  find(manager: EntityManager, slug: string): Promise<References>;
  /** Takes the slug out of everything that names it. */
  detach(transaction: Transaction, slug: string, actor: string): Promise<void>;
}

export function describeReferences({ what, count, examples }: References): string {
  const more = count > examples.length ? ', …' : '';
  return `${count} ${what} (${examples.join(', ')}${more})`;
}
