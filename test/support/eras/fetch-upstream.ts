import type { Era, Exchange, McpUpstream, UpstreamAnswer } from '../../../src/protocol/exchange.js';
import { answerOf } from '../../../src/protocol/answer.js';
import { MCP_CODE, McpError } from '../../../src/protocol/mcp-error.js';

/** Passes exchanges to a server over HTTP, as they are. */
export class FetchUpstream implements McpUpstream {
  /** What was sent, in order. */
  readonly sent: Exchange[] = [];

  constructor(
    readonly url: string,
    private readonly speaks: Era,
  ) {}

  eras(): readonly Era[] {
    return [this.speaks];
  }

  async handle(exchange: Exchange): Promise<UpstreamAnswer> {
    this.sent.push(exchange);
    const { method, headers, body, signal } = exchange;
    try {
      return await answerOf(await fetch(this.url, { method, headers, body: body ? new Uint8Array(body) : null, signal }));
    } catch (cause) {
      throw new McpError(502, MCP_CODE.internalError, 'The upstream cannot be reached.', { id: exchange.id, cause });
    }
  }

  endSessions(): void {
    // It holds none.
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
