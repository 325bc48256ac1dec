import type { Caller } from '../../protocol/exchange.js';
import type { JsonObject } from '../message-shape.js';
import type { LegacyConnection, ServerMessage } from './legacy-connection.js';
import { metaOf, SUBSCRIPTION_KEY } from './meta.js';
import type { ResourceSubscriptions } from './resource-subscriptions.js';
import { accepts, honored, isNothing, type SubscriptionFilter } from './subscription-filter.js';
import type { Round } from './translated-call.js';

export interface ModernListenParts {
  readonly filter: unknown;
  readonly caller: Caller;
  readonly round: Round;
  readonly subscriptions: ResourceSubscriptions;
}

/** A `subscriptions/listen` of a modern client, fed from the session with a legacy server (R-MOD-15). */
export class ModernListen {
  private ending = new AbortController();

  constructor(private readonly parts: ModernListenParts) {}

  /** Resolves once it is acknowledged. */
  async start(connection: LegacyConnection): Promise<void> {
    const { filter: asked, caller, round } = this.parts;
    this.ending = new AbortController();
    const filter = honored(asked, connection.initializeResult.capabilities, caller);
    if (isNothing(filter) || !(await this.follow(connection, filter))) return this.acknowledgeNothing();
    try {
      await this.subscribe(connection, filter);
    } catch (error) {
      this.ending.abort();
      throw error;
    }
    round.reply.open(() => this.ending.abort());
    round.signal.addEventListener('abort', () => this.ending.abort(), { once: true });
    if (round.signal.aborted) return this.ending.abort();
    this.send('notifications/subscriptions/acknowledged', { notifications: filter });
  }

  private follow(connection: LegacyConnection, filter: SubscriptionFilter): Promise<boolean> {
    const onNotification = (notification: ServerMessage): void => {
      if (accepts(filter, notification)) this.send(notification.method, notification.params);
    };
    return connection.listen({ onNotification, onEnd: () => this.complete() }, this.ending.signal);
  }

  private async subscribe(connection: LegacyConnection, { resourceSubscriptions: uris = [] }: SubscriptionFilter): Promise<void> {
    const { caller, subscriptions, round } = this.parts;
    const added: string[] = [];
    const removeAll = (): void => {
      for (const uri of added) subscriptions.remove(connection, uri, caller);
    };
    this.ending.signal.addEventListener('abort', removeAll, { once: true });
    for (const uri of uris) {
      await subscriptions.add(connection, uri, caller, round.signal);
      added.push(uri);
    }
  }

  private acknowledgeNothing(): void {
    this.send('notifications/subscriptions/acknowledged', { notifications: {} });
    this.complete();
  }

  private send(method: string, params: JsonObject): void {
    const { reply, id } = this.parts.round;
    const _meta = { ...metaOf(params), [SUBSCRIPTION_KEY]: id };
    // The acknowledgement is the first message of all.
    if (reply.isOpen || method.endsWith('/acknowledged')) reply.send({ jsonrpc: '2.0', method, params: { ...params, _meta } });
  }

  private complete(): void {
    const { reply, id } = this.parts.round;
    this.ending.abort();
    reply.open();
    reply.finish({ jsonrpc: '2.0', id, result: { resultType: 'complete', _meta: { [SUBSCRIPTION_KEY]: id } } });
  }
}
