import { type JsonRpcId, MCP_CODE, McpError } from '../../protocol/mcp-error.js';
import { Belongings } from './belongings.js';

/** Marks that all replicas see. Undefined where they cannot be reached. */
export interface SharedMarks {
  set(name: string): void;
  /** Removes a mark; whether it was there. */
  take(name: string): Promise<boolean | undefined>;
}

/**
 * The requests that upstreams have made of their clients, by session: an answer goes back only to the session that was asked, and
 * once (R-LEG-14). With marks that replicas share an answer may come to any of them; without, one that another replica may know
 * of is left to the upstream, which knows its session.
 */
export class PendingAnswers {
  private readonly asked = new Belongings();

  constructor(
    private readonly scope: string,
    private readonly shared?: SharedMarks,
  ) {}

  add(session: string, id: JsonRpcId): void {
    this.asked.add(session, nameOf(id));
    this.shared?.set(this.markOf(session, id));
  }

  /** @throws {McpError} 400 for an answer that nobody in this session waits for. */
  async take(session: string, id: JsonRpcId): Promise<void> {
    const name = nameOf(id);
    const belonging = this.asked.of(session, name);
    this.asked.delete(session, name);
    const isMarked = await this.shared?.take(this.markOf(session, id));
    if (belonging === 'own' || isMarked === true) return;
    if (belonging === 'unknown' && isMarked === undefined) return;
    throw new McpError(400, MCP_CODE.invalidRequest, 'Nothing in this session waits for this response.');
  }

  private markOf(session: string, id: JsonRpcId): string {
    return `${this.scope}:${session}:${nameOf(id)}`;
  }
}

/** The string "1" and the number 1 are two ids. */
const nameOf = (id: JsonRpcId): string => `${typeof id}:${id}`;
