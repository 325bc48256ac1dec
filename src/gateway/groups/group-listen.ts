import { addAbortSignal, Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type { Caller, UpstreamAnswer } from '../../protocol/exchange.js';
import type { JsonRpcId } from '../../protocol/mcp-error.js';
import { metaOf, SUBSCRIPTION_KEY } from '../eras/meta.js';
import { Reply } from '../eras/reply.js';
import { honored as readFilter, isNothing, listChangedMethod, type SubscriptionFilter } from '../eras/subscription-filter.js';
import { isObject, type JsonObject } from '../message-shape.js';
import { messagesOf, modernExchange, RemoteError } from '../upstream-call.js';
import { type GroupCatalog, PROMPTS, RESOURCES, TEMPLATES, TOOLS } from './group-catalog.js';
import { MEMBER_MS, type Member } from './group-member.js';
import type { GroupRoutes } from './group-routes.js';

const ACKNOWLEDGED = 'notifications/subscriptions/acknowledged';
const RETRY_MS = 1000;
const MAX_RETRY_MS = 30_000;
/** A group passes on whatever its members announce. */
const EVERYTHING: JsonObject = {
  tools: { listChanged: true },
  prompts: { listChanged: true },
  resources: { listChanged: true, subscribe: true },
};
const CHANGED = new Map([
  [listChangedMethod('tools'), [TOOLS]],
  [listChangedMethod('prompts'), [PROMPTS]],
  [listChangedMethod('resources'), [RESOURCES, TEMPLATES]],
]);

export interface GroupListenParts {
  readonly id: JsonRpcId;
  readonly caller: Caller;
  readonly signal: AbortSignal;
  readonly members: readonly Member[];
  readonly catalog: GroupCatalog;
  readonly routes: GroupRoutes;
}

/** A `subscriptions/listen` on a group: one with each member that has something to tell. */
export class GroupListen {
  private readonly reply = new Reply();
  private readonly ending = new AbortController();
  private isAcknowledged = false;

  constructor(private readonly parts: GroupListenParts) {}

  get owner(): string {
    return this.parts.caller.owner;
  }

  /** Answers once every member has said what it will tell, or was too late. @throws {RemoteError} -32602 for a filter that is none. */
  async start(asked: unknown, onEnd: () => void): Promise<UpstreamAnswer> {
    const { signal, caller, members } = this.parts;
    const leave = (): void => this.ending.abort();
    this.ending.signal.addEventListener('abort', onEnd, { once: true });
    try {
      const filter = readFilter(asked, EVERYTHING, caller);
      const filters = await this.share(filter);
      const honored = await Promise.all(members.map((member) => this.begin(member, filters.get(member) ?? {})));
      if (signal.aborted) leave();
      signal.addEventListener('abort', leave, { once: true });
      this.acknowledge(together(honored));
    } catch (error) {
      leave();
      throw error;
    }
    return this.reply.answer;
  }

  /** Ends it from our side: with a result, as the client expects. */
  end(): void {
    const { id } = this.parts;
    this.reply.open();
    this.reply.finish({ jsonrpc: '2.0', id, result: { resultType: 'complete', _meta: { [SUBSCRIPTION_KEY]: id } } });
    this.ending.abort();
  }

  private acknowledge(filter: SubscriptionFilter): void {
    this.reply.open(() => this.ending.abort());
    this.send(ACKNOWLEDGED, { notifications: filter });
    this.isAcknowledged = true;
    if (isNothing(filter)) this.end();
  }

  /** The part of a filter that each member is asked for: all the lists, and the resources that are its own. */
  private async share({ resourceSubscriptions = [], ...lists }: SubscriptionFilter): Promise<Map<Member, SubscriptionFilter>> {
    const { members, routes, caller } = this.parts;
    const owned = new Map<Member, string[]>(members.map((member) => [member, []]));
    for (const uri of resourceSubscriptions) {
      // What nobody has, or several have, cannot be told of.
      const owners = await routes.likelyResourceOwners(uri, caller).catch(() => []);
      for (const owner of owners) owned.get(owner)?.push(uri);
    }
    return new Map([...owned].map(([member, uris]) => [member, { ...lists, ...(uris.length > 0 ? { resourceSubscriptions: uris } : {}) }]));
  }

  /** What a member will tell; nothing, where it does not say so in time. It is listened to as soon as it can be. */
  private async begin(member: Member, filter: SubscriptionFilter): Promise<SubscriptionFilter> {
    if (isNothing(filter)) return {};
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<SubscriptionFilter>((resolve) => (timer = setTimeout(() => resolve({}), MEMBER_MS)));
    const told = new Promise<SubscriptionFilter>((resolve) => void this.follow(member, filter, resolve));
    const honored = await Promise.race([told, late]);
    clearTimeout(timer);
    return honored;
  }

  /** Listens to a member again and again, until the group's own stream ends. */
  private async follow(member: Member, filter: SubscriptionFilter, onHonored: (filter: SubscriptionFilter) => void): Promise<void> {
    const { signal } = this.ending;
    let waitMs = RETRY_MS;
    while (!signal.aborted) {
      const end = await this.listenTo(member, filter, onHonored);
      onHonored({}); // a failure is an answer too; after the first one it says nothing
      if (end === 'nothing') return;
      waitMs = end === 'heard' ? RETRY_MS : Math.min(waitMs * 2, MAX_RETRY_MS);
      await delay(waitMs, undefined, { signal }).catch(() => undefined); // the loop looks at the signal
    }
  }

  private async listenTo(
    member: Member,
    filter: SubscriptionFilter,
    onHonored: (filter: SubscriptionFilter) => void,
  ): Promise<'heard' | 'silent' | 'nothing'> {
    const { signal } = this.ending;
    const caller = member.callerFor(this.parts.caller);
    let end: 'heard' | 'silent' | 'nothing' = 'silent';
    try {
      const answer = await member.handle(({ server }) =>
        modernExchange({ method: 'subscriptions/listen', params: { notifications: filter }, url: server.resource, caller, signal }),
      );
      if (answer.body instanceof Readable) addAbortSignal(signal, answer.body);
      for await (const message of messagesOf(answer, { isOpenEnded: true })) {
        if (isObject(message['error'])) throw new RemoteError(message['error']);
        const honored = acknowledgedIn(message);
        if (honored) onHonored(honored);
        if (honored && isNothing(honored)) return 'nothing';
        if (!honored) this.pass(member, message);
        end = 'heard';
      }
    } catch (error) {
      // It is tried again, whatever the fault; a member that knows no subscriptions is left alone.
      if (error instanceof RemoteError) return 'nothing';
    }
    return end;
  }

  private pass(member: Member, { method, id, params }: JsonObject): void {
    if (typeof method !== 'string' || id !== undefined) return;
    this.parts.catalog.expire(member, CHANGED.get(method) ?? []);
    if (this.isAcknowledged) this.send(method, isObject(params) ? params : {});
  }

  private send(method: string, params: JsonObject): void {
    const _meta = { ...metaOf(params), [SUBSCRIPTION_KEY]: this.parts.id };
    this.reply.send({ jsonrpc: '2.0', method, params: { ...params, _meta } });
  }
}

function acknowledgedIn({ method, params }: JsonObject): SubscriptionFilter | undefined {
  const notifications = isObject(params) ? params['notifications'] : undefined;
  return method === ACKNOWLEDGED && isObject(notifications) ? notifications : undefined;
}

function together(filters: readonly SubscriptionFilter[]): SubscriptionFilter {
  const uris = filters.flatMap(({ resourceSubscriptions = [] }) => resourceSubscriptions);
  return { ...Object.assign({}, ...filters), ...(uris.length > 0 ? { resourceSubscriptions: uris } : {}) } as SubscriptionFilter;
}
