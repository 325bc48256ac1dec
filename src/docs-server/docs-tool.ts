import type { CallToolResult, Tool } from '@modelcontextprotocol/server';
import type { Caller } from '../protocol/exchange.js';
import type { Reader } from './content/access.js';

/** A tool of the documentation server: how it is listed, and what it does. */
export interface DocsTool {
  readonly name: string;
  /** How it is listed to one reader; what there is to choose from depends on what that reader may see. */
  describe(reader: Reader): Tool;
  /** @throws {z.ZodError} for arguments that do not fit. */
  call(values: unknown, caller: Caller): CallToolResult | Promise<CallToolResult>;
}

/** What the tools that read do to the world: nothing, however often they are called. */
export const HINTS = { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false };

export const faultOf = (text: string): CallToolResult => ({ content: [{ type: 'text', text }], isError: true });
