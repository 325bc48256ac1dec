import { LRUCache } from 'lru-cache';
import { upTo } from '../../common/up-to.js';

const MAX_ENTRIES = 50_000;

/** Whose something is: the session's that names it, another's that this replica has seen, or nobody's that it knows of. */
export type Belonging = 'own' | 'foreign' | 'unknown';

/** Remembers what was handed out in which session, within bounds: what was quiet longest is forgotten. */
export class Belongings {
  private readonly own: LRUCache<string, true>;
  private readonly any: LRUCache<string, true>;

  constructor(maxEntries = MAX_ENTRIES) {
    this.own = new LRUCache({ ...upTo(maxEntries) });
    this.any = new LRUCache({ ...upTo(maxEntries) });
  }

  add(session: string, thing: string): void {
    this.own.set(keyOf(session, thing), true);
    this.any.set(thing, true);
  }

  of(session: string, thing: string): Belonging {
    if (this.own.has(keyOf(session, thing))) return 'own';
    return this.any.has(thing) ? 'foreign' : 'unknown';
  }

  delete(session: string, thing: string): void {
    this.own.delete(keyOf(session, thing));
  }
}

const keyOf = (session: string, thing: string): string => `${session}\n${thing}`;
