import { isIP } from 'node:net';
import { Agent } from 'undici';
import { EgressError } from './egress-error.js';
import type { EgressPolicy } from './egress-policy.js';
import { guardConnector, type Lookup, resolveAll } from './guarded-connector.js';
import { toEgressError } from './guarded-pool.js';
import { readBody } from './read-body.js';

const DEFAULT_MAX_BYTES = 256 * 1024;
const DEFAULT_TIMEOUT_MS = 5000;
const MAX_HEADER_BYTES = 16 * 1024;
const SOCKETS_PER_ORIGIN = 8;
const IN_FLIGHT_PER_ORIGIN = 32;
const IN_FLIGHT = 512;

/** Headers that are ours to set, and cookies, which we never send. */
const OWN_HEADERS =
  /^(host|connection|content-length|transfer-encoding|accept-encoding|expect|te|trailer|upgrade|keep-alive|cookie2?|proxy-.*)$/i;

export interface EgressRequest {
  readonly url: string;
  readonly method?: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** Bytes of the answer's body; 256 KiB unless said. */
  readonly maxBytes?: number;
  /** For everything, from DNS to the last byte; 5000 unless said. */
  readonly timeoutMs?: number;
}

export interface EgressResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

/** Makes outbound requests whose target somebody else may choose: only where the policy allows, bounded in size, time and number. */
export class EgressClient {
  private readonly agent: Agent;
  private readonly inFlight = new Map<string, number>();
  private total = 0;

  constructor(
    private readonly policy: EgressPolicy,
    private readonly lookup: Lookup = resolveAll,
  ) {
    this.agent = new Agent({
      connect: guardConnector(policy, lookup),
      connections: SOCKETS_PER_ORIGIN,
      maxHeaderSize: MAX_HEADER_BYTES,
      // One request a connection: requests are rare, and the next would find a kept one dead.
      pipelining: 0,
    });
  }

  /**
   * The addresses behind a URL that the policy lets pass.
   * @throws {EgressError} `refused` where it lets none pass.
   */
  async addressesOf(text: string): Promise<readonly string[]> {
    const url = this.policy.checkUrl(text);
    const literal = url.hostname.replace(/^\[|\]$/g, '');
    const found = isIP(literal) === 0 ? (await this.lookup(url.hostname)).map(({ address }) => address) : [literal];
    const allowed = found.filter((address) => this.policy.mayConnect(url.protocol, address));
    if (allowed.length === 0) throw new EgressError('refused', 'the address is not public, and EGRESS_ALLOW does not name it', url);
    return allowed;
  }

  /**
   * Sends one request; redirects are not followed, whatever their target.
   * @throws {EgressError}
   */
  async request(options: EgressRequest): Promise<EgressResponse> {
    const url = this.policy.checkUrl(options.url);
    const foreign = Object.keys(options.headers ?? {}).find((name) => OWN_HEADERS.test(name));
    if (foreign !== undefined) throw new EgressError('refused', `the header ${foreign} is not the caller's to set`, url);
    this.enter(url);
    const abort = new AbortController();
    const exchange = this.exchange(url, options, abort.signal).finally(() => this.leave(url));
    return within(options.timeoutMs ?? DEFAULT_TIMEOUT_MS, { exchange, abort, url });
  }

  /**
   * The JSON object at `url`, answered with 200.
   * @throws {EgressError}
   */
  async getJson(url: string, limits: Pick<EgressRequest, 'maxBytes' | 'timeoutMs'> = {}): Promise<unknown> {
    const { status, body } = await this.request({ url, headers: { accept: 'application/json' }, ...limits });
    if (status !== 200) throw new EgressError('status', `answered with status ${status}, not 200`, new URL(url));
    const value = parseJson(body);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new EgressError('status', 'answered with something else than a JSON object', new URL(url));
    }
    return value;
  }

  /** Ends every connection; what is under way fails. */
  close(): Promise<void> {
    return this.agent.destroy();
  }

  private async exchange(url: URL, options: EgressRequest, signal: AbortSignal): Promise<EgressResponse> {
    const { statusCode, headers, body } = await this.agent.request({
      origin: url.origin,
      path: url.pathname + url.search,
      method: options.method ?? 'GET',
      headers: { 'user-agent': 'gatehouse', ...options.headers, 'accept-encoding': 'identity' },
      body: options.body ?? null,
      signal,
    });
    // To break off is an error to the stream, and what we want.
    body.on('error', () => undefined);
    try {
      if (statusCode >= 300 && statusCode < 400) throw new EgressError('redirect', 'answered with a redirect, which is not followed', url);
      const encoding = headers['content-encoding'] ?? 'identity';
      if (encoding !== 'identity') throw new EgressError('refused', 'answered with a Content-Encoding that was not asked for', url);
      return { status: statusCode, headers, body: await readBody(body, headers, options.maxBytes ?? DEFAULT_MAX_BYTES, url) };
    } finally {
      body.destroy();
    }
  }

  private enter(url: URL): void {
    const here = this.inFlight.get(url.origin) ?? 0;
    if (here >= IN_FLIGHT_PER_ORIGIN || this.total >= IN_FLIGHT)
      throw new EgressError('unreachable', 'too many requests are under way', url);
    this.inFlight.set(url.origin, here + 1);
    this.total += 1;
  }

  private leave(url: URL): void {
    const here = this.inFlight.get(url.origin) ?? 1;
    if (here > 1) this.inFlight.set(url.origin, here - 1);
    else this.inFlight.delete(url.origin);
    this.total -= 1;
  }
}

interface UnderWay {
  readonly exchange: Promise<EgressResponse>;
  readonly abort: AbortController;
  readonly url: URL;
}

/** Undici heeds an abort only once it is connected. The caller does not wait for that; the place is taken until then. */
async function within(timeoutMs: number, { exchange, abort, url }: UnderWay): Promise<EgressResponse> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new EgressError('timeout', `no complete answer within ${timeoutMs} ms`, url));
      abort.abort();
    }, timeoutMs);
  });
  try {
    return await Promise.race([exchange, late]);
  } catch (error) {
    throw toEgressError(error, url);
  } finally {
    clearTimeout(timer);
  }
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    // Undefined is no JSON value: the caller refuses it with the others that are no object.
    return undefined;
  }
}
