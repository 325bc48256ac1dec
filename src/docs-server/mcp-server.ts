import {
  createMcpHandler,
  type McpHttpHandler,
  McpServer,
  ProtocolError,
  ProtocolErrorCode,
  ResourceNotFoundError,
  WebStandardStreamableHTTPServerTransport,
} from '@modelcontextprotocol/server';
import type { Caller } from '../protocol/exchange.js';
import { allowedTools, cacheHintOf, type DocsServerParts, findTool, LEGACY_VERSIONS, runTool, serverInfoOf } from './docs-answers.js';
import { type DocsResources, InvalidParams } from './docs-resources.js';

/** Pages change when somebody saves one. */
const PAGES_TTL_MS = 10_000;
const OF_PAGES = ['resources/list', 'resources/read'] as const;
const OF_CONFIGURATION = ['server/discover', 'tools/list', 'resources/templates/list'] as const;
const CLIENT_CREDENTIALS = 'io.modelcontextprotocol/oauth-client-credentials';

/** Bounds memory only: how many streams one caller may have open is the gateway's business. */
const MAX_SUBSCRIPTIONS = 10_000;

/** What handles messages of the modern era; who calls stands in each request's `authInfo`. */
export function createModernHandler(parts: DocsServerParts, onError: (error: Error) => void): McpHttpHandler {
  return createMcpHandler(({ authInfo }) => createMcpServer(parts, () => authInfo?.extra?.['caller'] as Caller), {
    legacy: 'reject',
    onerror: onError,
    maxSubscriptions: MAX_SUBSCRIPTIONS,
  });
}

/** The transport of one session of the legacy era, with a server behind it. */
export async function openSession(
  parts: DocsServerParts,
  { id, callerOf, onClosed }: { id: string; callerOf: () => Caller; onClosed: () => void },
): Promise<WebStandardStreamableHTTPServerTransport> {
  const transport = new WebStandardStreamableHTTPServerTransport({
    sessionIdGenerator: () => id,
    enableJsonResponse: true,
    onsessionclosed: onClosed,
  });
  await createMcpServer(parts, callerOf).connect(transport);
  return transport;
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
  server.setRequestHandler('resources/list', ({ params }) => orProtocolError(() => resources.list(callerOf(), params?.cursor)));
  server.setRequestHandler('resources/templates/list', () => resources.templates(callerOf()));
  server.setRequestHandler('resources/read', ({ params: { uri } }) => {
    const found = resources.read(callerOf(), uri);
    if (!found) throw new ResourceNotFoundError(uri);
    return found;
  });
  server.setRequestHandler('completion/complete', ({ params }) => orProtocolError(() => resources.complete(callerOf(), params)));
}

function orProtocolError<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof InvalidParams)) throw error;
    throw new ProtocolError(ProtocolErrorCode.InvalidParams, error.message);
  }
}

function instructionsOf({ name, tools }: DocsServerParts): string {
  const [search = '', read = '', shell = ''] = tools.map((tool) => tool.name);
  return (
    `The documentation of ${name}. Find sections with ${search} (a few words or a name from code), ` +
    `then read the page, or one section of it, with ${read}, giving the path and the anchor that were found. ` +
    `To look through many pages at once, use ${shell}.`
  );
}
