import type { CircuitState, Era, Exchange, McpUpstream, UpstreamAnswer } from '../protocol/exchange.js';
import { ParamHeaders } from './http-upstream/param-headers.js';
import { modernExchange, readResult } from './upstream-call.js';

/**
 * A modern upstream that gets no headers, and so cannot compare them with the body itself (R-MOD-08): one behind standard streams or a
 * translation.
 */
export class ParamChecked implements McpUpstream {
  private readonly params: ParamHeaders;

  constructor(
    private readonly inner: McpUpstream,
    url: string,
  ) {
    this.params = new ParamHeaders(async (cursor, { caller }) => {
      const params = cursor === undefined ? {} : { cursor };
      const { signal } = new AbortController();
      return readResult(await inner.handle(modernExchange({ method: 'tools/list', params, url, caller, signal })), 1);
    });
  }

  eras(): readonly Era[] | Promise<readonly Era[]> {
    return this.inner.eras();
  }

  async handle(exchange: Exchange): Promise<UpstreamAnswer> {
    if (exchange.era === 'modern' && exchange.operations[0]?.method === 'tools/call') await this.params.check(exchange);
    return this.inner.handle(exchange);
  }

  state(): CircuitState | undefined {
    return this.inner.state?.();
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
