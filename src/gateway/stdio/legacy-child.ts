import type { ConnectionListener, InitializeResult, LegacyConnection, LegacyRequest } from '../eras/legacy-connection.js';
import { SessionLostError } from '../eras/legacy-connection.js';
import { isObject, type JsonObject } from '../message-shape.js';
import { RemoteError } from '../upstream-call.js';
import type { ChildConnection, ChildMessage } from './child-connection.js';

/**
 * A session with a child of the legacy era, which all callers share: log messages and requests of the server's cannot be told to
 * belong to one of them, and reach none.
 */
export class LegacyChild implements LegacyConnection {
  /** How many callers listen to a resource; the child is told of the first and the last. */
  private readonly subscriptions = new Map<string, number>();

  constructor(
    readonly initializeResult: InitializeResult,
    private readonly connection: ChildConnection,
    private readonly timeoutMs: number,
  ) {}

  async request(request: LegacyRequest): Promise<JsonObject> {
    if (!this.connection.isOpen) throw new SessionLostError('The child has ended');
    switch (request.method) {
      // The level would be everybody's, and what is logged reaches nobody.
      case 'logging/setLevel':
        return {};
      case 'resources/subscribe':
        return this.subscribe(request);
      case 'resources/unsubscribe':
        return this.unsubscribe(request);
      default:
        return this.ask(request);
    }
  }

  listen(listener: ConnectionListener, signal: AbortSignal): Promise<boolean> {
    if (signal.aborted) return Promise.resolve(true);
    const stop = this.connection.listen({
      onNotification: (notification) => listener.onNotification(toServerMessage(notification)),
      onEnd: () => listener.onEnd(),
    });
    signal.addEventListener('abort', stop, { once: true });
    return Promise.resolve(true);
  }

  private async subscribe(request: LegacyRequest): Promise<JsonObject> {
    const uri = String(request.params['uri']);
    const count = this.subscriptions.get(uri) ?? 0;
    const result = count > 0 ? {} : await this.ask(request);
    this.subscriptions.set(uri, (this.subscriptions.get(uri) ?? 0) + 1);
    return result;
  }

  private unsubscribe(request: LegacyRequest): Promise<JsonObject> | JsonObject {
    const uri = String(request.params['uri']);
    const count = this.subscriptions.get(uri) ?? 0;
    if (count > 1) {
      this.subscriptions.set(uri, count - 1);
      return {};
    }
    this.subscriptions.delete(uri);
    return this.ask(request);
  }

  private async ask({ method, params, signal, onNotification }: LegacyRequest): Promise<JsonObject> {
    const message = { jsonrpc: '2.0', id: 0, method, params };
    const answer = await this.connection.request({
      text: JSON.stringify(message),
      message,
      signal,
      timeoutMs: this.timeoutMs,
      onNotification: (notification) => onNotification?.(toServerMessage(notification)),
    });
    const { result, error } = answer.message;
    if (isObject(result)) return result;
    throw new RemoteError(error);
  }
}

const toServerMessage = ({ message }: ChildMessage): { method: string; params: JsonObject } => ({
  method: String(message['method']),
  params: isObject(message['params']) ? message['params'] : {},
});
