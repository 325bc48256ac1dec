import type { Clock } from '../../common/clock.js';
import type { CircuitState } from '../../protocol/exchange.js';
import { McpError } from '../../protocol/mcp-error.js';

/** How the child of a server does, by what became of its calls: it is not asked for the sake of asking. */
export class ChildHealth {
  private since = 0;
  private heardAt: number | undefined;
  private lastFault: string | undefined;

  constructor(private readonly clock: Clock) {}

  answered(): void {
    this.note(undefined);
  }

  /** Notes what speaks against the child; that it has much to do, or waits to be started again, says nothing new. */
  failed(error: unknown): void {
    if (error instanceof McpError && (error.status === 502 || error.status === 504)) this.note(error.detail);
  }

  /** Like behind an open breaker, nothing is sent while a child that failed again waits to be started. */
  stateOf(keeper: { readonly isPausing: boolean }): CircuitState | undefined {
    const { since, heardAt, lastFault } = this;
    if (heardAt === undefined) return undefined;
    return { circuit: keeper.isPausing ? 'open' : 'closed', since, heardAt, ...(lastFault === undefined ? {} : { lastFault }) };
  }

  private note(fault: string | undefined): void {
    const now = this.clock();
    if (this.heardAt === undefined || (fault === undefined) !== (this.lastFault === undefined)) this.since = now;
    this.heardAt = now;
    this.lastFault = fault;
  }
}
