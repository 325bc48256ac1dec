import { addAbortSignal, Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type { Caller, McpUpstream } from '../../protocol/exchange.js';
import { isObject, type JsonObject } from '../message-shape.js';
import { messagesOf, modernExchange, RemoteError } from '../upstream-call.js';
import type { LegacySession } from './legacy-session.js';
import { withoutModernMeta } from './meta.js';
import { Reply } from './reply.js';

const RETRY_MS = 1000;
const MAX_RETRY_MS = 30_000;
const ACKNOWLEDGED = 'notifications/subscriptions/acknowledged';

export interface SessionStreamParts {
  readonly upstream: McpUpstream;
  readonly url: string;
  readonly caller: Caller;
  readonly session: LegacySession;
}

/** The GET stream of a legacy session, fed by a `subscriptions/listen` with the modern server. */
export class SessionStream {
  readonly reply = new Reply();
  private readonly ending = new AbortController();
  private round = new AbortController();

  constructor(private readonly parts: SessionStreamParts) {
    this.reply.open(() => this.ending.abort());
    void this.run();
  }

  /** Listens anew: the session has subscribed to other resources. */
  refresh(): void {
    this.round.abort();
  }

  end(): void {
    this.ending.abort();
    this.reply.end();
  }

  private async run(): Promise<void> {
    const { signal } = this.ending;
    let waitMs = RETRY_MS;
    while (!signal.aborted) {
      this.round = new AbortController();
      const both = AbortSignal.any([signal, this.round.signal]);
      const end = await this.listen(both);
      waitMs = end === 'heard' ? RETRY_MS : Math.min(waitMs * 2, MAX_RETRY_MS);
      // A server that has nothing to tell is asked again when there is something else to ask for.
      if (end === 'nothing') await whenAborted(both);
      else await delay(waitMs, undefined, { signal: both }).catch(() => undefined); // sooner where it is told to listen anew
    }
  }

  /** How the listening ended: after messages, without any, or because there is nothing to listen to. */
  private async listen(signal: AbortSignal): Promise<'heard' | 'silent' | 'nothing'> {
    const { upstream, url, caller, session } = this.parts;
    const resources = session.subscriptions.size > 0 ? { resourceSubscriptions: [...session.subscriptions] } : {};
    const notifications = { toolsListChanged: true, promptsListChanged: true, resourcesListChanged: true, ...resources };
    let end: 'heard' | 'silent' | 'nothing' = 'silent';
    try {
      const answer = await upstream.handle(
        modernExchange({ method: 'subscriptions/listen', params: { notifications }, url, caller, signal }),
      );
      if (answer.body instanceof Readable) addAbortSignal(signal, answer.body);
      for await (const message of messagesOf(answer, { isOpenEnded: true })) {
        if (isObject(message['error'])) throw new RemoteError(message['error']);
        if (isEmptyAcknowledgement(message)) end = 'nothing';
        else if (this.pass(message)) end = 'heard';
      }
    } catch (error) {
      // It is tried again, whatever the fault; a server that knows no subscriptions is left alone.
      if (error instanceof RemoteError) end = 'nothing';
    }
    return end;
  }

  /** Whether it was a notification for the client. */
  private pass({ method, id, params }: JsonObject): boolean {
    if (typeof method !== 'string' || id !== undefined) return false;
    if (method === ACKNOWLEDGED) return true;
    this.reply.send({ jsonrpc: '2.0', method, ...(isObject(params) ? { params: withoutModernMeta(params) } : {}) });
    return true;
  }
}

function isEmptyAcknowledgement({ method, params }: JsonObject): boolean {
  const honored = isObject(params) ? params['notifications'] : undefined;
  return method === ACKNOWLEDGED && isObject(honored) && Object.keys(honored).length === 0;
}

const whenAborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
