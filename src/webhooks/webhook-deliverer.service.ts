import { Inject, Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { LessThanOrEqual, Repository } from 'typeorm';
import { BackgroundTask } from '../common/background-task.js';
import { CLOCK, type Clock } from '../common/clock.js';
import { Tally } from '../common/tally.js';
import { UnitOfWork } from '../database/unit-of-work.service.js';
import { Egress } from '../egress/egress.service.js';
import { EgressError } from '../egress/egress-error.js';
import { pauseAfter } from './retry.js';
import { signedHeaders } from './signature.js';
import { Webhook } from './webhook.entity.js';
import { type Occurrence, TEST_EVENT } from './webhook-events.js';
import { WebhookMessage } from './webhook-message.entity.js';
import { toMessage, WebhookOutbox } from './webhook-outbox.service.js';
import { WebhookSecrets } from './webhook-secrets.js';

const EVERY_MS = 1000;
const TIMEOUT_MS = 10_000;
/** Whoever takes a message has it so long. If they vanish, somebody else sends it again. */
const LEASE_MS = 60_000;
const MAX_ANSWER_BYTES = 16 * 1024;
const AT_A_TIME = 32;
/** A receiver that hangs must not stand in the way of the others. */
const PER_WEBHOOK = 4;
const ERROR_LENGTH = 255;
const PATIENCE_AT_END_MS = 2000;
/** How often it is counted what waits: about as often as Prometheus asks. */
const COUNT_EVERY_MS = 15_000;
/** Gone (RFC 9110 §15.5.11): the receiver says that it wants no more of this. */
const GONE = 410;

interface Result {
  readonly status: number | null;
  /** Undefined where it was taken. */
  readonly error: string | undefined;
  /** Whether another try could end otherwise. */
  readonly isFinal: boolean;
}

/** Sends what is queued, at least once. Of several replicas whoever takes a message sends it. */
@Injectable()
export class WebhookDeliverer implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger('Webhooks');
  private readonly task = new BackgroundTask(() => this.round(), EVERY_MS);
  /** Attempts since the start, by what became of them. Those that an admin asked for to try a webhook do not count. */
  readonly attempts = { delivered: new Tally(), retried: new Tally(), given_up: new Tally() };
  private pending = 0;
  private countedAt = -Infinity;

  constructor(
    @InjectRepository(WebhookMessage) private readonly messages: Repository<WebhookMessage>,
    @InjectRepository(Webhook) private readonly webhooks: Repository<Webhook>,
    private readonly unitOfWork: UnitOfWork,
    private readonly egress: Egress,
    private readonly secrets: WebhookSecrets,
    @Inject(CLOCK) private readonly clock: Clock,
    outbox: WebhookOutbox,
  ) {
    // After the transaction that queued it has committed.
    outbox.wakes(() => setImmediate(() => this.task.wake()));
  }

  onApplicationBootstrap(): void {
    this.task.start();
  }

  /** What is under way and not answered soon is somebody else's to repeat. */
  async onModuleDestroy(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, PATIENCE_AT_END_MS)));
    await Promise.race([this.task.stop(), late]);
    clearTimeout(timer);
  }

  /** Messages that are due, or due again, on whichever replica; as it was when the database was last asked. */
  get waiting(): number {
    return this.pending;
  }

  /** Sends what is due. */
  async round(): Promise<void> {
    try {
      const where = { status: 'pending' as const, nextAttemptAt: LessThanOrEqual(this.clock()) };
      const due = await this.messages.find({ where, order: { nextAttemptAt: 'ASC' }, take: AT_A_TIME * PER_WEBHOOK });
      await Promise.all(fairly(due).map((message) => this.deliver(message)));
      await this.countWaiting();
    } catch (error) {
      this.logger.warn(`Messages wait for the database: ${(error as Error).message}`);
    }
  }

  /** Sends one message now, once, and says what came of it. */
  async test(webhook: Webhook, occurrence: Occurrence): Promise<WebhookMessage> {
    const now = this.clock();
    const message = { ...toMessage(webhook.id, occurrence, now), attempts: 1, nextAttemptAt: now + LEASE_MS };
    await this.unitOfWork.write(async (manager) => {
      await manager.insert(WebhookMessage, message);
    });
    return this.note(message, await this.send(webhook, message));
  }

  private async deliver(message: WebhookMessage): Promise<void> {
    const taken = await this.take(message);
    if (!taken) return;
    const webhook = await this.webhooks.findOneBy({ id: message.webhookId });
    if (!webhook?.isEnabled) {
      await this.write(taken, { status: 'dropped' });
      return;
    }
    const { status, error } = await this.note(taken, await this.send(webhook, taken));
    this.attempts[status === 'delivered' ? 'delivered' : status === 'failed' ? 'given_up' : 'retried'].add();
    if (status === 'failed') this.logger.warn(`Webhook ${webhook.id} was not told of ${message.type} (${message.id}): ${error ?? ''}`);
  }

  private async countWaiting(): Promise<void> {
    const now = this.clock();
    // Either way: the clock may have been set.
    if (Math.abs(now - this.countedAt) < COUNT_EVERY_MS) return;
    this.countedAt = now;
    this.pending = await this.messages.countBy({ status: 'pending' });
  }

  /** The message as ours, or undefined where another replica was faster. */
  private async take(message: WebhookMessage): Promise<WebhookMessage | undefined> {
    const { id, attempts, nextAttemptAt } = message;
    const ours = { attempts: attempts + 1, nextAttemptAt: this.clock() + LEASE_MS };
    let affected: number | null | undefined;
    await this.unitOfWork.write(async (manager) => {
      ({ affected } = await manager.update(WebhookMessage, { id, status: 'pending', attempts, nextAttemptAt }, ours));
    });
    return affected === 1 ? { ...message, ...ours } : undefined;
  }

  private async send(webhook: Webhook, { id, body }: WebhookMessage): Promise<Result> {
    const at = this.clock();
    try {
      const headers = { 'content-type': 'application/json', ...signedHeaders({ id, at, body }, this.secrets.open(webhook, at)) };
      const request = { url: webhook.url, method: 'POST' as const, headers, body, timeoutMs: TIMEOUT_MS, maxBytes: MAX_ANSWER_BYTES };
      const { status } = await this.egress.request(request);
      if (status >= 200 && status < 300) return { status, error: undefined, isFinal: true };
      return { status, error: `The receiver answered with status ${status}.`, isFinal: status === GONE };
    } catch (error) {
      if (!(error instanceof EgressError)) throw error;
      return { status: null, error: error.message, isFinal: error.code === 'refused' };
    }
  }

  private async note(message: WebhookMessage, { status, error, isFinal }: Result): Promise<WebhookMessage> {
    const now = this.clock();
    const pause = isFinal || message.type === TEST_EVENT ? undefined : pauseAfter(message.attempts);
    const outcome = error === undefined ? 'delivered' : pause === undefined ? 'failed' : 'pending';
    return this.write(message, {
      status: outcome,
      nextAttemptAt: outcome === 'pending' ? now + (pause ?? 0) : now,
      lastAttemptAt: now,
      responseStatus: status,
      error: error?.slice(0, ERROR_LENGTH) ?? null,
    });
  }

  /** Unless somebody has taken it since, because we took too long. */
  private async write(message: WebhookMessage, part: Partial<WebhookMessage>): Promise<WebhookMessage> {
    await this.unitOfWork.write(async (manager) => {
      await manager.update(WebhookMessage, { id: message.id, status: 'pending', attempts: message.attempts }, part);
    });
    return { ...message, ...part };
  }
}

/** A few of each webhook. */
function fairly(due: readonly WebhookMessage[]): readonly WebhookMessage[] {
  const counts = new Map<string, number>();
  return due
    .filter(({ webhookId }) => {
      const count = counts.get(webhookId) ?? 0;
      counts.set(webhookId, count + 1);
      return count < PER_WEBHOOK;
    })
    .slice(0, AT_A_TIME);
}
