import type { Clock } from '../../common/clock.js';
import type { Sealer } from '../../database/sealer.js';
import type { GuardedPool } from '../../egress/guarded-pool.js';
import type { CircuitState, Connections, Era, Exchange, McpUpstream, UpstreamAnswer } from '../../protocol/exchange.js';
import type { Tracing } from '../../tracing/tracing.js';
import type { UpstreamAuthenticator } from '../upstream-auth/upstream-auth.js';
import { Breaker } from './breaker.js';
import { EraProbe, type Spoken } from './era-probe.js';
import { LegacySide } from './legacy-side.js';
import { ModernSide, otherEra } from './modern-side.js';
import { PendingAnswers, type SharedMarks } from './pending-answers.js';
import { SessionSeal } from './session-seal.js';
import { SpokenEras } from './spoken-eras.js';
import { UpstreamLink } from './upstream-link.js';

export interface HttpUpstreamOptions {
  readonly serverId: string;
  /** Where the upstream is. */
  readonly url: string;
  /** The server's canonical URL, for requests of the gateway's own. */
  readonly resource: string;
  readonly pool: Pick<GuardedPool, 'dispatch' | 'dispatchStream' | 'close' | 'connections'>;
  readonly auth: UpstreamAuthenticator;
  readonly sealer: Pick<Sealer, 'seal' | 'open'>;
  readonly clock: Clock;
  readonly timeoutSeconds: number | undefined;
  readonly shared?: SharedMarks | undefined;
  readonly tracing?: Tracing | undefined;
}

const DEFAULT_TIMEOUT_SECONDS = 120;

/** An MCP server that speaks Streamable HTTP, in the eras that it speaks. */
export class HttpUpstream implements McpUpstream {
  private readonly link: UpstreamLink;
  private readonly pool: HttpUpstreamOptions['pool'];
  private readonly breaker: Breaker;
  private readonly spoken: SpokenEras;
  private readonly modern: ModernSide;
  private readonly legacy: LegacySide;
  private hasSessions = false;

  constructor(options: HttpUpstreamOptions) {
    const { serverId, url, resource, pool, auth, sealer, clock, timeoutSeconds = DEFAULT_TIMEOUT_SECONDS, shared, tracing } = options;
    this.breaker = new Breaker(clock);
    this.link = new UpstreamLink({ url: new URL(url), pool, auth, breaker: this.breaker, timeoutMs: timeoutSeconds * 1000, tracing });
    this.pool = pool;
    const probe = new EraProbe(this.link, resource);
    this.spoken = new SpokenEras(() => probe.ask());
    const doubt = () => this.spoken.doubt();
    this.modern = new ModernSide(this.link, resource, doubt);
    this.legacy = new LegacySide({
      link: this.link,
      url: resource,
      seal: new SessionSeal(sealer, { serverId, url }),
      pending: new PendingAnswers(serverId, shared),
      hasSessions: () => this.hasSessions,
      doubt,
    });
  }

  eras(): readonly Era[] | Promise<readonly Era[]> {
    const spoken = this.spoken.get();
    return spoken instanceof Promise ? spoken.then((known) => this.remember(known)) : this.remember(spoken);
  }

  handle(exchange: Exchange): Promise<UpstreamAnswer> {
    const eras = this.eras();
    return eras instanceof Promise ? eras.then((known) => this.handleIn(known, exchange)) : this.handleIn(eras, exchange);
  }

  state(): CircuitState {
    return this.breaker.state;
  }

  countConnections(): Connections {
    return this.pool.connections;
  }

  countSessions(): number {
    return this.legacy.sessions;
  }

  endSessions(owner: string): void {
    this.legacy.endSessions(owner);
  }

  close(): Promise<void> {
    return this.link.close();
  }

  private remember({ eras, hasSessions }: Spoken): readonly Era[] {
    this.hasSessions = hasSessions;
    return eras;
  }

  private handleIn(eras: readonly Era[], exchange: Exchange): Promise<UpstreamAnswer> {
    if (!eras.includes(exchange.era)) return Promise.reject(otherEra(exchange));
    return exchange.era === 'modern' ? this.modern.handle(exchange) : this.legacy.handle(exchange);
  }
}
