import { BackgroundTask } from '../../common/background-task.js';
import type { Caller, McpUpstream } from '../../protocol/exchange.js';
import { MCP_CODE, McpError } from '../../protocol/mcp-error.js';
import type { JsonObject } from '../message-shape.js';
import type { LegacyConnections } from './legacy-connection.js';
import { UpstreamSession } from './upstream-session.js';

const SWEEP_MS = 30_000;

export interface SessionLimits {
  readonly total: number;
  /** For one caller: one for each set of capabilities that its clients have. */
  readonly perOwner: number;
  readonly idleMs: number;
}

const LIMITS: SessionLimits = { total: 1000, perOwner: 8, idleMs: 5 * 60_000 };

interface Entry {
  readonly owner: string;
  readonly opening: Promise<UpstreamSession>;
  /** Once it is open. */
  session?: UpstreamSession;
}

/** The sessions that the gateway has with a legacy server: one for each caller and what its client is capable of, ended when idle. */
export class UpstreamSessions implements LegacyConnections {
  /** In the order of last use. */
  private readonly entries = new Map<string, Entry>();
  private readonly sweeper: BackgroundTask;

  constructor(
    private readonly upstream: McpUpstream,
    private readonly url: string,
    private readonly limits: SessionLimits = LIMITS,
  ) {
    this.sweeper = new BackgroundTask(() => Promise.resolve(this.endIdle()), Math.min(SWEEP_MS, limits.idleMs));
    this.sweeper.start();
  }

  get size(): number {
    return this.entries.size;
  }

  open(caller: Caller, clientCapabilities: JsonObject): Promise<UpstreamSession> {
    const key = `${caller.owner} ${JSON.stringify(clientCapabilities)}`;
    const known = this.entries.get(key);
    this.entries.delete(key);
    if (known && !known.session?.isLost) {
      this.entries.set(key, known);
      return known.opening;
    }
    void known?.session?.close();
    this.makeRoom(caller.owner);
    return this.openNew(key, caller, clientCapabilities);
  }

  endSessions(owner: string): void {
    void this.end((entry) => entry.owner === owner);
  }

  async close(): Promise<void> {
    await this.sweeper.stop();
    await this.end(() => true);
  }

  private openNew(key: string, caller: Caller, capabilities: JsonObject): Promise<UpstreamSession> {
    const { upstream, url } = this;
    const entry: Entry = { owner: caller.owner, opening: UpstreamSession.open({ upstream, url, caller }, capabilities) };
    this.entries.set(key, entry);
    entry.opening.then(
      (session) => void (entry.session = session),
      () => this.entries.get(key) === entry && this.entries.delete(key),
    );
    return entry.opening;
  }

  /** The session that was quiet longest gives way: of the owner's own, or of all. Those at work stay. */
  private makeRoom(owner: string): void {
    const own = [...this.entries].filter(([, entry]) => entry.owner === owner);
    const crowd = own.length >= this.limits.perOwner ? own : this.entries.size >= this.limits.total ? [...this.entries] : undefined;
    if (!crowd) return;
    const quiet = crowd.find(([, { session }]) => session?.active === 0);
    if (!quiet) {
      throw new McpError(503, MCP_CODE.internalError, 'No room for another session with the upstream.', {
        headers: { 'retry-after': '5' },
      });
    }
    this.entries.delete(quiet[0]);
    void quiet[1].session?.close();
  }

  private endIdle(): void {
    const oldest = performance.now() - this.limits.idleMs;
    void this.end(({ session }) => session !== undefined && (session.isLost || (session.active === 0 && session.usedAt <= oldest)));
  }

  private async end(isOver: (entry: Entry) => boolean): Promise<void> {
    const over = [...this.entries].filter(([, entry]) => isOver(entry));
    for (const [key] of over) this.entries.delete(key);
    // One that never opened needs no end.
    await Promise.all(over.map(([, { opening }]) => opening.then((session) => session.close()).catch(() => undefined)));
  }
}
