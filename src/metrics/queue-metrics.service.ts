import { Injectable } from '@nestjs/common';
import { AuditService } from '../audit/audit.service.js';
import { UsageCounters } from '../usage/usage-counters.service.js';
import { WebhookDeliverer } from '../webhooks/webhook-deliverer.service.js';
import type { Exposition } from './exposition.js';

/** What waits to be written or to be told, and what became of it. */
@Injectable()
export class QueueMetrics {
  constructor(
    private readonly audit: AuditService,
    private readonly usage: UsageCounters,
    private readonly webhooks: WebhookDeliverer,
  ) {}

  describe(exposition: Exposition): void {
    this.describeWrites(exposition);
    this.describeWebhooks(exposition);
  }

  private describeWrites(exposition: Exposition): void {
    const labels = ['queue'];
    exposition.gauge({ name: 'gatehouse_queue_length', help: 'What waits for the database.', labels }, () => [
      { labels: { queue: 'audit' }, value: this.audit.waiting },
      { labels: { queue: 'usage' }, value: this.usage.waiting },
    ]);
    exposition.counter(
      { name: 'gatehouse_queue_dropped_total', help: 'What was lost because the database did not take it in time.', labels },
      () => [
        { labels: { queue: 'audit' }, value: this.audit.lost.count },
        { labels: { queue: 'usage' }, value: this.usage.lost.count },
      ],
    );
  }

  private describeWebhooks(exposition: Exposition): void {
    exposition.counter(
      { name: 'gatehouse_webhook_attempts_total', help: 'Messages sent to webhooks, by what became of them.', labels: ['outcome'] },
      () => Object.entries(this.webhooks.attempts).map(([outcome, { count }]) => ({ labels: { outcome }, value: count })),
    );
    exposition.gauge({ name: 'gatehouse_webhook_messages_waiting', help: 'Messages to webhooks that are due, or due again.' }, () => [
      { value: this.webhooks.waiting },
    ]);
  }
}
