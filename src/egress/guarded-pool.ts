import type { Socket } from 'node:net';
import { type buildConnector, Client, type Dispatcher, Pool } from 'undici';
import { EgressError } from './egress-error.js';
import type { EgressPolicy } from './egress-policy.js';
import { guardConnector, type Lookup, RefusedAddress } from './guarded-connector.js';

const MAX_HEADER_BYTES = 16 * 1024;

/** What drives a request, and may want to end the connection that it goes on. */
export interface PooledHandler extends Dispatcher.DispatchHandler {
  /** Told before the request is sent how to end its connection, which goes also once the request is over. */
  onConnection?(drop: () => void): void;
}

/**
 * Connections to one origin, kept open between requests: each goes only where the policy allows. Redirects are an answer like
 * any other, and times are the business of whoever sends: none is set here but that of connecting.
 */
export class GuardedPool {
  private readonly calls: Pool;
  private readonly streams = new Set<Client>();
  private readonly options: Client.Options;
  private readonly origin: string;

  constructor(url: URL, policy: EgressPolicy, lookup: Lookup) {
    this.origin = url.origin;
    this.options = {
      connect: guardConnector(policy, lookup),
      maxHeaderSize: MAX_HEADER_BYTES,
      pipelining: 1,
      headersTimeout: 0,
      bodyTimeout: 0,
    };
    this.calls = new Pool(this.origin, { ...this.options, factory: openConnection });
  }

  /** Sends a request whose answer ends by itself. */
  dispatch(options: Dispatcher.DispatchOptions, handler: PooledHandler): void {
    this.calls.dispatch(options, handler);
  }

  /** Sends a request whose answer stays open, on a connection of its own: among thousands, a call would look long for a free one. */
  dispatchStream(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): void {
    const client = new Client(this.origin, this.options);
    this.streams.add(client);
    const end = () => {
      if (this.streams.delete(client)) client.destroy().catch(() => undefined); // it is gone either way
    };
    client.once('disconnect', end).once('connectionError', end);
    client.dispatch({ ...options, reset: true }, handler);
  }

  get connections(): { open: number; free: number; waiting: number; streams: number } {
    const { connected, free, pending, queued } = this.calls.stats;
    return { open: connected, free, waiting: pending + queued, streams: this.streams.size };
  }

  /** Ends every connection; what is under way fails. */
  async close(): Promise<void> {
    await Promise.all([this.calls, ...this.streams].map((dispatcher) => dispatcher.destroy()));
    this.streams.clear();
  }
}

/** A connection that its requests can end: undici takes no word for it once the answer is there. */
class Connection extends Client {
  constructor(
    origin: URL,
    options: Client.Options,
    private readonly drop: () => void,
  ) {
    super(origin, options);
  }

  override dispatch(options: Dispatcher.DispatchOptions, handler: PooledHandler): boolean {
    handler.onConnection?.(this.drop);
    return super.dispatch(options, handler);
  }
}

/** As `Pool` asks for it, whose own options always hold a connector. */
function openConnection(origin: URL, options: object): Dispatcher {
  const { connect, ...others } = options as Client.Options & { connect: buildConnector.connector };
  let socket: Socket | null = null;
  const connectAndKeep: buildConnector.connector = (target, callback) =>
    connect(target, (...result) => {
      [, socket] = result;
      callback(...result);
    });
  return new Connection(origin, { ...others, connect: connectAndKeep }, () => void socket?.destroy());
}

/** What a failed request of a {@link GuardedPool} means. Other errors' texts may hold what was received, so that only their codes go on. */
export function toEgressError(error: unknown, url: URL): EgressError {
  if (error instanceof EgressError) return error;
  if (error instanceof RefusedAddress) {
    const where = url.protocol === 'https:' ? 'a public address or one' : 'an address';
    return new EgressError('refused', `the host does not stand for ${where} that EGRESS_ALLOW names`, url);
  }
  const code = codeOf(error);
  if (code === 'UND_ERR_HEADERS_OVERFLOW') return new EgressError('too_large', `the headers exceed ${MAX_HEADER_BYTES} bytes`, url);
  if (code === 'UND_ERR_INVALID_ARG' || code === 'UND_ERR_NOT_SUPPORTED')
    return new EgressError('refused', 'the request is malformed', url);
  if (code === 'UND_ERR_CONNECT_TIMEOUT') return new EgressError('timeout', 'no connection in time', url);
  if (code === 'UND_ERR_BODY_TIMEOUT') return new EgressError('timeout', 'no more of the answer in time', url);
  return new EgressError('unreachable', `gave no answer (${code})`, url, code);
}

/** The code of a network error; `broken off` where it has none that could be shown. */
export function codeOf(error: unknown): string {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && /^\w{1,64}$/.test(code) ? code : 'broken off';
}
