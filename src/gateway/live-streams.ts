import { MCP_CODE, McpError } from '../protocol/mcp-error.js';
import type { Principal } from './principal.js';

/** An event stream that is open. */
export interface LiveStream {
  /** Whom it was opened for; undefined on the public face. */
  readonly principal: Principal | undefined;
  readonly address: string;
  /** When it ends whatever happens, in milliseconds since the epoch. */
  readonly endsAt: number;
  /** Until somebody ends it; otherwise it is the answer to a call. */
  readonly staysOpen: boolean;
  end(): void;
  /** Closes the connection that it came on. */
  hangUp(): void;
}

export interface StreamLimits {
  /** Streams that stay open, for one credential on one server, or for one address on the public face, where a server says nothing. */
  readonly perHolder: number;
  readonly total: number;
}

const LIMITS: StreamLimits = { perHolder: 20, total: 20_000 };
const RETRY_SECONDS = '10';

/** The streams that are open, and how many each holder has of those that stay open until somebody ends them. */
export class LiveStreams {
  private readonly streams = new Set<LiveStream>();
  private readonly held = new Map<string, number>();
  private heldTotal = 0;

  constructor(private readonly limits: StreamLimits = LIMITS) {}

  get size(): number {
    return this.streams.size;
  }

  get all(): readonly LiveStream[] {
    return [...this.streams];
  }

  /**
   * Takes room for a stream that stays open, before anything is executed.
   * @throws {McpError} 429 where the holder has too many, 503 where we have.
   */
  claim(holder: string, limit = this.limits.perHolder): void {
    const count = this.held.get(holder) ?? 0;
    const headers = { 'retry-after': RETRY_SECONDS };
    if (count >= limit) throw new McpError(429, MCP_CODE.tooManyRequests, 'Too many open streams.', { headers });
    if (this.heldTotal >= this.limits.total) throw new McpError(503, MCP_CODE.internalError, 'No room for another stream.', { headers });
    this.held.set(holder, count + 1);
    this.heldTotal++;
  }

  /** Gives a claimed room back. */
  release(holder: string): void {
    const count = (this.held.get(holder) ?? 0) - 1;
    if (count > 0) this.held.set(holder, count);
    else this.held.delete(holder);
    this.heldTotal--;
  }

  add(stream: LiveStream): void {
    this.streams.add(stream);
  }

  delete(stream: LiveStream): void {
    this.streams.delete(stream);
  }

  /** Ends those that would not end by themselves. */
  endStanding(): void {
    for (const stream of this.all) if (stream.staysOpen) stream.end();
  }

  endAll(): void {
    for (const stream of this.all) stream.end();
  }
}
