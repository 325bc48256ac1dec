import type { Caller, Era, Exchange, Operation } from '../protocol/exchange.js';
import type { JsonRpcId } from '../protocol/mcp-error.js';
import { byName } from './by-name.js';
import type { HttpCall } from './http-call.js';
import type { ReadMessage } from './read-message.js';

/** Credentials, hop-by-hop headers, what describes the body, and what a client could claim of its address or identity. */
const STRIPPED: ReadonlySet<string> = new Set([
  'accept-encoding',
  'authorization',
  'client-cert',
  'client-cert-chain',
  'connection',
  'content-encoding',
  'content-length',
  'cookie',
  'cookie2',
  'dpop',
  'expect',
  'fastly-client-ip',
  'fly-client-ip',
  'forwarded',
  'host',
  'keep-alive',
  'origin',
  'te',
  'trailer',
  'transfer-encoding',
  'true-client-ip',
  'upgrade',
  'via',
  'x-client-cert',
  'x-client-ip',
  'x-cluster-client-ip',
  'x-email',
  'x-groups',
  'x-http-method',
  'x-method-override',
  'x-real-ip',
  'x-user',
  'x-username',
]);
/** With what reverse proxies and platforms name their user, which those behind them believe. */
const STRIPPED_PREFIXES = [
  'cf-access-',
  'cf-connecting-',
  'proxy-',
  'remote-',
  'ssl-client-',
  'tailscale-',
  'x-amzn-mtls-',
  'x-amzn-oidc-',
  'x-auth-',
  'x-authenticated-',
  'x-authentik-',
  'x-client-cert-',
  'x-consumer-',
  'x-credential-',
  'x-forwarded-',
  'x-gatehouse-',
  'x-goog-authenticated-',
  'x-goog-iap-',
  'x-http-method-',
  'x-ms-client-principal',
  'x-original-',
  'x-pomerium-',
  'x-remote-',
  'x-ssl-',
  'x-user-',
  'x-webauth-',
];

/** Sessions and resumption are not of the modern era (R-MOD-12); mirrored headers are not trusted in the legacy one (R-LEG-16). */
const STRIPPED_OF_ERA: Readonly<Record<Era, readonly string[]>> = {
  modern: ['mcp-session-id', 'last-event-id'],
  legacy: ['mcp-method', 'mcp-name'],
};

/** The client's end, as Node's `ServerResponse` shows it. */
export interface Connection {
  once(event: 'close', listener: () => void): unknown;
  readonly writableFinished: boolean;
  readonly closed: boolean;
}

export interface ExchangeParts {
  readonly http: HttpCall;
  readonly read: ReadMessage;
  readonly caller: Caller;
  /** The server's canonical URL: neither the client's `Host` nor its query goes further. */
  readonly url: string;
  readonly connection: Connection;
  /** The header that a proxy passes client certificates on in, in lower case; from anybody else it is a claim like any other. */
  readonly certificateHeader?: string | undefined;
}

/** One exchange with an upstream. What costs something is made when it is asked for: many answers need none of it. */
export class HttpExchange implements Exchange {
  private madeHeaders: Readonly<Record<string, string>> | undefined;
  private madeSignal: AbortSignal | undefined;
  private madeRequest: Request | undefined;

  constructor(private readonly parts: ExchangeParts) {}

  get method(): string {
    return this.parts.http.method;
  }

  get url(): string {
    return this.parts.url;
  }

  get body(): Buffer | undefined {
    return this.parts.http.body;
  }

  get message(): unknown {
    return this.parts.read.message;
  }

  get id(): JsonRpcId | undefined {
    return this.parts.read.id;
  }

  get operations(): readonly Operation[] {
    return this.parts.read.operations;
  }

  get era(): Era {
    return this.parts.read.era;
  }

  get caller(): Caller {
    return this.parts.caller;
  }

  get headers(): Readonly<Record<string, string>> {
    return (this.madeHeaders ??= forwardedHeaders(this.parts.http, this.era, this.parts.certificateHeader));
  }

  get signal(): AbortSignal {
    return (this.madeSignal ??= this.watchClient());
  }

  get request(): Request {
    return (this.madeRequest ??= requestWith(this));
  }

  /** Calls `listener` where the client leaves without its answer and that cancels the exchange: without the price of a signal. */
  onCancel(listener: () => void): void {
    if (this.era === 'modern') whenGone(this.parts.connection, listener);
  }

  private watchClient(): AbortSignal {
    const aborter = new AbortController();
    // A disconnect cancels in the modern era only (R-MOD-13, R-LEG-10).
    this.onCancel(() => aborter.abort());
    return aborter.signal;
  }
}

/** A `Request` of the Fetch API for who wants one. */
export function requestWith({ method, url, headers, signal }: Pick<Exchange, 'method' | 'url' | 'headers' | 'signal'>): Request {
  const request = new Request(url, { method, headers });
  // A signal that a `Request` is made with is followed by one of its own, in a way that keeps both, and all that listens to them, in memory
  // until the next full collection.
  return Object.defineProperty(request, 'signal', { value: signal });
}

/** Calls `listener` when nobody waits for the answer of an exchange any more. */
export function whenCancelled(exchange: Exchange, listener: () => void): void {
  if (exchange instanceof HttpExchange) exchange.onCancel(listener);
  else if (exchange.signal.aborted) listener();
  else exchange.signal.addEventListener('abort', listener, { once: true });
}

function whenGone(connection: Connection, listener: () => void): void {
  if (connection.closed) listener();
  else connection.once('close', () => !connection.writableFinished && listener());
}

/** The headers that go on: less credentials, hop-by-hop headers and claims of identity (R-GWC-05, R-GWC-06). */
export function forwardedHeaders(
  http: Pick<HttpCall, 'method' | 'headers'>,
  era: Era,
  certificateHeader?: string,
): Readonly<Record<string, string>> {
  const named = namedIn(http.headers.connection);
  const ofEra = STRIPPED_OF_ERA[era];
  const headers: Record<string, string> = {};
  for (const name in http.headers) {
    if (isStripped(name) || name === certificateHeader || ofEra.includes(name)) continue;
    if (!named?.includes(name) || isOfProtocol(name)) headers[name] = String(http.headers[name]);
  }
  // What the gateway has accepted may be a wildcard; upstreams look for both types by name.
  headers['accept'] = http.method === 'GET' ? 'text/event-stream' : 'application/json, text/event-stream';
  return headers;
}

function namedIn(connection: string | undefined): readonly string[] | undefined {
  if (connection === undefined || connection === 'keep-alive' || connection === 'close') return undefined;
  return connection.toLowerCase().split(/[\s,]+/);
}

// `Connection` must not take away what the gateway has decided by.
const isOfProtocol = (name: string): boolean => name === 'content-type' || name.startsWith('mcp-');

/** CGI and what descends from it take `x_forwarded_for` for `X-Forwarded-For`: like most proxies, we drop names with underscores. */
const isAmbiguous = (name: string): boolean => name.includes('_') && !name.startsWith('mcp-param-');

const isStripped = byName((name) => STRIPPED.has(name) || STRIPPED_PREFIXES.some((prefix) => name.startsWith(prefix)) || isAmbiguous(name));
