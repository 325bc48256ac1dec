import type { Clock } from '../../common/clock.js';
import type { ReceivedToken } from './token-request.js';

export type Headers = Readonly<Record<string, string>>;

interface Held {
  readonly headers: Headers;
  readonly receivedAt: number;
  /** From here on another one is asked for, while this one is used. */
  readonly renewAt: number;
  readonly expiresAt: number;
}

/** Of its life, after which a token is renewed. */
const RENEW_AFTER = 0.75;
/** Before its end a token is not sent any more: clocks differ, and requests take time. */
const MARGIN_MS = 5000;
/** A token that is refused when it is this young would be followed by another that is. */
const YOUNG_MS = 5000;
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 30_000;

/**
 * One access token, kept and renewed: one request at a time, early and in the background; where that fails, the old one serves
 * to its end. After a failure the endpoint is left alone for a while, longer each time.
 */
export class TokenSource {
  private held: Held | undefined;
  private underWay: Promise<Held> | undefined;
  private failure: { readonly error: unknown; readonly until: number; readonly pauseMs: number } | undefined;

  constructor(
    private readonly request: () => Promise<ReceivedToken>,
    private readonly clock: Clock,
  ) {}

  /** At once where a token is in memory. @throws {TokenRequestError} */
  headers(): Headers | Promise<Headers> {
    const now = this.clock();
    const { held } = this;
    if (held && now < held.expiresAt) {
      if (now >= held.renewAt && !this.isPausing(now)) void this.renew().catch(() => undefined); // kept as `failure`, and the old one serves
      return held.headers;
    }
    if (this.failure && this.isPausing(now)) throw this.failure.error;
    return this.renew().then(({ headers }) => headers);
  }

  /** The upstream does not accept these. Whether there may be better ones. */
  refused(headers: Headers): boolean {
    const { held } = this;
    if (held?.headers !== headers) return true;
    if (this.clock() - held.receivedAt < YOUNG_MS) return false;
    this.held = undefined;
    return true;
  }

  private isPausing(now: number): boolean {
    return this.failure !== undefined && now < this.failure.until;
  }

  private renew(): Promise<Held> {
    return (this.underWay ??= this.fetch().finally(() => (this.underWay = undefined)));
  }

  private async fetch(): Promise<Held> {
    try {
      const { accessToken, lifetimeMs } = await this.request();
      const receivedAt = this.clock();
      const renewAt = receivedAt + lifetimeMs * RENEW_AFTER;
      const expiresAt = receivedAt + Math.max(lifetimeMs - MARGIN_MS, lifetimeMs / 2);
      this.held = { headers: { authorization: `Bearer ${accessToken}` }, receivedAt, renewAt, expiresAt };
      this.failure = undefined;
      return this.held;
    } catch (error) {
      const pauseMs = Math.min(LONGEST_PAUSE_MS, this.failure ? this.failure.pauseMs * 2 : FIRST_PAUSE_MS);
      this.failure = { error, until: this.clock() + pauseMs, pauseMs };
      throw error;
    }
  }
}
