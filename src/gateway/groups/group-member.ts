import type { DurationTally } from '../../common/tally.js';
import type { Caller, Exchange, McpUpstream, Operation, UpstreamAnswer } from '../../protocol/exchange.js';
import { MCP_CODE, McpError } from '../../protocol/mcp-error.js';
import type { ServerState } from '../../servers/server-state.js';
import type { GroupMember } from '../../servers/upstream.js';
import { isObject, type JsonObject } from '../message-shape.js';
import { modernExchange, readResult, RemoteError } from '../upstream-call.js';

/** A member's server, open, in the modern era. */
export interface OpenMember {
  readonly server: Pick<ServerState, 'name' | 'resource'>;
  readonly upstream: McpUpstream;
  readonly latency: Pick<DurationTally, 'add'>;
  /** Told of uses, so that nothing is closed under them. */
  enter(): void;
  leave(): void;
}

/** The server with this slug, opened; undefined where there is none. */
export type OpenServer = (slug: string) => OpenMember | undefined | Promise<OpenMember | undefined>;

/** A member that does not answer in time must not keep the others waiting. */
export const MEMBER_MS = 10_000;

const RENAMED: ReadonlySet<string> = new Set(['tools/call', 'prompts/get']);

/** One server of a group, as the group asks it. */
export class Member {
  readonly slug: string;
  readonly prefix: string;

  constructor(
    { server, prefix = '' }: GroupMember,
    private readonly openServer: OpenServer,
    private readonly deadlineMs = MEMBER_MS,
  ) {
    this.slug = server;
    this.prefix = prefix;
  }

  /** What the group calls a tool or prompt of this member. */
  publicName(name: string): string {
    return this.prefix + name;
  }

  /** What this member calls it; undefined where it cannot be one of its own. */
  ownName(publicName: string): string | undefined {
    return publicName.startsWith(this.prefix) ? publicName.slice(this.prefix.length) : undefined;
  }

  /** Hands an exchange on. */
  async handle(toExchange: (member: OpenMember) => Exchange): Promise<UpstreamAnswer> {
    const open = await this.open();
    open.enter();
    const askedAt = performance.now();
    let answer: UpstreamAnswer | undefined;
    try {
      answer = await open.upstream.handle(toExchange(open));
      return answer;
    } finally {
      open.latency.add(performance.now() - askedAt);
      const { body } = answer ?? {};
      if (body && !Buffer.isBuffer(body)) body.once('close', () => open.leave());
      else open.leave();
    }
  }

  /**
   * Asks for a result on the group's own behalf, within a deadline.
   * @throws {RemoteError} what the member answers; {McpError} where it does not.
   */
  async ask(method: string, params: JsonObject, caller: Caller): Promise<JsonObject> {
    const signal = AbortSignal.timeout(this.deadlineMs);
    const late = new Promise<never>((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(new McpError(504, MCP_CODE.internalError, 'It did not answer in time.')), {
        once: true,
      });
    });
    const answered = this.handle(({ server }) => modernExchange({ method, params, url: server.resource, caller, signal }));
    return Promise.race([answered.then((answer) => readResult(answer, 1)), late]);
  }

  /** The member's side of a caller: the group's permissions decide, by the names that the group gives. */
  callerFor(caller: Caller): Caller {
    return { ...caller, isAllowed: (operation) => caller.isAllowed(this.toPublic(operation)) };
  }

  private toPublic(operation: Operation): Operation {
    const { method, target } = operation;
    return target !== undefined && RENAMED.has(method) ? { ...operation, target: this.publicName(target) } : operation;
  }

  private async open(): Promise<OpenMember> {
    const open = await this.openServer(this.slug);
    if (open) return open;
    throw new McpError(502, MCP_CODE.internalError, 'A member of the group does not exist any more.', {
      detail: `There is no server ${this.slug}`,
    });
  }
}

/** Why a member cannot be asked, in words for everybody. */
export function reasonOf(error: unknown): string {
  if (error instanceof McpError) return error.publicMessage;
  return error instanceof RemoteError ? error.message.slice(0, 200) : 'It cannot be reached.';
}

/** Whether a member says that it has no such method at all. */
export const isUnsupported = (error: unknown): boolean => error instanceof RemoteError && error.code === MCP_CODE.methodNotFound;

/** Whether a member says that it has no such target. */
export const isNotFound = (error: unknown): boolean =>
  isObject(error) && (error['code'] === MCP_CODE.invalidParams || error['code'] === MCP_CODE.methodNotFound);
