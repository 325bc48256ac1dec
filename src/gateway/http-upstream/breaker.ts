import type { Clock } from '../../common/clock.js';
import type { CircuitState } from '../../protocol/exchange.js';

/** Failures in a row, with no answer between them, after which an upstream is left alone. */
const THRESHOLD = 5;
const FIRST_PAUSE_MS = 1000;
const MAX_PAUSE_MS = 30_000;

/**
 * Leaves an upstream alone that does not answer: calls then fail at once instead of waiting for it. After a pause one call may
 * try again, and its outcome decides. Any answer counts as one, an error too: a tool that fails is no upstream that is away.
 */
export class Breaker {
  private circuit: CircuitState['circuit'] = 'closed';
  private since: number;
  private heardAt: number | undefined;
  private failures = 0;
  private pauseMs = FIRST_PAUSE_MS;
  private pauseEndsAt = 0;
  private lastFault: string | undefined;

  constructor(
    private readonly clock: Clock,
    private readonly monotonicNow: () => number = () => performance.now(),
  ) {
    this.since = clock();
  }

  get state(): CircuitState {
    const { circuit, since, heardAt, lastFault } = this;
    return { circuit, since, ...(heardAt === undefined ? {} : { heardAt }), ...(lastFault === undefined ? {} : { lastFault }) };
  }

  /** Whether a call may go on. In the half-open state one may, until its outcome is told. */
  allows(): boolean {
    if (this.circuit === 'closed') return true;
    if (this.circuit === 'half-open' || this.monotonicNow() < this.pauseEndsAt) return false;
    this.become('half-open');
    return true;
  }

  /** Seconds until the next try. */
  get retryAfter(): number {
    return Math.max(1, Math.ceil((this.pauseEndsAt - this.monotonicNow()) / 1000));
  }

  succeeded(): void {
    this.heardAt = this.clock();
    this.failures = 0;
    this.lastFault = undefined;
    if (this.circuit === 'closed') return;
    this.pauseMs = FIRST_PAUSE_MS;
    this.become('closed');
  }

  failed(fault: string): void {
    this.heardAt = this.clock();
    this.lastFault = fault;
    this.failures++;
    if (this.circuit === 'half-open') this.pauseMs = Math.min(this.pauseMs * 2, MAX_PAUSE_MS);
    else if (this.circuit === 'open' || this.failures < THRESHOLD) return;
    this.open();
  }

  /** The call ended without telling anything about the upstream, e.g. because its client left. */
  gaveUp(): void {
    if (this.circuit === 'half-open') this.become('open');
  }

  private open(): void {
    this.pauseEndsAt = this.monotonicNow() + this.pauseMs;
    this.become('open');
  }

  private become(circuit: CircuitState['circuit']): void {
    this.circuit = circuit;
    this.since = this.clock();
  }
}
