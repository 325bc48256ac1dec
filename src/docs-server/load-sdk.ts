/** What needs the MCP SDK. It is large, and what matters for speed does without: it is loaded with the first message that it has to judge. */
export const loadSdk = (): Promise<typeof import('./mcp-server.js')> => (loaded ??= import('./mcp-server.js'));

let loaded: Promise<typeof import('./mcp-server.js')> | undefined;
