import { Readable } from 'node:stream';
import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type Config } from '../config/config.js';
import type { Caller, Exchange, McpUpstream, UpstreamAnswer } from '../protocol/exchange.js';
import { MCP_CODE, McpError } from '../protocol/mcp-error.js';
import { type Decision, isAllowed, isCall } from './access-policy.js';
import { authorize } from './authorize.js';
import { TRACING, type Tracing } from '../tracing/tracing.js';
import { type Call, ownerOf, PUBLIC_OWNER, staysOpen } from './call.js';
import { CallLimits } from './call-limits.js';
import { CallRecorder, type Outcome } from './call-recorder.js';
import { ConcurrentCalls } from './concurrent-calls.js';
import type { Lease } from './lease.js';
import { hideTargets, isNothingLeft, type Visible, withRefusals } from './hidden-targets.js';
import type { HttpCall } from './http-call.js';
import { HttpExchange } from './http-exchange.js';
import { isRefusal } from './http-upstream/check-answer.js';
import { filterLists, mayList } from './list-filter.js';
import type { Principal } from './principal.js';
import { type ReadMessage, readMessage } from './read-message.js';
import { StreamKeeper } from './stream-keeper.service.js';
import { serveTraced } from './trace-call.js';
import { Upstreams } from './upstreams.service.js';

/** What an upstream answered, and to what. */
export interface Answer {
  readonly response: UpstreamAnswer;
  readonly read: ReadMessage;
  /** Whether it is a stream that stays open until somebody ends it. */
  readonly staysOpen: boolean;
}

const NONE: readonly Decision[] = [];
const PUBLIC_CALLER: Caller = { owner: PUBLIC_OWNER, audience: 'public', groups: [], isAllowed: () => true };

/** The way a call takes, once it is known who makes it. */
@Injectable()
export class Gateway {
  private readonly callers = new WeakMap<Principal, Caller>();
  private readonly concurrent = new ConcurrentCalls();

  constructor(
    private readonly upstreams: Upstreams,
    private readonly limits: CallLimits,
    private readonly recorder: CallRecorder,
    private readonly streams: StreamKeeper,
    @Inject(CONFIG) private readonly config: Config,
    @Inject(TRACING) private readonly tracing: Tracing | undefined,
  ) {}

  /** Limits, message, policy, upstream, record; each may end it, at once or later, with an error that the client may see. */
  handle(call: Call): Promise<Answer> {
    const counted = this.limits.countMessage(call);
    return counted ? counted.then(() => this.readAndAnswer(call)) : this.readAndAnswer(call);
  }

  private readAndAnswer(call: Call): Promise<Answer> {
    const read = readMessage(call.http);
    return this.tracing ? serveTraced(this.tracing, { call, read }, () => this.answer(call, read)) : this.answer(call, read);
  }

  private async answer(call: Call, read: ReadMessage): Promise<Answer> {
    const decisions = this.authorize(call, read);
    const counted = this.countContents(call, read);
    if (counted) await counted;
    const leased = this.upstreams.leaseOf(call.server);
    const lease = leased instanceof Promise ? await leased : leased;
    const leave = this.enter(call, read, lease);
    const askedAt = performance.now();
    let response: UpstreamAnswer | undefined;
    try {
      response = requireOwnAnswer(await this.ask(lease.upstream, call, read, decisions), read);
      return { response, read, staysOpen: staysOpen(call, read) };
    } catch (error) {
      throw error instanceof McpError ? error.answering(read.id) : error;
    } finally {
      if (!staysOpen(call, read)) lease.latency.add(performance.now() - askedAt);
      if (response?.body instanceof Readable) response.body.once('close', leave);
      else leave();
      this.record(call, read, decisions, response);
    }
  }

  /** Takes what room a call needs. Returns how it is given back, which must be called once. */
  private enter(call: Call, read: ReadMessage, lease: Lease): () => void {
    this.streams.noteSession(call, read);
    if (staysOpen(call, read)) return this.enterStream(this.streams.claim(call), lease);
    this.concurrent.enter(call, read);
    lease.enter();
    return () => {
      lease.leave();
      this.concurrent.leave(call, read);
    };
  }

