import { LRUCache } from 'lru-cache';

const MAX_DOCUMENTS = 1000;
const COOL_DOWN_MS = 30_000;
const MAX_STALE_MS = 24 * 3_600_000;

interface Entry<T> {
  document: { readonly value: T; readonly readAt: number } | undefined;
  askedAt: number;
  /** Of the last attempt that failed. */
  failure: Error;
  pending: Promise<void> | undefined;
}

export interface RemoteDocumentsOptions<T> {
  /** Fetches and parses the document. */
  readonly read: (uri: string) => Promise<T>;
  readonly freshMs: number;
  readonly monotonicNow: () => number;
}

/**
 * Parsed documents of others, at most 1000. Each URI is asked at most once in 30 s, whatever the reason and the outcome, and
 * once for all who wait. When it fails, the last good document serves for up to 24 h.
 */
export class RemoteDocuments<T> {
  private readonly entries = new LRUCache<string, Entry<T>>({ max: MAX_DOCUMENTS });

  constructor(private readonly options: RemoteDocumentsOptions<T>) {}

  /** @throws what reading it last threw, when there is nothing to serve. */
  async get(uri: string): Promise<T> {
    const entry = this.entryOf(uri);
    const { freshMs } = this.options;
    if (!this.isYounger(entry, freshMs)) await this.ask(uri, entry);
    return this.serve(entry);
  }

  /**
   * As {@link get}, but asks again even if the document is fresh, because something is missing there.
   * @throws what reading it last threw, when there is nothing to serve.
   */
  async getAnew(uri: string): Promise<T> {
    const entry = this.entryOf(uri);
    await this.ask(uri, entry);
    return this.serve(entry);
  }

  private entryOf(uri: string): Entry<T> {
    const entry = this.entries.get(uri) ?? {
      document: undefined,
      askedAt: -Infinity,
      failure: new Error('Nobody has asked yet.'),
      pending: undefined,
    };
    this.entries.set(uri, entry);
    return entry;
  }

  private isYounger({ document }: Entry<T>, ageMs: number): boolean {
    return document !== undefined && this.options.monotonicNow() - document.readAt < ageMs;
  }

  private serve(entry: Entry<T>): T {
    if (entry.document && this.isYounger(entry, MAX_STALE_MS)) return entry.document.value;
    throw entry.failure;
  }

  private async ask(uri: string, entry: Entry<T>): Promise<void> {
    const now = this.options.monotonicNow();
    if (!entry.pending && now - entry.askedAt >= COOL_DOWN_MS) {
      entry.askedAt = now;
      entry.pending = this.read(uri, entry, now).finally(() => (entry.pending = undefined));
    }
    await entry.pending;
  }

  private async read(uri: string, entry: Entry<T>, now: number): Promise<void> {
    try {
      entry.document = { value: await this.options.read(uri), readAt: now };
    } catch (error) {
      entry.failure = error instanceof Error ? error : new Error('The document could not be read.', { cause: error });
    }
  }
}
