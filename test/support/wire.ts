import { type Answer, ask } from './ask.js';
import { MODERN } from './http-upstream.js';

export const TASKS = 'io.modelcontextprotocol/tasks';
const CAPABILITIES = { extensions: { [TASKS]: {} }, elicitation: {} };
const HEADERS = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };

export interface Rpc {
  readonly id?: string | number | null;
  readonly method?: string;
  readonly params?: Record<string, unknown>;
  readonly result?: Record<string, unknown>;
  readonly error?: { readonly code: number; readonly message: string };
}

/** An answer as whoever asked can read it, however it came. */
export interface Heard {
  readonly status: number;
  readonly type: string | undefined;
  readonly messages: readonly Rpc[];
}

/** Speaks to an MCP endpoint byte by byte, so that a test sees what an SDK would smooth. */
export class Wire {
  private session: Record<string, string> = {};
  private ids = 0;

  constructor(
    readonly url: string,
    private readonly token?: string,
  ) {}

  /** A request of the modern era, of a client that knows tasks. */
  async modern(method: string, params: Record<string, unknown> = {}, capabilities: object = CAPABILITIES): Promise<Heard> {
    const _meta = { 'io.modelcontextprotocol/protocolVersion': MODERN, 'io.modelcontextprotocol/clientCapabilities': capabilities };
    const name = params['name'] ?? params['taskId'];
    const headers = {
      'mcp-protocol-version': MODERN,
      'mcp-method': method,
      ...(typeof name === 'string' ? { 'mcp-name': name } : {}),
    };
    return this.post({ jsonrpc: '2.0', id: ++this.ids, method, params: { ...params, _meta } }, headers);
  }

  /** Opens a legacy session. */
  async open(protocolVersion: string): Promise<Heard> {
    this.session = {};
    const params = { protocolVersion, capabilities: { elicitation: {} }, clientInfo: { name: 'wire', version: '1' } };
    const answer = await this.ask({ jsonrpc: '2.0', id: ++this.ids, method: 'initialize', params });
    const id = answer.headers.get('mcp-session-id');
    if (id !== null) this.session = { 'mcp-session-id': id, 'mcp-protocol-version': protocolVersion };
    await this.post({ jsonrpc: '2.0', method: 'notifications/initialized' }, this.session);
    return heard(answer);
  }

  /** A request in the session. */
  legacy(method: string, params: Record<string, unknown> = {}): Promise<Heard> {
    return this.post({ jsonrpc: '2.0', id: ++this.ids, method, params }, this.session);
  }

  /** Any message in the session. */
  send(body: unknown): Promise<Heard> {
    return this.post(body, this.session);
  }

  private async post(body: unknown, headers: Record<string, string>): Promise<Heard> {
    return heard(await this.ask(body, headers));
  }

  private ask(body: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    const authorization: Record<string, string> = this.token === undefined ? {} : { authorization: `Bearer ${this.token}` };
    return ask(this.url, { method: 'POST', headers: { ...HEADERS, ...authorization, ...headers }, body: JSON.stringify(body) });
  }
}

function heard({ status, headers, text }: Answer): Heard {
  const type = headers.get('content-type')?.split(';')[0];
  const texts = type === 'text/event-stream' ? [...text.matchAll(/^data: (.+)$/gm)].map(([, data]) => data ?? '') : [text];
  const messages = texts.filter((one) => one !== '').flatMap((one) => JSON.parse(one) as Rpc | Rpc[]);
  return { status, type, messages };
}

export const resultOf = ({ messages }: Heard): Record<string, unknown> => messages.at(-1)?.result ?? {};
export const errorOf = ({ status, messages }: Heard): readonly unknown[] => [
  status,
  messages.at(-1)?.error?.code,
  messages.at(-1)?.error?.message,
];

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
const TIME = /\d{4}-\d{2}-\d{2}T[\d:.]+Z/g;

/** What two servers that do the same may differ in is named by its order instead: ids that they made up, and times. */
export function comparable<T>(story: T): T {
  const seen: string[] = [];
  const named = JSON.stringify(story).replaceAll(UUID, (id) => `id-${(seen.includes(id) ? 0 : seen.push(id)) || seen.indexOf(id) + 1}`);
  return JSON.parse(named.replaceAll(TIME, 'some time')) as T;
}
