/** How a server does, as this process has seen it. Times are milliseconds since the Unix epoch. */
export interface ServerHealth {
  readonly status: 'up' | 'down' | 'unknown';
  /** Since when it does so. */
  readonly since: number;
  /** When it was last heard of. */
  readonly checkedAt: number;
  /** What went wrong last, in plain words; holds no secret. */
  readonly lastError?: string | undefined;
  /** Its circuit breaker, where it has one. `open`: nothing is sent to it for a while. */
  readonly breaker?: Breaker | undefined;
}

export type Breaker = 'closed' | 'open' | 'half-open';

/** Says how a server does; undefined where nothing is known. */
export type FindServerHealth = (serverId: string) => ServerHealth | undefined;

/** Where whoever calls servers says how they do, for those who only look. */
export class HealthBoard {
  private find: FindServerHealth = () => undefined;

  /** Sets who is asked. */
  answerWith(find: FindServerHealth): void {
    this.find = find;
  }

  of(serverId: string): ServerHealth | undefined {
    return this.find(serverId);
  }
}
