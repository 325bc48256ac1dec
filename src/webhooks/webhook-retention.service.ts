import { Inject, Injectable, Logger } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { In, LessThan, Not, Repository } from 'typeorm';
import { CLOCK, type Clock } from '../common/clock.js';
import { UnitOfWork } from '../database/unit-of-work.service.js';
import { Webhook } from './webhook.entity.js';
import { WebhookMessage, WebhookNotice } from './webhook-message.entity.js';

const KEPT_MS = 30 * 86_400_000;
/** Of each webhook, however young. */
const KEPT = 1000;
const BATCH = 500;

/** Deliveries are kept for a month, and of each webhook the newest; notices until they end. */
@Injectable()
export class WebhookRetention {
  private readonly logger = new Logger('Webhooks');

  constructor(
    @InjectRepository(Webhook) private readonly webhooks: Repository<Webhook>,
    @InjectRepository(WebhookMessage) private readonly messages: Repository<WebhookMessage>,
    @InjectRepository(WebhookNotice) private readonly notices: Repository<WebhookNotice>,
    private readonly unitOfWork: UnitOfWork,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Removes what is too old or too much by now. */
  async removeOld(): Promise<void> {
    try {
      while (await this.removeBatch(await this.old()));
      for (const { id } of await this.webhooks.find()) while (await this.removeBatch(await this.beyond(id)));
      while (await this.removeNotices());
    } catch (error) {
      this.logger.warn(`Old deliveries stay for now: ${(error as Error).message}`);
    }
  }

  private old(): Promise<WebhookMessage[]> {
    const where = { createdAt: LessThan(this.clock() - KEPT_MS), status: Not('pending' as const) };
    return this.messages.find({ where, select: { id: true }, take: BATCH });
  }

  private beyond(webhookId: string): Promise<WebhookMessage[]> {
    const where = { webhookId, status: Not('pending' as const) };
    return this.messages.find({ where, select: { id: true }, order: { id: 'DESC' }, skip: KEPT, take: BATCH });
  }

  private async removeBatch(rows: readonly WebhookMessage[]): Promise<boolean> {
    if (rows.length === 0) return false;
    await this.unitOfWork.write(async (manager) => {
      await manager.delete(WebhookMessage, { id: In(rows.map(({ id }) => id)) });
    });
    return rows.length === BATCH;
  }

  private async removeNotices(): Promise<boolean> {
    const ended = await this.notices.find({ where: { until: LessThan(this.clock()) }, take: BATCH });
    if (ended.length === 0) return false;
    await this.unitOfWork.write(async (manager) => {
      for (const { webhookId, cause, until } of ended) await manager.delete(WebhookNotice, { webhookId, cause, until });
    });
    return ended.length === BATCH;
  }
}
