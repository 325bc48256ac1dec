import { Readable } from 'node:stream';
import type { Exchange, UpstreamAnswer } from '../../protocol/exchange.js';
import { MCP_CODE, McpError } from '../../protocol/mcp-error.js';
import { isListen } from '../call.js';
import { isObject, type JsonObject } from '../message-shape.js';
import { LEGACY_VERSIONS, MODERN_VERSIONS } from '../protocol-versions.js';
import { isTooDeep, modernExchange, readResult } from '../upstream-call.js';
import type { RawAnswer } from './attempt.js';
import { checkAnswer } from './check-answer.js';
import { ParamHeaders } from './param-headers.js';
import { StreamGuard } from './stream-guard.js';
import type { UpstreamLink } from './upstream-link.js';

const NONE: readonly never[] = [];

/** Requests that only look: sent again where the connection broke. */
const REPEATABLE: ReadonlySet<string> = new Set([
  'completion/complete',
  'ping',
  'prompts/get',
  'prompts/list',
  'resources/list',
  'resources/read',
  'resources/templates/list',
  'server/discover',
  'tools/list',
]);

export const isRepeatable = ({ operations }: Exchange): boolean => operations.every(({ method }) => REPEATABLE.has(method));

/** Messages of the modern era on their way to an upstream that speaks it: one HTTP request each, and nothing kept between them. */
export class ModernSide {
  private readonly params: ParamHeaders;

  constructor(
    private readonly link: Pick<UpstreamLink, 'send'>,
    private readonly url: string,
    /** Told of answers that an upstream of this era would hardly give. */
    private readonly doubt: () => void,
  ) {
    this.params = new ParamHeaders((cursor, exchange) => this.listTools(cursor, exchange));
  }

  handle(exchange: Exchange): Promise<UpstreamAnswer> {
    const method = exchange.operations[0]?.method;
    const checked = method === 'tools/call' ? this.params.check(exchange) : undefined;
    if (checked) return checked.then(() => this.send(exchange, false));
    const answer = this.send(exchange, isListen(exchange));
    return method === 'server/discover' ? answer.then(discoverable) : answer;
  }

  private async send(exchange: Exchange, staysOpen: boolean): Promise<UpstreamAnswer> {
    const { headers, body, id } = exchange;
    const ids = id === undefined ? NONE : [id];
    const raw = await this.link.send({
      exchange,
      method: 'POST',
      headers,
      body,
      staysOpen,
      outlivesReader: false,
      isRepeatable: isRepeatable(exchange),
      guard: () => new StreamGuard({ expected: ids, onRequest: undefined }),
    });
    if (raw.status === 400 || raw.status === 404 || raw.status === 405) this.doubt();
    return passOn(checkAnswer(raw, { method: 'POST', ids, id, hasSession: false }));
  }

  private async listTools(cursor: string | undefined, { caller }: Exchange): Promise<JsonObject> {
    const params = cursor === undefined ? {} : { cursor };
    const id = 1;
    const { signal } = new AbortController();
    return readResult(await this.send(modernExchange({ method: 'tools/list', params, id, url: this.url, caller, signal }), false), id);
  }
}

/** What of the upstream's headers our client sees; sessions are the gateway's own to name. */
export function passOn({ status, headers, body }: RawAnswer): UpstreamAnswer {
  // A length holds for a body that goes on as it is; of whole ones the gateway knows it.
  const keepsLength = body instanceof Readable && !isStream(headers);
  const kept: Record<string, string> = {};
  for (const name in headers) if (!NOT_PASSED.has(name) && (keepsLength || name !== 'content-length')) kept[name] = headers[name] ?? '';
  return { status, headers: kept, body };
}

const NOT_PASSED: ReadonlySet<string> = new Set(['mcp-session-id', 'content-encoding']);

const isStream = (headers: Readonly<Record<string, string>>): boolean => headers['content-type']?.startsWith('text/event-stream') ?? false;

/** Names only versions that work through the gateway (R-MOD-05, R-MOD-10). The answer stays as it is where it does. */
function discoverable(answer: UpstreamAnswer): UpstreamAnswer {
  if (answer.status !== 200 || !Buffer.isBuffer(answer.body)) return answer;
  const text = answer.body.toString('utf8');
  const message: unknown = isTooDeep(text) ? undefined : JSON.parse(text);
  const result = isObject(message) ? message['result'] : undefined;
  if (!isObject(message) || !isObject(result) || !Array.isArray(result['supportedVersions'])) return answer;
  const versions = result['supportedVersions'] as unknown[];
  const supportedVersions = versions.filter((version) => isSpoken(version));
  if (supportedVersions.length === versions.length) return answer;
  return { ...answer, body: Buffer.from(JSON.stringify({ ...message, result: { ...result, supportedVersions } })) };
}

const isSpoken = (version: unknown): boolean =>
  typeof version === 'string' && (MODERN_VERSIONS.includes(version) || LEGACY_VERSIONS.includes(version));

/** What a server of the other era would say, so that a client that speaks both tries the other (R-MOD-24). */
export const otherEra = ({ era, id }: Exchange): McpError =>
  era === 'modern'
    ? new McpError(400, MCP_CODE.invalidRequest, 'This server speaks the revisions before 2026-07-28 only. Start with initialize.', { id })
    : new McpError(400, MCP_CODE.invalidRequest, 'This server speaks 2026-07-28 and later only.', { id });
