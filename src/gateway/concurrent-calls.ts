import { MCP_CODE, McpError } from '../protocol/mcp-error.js';
import { addressKey } from '../rate-limit/address-key.js';
import { type Call, ownerOf } from './call.js';
import type { ReadMessage } from './read-message.js';

/** Where a server says nothing: enough for anybody, and too little to take all that an upstream has. */
const DEFAULT_LIMIT = 512;

/** How many calls of one credential to one server run at the same time, or of one address on the public face; on this replica. */
export class ConcurrentCalls {
  /** By server, then by caller: to join the two in one key would cost a call more than to look twice. */
  private readonly running = new Map<string, Map<string, number>>();

  /**
   * Takes room for a call, which {@link leave} gives back.
   * @throws {McpError} 429
   */
  enter(call: Call, read: Asked): void {
    const { server } = call;
    const ofServer = this.running.get(server.id) ?? new Map<string, number>();
    const caller = callerOf(call);
    const running = ofServer.get(caller) ?? 0;
    const all = running + countCalls(read);
    if (all > (server.limits.concurrentCalls ?? DEFAULT_LIMIT)) {
      const { id } = read;
      throw new McpError(429, MCP_CODE.tooManyRequests, 'Too many calls at the same time.', { id, headers: { 'retry-after': '1' } });
    }
    ofServer.set(caller, all);
    if (ofServer.size === 1) this.running.set(server.id, ofServer);
  }

  leave(call: Call, read: Asked): void {
    const ofServer = this.running.get(call.server.id);
    const caller = callerOf(call);
    const running = (ofServer?.get(caller) ?? 0) - countCalls(read);
    if (running > 0) ofServer?.set(caller, running);
    else ofServer?.delete(caller);
    if (ofServer?.size === 0) this.running.delete(call.server.id);
  }

  /** Callers with calls under way. */
  get size(): number {
    return [...this.running.values()].reduce((sum, { size }) => sum + size, 0);
  }
}

type Asked = Pick<ReadMessage, 'id' | 'operations'>;

/** An upstream answers the requests of an array side by side. */
const countCalls = ({ operations }: Asked): number => Math.max(1, operations.length);

const callerOf = (call: Call): string => (call.principal ? ownerOf(call) : addressKey(call.http.address));
