import type { Exchange, McpUpstream, UpstreamAnswer } from '../protocol/exchange.js';
import { WrappedUpstream } from '../protocol/wrapped-upstream.js';
import { ParamHeaders } from './http-upstream/param-headers.js';
import { modernExchange, readResult } from './upstream-call.js';

/**
 * A modern upstream that gets no headers, and so cannot compare them with the body itself (R-MOD-08): one behind standard streams or a
 * translation.
 */
export class ParamChecked extends WrappedUpstream {
  private readonly params: ParamHeaders;

  constructor(inner: McpUpstream, url: string) {
    super(inner);
    this.params = new ParamHeaders(async (cursor, { caller }) => {
      const params = cursor === undefined ? {} : { cursor };
      const { signal } = new AbortController();
      return readResult(await inner.handle(modernExchange({ method: 'tools/list', params, url, caller, signal })), 1);
    });
  }

  async handle(exchange: Exchange): Promise<UpstreamAnswer> {
    if (exchange.era === 'modern' && exchange.operations[0]?.method === 'tools/call') await this.params.check(exchange);
    return this.inner.handle(exchange);
  }
}
