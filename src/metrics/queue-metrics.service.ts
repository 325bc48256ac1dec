import { Injectable } from '@nestjs/common';
import { AuditService } from '../audit/audit.service.js';
import { UsageCounters } from '../usage/usage-counters.service.js';
import type { Exposition } from './exposition.js';

/** What waits to be written, and what was lost because it waited too long. */
@Injectable()
export class QueueMetrics {
  constructor(
    private readonly audit: AuditService,
    private readonly usage: UsageCounters,
  ) {}

  describe(exposition: Exposition): void {
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
}
