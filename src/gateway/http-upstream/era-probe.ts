import { VERSION } from '../../common/version.js';
import { isEventStream } from '../../protocol/answer.js';
import type { Caller, Era, Exchange, UpstreamAnswer } from '../../protocol/exchange.js';
import { McpError } from '../../protocol/mcp-error.js';
import { GATEWAY } from '../gateway-caller.js';
import type { JsonObject } from '../message-shape.js';
import { LEGACY_VERSIONS, MODERN_VERSIONS } from '../protocol-versions.js';
import { modernExchange, OwnExchange, readResult, RemoteError } from '../upstream-call.js';
import type { RawAnswer } from './attempt.js';
import { isRefusal } from './check-answer.js';
import { malformed, refusedUs } from './faults.js';
import { StreamGuard } from './stream-guard.js';
import { UpstreamBody } from './upstream-body.js';
import type { UpstreamLink } from './upstream-link.js';

/** What an upstream speaks. */
export interface Spoken {
  readonly eras: readonly Era[];
  /** Whether it gave a session to who initialized. */
  readonly hasSessions: boolean;
}

const SESSION_HEADER = 'mcp-session-id';
const NEWEST_LEGACY = LEGACY_VERSIONS.at(-1) ?? '';

/**
 * Finds out which eras an upstream speaks, as a client of both does: it asks what a server of the modern era must answer
 * (`server/discover`), then opens a session and ends it.
 */
export class EraProbe {
  constructor(
    private readonly link: Pick<UpstreamLink, 'send'>,
    private readonly url: string,
  ) {}

  /** @throws {McpError} 502 where it speaks neither or cannot be asked, 504 where it does not answer. */
  async ask(): Promise<Spoken> {
    const isModern = await this.isModern();
    const session = await this.openSession();
    if (!isModern && !session) throw malformed(undefined, 'The upstream speaks no revision of MCP that the gateway knows');
    const eras: Era[] = [...(isModern ? ['modern' as const] : []), ...(session ? ['legacy' as const] : [])];
    return { eras, hasSessions: session?.id !== undefined };
  }

  private async isModern(): Promise<boolean> {
    const exchange = modernExchange({ method: 'server/discover', url: this.url, caller: GATEWAY, signal: new AbortController().signal });
    const { result } = await this.resultOf(exchange);
    const versions = result?.['supportedVersions'];
    return Array.isArray(versions) && versions.some((version) => MODERN_VERSIONS.includes(version as string));
  }

  /** Undefined where it opens none. */
  private async openSession(): Promise<{ readonly id: string | undefined } | undefined> {
    const { result, headers } = await this.resultOf(legacyExchange(this.url, initializeMessage()));
    const version = result?.['protocolVersion'];
    if (typeof version !== 'string' || !LEGACY_VERSIONS.includes(version)) return undefined;
    const id = headers[SESSION_HEADER];
    if (id !== undefined) await this.endSession(id, version);
    return { id };
  }

  private async endSession(id: string, version: string): Promise<void> {
    const exchange = legacyExchange(this.url, undefined, { [SESSION_HEADER]: id, 'mcp-protocol-version': version });
    try {
      const request = { exchange, method: 'DELETE' as const, headers: exchange.headers, body: undefined };
      const { body } = await this.link.send({ ...request, outlivesReader: false, isRepeatable: true });
      if (body instanceof UpstreamBody) body.destroy();
    } catch {
      // It ends by itself: no upstream keeps idle sessions for ever.
    }
  }

  /** The result of a request; undefined where the upstream refuses it as a server of the other era does. */
  private async resultOf(exchange: Exchange): Promise<{ result: JsonObject | undefined; headers: RawAnswer['headers'] }> {
    const { headers, body, id } = exchange;
    const guard = () => new StreamGuard({ expected: id === undefined ? [] : [id], onRequest: undefined });
    const raw = await this.link.send({ exchange, method: 'POST', headers, body, outlivesReader: false, isRepeatable: true, guard });
    const refusal = refusalOf(raw);
    if (refusal || raw.status !== 200) {
      if (raw.body instanceof UpstreamBody) raw.body.destroy(new Error('Not wanted'));
      if (refusal) throw refusal;
      return { result: undefined, headers: raw.headers };
    }
    return { result: await readOrNothing(raw, id ?? 0), headers: raw.headers };
  }
}

/** An answer that says nothing of eras. */
function refusalOf({ status }: RawAnswer): McpError | undefined {
  if (isRefusal(status)) return refusedUs(undefined, status);
  if (status === 429 || (status >= 502 && status <= 504)) return malformed(undefined, `The upstream answered ${status}`);
  return undefined;
}

async function readOrNothing(answer: UpstreamAnswer, id: string | number): Promise<JsonObject | undefined> {
  try {
    return await readResult(answer, id);
  } catch (error) {
    // What is no JSON-RPC at all is no refusal of one either: the other era is asked all the same.
    if (error instanceof RemoteError || error instanceof McpError) return undefined;
    throw error;
  } finally {
    if (isEventStream(answer) && answer.body instanceof UpstreamBody) answer.body.destroy(new Error('Read'));
  }
}

const initializeMessage = (): JsonObject => ({
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: { protocolVersion: NEWEST_LEGACY, capabilities: {}, clientInfo: { name: 'gatehouse', version: VERSION } },
});

/** An exchange of the legacy era that the gateway makes itself. */
export function legacyExchange(
  url: string,
  message: JsonObject | undefined,
  headers: Readonly<Record<string, string>> = {},
  caller: Caller = GATEWAY,
): Exchange {
  return new OwnExchange({
    headers: { ...(message ? { 'content-type': 'application/json' } : {}), accept: 'application/json, text/event-stream', ...headers },
    message,
    id: message ? 1 : undefined,
    operations: [],
    era: 'legacy',
    url,
    caller,
    signal: new AbortController().signal,
  });
}
