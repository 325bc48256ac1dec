import { DurationTally } from '../common/tally.js';
import type { McpUpstream } from '../protocol/exchange.js';
import type { ServerState } from '../servers/server-state.js';

/** Calls and streams of former settings may go on for so long. */
const MAX_RETIRED_MS = 5 * 60_000;

/** An upstream that is open under a server's settings, and how many calls and streams use it. */
export class Lease {
  private uses = 0;
  private isRetired = false;
  private deadline: NodeJS.Timeout | undefined;

  constructor(
    readonly upstream: McpUpstream,
    /** The newest state that this upstream serves. */
    public server: ServerState,
    private readonly close: () => Promise<void>,
    /** How long calls have waited for its answers. */
    readonly latency: DurationTally = new DurationTally(),
  ) {}

  enter(): void {
    this.uses++;
  }

  leave(): void {
    this.uses--;
    if (this.isRetired && this.uses === 0) void this.end();
  }

  /** Takes no more calls; what is under way finishes first, within bounds. */
  retire(): void {
    if (this.isRetired) return;
    this.isRetired = true;
    if (this.uses === 0) void this.end();
    else this.deadline = setTimeout(() => void this.end(), MAX_RETIRED_MS).unref();
  }

  /** Closes it whatever is under way. */
  async end(): Promise<void> {
    this.isRetired = true;
    clearTimeout(this.deadline);
    await this.close();
  }
}
