/**
 * Whether the process is on its way out. First it leaves: health says not ready, so that balancers send nothing more, and whatever
 * still comes is served. Then it drains: new requests on open connections get 503.
 */
export class Drain {
  private phase: 'serving' | 'leaving' | 'draining' = 'serving';

  /** Also while it drains. */
  get isLeaving(): boolean {
    return this.phase !== 'serving';
  }

  get isDraining(): boolean {
    return this.phase === 'draining';
  }

  leave(): void {
    if (this.phase === 'serving') this.phase = 'leaving';
  }

  begin(): void {
    this.phase = 'draining';
  }
}