  /** Knows the holder and not the call, which would be kept for as long as the stream is open. */
  private enterStream(holder: string, lease: Lease): () => void {
    lease.enter();
    return () => {
      lease.leave();
      this.streams.release(holder);
    };
  }

  private authorize(call: Call, read: ReadMessage): readonly Decision[] {
    try {
      return call.principal ? authorize(call.principal, read, (observed) => this.recorder.observed(call, observed)) : NONE;
    } catch (error) {
      this.refuse(call, read, error);
    }
  }

  private countContents(call: Call, read: ReadMessage): Promise<void> | undefined {
    try {
      return this.limits.countContents(call, read)?.catch((error: unknown) => this.refuse(call, read, error));
    } catch (error) {
      this.refuse(call, read, error);
    }
  }

  private refuse(call: Call, read: ReadMessage, error: unknown): never {
    for (const operation of read.operations) this.recorder.refused(call, operation, error);
    throw error;
  }

  /** Where an upstream does not know who may do what, it is asked for no hidden target, and its lists are filtered. */
  private ask(upstream: McpUpstream, call: Call, read: ReadMessage, decisions: readonly Decision[]): Promise<UpstreamAnswer> {
    const caller = call.principal ? this.callerOf(call.principal) : PUBLIC_CALLER;
    const exchange = this.toExchange(call, call.http, read, caller);
    if (upstream.appliesPolicy === true) return upstream.handle(exchange);
    const visible = hideTargets(call.http, read, { caller, decisions });
    if (visible) return this.askVisible(upstream, call, visible, caller);
    return mayList(exchange) ? filtered(upstream, exchange) : upstream.handle(exchange);
  }

  private async askVisible(upstream: McpUpstream, call: Call, visible: Visible, caller: Caller): Promise<UpstreamAnswer> {
    if (isNothingLeft(visible)) return withRefusals(undefined, visible);
    return withRefusals(await filtered(upstream, this.toExchange(call, visible.http, visible.read, caller)), visible);
  }

  private toExchange({ connection, server }: Call, http: HttpCall, read: ReadMessage, caller: Caller): Exchange {
    const certificateHeader = this.config.clientCertificates?.header;
    return new HttpExchange({ http, read, caller, connection, url: server.resource, certificateHeader });
  }

  private callerOf(principal: Principal): Caller {
    const known = this.callers.get(principal);
    if (known) return known;
    const owner = ownerOf({ principal });
    const caller: Caller = {
      owner,
      audience: 'authenticated',
      groups: principal.groups,
      clientId: principal.credential.clientId,
      isAllowed: (operation) => isAllowed(operation, principal) || (principal.isObserved?.() ?? false),
    };
    this.callers.set(principal, caller);
    return caller;
  }

  private record(call: Call, { operations }: ReadMessage, decisions: readonly Decision[], response: UpstreamAnswer | undefined): void {
    const outcome = outcomeOf(response);
    for (const [i, operation] of operations.entries()) {
      if (isCall(operation)) this.recorder.called(call, operation, decisions[i] === 'hidden' ? 'hidden' : outcome);
    }
  }
}

const filtered = async (upstream: McpUpstream, exchange: Exchange): Promise<UpstreamAnswer> =>
  filterLists(await upstream.handle(exchange), exchange);

/** An upstream's challenge or redirect would send our client to somebody else's server (R-GWC-07, R-GWC-17). */
function requireOwnAnswer(response: UpstreamAnswer, { id }: ReadMessage): UpstreamAnswer {
  const { status } = response;
  if (!isRefusal(status)) return response;
  if (response.body instanceof Readable) response.body.destroy();
  throw new McpError(502, MCP_CODE.internalError, 'The upstream refused the gateway.', { id, detail: `The upstream answered ${status}` });
}

function outcomeOf(response: UpstreamAnswer | undefined): Outcome {
  if (!response) return 'failed';
  return response.status < 400 ? 'ok' : 'error';
}
