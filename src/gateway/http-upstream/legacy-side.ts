import type { Exchange, UpstreamAnswer } from '../../protocol/exchange.js';
import { type JsonRpcId, MCP_CODE, McpError } from '../../protocol/mcp-error.js';
import { isObject, type JsonObject } from '../message-shape.js';
import { BATCH_VERSION, LEGACY_VERSIONS } from '../protocol-versions.js';
import type { RawAnswer } from './attempt.js';
import { Belongings } from './belongings.js';
import { checkAnswer } from './check-answer.js';
import { legacyExchange } from './era-probe.js';
import { malformed } from './faults.js';
import { initializeBody, readInitialized } from './initialize.js';
import { isRepeatable, passOn } from './modern-side.js';
import type { PendingAnswers } from './pending-answers.js';
import type { LegacySession, SessionSeal } from './session-seal.js';
import { SessionsSeen } from './sessions-seen.js';
import { StreamGuard, type StreamRules } from './stream-guard.js';
import type { LinkRequest, UpstreamLink } from './upstream-link.js';

export interface LegacySideOptions {
  readonly link: Pick<UpstreamLink, 'send'>;
  readonly url: string;
  readonly seal: SessionSeal;
  readonly pending: PendingAnswers;
  /** Whether the upstream gives sessions, as far as it is known. */
  readonly hasSessions: () => boolean;
  /** Told of answers that an upstream of this era would hardly give. */
  readonly doubt: () => void;
}

const SESSION_HEADER = 'mcp-session-id';
const EVENT_HEADER = 'last-event-id';

/**
 * Messages of the legacy eras on their way to an upstream that speaks them. The session is the upstream's; our client holds its id
 * under a seal that names the credential, so that nobody else can use it and any replica can take the next message.
 */
export class LegacySide {
  private readonly seen = new SessionsSeen();
  private readonly events = new Belongings();

  constructor(private readonly options: LegacySideOptions) {}

  async handle(exchange: Exchange): Promise<UpstreamAnswer> {
    if (exchange.operations[0]?.method === 'initialize' && !Array.isArray(exchange.message)) return this.initialize(exchange);
    const session = this.sessionOf(exchange);
    switch (exchange.method) {
      case 'GET':
        return this.listen(exchange, session);
      case 'DELETE':
        return this.end(exchange, session);
      default:
        return this.post(exchange, session);
    }
  }

  /** Sessions that this replica has seen used. */
  get sessions(): number {
    return this.seen.size;
  }

  /** Ends the sessions of a credential at the upstream, as far as this replica has seen them. */
  endSessions(owner: string): void {
    for (const session of this.seen.takeOf(owner)) void this.endQuietly(session);
  }

  private async initialize(exchange: Exchange): Promise<UpstreamAnswer> {
    const { headers, caller, id } = exchange;
    const { [SESSION_HEADER]: _old, ...rest } = headers;
    const raw = await this.send({ exchange, method: 'POST', headers: rest, body: initializeBody(exchange), ids: idsOf(exchange), id });
    const answer = passOn(raw);
    if (raw.status >= 400) return answer;
    const { version, body } = await readInitialized(answer, id);
    if (version !== undefined && !LEGACY_VERSIONS.includes(version)) {
      throw malformed(id, `The upstream chose the revision ${version.slice(0, 32)}, which the gateway does not speak`);
    }
    const { 'content-length': _length, ...kept } = answer.headers;
    const upstreamId = raw.headers[SESSION_HEADER];
    if (version === undefined || upstreamId === undefined) return { ...answer, headers: kept, body };
    const session = { upstreamId, version };
    const sealed = this.options.seal.seal(caller.owner, session);
    if (sealed === undefined) throw malformed(id, 'The upstream gave a session id that is none');
    this.seen.add(caller.owner, session);
    return { ...answer, headers: { ...kept, [SESSION_HEADER]: sealed }, body };
  }

  private async post(exchange: Exchange, session: LegacySession | undefined): Promise<UpstreamAnswer> {
    const { body, id } = exchange;
    if (Array.isArray(exchange.message) && session && session.version !== BATCH_VERSION) {
      throw new McpError(400, MCP_CODE.invalidRequest, `Arrays of messages exist in ${BATCH_VERSION} only.`);
    }
    const place = placeOf(exchange, session);
    for (const answered of responsesIn(exchange)) await this.options.pending.take(place, answered);
    const ids = idsOf(exchange);
    return passOn(await this.send({ exchange, method: 'POST', headers: headersIn(exchange, session), body, ids, id, place }));
  }

