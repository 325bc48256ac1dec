import type { Clock } from '../../common/clock.js';
import type { CircuitState, Era, Exchange, McpUpstream, UpstreamAnswer } from '../../protocol/exchange.js';
import { MCP_CODE, McpError } from '../../protocol/mcp-error.js';
import type { Tracing } from '../../tracing/tracing.js';
import { methodOf, traceOf, withTraceInMeta } from '../carry-trace.js';
import type { LegacyConnection, LegacyConnections } from '../eras/legacy-connection.js';
import { ChildHealth } from './child-health.js';
import { type ChildKeeper, type ReadyChild } from './child-keeper.js';
import { LegacyChild } from './legacy-child.js';
import { askModernChild } from './modern-child.js';

/** Gives the sessions with servers of the legacy era a modern face. */
export type BridgeToLegacy = (connections: LegacyConnections) => McpUpstream;

export interface StdioUpstreamParts {
  readonly keeper: ChildKeeper;
  /** Milliseconds until the child must have begun to answer, and again between two parts of an answer. */
  readonly timeoutMs: number;
  readonly bridge: BridgeToLegacy;
  readonly clock: Clock;
  readonly tracing?: Tracing | undefined;
}

const ERAS: readonly Era[] = ['modern'];

/** An MCP server that runs as a child process, whichever era it speaks: clients see a modern one. */
export class StdioUpstream implements McpUpstream {
  private readonly bridge: McpUpstream;
  private readonly health: ChildHealth;
  private readonly sessions = new WeakMap<ReadyChild, LegacyChild>();

  constructor(private readonly parts: StdioUpstreamParts) {
    this.health = new ChildHealth(parts.clock);
    const open = async (): Promise<LegacyConnection> => this.session(await parts.keeper.get());
    // The one child is everybody's: there is no session of a single caller to be ended.
    this.bridge = parts.bridge({ open, size: 0, endSessions: () => undefined, close: () => Promise.resolve() });
  }

  eras(): readonly Era[] {
    return ERAS;
  }

  /** What the child itself speaks; starts it where it does not run. */
  async spokenEra(): Promise<Era> {
    return (await this.parts.keeper.get()).spoken.era;
  }

  async handle(exchange: Exchange): Promise<UpstreamAnswer> {
    if (exchange.era !== 'modern' || exchange.method !== 'POST') {
      throw new McpError(405, MCP_CODE.invalidRequest, 'This HTTP method is not offered here.', {
        id: exchange.id,
        headers: { allow: 'POST' },
      });
    }
    const { tracing } = this.parts;
    return tracing ? this.askTraced(tracing, exchange) : this.ask(withTraceInMeta(exchange, traceOf(exchange, undefined)));
  }

  private async askTraced(tracing: Tracing, exchange: Exchange): Promise<UpstreamAnswer> {
    const span = tracing.request(methodOf(exchange) ?? exchange.method, { 'network.transport': 'pipe' });
    try {
      return await this.ask(withTraceInMeta(exchange, span.context));
    } catch (error) {
      span.fail(error instanceof McpError ? String(error.status) : 'Error');
      throw error;
    } finally {
      span.end();
    }
  }

  private async ask(exchange: Exchange): Promise<UpstreamAnswer> {
    try {
      const answer = await this.askChild(exchange);
      this.health.answered();
      return answer;
    } catch (error) {
      this.health.failed(error);
      throw error;
    }
  }

  private async askChild(exchange: Exchange): Promise<UpstreamAnswer> {
    const child = await this.parts.keeper.get();
    if (child.spoken.era === 'legacy') return this.bridge.handle(exchange);
    return askModernChild(child.connection, exchange, this.parts.timeoutMs);
  }

  state(): CircuitState | undefined {
    return this.health.stateOf(this.parts.keeper);
  }

  endSessions(owner: string): void {
    this.bridge.endSessions(owner);
  }

  async close(): Promise<void> {
    await this.bridge.close();
    await this.parts.keeper.close();
  }

  private session(child: ReadyChild): LegacyChild {
    const known = this.sessions.get(child);
    if (known) return known;
    if (child.spoken.era !== 'legacy') throw new Error('The child speaks the modern era');
    const session = new LegacyChild(child.spoken.initializeResult, child.connection, this.parts.timeoutMs);
    this.sessions.set(child, session);
    return session;
  }
}
