import type { CircuitState, Connections, Era, Exchange, McpUpstream, UpstreamAnswer } from '../../protocol/exchange.js';
import type { Tracing } from '../../tracing/tracing.js';
import { traceOf, withTraceInMeta } from '../carry-trace.js';
import { ParamChecked } from '../param-checked.js';
import { LegacyFace } from './legacy-face.js';
import { type FaceParts, ModernFace } from './modern-face.js';
import { UpstreamSessions } from './upstream-sessions.js';

const ERAS: readonly Era[] = ['modern', 'legacy'];

export interface EraBridgeParts extends FaceParts {
  /** The server's canonical URL. */
  readonly url: string;
  readonly tracing?: Tracing | undefined;
}

/** An upstream in both eras: what the one behind it speaks passes untouched, the rest is translated. */
export class EraBridge implements McpUpstream {
  private readonly faces = new Map<Era, McpUpstream>();

  constructor(
    private readonly inner: McpUpstream,
    private readonly parts: EraBridgeParts,
  ) {}

  eras(): readonly Era[] {
    return ERAS;
  }

  handle(exchange: Exchange): Promise<UpstreamAnswer> {
    const eras = this.inner.eras();
    return eras instanceof Promise ? eras.then((known) => this.route(known, exchange)) : this.route(eras, exchange);
  }

  /** As the upstream behind it keeps account of itself, where it does. */
  state(): CircuitState | undefined {
    return this.inner.state?.();
  }

  countConnections(): Connections | undefined {
    return this.inner.countConnections?.();
  }

  countSessions(): number {
    return [this.inner, ...this.faces.values()].reduce((sum, upstream) => sum + (upstream.countSessions?.() ?? 0), 0);
  }

  endSessions(owner: string): void {
    this.inner.endSessions(owner);
    for (const face of this.faces.values()) face.endSessions(owner);
  }

  async close(): Promise<void> {
    await Promise.all([...this.faces.values()].map((face) => face.close()));
    await this.inner.close();
  }

  private route(eras: readonly Era[], exchange: Exchange): Promise<UpstreamAnswer> {
    if (eras.includes(exchange.era)) return this.inner.handle(exchange);
    // The translated message has none of its client's headers.
    return this.faceOf(exchange.era).handle(withTraceInMeta(exchange, traceOf(exchange, this.parts.tracing)));
  }

  private faceOf(era: Era): McpUpstream {
    const known = this.faces.get(era);
    if (known) return known;
    const { inner, parts } = this;
    const face =
      era === 'modern'
        ? new ParamChecked(new ModernFace(new UpstreamSessions(inner, parts.url), parts), parts.url)
        : new LegacyFace(inner, parts.url, parts);
    this.faces.set(era, face);
    return face;
  }
}
