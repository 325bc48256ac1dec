import { setTimeout as pause } from 'node:timers/promises';
import type { Dispatcher } from 'undici';
import { codeOf, type GuardedPool } from '../../egress/guarded-pool.js';
import type { Exchange } from '../../protocol/exchange.js';
import type { McpError } from '../../protocol/mcp-error.js';
import { whenCancelled } from '../http-exchange.js';
import type { TraceContext } from '../../tracing/trace-context.js';
import type { OutgoingSpan, Tracing } from '../../tracing/tracing.js';
import type { UpstreamAuthenticator } from '../upstream-auth/upstream-auth.js';
import { Attempt, type Bounds, EndedAttempt, type RawAnswer } from './attempt.js';
import type { Breaker } from './breaker.js';
import { DueTimes } from './due-times.js';
import { leftAlone, tooManyWait, toMcpError } from './faults.js';
import type { StreamGuard } from './stream-guard.js';
import { UpstreamBody } from './upstream-body.js';

/** An HTTP request as the gateway wants it sent. */
export interface LinkRequest {
  readonly exchange: Exchange;
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** All that goes along but the upstream's credential. Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | undefined;
  /** The answer is a stream that stays open until somebody ends it. */
  readonly staysOpen?: boolean;
  /** The upstream goes on when the client leaves. */
  readonly outlivesReader: boolean;
  /** It can be sent twice without doing anything twice. */
  readonly isRepeatable: boolean;
  readonly guard?: () => StreamGuard;
}

export interface LinkOptions {
  readonly url: URL;
  readonly pool: Pick<GuardedPool, 'dispatch' | 'dispatchStream' | 'close'>;
  readonly auth: UpstreamAuthenticator;
  readonly breaker: Breaker;
  /** Until the upstream has begun to answer, and between two parts of an answer. */
  readonly timeoutMs: number;
  readonly tracing?: Tracing | undefined;
}

/** Calls to one upstream that are under way at the same time, on one replica. */
const MAX_CALLS = 2048;
const MAX_ANSWER_MS = 10 * 60_000;
const CLOSE_MS = 2000;
const RETRY_MS = 50;
const VIA = '1.1 gatehouse';
/** The connection failed before anything could be sent on it. */
const NOT_CONNECTED: ReadonlySet<string> = new Set(['ECONNREFUSED', 'ECONNRESET', 'UND_ERR_SOCKET', 'EPIPE']);

/** The way to one upstream and back: its credential, its times, its circuit, and what may be tried twice. */
export class UpstreamLink {
  private readonly bounds: Bounds;
  private readonly path: string;
  private calls = 0;
  private readonly endCall = (): void => {
    this.calls--;
  };

  constructor(private readonly options: LinkOptions) {
    this.bounds = { begin: new DueTimes(options.timeoutMs), whole: new DueTimes(MAX_ANSWER_MS), close: new DueTimes(CLOSE_MS) };
    this.path = options.url.pathname + options.url.search;
  }

  /** @throws {McpError} 502 or 504 without an answer, 503 where too many wait for one. */
  async send(request: LinkRequest): Promise<RawAnswer> {
    const asked = this.options.auth.headers(request.exchange);
    const own = asked instanceof Promise ? await asked : asked;
    let answer: RawAnswer;
    try {
      answer = await this.attempt(own, request);
    } catch (error) {
      answer = await this.sendAgain(own, request, error);
    }
    return answer.status === 401 ? this.renew(own, request, answer) : answer;
  }

  /** The upstream did not accept what was presented: once more, where there is something new to present. */
  private async renew(own: Readonly<Record<string, string>>, request: LinkRequest, answer: RawAnswer): Promise<RawAnswer> {
    const { auth } = this.options;
    const { exchange } = request;
    if (!auth.refused(own)) return answer;
    discard(answer);
    try {
      return await this.attempt(await auth.headers(exchange), request);
    } catch (error) {
      throw this.toMcpError(error, exchange.id);
    }
  }

  close(): Promise<void> {
    return this.options.pool.close();
  }

  /** Another attempt after a first that failed, where that is safe. */
  private async sendAgain(own: Readonly<Record<string, string>>, request: LinkRequest, error: unknown): Promise<RawAnswer> {
    const { id } = request.exchange;
    if (!(error instanceof FailedAttempt) || !mayRepeat(error, request)) throw this.toMcpError(error, id);
    await pause(RETRY_MS);
    try {
      return await this.attempt(own, request);
    } catch (again) {
      throw this.toMcpError(again, id);
    }
  }

