import type { CallToolResult, Tool } from '@modelcontextprotocol/server';
import { z } from 'zod';
import { VERSION } from '../common/version.js';
import type { Caller } from '../protocol/exchange.js';
import type { DocsResources } from './docs-resources.js';
import { type DocsTool, faultOf } from './docs-tool.js';

/** Revisions with a handshake and sessions. 2024-11-05 is not offered (R-LEG-17). The newest comes first: it is the one proposed. */
export const LEGACY_VERSIONS: readonly string[] = ['2025-11-25', '2025-06-18', '2025-03-26'];

/** How long a client may keep the list of tools: it changes with the configuration only. */
const LIST_TTL_MS = 300_000;

/** What an MCP server over a documentation is made from. */
export interface DocsServerParts {
  readonly name: string;
  readonly tools: readonly DocsTool[];
  /** None are offered without it. */
  readonly resources?: DocsResources;
}

/** How the server names itself. */
export const serverInfoOf = ({ name }: DocsServerParts) => ({ name: 'gatehouse-docs', title: name, version: VERSION });

/** The tools that a caller may call, and how long and for whom the list may be kept (R-MOD-18). */
export function listTools(parts: DocsServerParts, caller: Caller): { tools: Tool[] } & CacheHint {
  return { tools: allowedTools(parts, caller), ...cacheHintOf(caller) };
}

/** The tool of this name, if there is one and the caller may call it. */
export function findTool({ tools }: DocsServerParts, caller: Caller, name: unknown): DocsTool | undefined {
  return tools.find((tool) => tool.name === name && mayCall(caller, tool));
}

/** Calls a tool. A model can mend its own arguments when it reads what is wrong with them (MCP tools, "Error Handling"). */
export function runTool(tool: DocsTool, values: unknown, caller: Caller): CallToolResult | Promise<CallToolResult> {
  try {
    return tool.call(values, caller);
  } catch (error) {
    if (!(error instanceof z.ZodError)) throw error;
    return faultOf(`Invalid arguments for ${tool.name}: ${z.prettifyError(error)}`);
  }
}

interface CacheHint {
  readonly ttlMs: number;
  readonly cacheScope: 'public' | 'private';
}

export const cacheHintOf = ({ audience }: Caller): CacheHint => ({
  ttlMs: LIST_TTL_MS,
  cacheScope: audience === 'public' ? 'public' : 'private',
});

const mayCall = (caller: Caller, { name }: DocsTool): boolean => caller.isAllowed({ method: 'tools/call', target: name });

export const allowedTools = ({ tools }: DocsServerParts, caller: Caller): Tool[] =>
  tools.filter((tool) => mayCall(caller, tool)).map((tool) => tool.describe(caller));
