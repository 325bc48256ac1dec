import type { CircuitState, Connections, Era, Exchange, McpUpstream, UpstreamAnswer } from './exchange.js';

/** An upstream that looks at what goes to another one, and leaves all else to it. */
export abstract class WrappedUpstream implements McpUpstream {
  constructor(protected readonly inner: McpUpstream) {}

  abstract handle(exchange: Exchange): Promise<UpstreamAnswer>;

  eras(): readonly Era[] | Promise<readonly Era[]> {
    return this.inner.eras();
  }

  state(): CircuitState | undefined {
    return this.inner.state?.();
  }

  countConnections(): Connections | undefined {
    return this.inner.countConnections?.();
  }

  countSessions(): number {
    return this.inner.countSessions?.() ?? 0;
  }

  endSessions(owner: string): void {
    this.inner.endSessions(owner);
  }

  close(): Promise<void> {
    return this.inner.close();
  }
}