  private toMcpError(error: unknown, id: Exchange['id']): McpError {
    return toMcpError(error instanceof FailedAttempt ? error.cause : error, this.options.url, id);
  }

  private attempt(own: Readonly<Record<string, string>>, request: LinkRequest): Promise<RawAnswer> {
    const { exchange, guard, outlivesReader, staysOpen = false } = request;
    const { breaker, pool } = this.options;
    if (!staysOpen && this.calls >= MAX_CALLS) return Promise.reject(tooManyWait(exchange.id));
    if (!breaker.allows()) return Promise.reject(leftAlone(exchange.id, breaker.retryAfter, breaker.state.lastFault));
    return new Promise((resolve, reject) => {
      if (!staysOpen) this.calls++;
      const onEnd = staysOpen ? endOfStream : this.endCall;
      const span = this.startSpan(request);
      const attempt = new Attempt({ bounds: this.bounds, guard, outlivesReader, onEnd }, (answer, error) => {
        this.tell(error);
        if (span) endSpan(span, answer, error);
        if (answer) resolve(answer);
        else reject(new FailedAttempt(error, attempt.wasSent));
      });
      whenCancelled(exchange, () => attempt.end('client left'));
      const options = this.toDispatchOptions(own, request, span);
      if (staysOpen) pool.dispatchStream(options, attempt);
      else pool.dispatch(options, attempt);
    });
  }

  private toDispatchOptions(
    own: Readonly<Record<string, string>>,
    { method, headers, body, staysOpen = false }: LinkRequest,
    span: OutgoingSpan | undefined,
  ): Dispatcher.DispatchOptions {
    const flat: string[] = ['via', VIA, 'accept-encoding', 'identity'];
    const passed = span ? withTrace(headers, span.context) : headers;
    for (const name in passed) if (!(name in own)) flat.push(name, passed[name] ?? '');
    for (const name in own) flat.push(name, own[name] ?? '');
    return { path: this.path, method, headers: flat, body: body ?? null, bodyTimeout: staysOpen ? 0 : this.options.timeoutMs };
  }

  private startSpan({ method }: LinkRequest): OutgoingSpan | undefined {
    const { tracing, url } = this.options;
    return tracing?.request(method, { 'http.request.method': method, 'server.address': url.hostname, 'server.port': portOf(url) });
  }

  /** What an attempt says of the upstream as a whole. */
  private tell(error: unknown): void {
    const { breaker, url } = this.options;
    if (error === undefined) breaker.succeeded();
    else if (error instanceof EndedAttempt && error.reason !== 'too late') breaker.gaveUp();
    else breaker.failed(toMcpError(error, url, undefined).detail);
  }
}

class FailedAttempt extends Error {
  override readonly name = 'FailedAttempt';

  constructor(
    cause: unknown,
    readonly wasSent: boolean,
  ) {
    super('The attempt failed', { cause });
  }
}

const endOfStream = (): void => undefined;

/** Safe where nothing was sent, or where sending it again does nothing twice; in vain where the reason was time or our own rules. */
function mayRepeat({ cause, wasSent }: FailedAttempt, { isRepeatable, exchange }: LinkRequest): boolean {
  if (cause instanceof EndedAttempt || (exchange.era === 'modern' && exchange.signal.aborted)) return false;
  return NOT_CONNECTED.has(codeOf(cause)) && (!wasSent || isRepeatable);
}

const portOf = ({ port, protocol }: URL): number => Number(port || (protocol === 'https:' ? 443 : 80));

/** The upstream goes on below our own step of the trace, and not beside it. */
function withTrace(headers: Readonly<Record<string, string>>, { traceparent, tracestate }: TraceContext): Readonly<Record<string, string>> {
  const { tracestate: _of, ...others } = headers;
  return { ...others, traceparent, ...(tracestate === undefined ? {} : { tracestate }) };
}

function endSpan(span: OutgoingSpan, answer: RawAnswer | undefined, error: unknown): void {
  if (answer) span.set({ 'http.response.status_code': answer.status });
  // A client's own span of a request fails with every refusal (OpenTelemetry, HTTP spans).
  if (answer && answer.status >= 400) span.fail(String(answer.status));
  if (!answer) span.fail(error instanceof EndedAttempt ? error.reason : codeOf(error));
  span.end();
}

function discard({ body }: RawAnswer): void {
  if (body instanceof UpstreamBody) body.destroy(new Error('Not wanted'));
}
