import type { RateLimitConfig } from '../config/config.js';
import { type JsonRpcId, MCP_CODE, McpError } from '../protocol/mcp-error.js';
import { addressKey } from '../rate-limit/address-key.js';
import type { Quota } from '../rate-limit/memory-counters.js';
import type { ServerState } from '../servers/server-state.js';
import { type Call, isToolCall } from './call.js';
import type { ReadMessage } from './read-message.js';

/** Takes one from a quota: 0, or the seconds to wait. */
export type Take = (quota: Quota, key: string) => number | Promise<number>;

const HOUR = 3600;
/** A name longer than a tool's may be counts as its beginning, so that made-up names make no long keys. */
const TARGET_LENGTH = 64;

/**
 * How often a server may be called: by credential, by tool and, on the public face, by address. A server's own limits come first;
 * without them documentation servers have the installation's, and others none.
 */
export class CallLimits {
  constructor(
    private readonly limits: RateLimitConfig,
    private readonly take: Take,
  ) {}

  /** Counts a message: of an unauthenticated caller by address, of a credential under its own quota (R-RLM-03). At once where there is no limit. */
  countMessage(call: Call): Promise<void> | undefined {
    if (call.http.method !== 'POST') return undefined;
    const { principal, server, http } = call;
    if (!principal) return this.countAddress(server, http.address);
    const limit = server.limits.perCredential;
    return limit === undefined ? undefined : this.count(quotaOf('server.credential', limit), `${server.id}:${principal.credential.id}`);
  }

  /** Counts what is in a message: its tool calls, and of an array each element as a message. At once where there is no limit. */
  countContents(call: Call, read: ReadMessage): Promise<void> | undefined {
    return Array.isArray(read.message) ? this.countArray(call, read, read.message.length) : this.countToolCalls(call, read);
  }

  /** The first was counted before the array was read. */
  private async countArray(call: Call, read: ReadMessage, length: number): Promise<void> {
    for (let i = 1; i < length; i++) await this.countMessage(call);
    await this.countToolCalls(call, read);
  }

  private countToolCalls(call: Call, read: ReadMessage): Promise<void> | undefined {
    const quota = this.quotaOfTools(call);
    if (!quota || !read.operations.some(isToolCall)) return undefined;
    return this.countTools(call, read, quota);
  }

  private countAddress({ id, limits, upstream }: ServerState, address: string): Promise<void> | undefined {
    if (limits.perAddress !== undefined) return this.count(quotaOf('server.address', limits.perAddress), `${id}:${addressKey(address)}`);
    if (upstream.kind !== 'docs') return undefined;
    return this.count({ name: 'docs.address', limit: this.limits.docsPerAddress, windowSeconds: HOUR }, addressKey(address));
  }

  private quotaOfTools({ principal, server }: Call): Quota | undefined {
    const { limits, upstream } = server;
    if (principal && limits.perTool !== undefined) return quotaOf('server.tool', limits.perTool);
    if (upstream.kind !== 'docs') return undefined;
    return principal
      ? { name: 'docs.credential', limit: this.limits.docsPerCredential, windowSeconds: HOUR }
      : { name: 'docs.tool', limit: this.limits.docsPerTool, windowSeconds: HOUR };
  }

  private countTools({ principal, server }: Call, read: ReadMessage, quota: Quota): Promise<void> | undefined {
    const keys = read.operations.filter(isToolCall).map(({ target = '' }) => {
      const tool = `${server.id}:${target.slice(0, TARGET_LENGTH)}`;
      return principal ? `${principal.credential.id}:${tool}` : tool;
    });
    const [key] = keys;
    return keys.length === 1 && key !== undefined ? this.count(quota, key, read.id) : this.countAll(quota, keys, read.id);
  }

  private async countAll(quota: Quota, keys: readonly string[], id: JsonRpcId | undefined): Promise<void> {
    for (const key of keys) await this.count(quota, key, id);
  }

  private count(quota: Quota, key: string, id?: JsonRpcId): Promise<void> | undefined {
    const wait = this.take(quota, key);
    if (wait instanceof Promise) return wait.then((seconds) => passOrRefuse(seconds, id));
    passOrRefuse(wait, id);
    return undefined;
  }
}

/** A quota is known by its name, so one of another size is another. */
const quotaOf = (name: string, limit: number): Quota => ({ name: `${name}.${limit}`, limit, windowSeconds: HOUR });

function passOrRefuse(wait: number, id?: JsonRpcId): void {
  if (wait <= 0) return;
  const seconds = String(Math.max(1, Math.ceil(wait)));
  throw new McpError(429, MCP_CODE.tooManyRequests, `Too many requests. Try again in ${seconds} seconds.`, {
    id,
    headers: { 'retry-after': seconds },
  });
}
