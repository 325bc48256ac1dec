import type { Caller } from '../../protocol/exchange.js';
import type { LegacyConnection } from './legacy-connection.js';

/** Which resources are subscribed to in a session, and by how many. */
export class ResourceSubscriptions {
  private readonly counts = new WeakMap<LegacyConnection, Map<string, number>>();

  async add(connection: LegacyConnection, uri: string, caller: Caller, signal: AbortSignal): Promise<void> {
    const counts = this.countsOf(connection);
    const count = counts.get(uri) ?? 0;
    counts.set(uri, count + 1);
    try {
      // Every time: the first one may not have been answered yet, and a second one does no harm.
      await connection.request({ method: 'resources/subscribe', params: { uri }, caller, signal });
    } catch (error) {
      this.forget(counts, uri);
      throw error;
    }
  }

  /** Unsubscribes where nobody else is left who wants it. */
  remove(connection: LegacyConnection, uri: string, caller: Caller): void {
    const counts = this.countsOf(connection);
    if (this.forget(counts, uri)) return;
    const signal = AbortSignal.timeout(5000);
    // A server that cannot be told sends what nobody listens to.
    connection.request({ method: 'resources/unsubscribe', params: { uri }, caller, signal }).catch(() => undefined);
  }

  /** Whether anybody is left. */
  private forget(counts: Map<string, number>, uri: string): boolean {
    const count = (counts.get(uri) ?? 1) - 1;
    if (count > 0) counts.set(uri, count);
    else counts.delete(uri);
    return count > 0;
  }

  private countsOf(connection: LegacyConnection): Map<string, number> {
    const counts = this.counts.get(connection) ?? new Map<string, number>();
    this.counts.set(connection, counts);
    return counts;
  }
}
