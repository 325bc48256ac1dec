import { OAuthError } from '../protocol/oauth-error.js';

export interface RequestGateOptions {
  /** Counts a request of an address; gives the seconds to wait, 0 for none. Absent where addresses are not limited. */
  readonly takeFromAddress?: (address: string) => Promise<number>;
  /** Whether the state in memory may be relied on. */
  readonly isStateFresh: () => boolean;
}

/** What every OAuth endpoint asks before it looks closer. */
export class RequestGate {
  constructor(private readonly options: RequestGateOptions) {}

  /** @throws {OAuthError} status 429 with `Retry-After`. */
  async limitAddress(address: string): Promise<void> {
    const wait = (await this.options.takeFromAddress?.(address)) ?? 0;
    if (wait > 0) throw OAuthError.throttled(wait, 'Too many requests from this address');
  }

  /** @throws {OAuthError} `temporarily_unavailable` while nobody can say whose secrets are good. */
  requireFreshState(): void {
    if (this.options.isStateFresh()) return;
    throw new OAuthError('temporarily_unavailable', 'Not available at the moment. Try again soon.', {
      detail: 'The database was not heard for longer than STATE_MAX_STALENESS',
      headers: { 'retry-after': '5' },
    });
  }
}
