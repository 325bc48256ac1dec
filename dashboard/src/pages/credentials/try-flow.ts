/** One request of the flow and what came back, as far as it may be shown. */
export interface Exchange {
  readonly title: string;
  readonly about: string;
  readonly request: string;
  readonly status: number | undefined;
  readonly answer: string;
  readonly milliseconds: number;
  readonly isAsExpected: boolean;
}

export interface FlowInput {
  readonly clientId: string;
  readonly clientSecret: string;
  /** The server's canonical URL. */
  readonly resource: string;
}

export interface Tool {
  readonly name: string;
  readonly description?: string;
  readonly inputSchema?: { readonly properties?: Record<string, unknown>; readonly required?: readonly string[] };
}

const VERSION = '2026-07-28';
const TIMEOUT_MS = 20_000;
const MAX_SHOWN = 6000;

interface Step {
  readonly title: string;
  readonly about: string;
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly expects: number;
  /** Headers of the answer that tell something. */
  readonly shows?: readonly string[];
}

interface Done {
  readonly exchange: Exchange;
  readonly json: unknown;
}

/** Secrets and tokens leave a mark of themselves only: this is shown to whoever stands behind. */
export function mask(text: string): string {
  return text
    .replace(/(Basic |Bearer )([A-Za-z0-9+/=._-]{12})[A-Za-z0-9+/=._-]+/g, '$1$2…')
    .replace(/("(?:access_token|refresh_token)"\s*:\s*")([^"]{12})[^"]+/g, '$1$2…');
}

/** Chromium sends requests to its own origin only, as the policy of the page says; PUBLIC_URL may be spelled otherwise. */
const toOwnOrigin = (url: string): string => `${location.origin}${new URL(url).pathname}`;

async function run(step: Step): Promise<Done> {
  const started = performance.now();
  const { method, url, headers, body } = step;
  const lines = [`${method} ${new URL(url).pathname}`, ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`)];
  const request = mask([...lines, ...(body === undefined ? [] : ['', readable(body)])].join('\n'));
  const shared = { title: step.title, about: step.about, request };
  try {
    const init = { method, headers, credentials: 'omit', cache: 'no-store', signal: AbortSignal.timeout(TIMEOUT_MS) } as const;
    const response = await fetch(toOwnOrigin(url), { ...init, ...(body === undefined ? {} : { body }) });
    const text = await response.text();
    const shown = (step.shows ?? []).flatMap((name) =>
      response.headers.has(name) ? [`${name}: ${response.headers.get(name) ?? ''}`] : [],
    );
    const json = parse(text);
    const answer = mask(
      [...shown, ...(shown.length > 0 ? [''] : []), json === undefined ? text : JSON.stringify(json, null, 2)].join('\n'),
    );
    return {
      json,
      exchange: {
        ...shared,
        status: response.status,
        answer: answer.length > MAX_SHOWN ? `${answer.slice(0, MAX_SHOWN)}\n… (${answer.length - MAX_SHOWN} more characters)` : answer,
        milliseconds: performance.now() - started,
        isAsExpected: response.status === step.expects && !isRpcError(json),
      },
    };
  } catch {
    const answer = 'No answer: the connection was lost, or it took longer than 20 seconds.';
    return {
      json: undefined,
      exchange: { ...shared, status: undefined, answer, milliseconds: performance.now() - started, isAsExpected: false },
    };
  }
}

const isRpcError = (json: unknown): boolean => typeof json === 'object' && json !== null && 'jsonrpc' in json && 'error' in json;

function readable(body: string): string {
  if (body.startsWith('{')) return JSON.stringify(JSON.parse(body), null, 2);
  return body.split('&').map(decodeURIComponent).join('\n');
}

/** JSON, or the JSON of an event stream's last message. */
function parse(text: string): unknown {
  const data = text.trimStart().startsWith('{')
    ? text
    : text
        .split('\n')
        .filter((line) => line.startsWith('data:'))
        .at(-1)
        ?.slice(5);
  try {
    return data === undefined ? undefined : (JSON.parse(data) as unknown);
  } catch {
    // Not JSON: shown as it came.
    return undefined;
  }
}

export interface Flow {
  readonly token: string | undefined;
  readonly tools: readonly Tool[];
}

/**
 * What a client does, from knowing only a URL to the list of tools: it is refused and told where to ask, reads the two
 * metadata documents, gets a token and lists. Stops at the first step that goes wrong.
 */
export async function runFlow({ clientId, clientSecret, resource }: FlowInput, report: (exchange: Exchange) => void): Promise<Flow> {
  const nothing: Flow = { token: undefined, tools: [] };
  const next = async (step: Step): Promise<unknown> => {
    const { exchange, json } = await run(step);
    report(exchange);
    return exchange.isAsExpected ? (json ?? {}) : undefined;
  };

  const issuer = `${new URL(resource).origin}/authed/mcp`;
  const path = new URL(resource).pathname;
  const refused = await next({
    ...rpc({ resource, token: undefined, method: 'tools/list' }),
    title: 'Call without a token',
    about: 'Refused, and told where to read on.',
    expects: 401,
    shows: ['www-authenticate'],
  });
  if (!refused) return nothing;
  const discovered = await next({
    title: 'Read the resource’s metadata',
    about: 'Which authorization server is responsible (RFC 9728).',
    method: 'GET',
    url: `${new URL(resource).origin}/.well-known/oauth-protected-resource${path}`,
    headers: { Accept: 'application/json' },
    expects: 200,
  });
  if (!discovered) return nothing;
  const server = await next({
    title: 'Read the authorization server’s metadata',
    about: 'Where tokens are made, and how clients may prove themselves (RFC 8414).',
    method: 'GET',
    url: `${new URL(resource).origin}/.well-known/oauth-authorization-server/authed/mcp`,
    headers: { Accept: 'application/json' },
    expects: 200,
  });
  if (!server) return nothing;
  const answer = (await next({
    title: 'Ask for a token',
    about: 'With the client id and the secret (client_credentials).',
    method: 'POST',
    url: `${issuer}/oauth/token`,
    headers: { Authorization: `Basic ${btoa(`${clientId}:${clientSecret}`)}`, 'Content-Type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ grant_type: 'client_credentials', resource }).toString(),
    expects: 200,
  })) as { access_token?: string } | undefined;
  const token = answer?.access_token;
  if (token === undefined) return nothing;
  const listed = (await next({
    ...rpc({ resource, token, method: 'tools/list' }),
    title: 'List the tools',
    about: 'Only those that this credential may call.',
    expects: 200,
  })) as { result?: { tools?: Tool[] } } | undefined;
  return { token, tools: listed?.result?.tools ?? [] };
}

/** Calls one tool with the token of the flow. */
export async function callTool(resource: string, token: string, name: string, args: unknown): Promise<Exchange> {
  const { exchange } = await run({
    ...rpc({ resource, token, method: 'tools/call', name, params: { name, arguments: args } }),
    title: `Call ${name}`,
    about: 'The call itself.',
    expects: 200,
  });
  return exchange;
}

interface Rpc {
  readonly resource: string;
  readonly token: string | undefined;
  readonly method: string;
  readonly params?: object;
  readonly name?: string;
}

function rpc({ resource, token, method, params = {}, name }: Rpc): Omit<Step, 'title' | 'about' | 'expects'> {
  const meta = { 'io.modelcontextprotocol/protocolVersion': VERSION, 'io.modelcontextprotocol/clientCapabilities': {} };
  return {
    method: 'POST',
    url: resource,
    headers: {
      ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
      'Content-Type': 'application/json',
      Accept: 'application/json, text/event-stream',
      'MCP-Protocol-Version': VERSION,
      'Mcp-Method': method,
      ...(name === undefined ? {} : { 'Mcp-Name': name }),
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: { ...params, _meta: meta } }),
  };
}