  private async listen(exchange: Exchange, session: LegacySession | undefined): Promise<UpstreamAnswer> {
    const place = placeOf(exchange, session);
    const resumed = exchange.headers[EVENT_HEADER];
    if (resumed !== undefined && this.events.of(place, resumed) === 'foreign') throw sessionNotFound();
    const headers = headersIn(exchange, session);
    const ids = resumed === undefined ? [] : undefined;
    return passOn(await this.send({ exchange, method: 'GET', headers, body: undefined, ids, id: undefined, place }));
  }

  private async end(exchange: Exchange, session: LegacySession | undefined): Promise<UpstreamAnswer> {
    const headers = headersIn(exchange, session);
    const raw = await this.send({ exchange, method: 'DELETE', headers, body: undefined, ids: [], id: undefined });
    if (session && raw.status < 400) this.seen.delete(session);
    return passOn(raw);
  }

  private async send({ exchange, method, headers, body, ids, id, place }: Sending): Promise<RawAnswer> {
    const raw = await this.options.link.send({
      exchange,
      method,
      headers,
      body,
      staysOpen: method === 'GET',
      // To leave is no cancellation in this era, and nobody waits for what a GET might bring (R-LEG-10).
      outlivesReader: method === 'POST',
      isRepeatable: method !== 'POST' || isRepeatable(exchange),
      guard: () => new StreamGuard(this.rulesFor(ids, place)),
    });
    const hasSession = SESSION_HEADER in headers;
    if ((raw.status === 400 || raw.status === 405) && method === 'POST' && !hasSession) this.options.doubt();
    return checkAnswer(raw, { method, ids: ids ?? [], id, hasSession });
  }

  private rulesFor(expected: readonly JsonRpcId[] | undefined, place: string | undefined): StreamRules {
    if (place === undefined) return { expected, onRequest: undefined };
    return {
      expected,
      onRequest: (id) => this.options.pending.add(place, id),
      onEventId: (id) => this.events.add(place, id),
    };
  }

  /** @throws {McpError} 400 without a session where the upstream gives them, 404 for one that is none of this caller's. */
  private sessionOf({ headers, caller }: Exchange): LegacySession | undefined {
    const sealed = headers[SESSION_HEADER];
    if (sealed === undefined) {
      if (!this.options.hasSessions()) return undefined;
      throw new McpError(400, MCP_CODE.sessionRequired, 'Mcp-Session-Id is missing. Start with initialize.');
    }
    const session = this.options.seal.open(caller.owner, sealed);
    if (!session) throw sessionNotFound();
    this.seen.add(caller.owner, session);
    return session;
  }

  private async endQuietly({ upstreamId, version }: LegacySession): Promise<void> {
    const headers = { [SESSION_HEADER]: upstreamId, 'mcp-protocol-version': version };
    try {
      await this.send({
        exchange: legacyExchange(this.options.url, undefined, headers),
        method: 'DELETE',
        headers,
        body: undefined,
        ids: [],
        id: undefined,
      });
    } catch {
      // The upstream is away or keeps sessions until they are idle: nobody can use this one through us any more.
    }
  }
}

interface Sending extends Pick<LinkRequest, 'exchange' | 'method' | 'headers' | 'body'> {
  /** The requests that are answered; undefined where a stream repeats what it said before. */
  readonly ids: readonly JsonRpcId[] | undefined;
  readonly id: JsonRpcId | undefined;
  /** Where the upstream's own requests belong; undefined where it can make none. */
  readonly place?: string;
}

/** What a session's requests and events are kept under; an upstream without sessions can only tell callers apart. */
const placeOf = ({ caller }: Exchange, session: LegacySession | undefined): string => session?.upstreamId ?? `caller ${caller.owner}`;

function headersIn({ headers }: Exchange, session: LegacySession | undefined): Readonly<Record<string, string>> {
  return session ? { ...headers, [SESSION_HEADER]: session.upstreamId } : headers;
}

const messagesIn = ({ message }: Exchange): readonly JsonObject[] => [message].flat().filter(isObject);

const idsOf = (exchange: Exchange): JsonRpcId[] =>
  exchange.id === undefined
    ? messagesIn(exchange).flatMap(({ id, method }) => (method !== undefined && id !== undefined ? [id as JsonRpcId] : []))
    : [exchange.id];

const responsesIn = (exchange: Exchange): JsonRpcId[] =>
  messagesIn(exchange).flatMap(({ id, method }) => (method === undefined && id !== undefined && id !== null ? [id as JsonRpcId] : []));

const sessionNotFound = (): McpError => new McpError(404, MCP_CODE.sessionNotFound, 'Session not found. Start again with initialize.');
