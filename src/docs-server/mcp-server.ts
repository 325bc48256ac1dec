import { type CallToolResult, McpServer, ProtocolError, ProtocolErrorCode, type Tool } from '@modelcontextprotocol/server';
import { z } from 'zod';
import { VERSION } from '../common/version.js';
import type { Caller } from '../protocol/exchange.js';
import type { DocsResources } from './docs-resources.js';
import { type DocsTool, faultOf } from './docs-tool.js';

/** Revisions with a handshake and sessions. 2024-11-05 is not offered (R-LEG-17). The newest comes first: it is the one proposed. */
export const LEGACY_VERSIONS: readonly string[] = ['2025-11-25', '2025-06-18', '2025-03-26'];

/** How long a client may keep the list of tools: it changes with the configuration only. */
const LIST_TTL_MS = 300_000;
/** Pages change when somebody saves one. */
const PAGES_TTL_MS = 10_000;
const OF_PAGES = ['resources/list', 'resources/read'] as const;
const OF_CONFIGURATION = ['server/discover', 'tools/list', 'resources/templates/list'] as const;
const CLIENT_CREDENTIALS = 'io.modelcontextprotocol/oauth-client-credentials';

/** What an MCP server over a documentation is made from. */
export interface DocsServerParts {
  readonly name: string;
  readonly tools: readonly DocsTool[];
  /** None are offered without it. */
  readonly resources?: DocsResources;
}

/**
 * An MCP server for one request (modern era) or one session (legacy era). Who calls is asked for with every message: within
 * a session another token may allow more or less. What may not be called looks like what does not exist (R-GWC-13).
 */
export function createMcpServer(parts: DocsServerParts, callerOf: () => Caller): McpServer {
  const hint = cacheHintOf(callerOf());
  const isPublic = hint.cacheScope === 'public';
  const server = new McpServer(serverInfoOf(parts), {
    capabilities: isPublic ? {} : { extensions: { [CLIENT_CREDENTIALS]: {} } },
    instructions: instructionsOf(parts),
    cacheHints: {
      ...Object.fromEntries(OF_CONFIGURATION.map((method) => [method, hint])),
      ...Object.fromEntries(OF_PAGES.map((method) => [method, { ...hint, ttlMs: PAGES_TTL_MS }])),
    },
    supportedProtocolVersions: [...LEGACY_VERSIONS],
  });
  // Handlers of our own instead of registered tools: schemas are made once, not for every request.
  server.server.registerCapabilities({ tools: {} });
  server.server.setRequestHandler('tools/list', () => ({ tools: allowedTools(parts, callerOf()) }));
  server.server.setRequestHandler('tools/call', ({ params: { name, arguments: values = {} } }) => {
    const tool = findTool(parts, callerOf(), name);
    if (!tool) throw new ProtocolError(ProtocolErrorCode.InvalidParams, `Unknown tool: ${name}`);
    return runTool(tool, values, callerOf());
  });
  if (parts.resources) offerResources(server, parts.resources, callerOf);
  return server;
}

function offerResources({ server }: McpServer, resources: DocsResources, callerOf: () => Caller): void {
  server.registerCapabilities({ resources: {}, completions: {} });
  server.setRequestHandler('resources/list', ({ params }) => resources.list(callerOf(), params?.cursor));
  server.setRequestHandler('resources/templates/list', () => resources.templates(callerOf()));
  server.setRequestHandler('resources/read', ({ params: { uri } }) => resources.read(callerOf(), uri));
  server.setRequestHandler('completion/complete', ({ params }) => resources.complete(callerOf(), params));
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

const cacheHintOf = ({ audience }: Caller): CacheHint => ({
  ttlMs: LIST_TTL_MS,
  cacheScope: audience === 'public' ? 'public' : 'private',
});

const mayCall = (caller: Caller, { name }: DocsTool): boolean => caller.isAllowed({ method: 'tools/call', target: name });

const allowedTools = ({ tools }: DocsServerParts, caller: Caller): Tool[] =>
  tools.filter((tool) => mayCall(caller, tool)).map((tool) => tool.describe(caller));

function instructionsOf({ name, tools }: DocsServerParts): string {
  const [search = '', read = '', shell = ''] = tools.map((tool) => tool.name);
  return (
    `The documentation of ${name}. Find sections with ${search} (a few words or a name from code), ` +
    `then read the page, or one section of it, with ${read}, giving the path and the anchor that were found. ` +
    `To look through many pages at once, use ${shell}.`
  );
}
