import { Inject, Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { type EntityManager, LessThanOrEqual, Repository } from 'typeorm';
import { CLOCK, type Clock } from '../common/clock.js';
import { newId } from '../common/ids.js';
import { isDuplicate, UnitOfWork } from '../database/unit-of-work.service.js';
import { Webhook } from './webhook.entity.js';
import { bodyOf, type Occurrence, type WebhookEvent } from './webhook-events.js';
import { WebhookMessage, WebhookNotice } from './webhook-message.entity.js';

/** Something that goes on for a while, and is told of once in it. */
export interface Cause {
  /** The same on every replica. */
  readonly name: string;
  /** Until then it is not told again. While it is seen it is put off. */
  readonly until: number;
}

/** What is remembered here lasts so long; then the database is asked again. */
const REMEMBERED_MS = 5 * 60_000;
const MAX_REMEMBERED = 10_000;

/** Queues messages: in the transaction of what they tell of, or once for all replicas that see the same. */
@Injectable()
export class WebhookOutbox {
  /** Causes by webhook that were told or found told, until when that is believed. */
  private readonly told = new Map<string, number>();
  private onQueued: () => void = () => undefined;

  constructor(
    @InjectRepository(Webhook) private readonly webhooks: Repository<Webhook>,
    private readonly unitOfWork: UnitOfWork,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Whom to wake. */
  wakes(deliverer: () => void): void {
    this.onQueued = deliverer;
  }

  /** The webhooks that want to be told of anything. */
  enabled(): Promise<Webhook[]> {
    return this.webhooks.findBy({ isEnabled: true });
  }

  /** Queues a message to all that want it, within a transaction: it is sent if and only if that commits. */
  async queue(manager: EntityManager, occurrence: Occurrence & { readonly type: WebhookEvent }): Promise<void> {
    const wanting = (await manager.findBy(Webhook, { isEnabled: true })).filter((webhook) => wants(webhook, occurrence.type));
    for (const { id } of wanting) await manager.insert(WebhookMessage, toMessage(id, occurrence, this.clock()));
    if (wanting.length > 0) this.onQueued();
  }

  /** Tells of what goes on: each webhook once, whichever replica sees it first. */
  async tellOnce(webhooks: readonly Webhook[], cause: Cause, occurrence: Occurrence & { readonly type: WebhookEvent }): Promise<void> {
    for (const webhook of webhooks) {
      if (!wants(webhook, occurrence.type) || this.isRemembered(webhook.id, cause.name)) continue;
      if (await this.isFirst(webhook.id, cause, occurrence)) this.onQueued();
      this.remember(webhook.id, cause);
    }
  }

  private async isFirst(webhookId: string, { name, until }: Cause, occurrence: Occurrence): Promise<boolean> {
    const notice = { webhookId, cause: name, until };
    const now = this.clock();
    try {
      await this.unitOfWork.write(async (manager) => {
        await manager.delete(WebhookNotice, { webhookId, cause: name, until: LessThanOrEqual(now) });
        await manager.insert(WebhookNotice, notice);
        await manager.insert(WebhookMessage, toMessage(webhookId, occurrence, now));
      });
      return true;
    } catch (error) {
      if (!isDuplicate(error)) throw error;
      await this.unitOfWork.write(async (manager) => {
        await manager.update(WebhookNotice, { webhookId, cause: name, until: LessThanOrEqual(until) }, { until });
      });
      return false;
    }
  }

  private isRemembered(webhookId: string, name: string): boolean {
    return (this.told.get(`${webhookId} ${name}`) ?? 0) > this.clock();
  }

  private remember(webhookId: string, { name, until }: Cause): void {
    if (this.told.size >= MAX_REMEMBERED) this.told.clear();
    this.told.set(`${webhookId} ${name}`, Math.min(until, this.clock() + REMEMBERED_MS));
  }
}

export const wants = ({ events }: Pick<Webhook, 'events'>, type: WebhookEvent): boolean => events === null || events.includes(type);

export const toMessage = (webhookId: string, occurrence: Occurrence, now: number): WebhookMessage => ({
  id: newId(),
  webhookId,
  type: occurrence.type,
  body: bodyOf(occurrence),
  status: 'pending',
  attempts: 0,
  createdAt: now,
  nextAttemptAt: now,
  lastAttemptAt: null,
  responseStatus: null,
  error: null,
});
