import { type Answer, ask, type NewCredential, type TestGatehouse } from '../support/gatehouse.js';
import { type McpOptions, META, MODERN, startMcpUpstream, type TestUpstream } from '../support/http-upstream.js';
import { addServer } from '../support/servers.js';

const SCOPES = [
  { name: 'notes:read', permissions: ['tools/call:read_*'], default: true },
  { name: 'notes:all', permissions: ['*'] },
];
const TYPES = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };

export const tool = (name: string) => ({ name, inputSchema: { type: 'object' } });

export interface World {
  readonly slug: string;
  readonly url: string;
  readonly upstream: TestUpstream;
  readonly credential: NewCredential;
  readonly token: string;
}

let count = 0;

/** An upstream, a server in front of it, and a credential that may call its `read_*` tools. */
export async function makeWorld(gatehouse: TestGatehouse, options: McpOptions = {}): Promise<World> {
  const upstream = await startMcpUpstream({ tools: ['read_page', 'write_page'].map(tool), ...options });
  const slug = `notes-${++count}`;
  await addServer(gatehouse, { slug, upstream: { kind: 'http', url: upstream.url, auth: { type: 'none' } }, scopes: SCOPES });
  const url = `${gatehouse.url}/authed/mcp/${slug}`;
  const credential = await gatehouse.createCredential({ servers: [slug] });
  return { slug, url, upstream, credential, token: await tokenFor(gatehouse, credential, url) };
}

export async function tokenFor(gatehouse: TestGatehouse, credential: NewCredential, resource: string): Promise<string> {
  return (await gatehouse.token(credential, { resource })).json['access_token'] as string;
}

export interface Call {
  readonly method?: string;
  readonly params?: Record<string, unknown>;
  readonly id?: number;
  readonly headers?: Record<string, string>;
  /** Instead of the message that the rest makes. */
  readonly body?: string;
}

/** A call of the modern era; without a token as nobody. */
export function call(url: string, token: string | undefined, { method = 'tools/list', params = {}, id = 1, headers, body }: Call = {}) {
  const name = params['name'] as string | undefined;
  return ask(url, {
    method: 'POST',
    headers: {
      ...TYPES,
      'mcp-protocol-version': MODERN,
      'mcp-method': method,
      ...(name === undefined ? {} : { 'mcp-name': name }),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...headers,
    },
    body: body ?? JSON.stringify({ jsonrpc: '2.0', id, method, params: { ...params, _meta: META } }),
  });
}

export const callTool = (
  url: string,
  token: string | undefined,
  name: string,
  more: Omit<Call, 'method' | 'params'> = {},
): Promise<Answer> => call(url, token, { method: 'tools/call', params: { name, arguments: {} }, ...more });

/** A message of the legacy era. */
export const legacy = (url: string, token: string, message: unknown, headers: Record<string, string> = {}): Promise<Answer> =>
  ask(url, { method: 'POST', headers: { ...TYPES, authorization: `Bearer ${token}`, ...headers }, body: JSON.stringify(message) });

/** Opens a legacy session; returns the headers of its messages. */
export async function openSession(url: string, token: string): Promise<Record<string, string>> {
  const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'test', version: '1' } };
  const { headers } = await legacy(url, token, { jsonrpc: '2.0', id: 0, method: 'initialize', params });
  return { 'mcp-session-id': headers.get('mcp-session-id') ?? '', 'mcp-protocol-version': '2025-11-25' };
}

export const namesIn = ({ json }: Answer): string[] =>
  ((json['result'] as { tools?: { name: string }[] } | undefined)?.tools ?? []).map(({ name }) => name);
