/**
 * Whether the process is on its way out. First it leaves: health says not ready, so that balancers send nothing more, and whatever
 * still comes is served. Then it drains: new requests on open connections get 503.
 *
 * While it leaves, answers may end their connections or not: who hears that makes the next one elsewhere, or here again.
 */
export class Drain {
  private phase: 'serving' | 'leaving' | 'draining' = 'serving';
  private isSendingAway = false;

  /** Also while it drains. */
  get isLeaving(): boolean {
    return this.phase !== 'serving';
  }

  get isDraining(): boolean {
    return this.phase === 'draining';
  }

  /** Whether answers say `Connection: close`. */
  get endsConnections(): boolean {
    return this.isSendingAway;
  }

  leave(): void {
    if (this.phase === 'serving') this.phase = 'leaving';
    this.isSendingAway = true;
  }

  /** Lets those that still come keep their connections, until it leaves again. */
  keepConnections(): void {
    this.isSendingAway = false;
  }

  begin(): void {
    this.phase = 'draining';
    this.isSendingAway = true;
  }
}
