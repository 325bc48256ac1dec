import type { McpUpstream } from '../protocol/exchange.js';

/** An upstream that is open, and how it is closed by whoever opened it. */
export interface Opened {
  readonly upstream: McpUpstream;
  /** The same untranslated: it speaks what it speaks itself. */
  readonly itself: McpUpstream;
  /** Why it has nothing to serve, or no longer what it should, in plain words; resolves when that is known. */
  findFault?(): Promise<string | undefined>;
  close(): Promise<void>;
}
